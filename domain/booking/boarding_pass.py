"""The facts of a boarding pass, and the text in its bar code (IATA BCBP, format M, one leg).

Rule: every size in the text is counted from the fields themselves. Items, their order
and lengths are those of IATA Resolution 792, attachments A and C, version 6 of the structure.
"""

import datetime as dt
import re
from typing import Literal

import msgspec

from domain.booking import names
from domain.booking.coupons import NOT_FLYING, Coupon
from domain.booking.state import Booking
from domain.booking.values import Channel
from domain.kernel import ids
from domain.pricing.price import PassengerType

# 0 not checked in, 1 checked in, 2 and 3 the same with bags, 4 passed security, 5 passed the
# gate, 6 transit, 7 standby, 8 revalidated, 9 original boarding line, A up- or downgrade.
PassengerStatus = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A"]

STRUCTURE_VERSION = "6"
DOCUMENT_TYPE = "B"  # a boarding pass
# Items 12 and 14. Web is also the application on a phone: the server cannot tell them apart.
SOURCES: dict[Channel, str] = {
    "web": "W",
    "airport_agent": "O",
    "town_agent": "T",
    "third_party": "V",
}
DESCRIPTIONS: dict[PassengerType, str] = {"ADT": "0", "CHD": "3", "INF": "4"}
ADULT_WITH_INFANT = "6"
UNACCOMPANIED_MINOR = "7"
CHECKED_IN: PassengerStatus = "1"
STANDBY: PassengerStatus = "7"
LAP = "INF"


class InvalidFacts(ValueError):
    """A fact does not have the form that its field of the bar code requires."""


class BoardingPassFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One passenger on one flight. Dates and times are local at the origin, without a zone.

    `surname` and `given_name` are the names for carriage, in Latin letters; `given_name` may be
    empty. `arabic_name` is the whole name in Arabic, if the passenger gave one. `carrier` is the
    two- or three-letter designator, `flight_number` up to four digits and perhaps an operational
    suffix letter. `flight_date` is the day under which the flight was scheduled and is known, also
    when it leaves on another. `compartment` is the letter of the cabin. `seat` is `12A`, or None:
    an infant on a lap, or a passenger whose seat is assigned at the gate. `has_companion` is an
    adult with an infant on the lap, or that infant; `companion` the name of the other. A field with
    the default None is unknown and left blank.
    """

    surname: str
    given_name: str
    passenger_type: PassengerType
    reference: str
    ticket: str
    origin: str
    destination: str
    carrier: str
    flight_number: str
    flight_date: dt.date
    compartment: str
    seat: str | None
    sequence: int
    passenger_status: PassengerStatus = CHECKED_IN
    checked_in_by: Channel | None = None
    issued_by: Channel | None = None
    issued_on: dt.date | None = None
    departs_at: dt.datetime | None = None
    boards_at: dt.datetime | None = None
    gate_closes_at: dt.datetime | None = None
    gate: str | None = None
    airline: str | None = None
    origin_city: str | None = None
    destination_city: str | None = None
    has_companion: bool = False
    companion: str | None = None
    special_services: tuple[str, ...] = ()
    arabic_name: str | None = None


def bcbp(facts: BoardingPassFacts) -> str:
    """Return the text of the bar code, ASCII; raises NameNotLatin or InvalidFacts."""
    _require_valid(facts)
    conditional = _conditional(facts)
    return "".join(
        (
            "M",
            "1",
            names.bar_code_name(facts.surname, facts.given_name).ljust(names.BAR_CODE_LENGTH),
            "E",
            facts.reference.ljust(7),
            facts.origin,
            facts.destination,
            facts.carrier.ljust(3),
            _flight_number(facts.flight_number),
            f"{facts.flight_date:%j}",
            facts.compartment,
            _seat(facts),
            f"{facts.sequence:04d} ",
            facts.passenger_status,
            _size(conditional),
            conditional,
        )
    )


def carriage_name(facts: BoardingPassFacts) -> str:
    """`SURNAME/GIVEN NAME` of the passenger in full; raises NameNotLatin."""
    return names.carried_name(facts.surname, facts.given_name)


def seat_shown(facts: BoardingPassFacts) -> str | None:
    """The seat in plain text: `12A`, `INF` for an infant on a lap, None when not assigned yet."""
    if facts.seat is not None:
        return facts.seat.lstrip("0")
    return LAP if facts.passenger_type == "INF" else None


def companion_of(booking: Booking, coupon: Coupon) -> int | None:
    """The adult on whose lap an infant flies, or the infant on an adult's lap; None without one.

    Policy: infants and adults who still fly go together in the order of the booking.
    """
    kind = booking.passengers[coupon.passenger].type
    if kind == "CHD":
        return None
    flying = [
        (booking.passengers[each.passenger].type, each.passenger)
        for each in booking.coupons
        if each.segment == coupon.segment and each.status not in NOT_FLYING
    ]
    adults = [passenger for each, passenger in flying if each == "ADT"]
    infants = [passenger for each, passenger in flying if each == "INF"]
    for adult, infant in zip(adults, infants, strict=False):
        if coupon.passenger in (adult, infant):
            return infant if kind == "ADT" else adult
    return None


def _conditional(facts: BoardingPassFacts) -> str:
    """Items 8 to 10 and unique ones, then item 17 and the leg's; trailing unused ones left out."""
    unique = "".join(
        (
            _description(facts),
            " " if facts.checked_in_by is None else SOURCES[facts.checked_in_by],
            " " if facts.issued_by is None else SOURCES[facts.issued_by],
            "    " if facts.issued_on is None else _issue_date(facts.issued_on),
            DOCUMENT_TYPE,
            facts.carrier.ljust(3),
        )
    )
    leg = "".join(
        (
            facts.ticket[:3],
            facts.ticket[3:],
            " ",  # selectee: no security programme is queried
            " ",  # travel documents: verification not reported
            facts.carrier.ljust(3),
        )
    )
    return f">{STRUCTURE_VERSION}{_size(unique)}{unique}{_size(leg)}{leg}"


def _description(facts: BoardingPassFacts) -> str:
    """Item 15: the kind of passenger, and who needs an eye on the way."""
    if facts.passenger_type == "ADT" and facts.has_companion:
        return ADULT_WITH_INFANT
    if facts.passenger_type == "CHD" and "UMNR" in facts.special_services:
        return UNACCOMPANIED_MINOR
    return DESCRIPTIONS[facts.passenger_type]


def _size(field: str) -> str:
    """The length of a field in characters, as two hexadecimal digits."""
    assert len(field) <= 0xFF
    return f"{len(field):02X}"


def _issue_date(day: dt.date) -> str:
    """The last digit of the year and the day of the year."""
    return f"{day.year % 10}{day:%j}"


def _flight_number(number: str) -> str:
    """Four digits with leading zeros and the operational suffix, or a blank."""
    digits = number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f"{digits:0>4}{number[len(digits) :] or ' '}"


def _seat(facts: BoardingPassFacts) -> str:
    """`012A`; `INF ` on a lap; blank while no seat is assigned (attachment C, item 104)."""
    seat = seat_shown(facts)
    if seat is None or seat == LAP:
        return (seat or "").ljust(4)
    return seat.rjust(4, "0")


def _require_valid(facts: BoardingPassFacts) -> None:
    """Check the form of each fact, so that each field has its fixed width."""
    forms = {
        "reference": (facts.reference, r"[0-9A-Z]{5,7}"),
        "origin": (facts.origin, r"[A-Z]{3}"),
        "destination": (facts.destination, r"[A-Z]{3}"),
        "carrier": (facts.carrier, r"[0-9A-Z]{2}|[A-Z]{3}"),
        "flight_number": (facts.flight_number, r"[0-9]{1,4}[A-Z]?"),
        "compartment": (facts.compartment, r"[A-Z]"),
        "seat": (
            "1A" if facts.seat is None else facts.seat,
            r"0{0,2}[1-9][A-Z]|0?[1-9][0-9][A-Z]|[1-9][0-9]{2}[A-Z]",
        ),
        "sequence": (str(facts.sequence), r"[1-9][0-9]{0,3}"),
    }
    for name, (text, form) in forms.items():
        if re.fullmatch(form, text) is None:
            raise InvalidFacts(f"{name} does not fit its field")
    if not ids.is_ticket_number(facts.ticket):
        raise InvalidFacts("ticket does not fit its field")
