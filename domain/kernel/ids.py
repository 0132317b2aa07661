"""Identifiers: streams, record locators, ticket numbers, command and event ids.

All are functions of their arguments; the caller passes the randomness.
"""

import hashlib
import re
import uuid

# 32 symbols without 0/O and 1/I, as airlines print them (IATA Resolution 830d leaves the choice).
LOCATOR_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LOCATOR_LENGTH = 6
TICKET_SERIAL_LIMIT = 10**10
TICKET_NUMBER_LENGTH = 13
FLIGHT_ID_PATTERN = r"^flight-[A-Z0-9]{3,8}-\d{4}-\d{2}-\d{2}$"

EVENT_NAMESPACE = uuid.UUID("5f0c2f0e-7f0b-5a53-9d0a-0b6f6b8f8d01")
COMMAND_NAMESPACE = uuid.UUID("5f0c2f0e-7f0b-5a53-9d0a-0b6f6b8f8d02")

# Fragments that must not be printed on a boarding pass.
RUDE_FRAGMENTS = ("ASS", "FUK", "FUC", "SEX", "KKK", "SHT", "CUM", "DCK", "CNT", "FAG")


def record_locator(randomness: bytes) -> str | None:
    """Six symbols from at least 4 random bytes; None when they contain a rude fragment."""
    assert len(randomness) >= 4
    number = int.from_bytes(randomness[:4], "big")
    symbols = []
    for _ in range(LOCATOR_LENGTH):
        number, index = divmod(number, 32)
        symbols.append(LOCATOR_ALPHABET[index])
    locator = "".join(symbols)
    return None if any(fragment in locator for fragment in RUDE_FRAGMENTS) else locator


def is_record_locator(text: str) -> bool:
    """Whether the text has the form of a record locator (upper case)."""
    return len(text) == LOCATOR_LENGTH and all(symbol in LOCATOR_ALPHABET for symbol in text)


def ticket_number(airline_code: str, serial: int) -> str:
    """13 digits: 3 of the airline's accounting code (IATA) and a serial of 10; no check digit."""
    assert len(airline_code) == 3
    assert 0 < serial < TICKET_SERIAL_LIMIT
    number = f"{airline_code}{serial:010d}"
    assert is_ticket_number(number)
    return number


def is_ticket_number(text: str) -> bool:
    """Whether the text has the form of a ticket number: 13 digits from 0 to 9, no others."""
    return len(text) == TICKET_NUMBER_LENGTH and text.isascii() and text.isdigit()


def booking_stream(reference: str) -> str:
    """Stream and public id of the booking with this record locator."""
    return f"booking-{reference}"


def reference_of(booking_id: str) -> str:
    """The record locator of a booking: the reference that travellers are shown."""
    return booking_id.removeprefix("booking-")


def payment_stream(booking: str, number: int) -> str:
    """Stream and public id of the n-th amount due (from 1) of a booking stream."""
    return f"payment-{booking.removeprefix('booking-')}-{number}"


def flight_stream(flight_number: str, local_date: str) -> str:
    """Stream and public id of one departure: `flight-SV1023-2026-11-24`, date local at origin."""
    return f"flight-{flight_number}-{local_date}"


def is_flight_id(text: str) -> bool:
    """Return whether the text has the form of a flight's id."""
    return re.fullmatch(FLIGHT_ID_PATTERN, text) is not None


def _name_uuid(namespace: uuid.UUID, name: str) -> uuid.UUID:
    digest = hashlib.sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def event_id(stream: str, version: int) -> uuid.UUID:
    """The id of an event: a function of its stream and version (RFC 9562, version 5)."""
    return _name_uuid(EVENT_NAMESPACE, f"{stream}:{version}")


def client_command_id(principal: str, route: str, key: str) -> uuid.UUID:
    """The command id of a client's request: its `Idempotency-Key` within principal and route."""
    return _name_uuid(COMMAND_NAMESPACE, f"client\n{principal}\n{route}\n{key}")


def webhook_command_id(stripe_event: str) -> uuid.UUID:
    """The command id of the command that follows from a Stripe event."""
    return _name_uuid(COMMAND_NAMESPACE, f"stripe\n{stripe_event}")


def step_command_id(cause: uuid.UUID, step: str) -> uuid.UUID:
    """The command id of one step of a process, made from the event or command that caused it."""
    return _name_uuid(COMMAND_NAMESPACE, f"step\n{cause.hex}\n{step}")
