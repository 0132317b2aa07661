"""Names, travel documents and special services (SSR) of passengers."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal, assert_never

from msgspec.structs import replace

from domain.booking import rejections, states
from domain.booking.coupons import CouponStatus
from domain.booking.events import (
    BookingEvent,
    DocumentRecorded,
    NameCorrected,
    PassengerDetailEvent,
    SpecialServiceRequested,
    SpecialServiceWithdrawn,
)
from domain.booking.preconditions import (
    CheckInWindow,
    SegmentFacts,
    Situation,
    passes,
    require_segment,
)
from domain.booking.state import Booking, SpecialService
from domain.booking.states import Status
from domain.booking.values import DocumentFindings
from domain.kernel import sealed

# IATA special service codes that can be requested, by kind: one of a kind for a passenger's flight.
WHEELCHAIRS = ("WCHR", "WCHS", "WCHC")
MEALS = ("VGML", "AVML", "HNML", "MOML", "KSML", "GFML", "DBML", "CHML")
SPECIAL_SERVICES: dict[str, str] = {
    **dict.fromkeys(WHEELCHAIRS, "wheelchair"),
    **dict.fromkeys(MEALS, "meal"),
    "BLND": "blind",
    "DEAF": "deaf",
    "UMNR": "unaccompanied_minor",
    "MEDA": "medical",
}
SERVICE_STATES = frozenset(
    {Status.RESERVED, Status.PAID, Status.CONFIRMED, Status.CHECKED_IN, Status.BOARDED}
)
NAME_STATES = states.UNPAID | {Status.PAID, Status.CONFIRMED, Status.CHECKED_IN}
# An unaccompanied minor and a child meal are for children only.
FOR_CHILDREN = frozenset({"UMNR", "CHML"})
NO_FINDINGS = DocumentFindings()
# Passengers with these services could not open an exit (FAA 14 CFR 121.585).
NOT_AT_EXITS = frozenset({*WHEELCHAIRS, "BLND", "DEAF", "UMNR", "MEDA"})
# The codes of sealed services, opened before the decision; None where the person was erased.
OpenedCodes = Mapping[sealed.Sealed, str | None]
NOTHING_OPENED: OpenedCodes = {}


def require_name_correction(booking: Booking, passenger: int) -> None:
    """A name may be corrected from the draft on until its passenger boards; a boarding pass is then
    printed anew.
    """
    if booking.status not in NAME_STATES:
        raise rejections.NameCorrectionRefused(reason="status", status=booking.status)
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    mine = [each for each in booking.open_coupons() if each.passenger == passenger]
    if not mine or any(each.status is CouponStatus.LIFTED for each in mine):
        raise rejections.NameCorrectionRefused(reason="on_board", passenger=passenger)


def require_special_service(
    booking: Booking,
    passenger: int,
    segment: int,
    facts: SegmentFacts,
    *,
    window: CheckInWindow,
    by_staff: bool,
    now: dt.datetime,
) -> None:
    """Services change from reservation until check-in closes; for staff until boarding does."""
    require_segment(booking, segment)
    coupon = booking.coupon(passenger, segment)
    if coupon is None:
        raise rejections.NoSuchPart(passenger=passenger, segment=segment)
    if booking.status not in SERVICE_STATES:
        raise rejections.CouponNotOpen(status=booking.status)
    if booking.status is Status.RESERVED and not _is_held(booking, now=now):
        raise rejections.BookingHasExpired()
    if coupon.status not in {CouponStatus.OPEN, CouponStatus.CHECKED_IN}:
        raise rejections.CouponNotOpen(passenger=passenger, segment=segment, status=coupon.status)
    closes = window.boarding_closes if by_staff else window.closes
    if not facts.operating or now > facts.departs_at - closes:
        raise rejections.CheckInClosed(reason="closed", segment=segment)


def _is_held(booking: Booking, *, now: dt.datetime) -> bool:
    return booking.hold_until is not None and now < booking.hold_until


def require_known_service(code: str) -> None:
    """The code is one of the services; otherwise SpecialServiceRefused."""
    if code not in SPECIAL_SERVICES:
        raise rejections.SpecialServiceRefused(reason="unknown_code", code=code)


def code_of(service: SpecialService, codes: OpenedCodes) -> str | None:
    """Return the code of a service; None where the person was erased. Rejects NeedsChanged."""
    if service.box is None:
        return service.code
    if service.box not in codes:
        raise rejections.NeedsChanged()
    return codes[service.box]


def require_allowed_service(
    booking: Booking, passenger: int, segment: int, code: str, *, codes: OpenedCodes
) -> None:
    """The code fits the passenger, and no other of its kind was requested for the flight."""
    require_known_service(code)
    passenger_type = booking.passengers[passenger].type
    if code in FOR_CHILDREN and passenger_type != "CHD":
        raise rejections.SpecialServiceRefused(reason="for_children_only", code=code)
    if code in MEALS and passenger_type == "INF":
        raise rejections.SpecialServiceRefused(reason="infants_have_no_meal", code=code)
    if code in WHEELCHAIRS and passenger_type == "INF":
        raise rejections.SpecialServiceRefused(reason="infants_are_carried", code=code)
    for other in booking.special_services():
        if (other.passenger, other.segment) != (passenger, segment):
            continue
        present = code_of(other, codes)
        if present is not None and SPECIAL_SERVICES.get(present) == SPECIAL_SERVICES[code]:
            raise rejections.SpecialServiceRefused(reason="another_of_its_kind", code=present)


def letters_between(old: str, new: str) -> int:
    """How many letters must be added, dropped or exchanged (Levenshtein), case aside."""
    before, after = old.casefold(), new.casefold()
    row = list(range(len(after) + 1))
    for i, letter in enumerate(before, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(after, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (letter != other))
    return row[-1]


def correct_name(
    booking: Booking,
    *,
    passenger: int,
    name: sealed.Sealed,
    distance: int,
    is_new: bool,
    limit: int,
    reason: str | None = None,
    notes: tuple[sealed.Sealed, ...] = (),
) -> list[BookingEvent]:
    """Correct a name that differs by `distance` letters from the name that was sold, so that small
    steps never add up to another person; by more than the `limit` for a `reason` of staff, and
    further corrections count from there. A name that is not new has no effect.
    """
    require_name_correction(booking, passenger)
    if distance > limit and reason is None:
        raise rejections.NameCorrectionRefused(
            field="lastName", reason="another_person", limit=limit
        )
    if not is_new:
        return []
    return [NameCorrected(passenger=passenger, name=name, reason=reason, notes=notes)]


def record_document(
    booking: Booking,
    *,
    passenger: int,
    document: sealed.Sealed,
    findings: DocumentFindings = NO_FINDINGS,
) -> list[BookingEvent]:
    """Record the travel document of a passenger, with what it shows; it replaces an earlier one."""
    if not 0 <= passenger < len(booking.passengers):
        raise rejections.NoSuchPart(passenger=passenger)
    used_up = all(each.is_final for each in booking.coupons if each.passenger == passenger)
    if used_up or booking.status in states.TERMINAL:
        raise rejections.CouponNotOpen(passenger=passenger)
    if booking.documents[passenger] == document:
        return []
    return [DocumentRecorded(passenger=passenger, document=document, findings=findings)]


def request_special_service(
    booking: Booking,
    *,
    passenger: int,
    segment: int,
    code: str,
    box: sealed.Sealed,
    codes: OpenedCodes,
    wheelchairs: int,
    wheelchair_limit: int,
    at_exit: bool = False,
) -> list[BookingEvent]:
    """Request a service that is not requested yet; `box` is its sealed code.

    The caller has checked `require_special_service`; `wheelchairs` are those that passengers of the
    flight have requested of the `wheelchair_limit` that ground staff and crew can serve, and
    `at_exit` is whether the passenger has a seat in an exit row, where a service in `NOT_AT_EXITS`
    is refused. Rejects SpecialServiceRefused and NeedsChanged.
    """
    if _found(booking, passenger, segment, code, codes):
        return []
    require_allowed_service(booking, passenger, segment, code, codes=codes)
    if at_exit and code in NOT_AT_EXITS:
        raise rejections.SpecialServiceRefused(reason="sits_at_exit", code=code)
    if code in WHEELCHAIRS and wheelchairs >= wheelchair_limit:
        raise rejections.SpecialServiceRefused(
            reason="no_wheelchair_left", code=code, limit=wheelchair_limit
        )
    return [SpecialServiceRequested(passenger=passenger, segment=segment, box=box)]


def wheelchairs_on(booking: Booking, flight: str, codes: OpenedCodes) -> int:
    """Return how many wheelchairs the passengers of a booking have requested on a flight.

    Those of an unpaid booking do not count: a hold that costs nothing must not use them up.
    Rejects NeedsChanged.
    """
    if booking.status in states.UNPAID:
        return 0
    return sum(
        code_of(service, codes) in WHEELCHAIRS
        and booking.segments[service.segment].flight == flight
        for service in booking.special_services()
    )


def withdraw_special_service(
    booking: Booking, *, passenger: int, segment: int, code: str, codes: OpenedCodes
) -> list[BookingEvent]:
    """Withdraw a service; no effect where it is not requested. Rejects NeedsChanged, and
    SpecialServiceRefused for an unknown code.
    """
    require_known_service(code)
    return [
        SpecialServiceWithdrawn(passenger=passenger, segment=segment, code=each.code, box=each.box)
        for each in _found(booking, passenger, segment, code, codes)
    ]


def _found(
    booking: Booking, passenger: int, segment: int, code: str, codes: OpenedCodes
) -> list[SpecialService]:
    """Return the services of this code that the passenger has on the segment: none or one."""
    return [
        each
        for each in booking.special_services()
        if (each.passenger, each.segment) == (passenger, segment) and code_of(each, codes) == code
    ]


def evolve(booking: Booking, event: PassengerDetailEvent) -> Booking:
    """The booking after the event."""
    match event:
        case NameCorrected():
            passengers = list(booking.passengers)
            passengers[event.passenger] = replace(passengers[event.passenger], name=event.name)
            sold = list(booking.sold_names)
            if event.reason is not None:
                sold[event.passenger] = event.name
            return replace(booking, passengers=tuple(passengers), sold_names=tuple(sold))
        case DocumentRecorded():
            documents = list(booking.documents)
            documents[event.passenger] = event.document
            return replace(_with_findings(booking, event), documents=tuple(documents))
        case SpecialServiceRequested():
            service = SpecialService(event.passenger, event.segment, event.code, event.box)
            return replace(booking, requested_services=(*booking.requested_services, service))
        case SpecialServiceWithdrawn():
            withdrawn = SpecialService(event.passenger, event.segment, event.code, event.box)
            kept = tuple(each for each in booking.requested_services if each != withdrawn)
            return replace(booking, requested_services=kept)
        case _:
            assert_never(event)


def _with_findings(booking: Booking, event: DocumentRecorded) -> Booking:
    """The booking with what the document shows of the passenger, and of each coupon."""
    passengers = list(booking.passengers)
    passengers[event.passenger] = replace(
        passengers[event.passenger], under_guardian_age=event.findings.under_guardian_age
    )
    problems = {each.segment: each for each in event.findings.problems}
    coupons = tuple(
        replace(each, document_problem=problems.get(each.segment))
        if each.passenger == event.passenger
        else each
        for each in booking.coupons
    )
    return replace(booking, passengers=tuple(passengers), coupons=coupons)


PassengerDetailAction = Literal["correct_name", "request_special_service"]


def is_open(action: PassengerDetailAction, booking: Booking, situation: Situation) -> bool:
    """Whether the guard of the action passes now."""
    match action:
        case "correct_name":
            return any(
                passes(require_name_correction, booking, passenger)
                for passenger in range(len(booking.passengers))
            )
        case "request_special_service":
            # An unticketed booking is shown without flights; its hold ends before they close.
            return booking.status in {Status.RESERVED, Status.PAID} or any(
                passes(
                    require_special_service,
                    booking,
                    each.passenger,
                    each.segment,
                    situation.segments[each.segment],
                    window=situation.windows[each.segment],
                    by_staff=situation.at_gate,
                    now=situation.now,
                )
                for each in booking.open_coupons()
                if each.segment < len(situation.segments)
            )
        case _:
            assert_never(action)
