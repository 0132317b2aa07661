"""Record locators, ticket numbers, stream names and the ids of commands and events."""

import itertools
import re
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import ids


def randomness_of(locator: str) -> bytes:
    """The bytes that spell the locator, first symbol lowest."""
    number = 0
    for symbol in reversed(locator):
        number = number * 32 + ids.LOCATOR_ALPHABET.index(symbol)
    return number.to_bytes(4, "big")


def test_the_alphabet_has_32_symbols_none_of_which_looks_like_another() -> None:
    assert len(ids.LOCATOR_ALPHABET) == len(set(ids.LOCATOR_ALPHABET)) == 32
    assert set("01IO").isdisjoint(ids.LOCATOR_ALPHABET)


@given(st.binary(min_size=4, max_size=8))
def test_a_locator_is_six_symbols_or_none_at_all(randomness: bytes) -> None:
    locator = ids.record_locator(randomness)
    assert locator is None or ids.is_record_locator(locator)


def test_every_locator_can_be_drawn() -> None:
    for locator in ("ABCDEF", "999999", "222222", "ZYXWVU", "A2B3C4"):
        assert ids.record_locator(randomness_of(locator)) == locator


@pytest.mark.parametrize("rude", ["ASS", "SEX", "FUK", "KKK"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_locator_that_spells_something_rude_is_not_given_out(rude: str, place: int) -> None:
    locator = "222222"[:place] + rude + "222"[: 3 - place]
    assert len(locator) == 6
    assert ids.record_locator(randomness_of(locator)) is None


def test_a_locator_needs_four_random_bytes() -> None:
    with pytest.raises(AssertionError):
        ids.record_locator(b"abc")


@pytest.mark.parametrize("text", ["", "ABC23", "ABC2345", "abc234", "ABC23O", "ABC231", "ABC 23"])
def test_other_texts_are_no_locators(text: str) -> None:
    assert not ids.is_record_locator(text)


def test_a_ticket_number_is_three_digits_of_the_airline_and_ten_of_the_serial() -> None:
    assert ids.ticket_number("065", 1) == "0650000000001"
    assert ids.ticket_number("065", 9_999_999_999) == "0659999999999"


@pytest.mark.parametrize(
    ("code", "serial"),
    [("065", 0), ("065", -1), ("065", 10**10), ("65", 1), ("0650", 1), ("SV1", 1), ("٠٦٥", 1)],
)
def test_no_ticket_number_comes_of_an_invalid_code_or_serial(code: str, serial: int) -> None:
    with pytest.raises(AssertionError):
        ids.ticket_number(code, serial)


@pytest.mark.parametrize(
    "text",
    ["", "065000000001", "06500000000011", "065-000000001", "٠٦٥0000000001", "0650000000²01"],
)
def test_other_texts_are_no_ticket_numbers(text: str) -> None:
    assert not ids.is_ticket_number(text)


def test_streams_are_named_by_reference_and_flight_number() -> None:
    assert ids.booking_stream("ABC234") == "booking-ABC234"
    assert ids.payment_stream("booking-ABC234", 2) == "payment-ABC234-2"
    assert ids.flight_stream("SV1023", "2026-11-24") == "flight-SV1023-2026-11-24"
    assert ids.prefix_of("flight-SV1023-2026-11-24") == ids.StreamPrefix.FLIGHT


def test_what_belongs_to_a_stream_is_named_after_it() -> None:
    assert ids.attempt_id("payment-ABC234-1", 2) == "payment-ABC234-1-a2"
    assert ids.refund_id("payment-ABC234-1", 3) == "payment-ABC234-1-r3"
    assert ids.obligation_id("booking-ABC234", 1) == "booking-ABC234-1"


def test_a_booking_id_contains_its_reference() -> None:
    assert ids.reference_of(ids.booking_stream("ABC234")) == "ABC234"
    assert ids.reference_of("ABC234") == "ABC234"
    assert ids.payment_stream("booking-ABC234", 2).startswith(ids.payments_prefix("booking-ABC234"))


@pytest.mark.parametrize(
    "text", ["", "flight-", "SV1-2026-11-24", "flight-sv1-2026-11-24", "flight-SV1-2026-11-24\n"]
)
def test_other_texts_are_no_flight_ids(text: str) -> None:
    assert ids.is_flight_id(ids.flight_stream("SV1", "2026-11-24"))
    assert not ids.is_flight_id(text)


def test_the_same_cause_gives_the_same_id_and_another_cause_another() -> None:
    cause = ids.event_id("booking-ABC234", 3)
    makers: tuple[Callable[[], uuid.UUID], ...] = (
        lambda: ids.event_id("booking-ABC234", 3),
        lambda: ids.event_id("booking-ABC234", 4),
        lambda: ids.event_id("booking-ABC235", 3),
        lambda: ids.client_command_id("user-1", "create", "key"),
        lambda: ids.client_command_id("user-2", "create", "key"),
        lambda: ids.client_command_id("user-1", "checkout", "key"),
        lambda: ids.client_command_id("user-1", "create", "other"),
        lambda: ids.webhook_command_id("evt_1"),
        lambda: ids.webhook_command_id("evt_2"),
        lambda: ids.step_command_id(cause, "confirm"),
        lambda: ids.step_command_id(cause, "expire"),
    )
    made = [make() for make in makers]
    assert made == [make() for make in makers]
    assert all(one != other for one, other in itertools.combinations(made, 2))
    assert {one.version for one in made} == {5}


@pytest.mark.parametrize(
    ("text", "number"),
    [("ZZ101", "ZZ101"), ("ZZ0101", "ZZ101"), ("ZZ0007", "ZZ7"), ("9W12A", "9W12A")],
)
def test_a_flight_number_has_one_form(text: str, number: str) -> None:
    assert ids.flight_number(text) == number
    assert ids.flight_number(number) == number


@pytest.mark.parametrize("text", ["ZZ0", "ZZ0000", "ZZ12345", "12345", "Z1", "zz101", "ZZ101\n"])
def test_what_is_no_flight_number_has_no_form(text: str) -> None:
    assert re.search(ids.FLIGHT_NUMBER_PATTERN, text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("payment-ABC234-1", True),
        ("payment-ABC234-12", True),
        ("payment-pi_3Abc_x-1", True),
        ("payment-ABC234-0", False),
        ("payment-ABC234-", False),
        ("payment-ABC23-1", False),
        ("payment-pi_\x00-1", False),
        ("payment-a gift card", False),
        ("booking-ABC234-1", False),
        ("", False),
    ],
)
def test_a_payment_id_names_a_booking_or_an_intent(text: str, expected: bool) -> None:
    assert ids.is_payment_id(text) is expected


def test_a_payment_is_of_its_booking_or_intent() -> None:
    for booking in ("booking-ABC234", "pi_3Abc"):
        payment = ids.payment_stream(booking, 1)
        assert ids.is_payment_id(payment)
        assert ids.booking_of_payment(payment) == booking
        assert ids.payment_of_refund(ids.refund_id(payment, 3)) == payment
