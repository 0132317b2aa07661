"""Ages: the passenger type that a birth date gives, and from when on one may fly or accompany.

An age counts on the day in a flight's id, local at its origin: a delay past midnight changes no
type.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from domain.booking import companions, rejections
from domain.booking.state import Booking
from domain.booking.values import DocumentProblem
from domain.kernel import ids
from domain.pricing.price import PassengerType

CHILD_FROM_YEARS = 2
ADULT_FROM_YEARS = 12
GUARDIAN_FROM_YEARS = 18
INFANT_FROM_DAYS = 7
# The oldest person on record was 122; a birth date further back is a slip.
OLDEST_YEARS = 122


def age_on(birth: dt.date, day: dt.date) -> int:
    """Completed years of age on the day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def passenger_type_on(birth: dt.date, day: dt.date) -> PassengerType:
    """The passenger type on one day: infant under 2, child under 12, adult."""
    age = age_on(birth, day)
    if age < CHILD_FROM_YEARS:
        return "INF"
    return "CHD" if age < ADULT_FROM_YEARS else "ADT"


def passenger_type_over(birth: dt.date, days: Iterable[dt.date]) -> PassengerType:
    """The one type to travel as on all of these days.

    A passenger whose type changes on the way is a child on all flights: an infant who turns two
    has a seat from the first flight, a child who turns twelve pays the child's fare to the last.
    """
    types = {passenger_type_on(birth, day) for day in days}
    return types.pop() if len(types) == 1 else "CHD"


def require_possible(birth: dt.date, *, today: dt.date, field: str) -> None:
    """The date is not in the future and nobody's age is beyond all records.

    Rejects InvalidBirthDate with the field of the request.
    """
    if birth > today:
        raise rejections.InvalidBirthDate(field=field, reason="in_the_future")
    if age_on(birth, today) > OLDEST_YEARS:
        raise rejections.InvalidBirthDate(field=field, reason="too_long_ago")


def require_ages(
    party: Sequence[tuple[PassengerType, dt.date | None]],
    days: Sequence[dt.date],
    *,
    today: dt.date,
) -> None:
    """The birth dates of a party give the types that it pays for on the days of its flights.

    Children and infants need a date, and a guardian. Rejects InvalidBirthDate with the field of
    the request, and InvalidParty.
    """
    for index, (kind, birth) in enumerate(party):
        field = f"passengers[{index}].birthDate"
        if birth is not None:
            require_possible(birth, today=today, field=field)
            require_type(kind, birth, days, field=field)
        elif kind != "ADT":
            raise rejections.InvalidBirthDate(field=field, reason="missing")
    types = [kind for kind, _ in party]
    if types.count("ADT") == len(types):
        return
    guardians = sum(
        kind == "ADT" and (birth is None or is_guardian(birth, days)) for kind, birth in party
    )
    if not companions.enough_guardians(types, guardians):
        raise rejections.InvalidParty(
            field="passengers", reason="guardian_too_young", limit=GUARDIAN_FROM_YEARS
        )


def require_type(
    kind: PassengerType, birth: dt.date, days: Sequence[dt.date], *, field: str
) -> None:
    """The birth date gives this type, and a newborn may fly on the first day.

    Rejects InvalidBirthDate: `needed` is the type to book, or the first day to fly.
    """
    needed = passenger_type_over(birth, days)
    if kind != needed:
        raise rejections.InvalidBirthDate(
            field=field, reason="age_differs", type=kind, needed=needed
        )
    first = flies_from(birth)
    if min(days) < first:
        raise rejections.InvalidBirthDate(field=field, reason="too_young", needed=first.isoformat())


def flies_from(birth: dt.date) -> dt.date:
    """The first day on which a newborn may fly."""
    return birth + dt.timedelta(days=INFANT_FROM_DAYS)


def is_guardian(birth: dt.date, days: Iterable[dt.date]) -> bool:
    """Whether a passenger may accompany children and infants on all of these days."""
    return age_on(birth, min(days)) >= GUARDIAN_FROM_YEARS


def days_of(booking: Booking, *, passenger: int, without: int | None = None) -> list[dt.date]:
    """The days of the flights that the passenger has bought, whatever became of them since; but
    for the segment `without`.
    """
    return [
        ids.flight_date(booking.segments[coupon.segment].flight)
        for coupon in booking.coupons
        if coupon.passenger == passenger and coupon.segment != without
    ]


def problem_on(
    booking: Booking, passenger: int, birth: dt.date, *, segment: int
) -> DocumentProblem | None:
    """Why the age of a travel document does not do for a segment; None where it does.

    It does everywhere where it gives the type that was paid for over all flights that were bought.
    """
    kind = booking.passengers[passenger].type
    day = ids.flight_date(booking.segments[segment].flight)
    needed = passenger_type_over(birth, days_of(booking, passenger=passenger))
    if kind not in {needed, passenger_type_on(birth, day)}:
        return DocumentProblem(segment, "age_differs", needed_type=needed)
    if day < flies_from(birth):
        return DocumentProblem(segment, "too_young")
    return None


def require_ages_on(
    booking: Booking, births: Mapping[int, dt.date], *, segment: int, flight_id: str
) -> None:
    """The passengers of a segment keep their types where another flight takes its place.

    `births` are the birth dates that are known, by passenger. Rejects ModificationRefused.
    """
    day = ids.flight_date(flight_id)
    for passenger in [each.passenger for each in booking.open_coupons(segment)]:
        if passenger not in births:
            continue
        kept = days_of(booking, passenger=passenger, without=segment)
        needed = passenger_type_over(births[passenger], [*kept, day])
        if needed != booking.passengers[passenger].type:
            raise rejections.ModificationRefused(
                reason="age_differs", passenger=passenger, needed=needed
            )
        if day < flies_from(births[passenger]):
            raise rejections.ModificationRefused(reason="too_young", passenger=passenger)
