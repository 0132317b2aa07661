"""readiness.md: what has to hold before a launch, with the tests and figures that show it."""

from typing import NamedTuple

from tests.support.reference import security
from tests.support.reference.markdown import code, page, table

INTRO = """\
# Readiness for launch

Generated from `tests/support/reference/readiness.py` by `python -m tests.support.reference.pages`.
A test fails when a test that is named here does not exist or is skipped, when a figure is not on
the page that it is quoted from, or when a line of the list is missing.

*Open* is what has no proof yet, or what is up to those who run the servers.
"""


class Figure(NamedTuple):
    """What was measured, in words, and the page that has it. `quoted` stands there word by word."""

    means: str
    quoted: str
    page: str


class Line(NamedTuple):
    """A line of the list, with the tests and figures that show it, and what of it is open."""

    name: str
    tests: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    is_open: str = ""


BEFORE = (
    Line(
        "Booking is idempotent",
        (
            "test_the_same_request_again_is_one_booking",
            "test_the_same_key_a_hundred_times_at_once_makes_one_booking",
            "test_the_same_key_with_another_body_is_refused",
            "test_a_repeat_gets_the_first_answer_after_the_world_has_changed",
        ),
    ),
    Line(
        "Critical operations are atomic",
        (
            "test_a_booking_is_confirmed_in_the_append_of_its_payment",
            "test_a_conflict_under_the_lock_writes_nothing",
            "test_killing_the_web_process_loses_and_doubles_nothing",
            "test_killing_postgres_loses_and_doubles_nothing",
        ),
    ),
    Line("Test: search, book, pay, confirm", ("test_search_book_pay_confirm",)),
    Line("Test: the same request again", ("test_the_same_request_again_is_one_booking",)),
    Line(
        "Test: no double booking",
        (
            "test_of_two_hundred_clients_one_gets_the_last_seat",
            "test_two_dispatchers_sell_the_last_seats_once",
        ),
    ),
    Line(
        "Test: a payment fails",
        (
            "test_a_failed_payment_keeps_the_hold_and_costs_nothing",
            "test_a_declined_card_says_what_to_do_until_another_one_pays",
        ),
    ),
    Line("Test: cancel and refund", ("test_cancel_and_refund",)),
    Line("Test: availability is updated", ("test_seats_are_back_on_sale_after_a_cancellation",)),
    Line(
        "Stripe's webhooks are verified by their signature",
        (
            "test_only_what_stripe_signed_is_accepted",
            "test_a_signature_of_another_time_is_refused",
            "test_a_webhook_that_is_not_stripes_is_refused_and_not_kept",
        ),
    ),
    Line(
        "Events are de-duplicated",
        (
            "test_fifty_deliveries_of_one_event_at_once_have_one_effect",
            "test_another_event_of_the_same_fact_records_nothing",
            "test_events_in_any_order_and_number_give_one_confirmation",
        ),
    ),
    Line(
        "Money is in a ledger with double entries",
        (
            "test_a_paid_booking_is_confirmed_with_its_ticket_and_its_entries",
            "test_money_that_is_not_a_posted_balanced_entry_is_refused",
            "test_a_life_of_bookings_in_any_order",
        ),
    ),
    Line(
        "Apps sign in with Bearer and refresh tokens",
        (
            "test_an_app_refreshes_by_header_or_body",
            "test_a_stolen_refresh_token_signs_thief_and_owner_out",
            "test_two_processes_rotate_one_token_once",
        ),
    ),
    Line(
        "There is one form of errors",
        (
            "test_every_refusal_of_every_route_is_flat_in_both_languages",
            "test_what_the_server_answers_before_the_application_is_flat",
            "test_the_table_of_problems_is_the_contract",
        ),
    ),
)

MONTH = (
    Line(
        "Searches are cached in Redis",
        (
            "test_a_second_search_does_not_ask_the_read_model",
            "test_an_answer_is_found_until_its_flight_changes",
            "test_without_redis_every_search_is_direct_and_redis_rests",
        ),
        (Figure("cached searches a second, against those without", "3.14", "benchmarks.md"),),
    ),
    Line(
        "Background work goes through a queue",
        (
            "test_a_task_under_way_is_finished_before_the_process_ends",
            "test_a_payment_is_confirmed_once_although_worker_and_scheduler_are_killed",
            "test_dead_letters_of_workers_are_carried_out_when_tried_again",
        ),
    ),
    Line(
        "A correlation id goes through all processes",
        ("test_a_cancellation_is_followed_from_the_request_to_the_refund_and_the_letter",),
    ),
    Line(
        "Errors go to Sentry",
        (
            "test_sentry_gets_types_frames_and_the_correlation_id_and_nothing_personal",
            "test_without_an_address_nothing_is_sent",
        ),
        is_open="The airline opens the project and sets its DSN.",
    ),
    Line(
        "There is an audit log",
        (
            "test_what_staff_decided_and_who_was_refused_is_one_list",
            "test_an_export_is_verified_without_our_secrets_and_tampering_shows",
            "test_even_the_owner_changes_nothing_that_was_recorded",
        ),
    ),
    Line(
        "A job compares the books with Stripe and the bank",
        (
            "test_a_run_over_a_sale_and_a_payout_is_explained_and_a_second_adds_nothing",
            "test_every_value_is_explained_or_has_its_break",
            "test_with_all_faults_on_every_amount_is_explained",
        ),
    ),
)

LATER = (
    Line(
        "Backup and restore are tested",
        (
            "test_a_logical_backup_gives_the_same_books_and_the_same_answers",
            "test_a_moment_between_two_sales_has_exactly_the_first",
            "test_a_damaged_backup_is_refused_with_the_file_and_the_reason",
            "test_who_was_erased_after_the_backup_does_not_come_back",
            "test_a_killed_primary_comes_back_as_a_prefix_of_what_it_acknowledged",
        ),
        (
            Figure(
                "seconds to restore and compare 300,000 events",
                "24.3",
                "../explanation/backup.md",
            ),
            Figure(
                "lost with base backup and archive, at most",
                "about 1 second",
                "../explanation/backup.md",
            ),
        ),
    ),
    Line(
        "The load test passes",
        ("test_the_bars_are_those_of_the_customer",),
        (
            Figure(
                "milliseconds, p95 of all steps with up to 100 users, whole run",
                "78 ms",
                "benchmarks.md",
            ),
        ),
        is_open="The goal of 50 ms is missed.",
    ),
    Line(
        "There are runbooks",
        (
            "test_runbooks_name_commands_that_exist",
            "test_every_statement_of_a_runbook_can_be_planned",
            "test_each_alert_says_how_urgent_it_is_what_it_means_and_what_to_do",
        ),
    ),
)

BETA = (
    Line(
        "No double booking can happen",
        (
            "test_of_two_hundred_clients_one_gets_the_last_seat",
            "test_seats_that_do_not_exist_cannot_be_taken",
            "test_a_flight_records_no_step_twice_and_never_oversells",
        ),
    ),
    Line(
        "No double charge can happen",
        (
            "test_of_two_captures_at_once_one_pays_and_the_other_goes_back",
            "test_a_checkout_replayed_gives_the_same_session",
            "test_a_stop_at_any_step_leaves_one_charge_and_one_refund",
            "test_killed_while_payments_and_refunds_are_under_way"
            "_no_money_ticket_or_letter_is_lost",
        ),
    ),
    Line(
        "Webhooks work",
        (
            "test_a_paid_booking_is_confirmed_with_its_ticket_and_its_entries",
            "test_an_event_is_answered_once_it_is_stored_whatever_stripe_does",
            "test_a_traveller_who_returns_is_confirmed_although_every_webhook_was_lost",
        ),
    ),
    Line(
        "A mobile app can connect",
        (
            "test_a_program_with_the_packed_client_registers_books_pays_and_is_confirmed",
            "test_newman_runs_the_journey_of_the_postman_collection",
        ),
    ),
    Line(
        "Integration tests pass",
        (
            "test_search_book_pay_confirm",
            "test_the_same_request_again_is_one_booking",
            "test_a_failed_payment_keeps_the_hold_and_costs_nothing",
            "test_cancel_and_refund",
            "test_seats_are_back_on_sale_after_a_cancellation",
        ),
    ),
)

FULL = (
    Line(
        "Caching and jobs work",
        (
            "test_without_redis_a_change_waits_until_the_lease_is_over",
            "test_an_outage_longer_than_all_retries_sets_no_task_of_the_outbox_aside",
            "test_a_second_process_takes_over_background_work_when_the_first_is_killed",
        ),
        (
            Figure(
                "seconds in which nobody paid after Valkey was killed, at most",
                "0.6 s",
                "../explanation/chaos.md",
            ),
        ),
    ),
    Line(
        "What happens can be observed",
        (
            "test_a_sale_shows_in_the_metrics_of_each_role",
            "test_every_metric_is_on_a_dashboard",
            "test_a_collector_gets_spans_and_metrics",
            "test_a_cancellation_is_followed_from_the_request_to_the_refund_and_the_letter",
        ),
    ),
    Line(
        "The load test passes",
        ("test_the_bars_are_those_of_the_customer",),
        (Figure("milliseconds, p95, floor 500 ms", "78 ms", "benchmarks.md"),),
    ),
)

PARTS = {
    "Before any launch": BEFORE,
    "First month": MONTH,
    "Later": LATER,
    "Beta accepted when": BETA,
    "Full launch when": FULL,
}


def text() -> str:
    """The page."""
    blocks: list[list[str] | str] = [INTRO]
    for title, lines in PARTS.items():
        blocks += [f"## {title}", "", _table(lines)]
    return page(*blocks)


def _table(lines: tuple[Line, ...]) -> list[str]:
    rows = [
        (each.name, _shown_by(each), ", ".join(map(_figure, each.figures)), each.is_open)
        for each in lines
    ]
    return table(("what", "shown by", "measured", "open"), rows)


def _shown_by(line: Line) -> str:
    places = security.places()
    return ", ".join(f"[{code(name)}](../../{places[name]})" for name in line.tests)


def _figure(figure: Figure) -> str:
    return f"{figure.means}: [{figure.quoted}]({figure.page})"
