"""security.md: what ASVS and the OWASP API Top 10 ask for, and the tests that show it."""

import ast
import functools
from pathlib import Path
from typing import NamedTuple

from tests.support.reference.markdown import code, page, table

TESTS = Path(__file__).resolve().parents[2]

INTRO = """\
# Security

Generated from `tests/support/reference/security.py` by `python -m tests.support.reference.pages`. A
test fails when a test that is named here does not exist or is skipped, or when an item is missing.

What is asked for is put in our own words; the numbers are those of OWASP ASVS 5.0.0 and of the
OWASP API Security Top 10 of 2023. *Open* is what no test shows yet, or what is up to those who run
the servers.
"""


class Item(NamedTuple):
    """A requirement, the tests that show it, and what of it is open."""

    number: str
    asks: str
    tests: tuple[str, ...]
    is_open: str = ""


ASVS = (
    Item(
        "2.3.1",
        "Steps of a business flow happen in their order, and none is left out.",
        (
            "test_every_step_of_the_table_is_walked_and_no_other",
            "test_a_booking_moves_exactly_along_the_table",
        ),
    ),
    Item(
        "2.3.4",
        "What there is little of, such as seats, is not sold twice.",
        (
            "test_of_two_hundred_clients_one_gets_the_last_seat",
            "test_two_dispatchers_sell_the_last_seats_once",
            "test_seats_that_do_not_exist_cannot_be_taken",
        ),
    ),
    Item(
        "2.3.5",
        "What moves much money by hand needs a second person.",
        (
            "test_a_payout_needs_two_persons_and_goodwill_is_never_paid_out",
            "test_a_duplicate_is_refunded_at_stripe_once_although_two_persons_approve_it_at_once",
            "test_who_asks_for_a_month_to_be_reopened_does_not_approve_it",
            "test_what_is_too_much_for_one_person_is_granted_by_the_second_who_asks_for_it",
            "test_finance_sees_what_waits_for_a_second_person_and_its_traveller_does_not",
        ),
    ),
    Item(
        "8.2.2",
        "Each object is given only to those who may have it.",
        (
            "test_a_sound_request_for_another_customers_booking_finds_nothing",
            "test_nothing_that_is_read_of_another_customers_booking_is_found",
            "test_another_customers_booking_is_not_found_and_the_attempt_is_recorded",
        ),
    ),
    Item(
        "8.3.2",
        "Changed rights apply at once.",
        (
            "test_changed_rights_apply_at_once",
            "test_a_changed_role_ends_the_sessions_also_when_sql_changes_it",
            "test_a_session_that_ends_at_one_process_ends_at_the_other",
        ),
    ),
    Item(
        "9.1.2",
        "Only algorithms of a list sign a token.",
        (
            "test_a_forged_token_signs_nobody_in",
            "test_other_algorithms_are_refused_even_with_good_signatures",
            "test_a_mac_keyed_with_the_public_key_is_refused",
        ),
    ),
    Item(
        "9.1.3",
        "Keys come from sources that we have chosen, never from the token.",
        ("test_a_forged_token_signs_nobody_in", "test_a_token_that_carries_its_own_key_is_refused"),
    ),
    Item(
        "9.2.2",
        "A token is taken for what its type says.",
        (
            "test_a_forged_token_signs_nobody_in",
            "test_a_header_that_is_not_exactly_ours_is_refused",
            "test_a_forged_refresh_token_is_recorded_and_a_spent_one_ends_the_session",
        ),
    ),
    Item(
        "9.2.3",
        "A token is taken only by those for whom it was made.",
        ("test_a_forged_token_signs_nobody_in", "test_claims_that_are_not_for_us_now_are_refused"),
    ),
    Item(
        "10.4.5",
        "A refresh token is spent once; used again it ends everything that came of it.",
        (
            "test_a_stolen_refresh_token_signs_thief_and_owner_out",
            "test_one_of_a_hundred_concurrent_refreshes_rotates_and_all_get_its_successor",
            "test_a_hundred_concurrent_uses_of_a_spent_token_are_one_event",
        ),
    ),
    Item(
        "10.4.8",
        "Refresh tokens end at a time that nothing prolongs.",
        (
            "test_a_session_lasts_thirty_days_however_often_it_is_refreshed",
            "test_nothing_prolongs_a_session_that_is_over",
        ),
    ),
    Item(
        "15.3.3",
        "Only the members that a route offers can be set.",
        (
            "test_a_member_that_nobody_offers_is_refused_in_every_body",
            "test_no_body_of_any_route_takes_a_member_that_it_does_not_know",
        ),
    ),
    Item(
        "15.4.2",
        "A check and what follows from it are one step.",
        (
            "test_a_cancellation_and_a_payment_at_once_end_in_one_way",
            "test_two_cancellations_at_once_are_one",
            "test_two_refunds_at_once_never_return_more_than_was_paid",
            "test_a_life_of_bookings_in_any_order",
        ),
    ),
    Item(
        "16.2.5",
        "No payment data, secrets or personal data in logs.",
        (
            "test_a_card_number_that_a_client_sends_is_never_logged",
            "test_names_and_addresses_are_found_in_no_store_and_no_log",
            "test_a_bug_shows_nothing_of_itself_to_the_client_or_the_log",
        ),
    ),
    Item(
        "16.3.1",
        "Every sign-in is recorded, and every refused one.",
        (
            "test_an_unknown_user_costs_a_hash_and_is_recorded_without_a_name",
            "test_a_forged_refresh_token_is_recorded_and_a_spent_one_ends_the_session",
        ),
    ),
    Item(
        "16.3.2",
        "Refusals for lack of a right are recorded.",
        (
            "test_what_a_role_may_not_do_is_recorded",
            "test_another_customers_booking_is_not_found_and_the_attempt_is_recorded",
        ),
    ),
    Item(
        "16.3.3",
        "Attempts to get around a control are recorded.",
        (
            "test_a_forged_token_leaves_a_security_event",
            "test_refused_attempts_are_recorded_without_the_address",
            "test_a_limit_that_is_reached_leaves_one_security_event_for_each_window",
            "test_a_window_has_one_first_refusal_of_all_processes",
        ),
    ),
    Item(
        "16.3.4",
        "Unexpected errors are logged.",
        (
            "test_a_bug_shows_nothing_of_itself_to_the_client_or_the_log",
            "test_a_bug_around_the_framework_is_flat_too",
        ),
    ),
    Item(
        "16.4.2",
        "What was recorded cannot be changed.",
        (
            "test_the_application_changes_nothing_that_was_recorded",
            "test_even_the_owner_changes_nothing_that_was_recorded",
            "test_the_application_cannot_change_the_sign_in_record",
            "test_even_the_owner_cannot_change_the_sign_in_record",
        ),
        "Log lines go to standard error; who collects them has to keep them from being changed.",
    ),
    Item(
        "16.4.3",
        "Logs are sent to another system.",
        (),
        "Up to those who run the servers: the processes write to standard error, not to files.",
    ),
    Item(
        "16.5.3",
        "What fails lets nobody in.",
        (
            "test_without_a_database_nobody_is_let_in",
            "test_without_redis_requests_are_slower_and_limits_are_those_of_each_process",
            "test_a_bug_around_the_framework_is_flat_too",
        ),
    ),
    Item(
        "Appendix C",
        "Passwords are hashed with argon2id at the recommended cost, or more.",
        ("test_passwords_are_hashed_at_the_cost_that_is_recommended_at_least",),
    ),
)

API_TOP_10 = (
    Item(
        "API1",
        "Broken authorization of objects.",
        (
            "test_a_sound_request_for_another_customers_booking_finds_nothing",
            "test_a_stranger_sees_and_changes_nothing_whatever_is_sent",
        ),
    ),
    Item(
        "API2",
        "Broken authentication.",
        (
            "test_a_forged_token_signs_nobody_in",
            "test_guesses_are_limited_and_say_nothing_of_who_has_an_account",
            "test_five_wrong_passwords_of_a_place_lock_even_the_right_one_for_half_an_hour",
        ),
    ),
    Item(
        "API3",
        "Broken authorization of properties.",
        (
            "test_a_member_that_nobody_offers_is_refused_in_every_body",
            "test_defect_08_nobody_chooses_how_much_comes_back",
        ),
    ),
    Item(
        "API4",
        "Resources without bounds.",
        (
            "test_deep_and_wide_bodies_cost_no_memory",
            "test_an_endless_header_line_costs_the_web_process_no_memory",
            "test_one_window_of_an_address_an_account_and_a_kind_of_route",
            "test_pages_and_cursors_of_another_form_are_refused",
        ),
    ),
    Item(
        "API5",
        "Broken authorization of functions.",
        ("test_every_route_is_closed_to_every_role_without_its_permission",),
    ),
    Item(
        "API6",
        "Business flows that can be misused by machines: holding seats, testing cards.",
        (
            "test_a_burst_of_one_account_holds_one_party_of_a_flight_and_paying_frees_it",
            "test_seats_on_many_flights_are_limited_and_a_repeat_gets_its_stored_answer",
        ),
        "Cards are typed at Stripe only, which stops those who test them.",
    ),
    Item(
        "API7",
        "Requests that a client makes the server send.",
        (
            "test_nothing_is_delivered_inside_our_network_however_the_address_is_written",
            "test_a_name_with_one_address_inside_our_network_is_refused_whole",
            "test_a_delivery_arrives_over_tls_at_the_address_that_was_looked_up",
            "test_what_fails_is_delivered_again_until_it_arrives",
            "test_a_forged_token_signs_nobody_in",
        ),
        "Only admins name an address to call: of a partner's server.",
    ),
    Item(
        "API8",
        "Wrong configuration of the edge.",
        (
            "test_every_answer_of_every_route_has_the_security_headers",
            "test_another_origin_gets_no_permission",
            "test_what_is_not_sound_http_gets_the_flat_answer_and_the_end",
            "test_no_answer_with_a_secret_may_be_compressed",
            "test_guesses_are_counted_by_an_address_that_cannot_be_made_up",
        ),
    ),
    Item(
        "API9",
        "Routes of which nobody knows.",
        (
            "test_every_rejection_event_route_and_read_model_is_on_its_page",
            "test_every_route_declares_who_may_use_it",
            "test_every_write_of_the_document_is_repeated_or_has_a_reason_not_to_be",
        ),
    ),
    Item(
        "API10",
        "Trust in what other services send.",
        (
            "test_only_what_stripe_signed_is_accepted",
            "test_signed_bytes_that_are_no_event_are_refused",
            "test_a_forged_payment_is_found_out_within_a_minute_and_does_not_fly",
        ),
    ),
)


@functools.cache
def places() -> dict[str, str]:
    """The file of each test function that is not skipped, by its name."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        if ".venv" in path.parts:
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                is_skipped = any("skip" in ast.unparse(each) for each in node.decorator_list)
                if node.name.startswith("test_") and not is_skipped:
                    found[node.name] = path.relative_to(TESTS.parent).as_posix()
    return found


def text() -> str:
    """The page."""
    return page(
        INTRO,
        *("## ASVS 5.0", "", _table(ASVS)),
        *("## OWASP API Security Top 10", "", _table(API_TOP_10)),
    )


def _table(items: tuple[Item, ...]) -> list[str]:
    rows = [(each.number, each.asks, _shown_by(each), each.is_open) for each in items]
    return table(("item", "asks for", "shown by", "open"), rows)


def _shown_by(item: Item) -> str:
    return ", ".join(f"[{code(name)}](../../{places()[name]})" for name in item.tests)
