"""Identifiers: streams, record locators, ticket numbers, command and event ids.

All are made from arguments; randomness comes from outside. The formats are written here and nowhere
else, except in SQL migrations, where a test compares them.
"""

import datetime as dt
import enum
import hashlib
import re
import uuid

# 32 symbols without 0/O and 1/I, as airlines print them (IATA Resolution 830d leaves the choice).
LOCATOR_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LOCATOR_LENGTH = 6
# The payment of the price; each paid change has the next.
FIRST_PAYMENT = 1
# 80 bits: sixteen symbols of five.
CREDIT_RANDOM_BYTES = 10
TICKET_SERIAL_LIMIT = 10**10
TICKET_NUMBER_LENGTH = 13
# Carrier (IATA: two characters, not two digits), number from 1, operational suffix.
FLIGHT_NUMBER_PATTERN = (
    r"^([A-Z][A-Z0-9]|[0-9][A-Z])(?=[0-9]{1,4}[A-Z]?$)(0*[1-9][0-9]*)([A-Z]?)$(?!\n)"
)
FLIGHT_ID_PATTERN = r"^flight-[A-Z0-9]{3,8}-[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)"

CREDIT_ID_PATTERN = r"^credit-[A-HJ-NP-Z2-9]{16}$(?!\n)"
GIFT_CODE_PATTERN = r"^[A-HJ-NP-Z2-9]{16}$(?!\n)"
INTENT_PATTERN = r"^pi_[A-Za-z0-9_]{1,250}$(?!\n)"
PAYOUT_PATTERN = r"^po_[A-Za-z0-9_]{1,250}$(?!\n)"

EVENT_NAMESPACE = uuid.UUID("5f0c2f0e-7f0b-5a53-9d0a-0b6f6b8f8d01")
COMMAND_NAMESPACE = uuid.UUID("5f0c2f0e-7f0b-5a53-9d0a-0b6f6b8f8d02")

# Fragments that must not be printed on a boarding pass.
RUDE_FRAGMENTS = ("ASS", "FUK", "FUC", "SEX", "KKK", "SHT", "CUM", "DCK", "CNT", "FAG")
_find_rude = re.compile("|".join(RUDE_FRAGMENTS)).search


def record_locator(randomness: bytes) -> str | None:
    """Return six symbols from at least 4 random bytes; None when they spell something rude."""
    assert len(randomness) >= 4
    number = int.from_bytes(randomness[:4], "big")
    symbols = []
    for _ in range(LOCATOR_LENGTH):
        number, index = divmod(number, 32)
        symbols.append(LOCATOR_ALPHABET[index])
    locator = "".join(symbols)
    return None if _find_rude(locator) else locator


def is_record_locator(text: str) -> bool:
    """Return whether the text has the form of a record locator (upper case)."""
    return len(text) == LOCATOR_LENGTH and all(symbol in LOCATOR_ALPHABET for symbol in text)


def ticket_number(airline_code: str, serial: int) -> str:
    """Return 13 digits: the airline's accounting code (IATA) of 3 and a serial of 10."""
    assert len(airline_code) == 3
    assert 0 < serial < TICKET_SERIAL_LIMIT
    number = f"{airline_code}{serial:010d}"
    assert is_ticket_number(number)
    return number


def is_ticket_number(text: str) -> bool:
    """Return whether the text has the form of a ticket number: 13 digits from 0 to 9."""
    return len(text) == TICKET_NUMBER_LENGTH and text.isascii() and text.isdigit()


class StreamPrefix(enum.StrEnum):
    """What every stream id of a kind begins with, before the first hyphen."""

    FLIGHT = "flight"
    BOOKING = "booking"
    PAYMENT = "payment"
    CLAIM = "claim"
    CREDIT = "credit"
    TRANSFER = "transfer"
    PERIOD = "period"
    SETTLEMENT = "settlement"
    PAYOUT = "payout"
    CLEARING = "clearing"
    RECONCILIATION = "reconciliation"
    TAX_DOCUMENTS = "taxdocuments"
    TAX_SERIES = "taxseries"
    ERASURE = "erasure"
    POLICY = "policy"


def prefix_of(stream: str) -> str:
    """Return what stands before the first hyphen: a `StreamPrefix` if the stream is one of ours."""
    return stream.partition("-")[0]


def booking_stream(reference: str) -> str:
    """Return the stream and public id of the booking with this record locator."""
    return f"{StreamPrefix.BOOKING}-{reference}"


def reference_of(booking_id: str) -> str:
    """Return the record locator of a booking; a record locator is returned unchanged."""
    return booking_id.removeprefix(f"{StreamPrefix.BOOKING}-")


def name_of(paid_for: str) -> str:
    """Return how a booking or a gift card is named to who pays for it: without the prefix."""
    return reference_of(paid_for).removeprefix(f"{StreamPrefix.CREDIT}-")


def booking_id_of(id_or_reference: str) -> str | None:
    """Return the booking id of an id or record locator in any case; None for other texts."""
    # Other scripts have letters that become one of the alphabet in upper case.
    if not id_or_reference.isascii():
        return None
    reference = reference_of(id_or_reference).upper()
    return booking_stream(reference) if is_record_locator(reference) else None


def payment_stream(booking_id: str, number: int) -> str:
    """Return the stream and public id of the n-th amount due (from 1) of a booking."""
    return f"{payments_prefix(booking_id)}{number}"


def payments_prefix(booking_id: str) -> str:
    """Return what the stream ids of all payments of a booking begin with."""
    return f"{StreamPrefix.PAYMENT}-{reference_of(booking_id)}-"


def tax_documents_stream(booking_id: str) -> str:
    """Return the stream of the tax documents of a booking."""
    return f"{StreamPrefix.TAX_DOCUMENTS}-{reference_of(booking_id)}"


def tax_series_stream(month: str) -> str:
    """Return the stream of the numbers of a month's tax documents; the month as `2026-11`."""
    return f"{StreamPrefix.TAX_SERIES}-{month}"


def month_of_series(stream: str) -> str:
    """Return the month of a stream of numbers of tax documents."""
    return stream.removeprefix(f"{StreamPrefix.TAX_SERIES}-")


def attempt_id(payment_id: str, number: int) -> str:
    """Return the id of the n-th attempt (from 1) to collect a payment."""
    return f"{payment_id}-a{number}"


def refund_id(payment_id: str, number: int) -> str:
    """Return the id of the n-th refund (from 1) of a payment."""
    return f"{payment_id}-r{number}"


def booking_of_payment(payment_id: str) -> str:
    """Return the booking of a payment stream; the gift card or the intent where it has none."""
    name = payment_id.removeprefix(f"{StreamPrefix.PAYMENT}-").rpartition("-")[0]
    return name if is_without_booking(name) else booking_stream(name)


def is_payment_of(payment_id: str, paid_for: str) -> bool:
    """Return whether both have the form of our ids, of a payment for this booking or gift card."""
    if not is_payment_id(payment_id) or booking_of_payment(payment_id) != paid_for:
        return False
    return is_credit_id(paid_for) or booking_id_of(paid_for) == paid_for


def payment_of_attempt(attempt: str) -> str:
    """Return the payment stream of an attempt's id."""
    return attempt.rpartition("-a")[0]


def payment_of_refund(refund: str) -> str:
    """Return the payment stream of a refund's id."""
    return refund.rpartition("-r")[0]


def is_intent(text: str) -> bool:
    """Return whether the text has the form of a payment intent's id at Stripe."""
    return re.fullmatch(INTENT_PATTERN, text) is not None


def is_without_booking(text: str) -> bool:
    """Return whether a payment of this is for no booking: for a gift card, or for an intent."""
    return is_credit_id(text) or is_intent(text)


def is_payment_id(text: str) -> bool:
    """Return whether the text has the form of a payment's id: of a booking, a gift card or an
    intent.
    """
    kind, _, rest = text.partition("-")
    name, _, number = rest.rpartition("-")
    known = is_record_locator(name) or is_without_booking(name)
    numbered = re.fullmatch("[1-9][0-9]{0,4}", number) is not None
    return kind == StreamPrefix.PAYMENT and known and numbered


def settlement_stream(object_id: str) -> str:
    """Return the stream of what Stripe settled for a charge, or for one other object, by its id."""
    return f"{StreamPrefix.SETTLEMENT}-{object_id}"


def payout_stream(payout: str) -> str:
    """Return the stream of a payout by its id at Stripe."""
    return f"{StreamPrefix.PAYOUT}-{payout}"


def payout_of(stream: str) -> str:
    """Return the id at Stripe of the payout with this stream."""
    return stream.removeprefix(f"{StreamPrefix.PAYOUT}-")


def is_payout(text: str) -> bool:
    """Return whether the text has the form of a payout's id at Stripe."""
    return re.fullmatch(PAYOUT_PATTERN, text) is not None


def clearing_stream(day: dt.date) -> str:
    """Return the stream of the comparisons of Stripe's balance on an accounting day."""
    return f"{StreamPrefix.CLEARING}-{day.isoformat()}"


def clearing_day(stream: str) -> str:
    """Return the day of such a stream, as in `2026-11-26`."""
    return stream.removeprefix(f"{StreamPrefix.CLEARING}-")


def reconciliation_stream(day: dt.date) -> str:
    """Return the stream of the reconciliation of an accounting day."""
    return f"{StreamPrefix.RECONCILIATION}-{day.isoformat()}"


def obligation_id(booking_id: str, number: int) -> str:
    """Return the id of the n-th obligation (from 1) to refund money of a booking."""
    return f"{booking_id}-{number}"


def booking_of_obligation(obligation: str) -> str | None:
    """Return the booking that owes; None for the obligation to return parked money of a payment."""
    name, _, _ = obligation.rpartition("-")
    owes = prefix_of(name) == StreamPrefix.BOOKING and is_record_locator(reference_of(name))
    return name if owes else None


def parked_obligation_id(payment_id: str, intent: str) -> str:
    """Return the id of the obligation to return the parked money of an intent."""
    return f"{payment_id}-{intent}"


def flight_number(text: str) -> str:
    """Return a flight number in its one form, without leading zeros: ZZ0101 is ZZ101."""
    match = re.fullmatch(FLIGHT_NUMBER_PATTERN, text)
    assert match is not None, "the pattern was checked before"
    carrier, number, suffix = match.groups()
    return f"{carrier}{int(number)}{suffix}"


def flight_stream(flight_number: str, local_date: str) -> str:
    """Return the stream and public id of a departure; the date is local at the origin.

    Example: `flight-SV1023-2026-11-24`.
    """
    return f"{StreamPrefix.FLIGHT}-{flight_number}-{local_date}"


def claim_stream(booking_id: str, flight_id: str) -> str:
    """Return the stream and public id of what a booking is owed for a flight.

    Example: `claim-ABC234-SV1023-2026-11-24`.
    """
    departure = flight_id.removeprefix(f"{StreamPrefix.FLIGHT}-")
    return f"{StreamPrefix.CLAIM}-{reference_of(booking_id)}-{departure}"


def booking_of_claim(claim_id: str) -> str | None:
    """Return the booking of a claim's id; None where the text has not its form."""
    kind, _, rest = claim_id.partition("-")
    reference, _, departure = rest.partition("-")
    known = is_record_locator(reference) and is_flight_id(f"{StreamPrefix.FLIGHT}-{departure}")
    return booking_stream(reference) if kind == StreamPrefix.CLAIM and known else None


def credit_stream(randomness: bytes) -> str:
    """Return the stream and public id of a new credit, from at least 10 random bytes.

    Example: `credit-7KQ2M4XWZ9PD3TRA`. Nobody can guess it, but it is not what lets one spend it.
    """
    assert len(randomness) >= CREDIT_RANDOM_BYTES
    symbols = [LOCATOR_ALPHABET[index] for index in _five_bits(randomness)]
    return f"{StreamPrefix.CREDIT}-{''.join(symbols)}"


def gift_code(randomness: bytes) -> str:
    """Return the code of a gift card from at least 10 random bytes, as in `7KQ2-M4XW-Z9PD-3TRA`.

    Its eighty bits are what lets one claim the card; the alphabet has no I, O, 0 and 1.
    """
    assert len(randomness) >= CREDIT_RANDOM_BYTES
    symbols = "".join(LOCATOR_ALPHABET[index] for index in _five_bits(randomness))
    return "-".join(symbols[start : start + 4] for start in range(0, len(symbols), 4))


def read_gift_code(text: str) -> str | None:
    """Return a typed code in its one form, None for other texts. Case, blanks and hyphens do not
    matter.
    """
    if not text.isascii():
        return None
    symbols = "".join(text.upper().replace("-", " ").split())
    if re.fullmatch(GIFT_CODE_PATTERN, symbols) is None:
        return None
    return "-".join(symbols[start : start + 4] for start in range(0, len(symbols), 4))


def goodwill_stream(owner: str, day: dt.date, number: int) -> str:
    """Return the id of the n-th goodwill credit (from 1) that a user is given on an accounting day.

    Two decisions at the same moment make the same id, and one of them is decided again.
    """
    assert number > 0
    text = f"goodwill/{owner}/{day.isoformat()}/{number}"
    return credit_stream(hashlib.sha256(text.encode()).digest())


def transfer_stream(bank_reference: str) -> str:
    """Return the stream of the bank transfer with this reference."""
    return f"{StreamPrefix.TRANSFER}-{bank_reference}"


def credit_use_id(payment_id: str, number: int) -> str:
    """Return the id of the amount's part, counted from 1, that a credit pays."""
    assert number > 0
    return f"{payment_id}-c{number}"


def is_credit_id(text: str) -> bool:
    """Return whether the text has the form of a credit's id."""
    return re.match(CREDIT_ID_PATTERN, text) is not None


def _five_bits(randomness: bytes) -> list[int]:
    number = int.from_bytes(randomness[:CREDIT_RANDOM_BYTES], "big")
    return [number >> shift & 31 for shift in range(0, 8 * CREDIT_RANDOM_BYTES, 5)]


def flight_name(flight_id: str) -> str:
    """Return the flight number and day of a flight's id, such as `SV1023-2026-11-24`."""
    return flight_id.removeprefix(f"{StreamPrefix.FLIGHT}-")


def flight_date(flight_id: str) -> dt.date:
    """Return the day of a flight's id: when it was first scheduled to leave, local at the origin.

    Later changes of the times leave it as it is.
    """
    assert is_flight_id(flight_id)
    return dt.date.fromisoformat(flight_id[-10:])


def is_flight_id(text: str) -> bool:
    """Return whether the text has the form of a flight's id."""
    return re.fullmatch(FLIGHT_ID_PATTERN, text) is not None


def period_stream(month: dt.date) -> str:
    """Return the stream of a month of the books, such as `period-2026-11`."""
    return f"{StreamPrefix.PERIOD}-{month:%Y-%m}"


def month_of_period(period_id: str) -> dt.date:
    """Return the first day of the month of a period's stream."""
    return dt.date.fromisoformat(f"{period_id.removeprefix(f'{StreamPrefix.PERIOD}-')}-01")


def _name_uuid(namespace: uuid.UUID, name: str) -> uuid.UUID:
    digest = hashlib.sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def event_id(stream: str, version: int) -> uuid.UUID:
    """Return the id of an event, made from its stream and version (RFC 9562, version 5)."""
    return _name_uuid(EVENT_NAMESPACE, f"{stream}:{version}")


def client_command_id(principal: str, route: str, key: str) -> uuid.UUID:
    """Return the command id of a client's request: its key is unique for principal and route."""
    return _name_uuid(COMMAND_NAMESPACE, f"client\n{principal}\n{route}\n{key}")


def webhook_command_id(stripe_event: str) -> uuid.UUID:
    """Return the command id of what follows from a Stripe event."""
    return _name_uuid(COMMAND_NAMESPACE, f"stripe\n{stripe_event}")


def step_command_id(cause: uuid.UUID, step: str) -> uuid.UUID:
    """Return the command id of a step, made from the event or command that caused it."""
    return _name_uuid(COMMAND_NAMESPACE, f"step\n{cause.hex}\n{step}")
