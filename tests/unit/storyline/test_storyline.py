"""The demo's output is readable, fits the width and is correct."""

import datetime as dt
import io

import pytest
from rich.console import Console, RenderableType

from domain.kernel.entries import Posting
from interfaces.cli import storyline
from interfaces.cli.storyline import BalanceRow, DemoAccount, EntryRow, EventRow, Step

FIRST = dt.datetime(2026, 11, 23, 8, 30, 15, 123456, tzinfo=dt.UTC)
SECOND = FIRST + dt.timedelta(seconds=2)
FLIGHT = "flight-ZZ101-2026-11-26"
BOOKING = "booking-7KQ2MX"
PAYMENT = "payment-7KQ2MX-1"

EVENTS = [
    EventRow(287, BOOKING, "booking.initiated.1", FIRST),
    EventRow(288, BOOKING, "booking.reserved.1", FIRST),
    EventRow(289, FLIGHT, "flight.seats_held.1", FIRST),
    EventRow(290, PAYMENT, "payment.requested.1", SECOND),
]
ENTRIES = [
    EntryRow(
        293,
        "ticketing",
        dt.date(2026, 11, 23),
        (
            Posting("2020", BOOKING, 451_000, "SAR"),
            Posting("2000", BOOKING, -380_000, "SAR"),
            Posting("2300", BOOKING, -71_000, "SAR"),
        ),
    ),
    EntryRow(
        295,
        "capture",
        dt.date(2026, 11, 23),
        (Posting("1010", BOOKING, 37_500, "KWD"), Posting("2020", BOOKING, -37_500, "KWD")),
    ),
]
BALANCES = [
    BalanceRow("2000", "Air traffic liability, fares", "SAR", 0, 451_000),
    BalanceRow("1010", "Stripe clearing", "SAR", 451_000, 0),
    BalanceRow("1010", "Stripe clearing", "JPY", 158_000, 0),
    BalanceRow("2000", "Air traffic liability, fares", "JPY", 0, 158_000),
]


def rendered(renderable: RenderableType, *, terminal: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=80,
        force_terminal=terminal,
        color_system="standard" if terminal else "auto",
    )
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def everything() -> list[RenderableType]:
    return [
        storyline.opening("Rimal Air", "one traveller, from search to ticket"),
        storyline.step(1, Step("Search", {"from": "RUH", "to": "JED"})),
        storyline.streams(EVENTS),
        storyline.event_table(EVENTS),
        storyline.entry_table(ENTRIES),
        storyline.balance_table(BALANCES),
        storyline.verdict(confirmed=True, balanced=True, reference="7KQ2MX"),
        storyline.doors(
            {"web": "http://127.0.0.1:8000"},
            [DemoAccount("finance", "finance@rimal.example", "rehearsal-of-books")],
        ),
    ]


def test_nothing_is_wider_than_eighty_columns_or_coloured_when_output_is_no_terminal() -> None:
    for renderable in everything():
        text = rendered(renderable)
        assert "\x1b" not in text
        assert all(len(line) <= 80 for line in text.splitlines())


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[" in rendered(storyline.streams(EVENTS), terminal=True)


def test_a_step_shows_number_title_and_every_fact() -> None:
    text = rendered(
        storyline.step(3, Step("Book two seats", {"reference": "7KQ2MX", "cabin": "Y"}))
    )
    assert text.splitlines()[0].strip() == "3 Book two seats"
    assert "reference  7KQ2MX" in text
    assert "cabin      Y" in text


def test_a_step_without_facts_is_one_line() -> None:
    assert rendered(storyline.step(1, Step("Wait for the webhook", {}))).count("\n") == 1


def test_a_long_fact_is_folded_and_kept_whole() -> None:
    url = "http://127.0.0.1:12111/c/pay/cs_test_" + "a" * 90
    text = rendered(storyline.step(1, Step("Checkout", {"checkoutUrl": url})))
    assert "".join(text.split()) == "1CheckoutcheckoutUrl" + url


def test_the_tree_gathers_the_events_of_a_stream_under_its_name() -> None:
    lines = rendered(storyline.streams(EVENTS)).splitlines()
    assert lines[0] == "streams"
    assert [line for line in lines if BOOKING in line] == [f"├── {BOOKING}"]
    assert lines[2].endswith("287 booking.initiated.1")
    assert lines[-1].endswith("290 payment.requested.1")


def test_the_log_shows_full_names_and_which_events_were_one_append() -> None:
    lines = rendered(storyline.event_table(EVENTS)).splitlines()
    rows = [line for line in lines if line.strip()[:3].isdigit()]
    assert [row.split()[0] for row in rows] == ["287", "288", "289", "290"]
    assert "08:30:15.123456" in rows[0]
    assert ["same append" in row for row in rows] == [False, True, True, False]
    assert FLIGHT in rows[2]
    assert rows[2].rstrip().endswith("flight.seats_held.1")


def test_an_instant_of_another_zone_is_shown_in_utc() -> None:
    riyadh = dt.timezone(dt.timedelta(hours=3))
    event = EventRow(1, BOOKING, "booking.paid.1", FIRST.astimezone(riyadh))
    assert "08:30:15.123456" in rendered(storyline.event_table([event]))


def test_an_entry_shows_both_sides_with_the_decimals_of_its_currency() -> None:
    lines = rendered(storyline.entry_table(ENTRIES)).splitlines()
    debit = next(line for line in lines if "2020" in line and "4,510.00 SAR" in line)
    credit = next(line for line in lines if "3,800.00 SAR" in line)
    assert "#293 ticketing" in debit
    assert "Unapplied customer funds" in debit
    assert "2026-11-23" in credit
    assert debit.rstrip().index("4,510.00") < credit.index("3,800.00")
    assert any("37.500 KWD" in line for line in lines)


def test_amounts_of_one_side_end_in_the_same_column() -> None:
    lines = rendered(storyline.balance_table(BALANCES)).splitlines()
    ends = [len(line.rstrip()) for line in lines if "Air traffic" in line or "balances" in line]
    assert len(ends) == 4
    assert len(set(ends)) == 1


def test_the_trial_balance_adds_up_each_currency_by_itself() -> None:
    text = rendered(storyline.balance_table(BALANCES))
    sums = [line for line in text.splitlines() if "balances" in line]
    assert ["JPY" in sums[0], "SAR" in sums[1], len(sums)] == [True, True, 2]
    assert sums[0].count("158,000 JPY") == 2
    assert sums[1].count("4,510.00 SAR") == 2


def test_books_that_do_not_balance_are_reported() -> None:
    text = rendered(storyline.balance_table(BALANCES[1:2]))
    assert "SAR DOES NOT BALANCE" in text
    assert "4,510.00 SAR" in text
    assert "0.00 SAR" in text


@pytest.mark.parametrize(
    ("confirmed", "balanced", "words"),
    [
        (True, True, "Booking 7KQ2MX is confirmed; the books balance."),
        (False, True, "Booking 7KQ2MX is NOT confirmed; the books balance."),
        (True, False, "Booking 7KQ2MX is confirmed; the books DO NOT balance."),
    ],
)
def test_the_verdict_reports_confirmation_and_balance(
    confirmed: bool, balanced: bool, words: str
) -> None:
    shown = storyline.verdict(confirmed=confirmed, balanced=balanced, reference="7KQ2MX")
    assert words in rendered(shown)
    assert ("\x1b[1;32m" in rendered(shown, terminal=True)) == (confirmed and balanced)


def test_doors_name_every_place_and_account() -> None:
    text = rendered(everything()[-1])
    for part in ("http://127.0.0.1:8000", "finance@rimal.example", "rehearsal-of-books"):
        assert part in text


def test_text_that_looks_like_markup_is_shown_as_it_is() -> None:
    text = rendered(storyline.step(1, Step("Search", {"note": "[red]not markup[/red]"})))
    assert "[red]not markup[/red]" in text
