"""Nobody saves or loses by dividing a booking: parties, journeys, moments and parts are random."""

from hypothesis import given
from hypothesis import strategies as st

from application.booking.cancel_booking import Part
from application.booking.divide_booking import DivideBooking
from domain.booking.rejections import InvalidPart
from domain.pricing.extras import ExtraChoice
from domain.pricing.price import PassengerType
from tests.support.memory_airline import MemoryAirline

# Each flight is at home or abroad, and leaves so many days after the one before.
JOURNEYS = st.lists(st.tuples(st.booleans(), st.sampled_from((0.2, 3))), min_size=1, max_size=3)


def sold(
    journey: list[tuple[bool, float]], party: tuple[PassengerType, ...], *, bag: int
) -> tuple[MemoryAirline, str]:
    """An airline, and the booking of the party on the journey, with a bag."""
    airline = MemoryAirline()
    flights = tuple(
        airline.schedule(
            f"SV{number}",
            seats=60,
            domestic=domestic,
            in_days=12 + sum(days for _, days in journey[:number]),
            route=("RUH", "JED") if number % 2 == 0 else ("JED", "RUH"),
        )
        for number, (domestic, _) in enumerate(journey)
    )
    extras = (ExtraChoice("BAG20", bag % len(party), 0),)
    return airline, airline.ticketed(flights, *party, extras=extras)


@st.composite
def divisions(draw: st.DrawFn) -> tuple[tuple[PassengerType, ...], tuple[int, ...]]:
    """A party, and those who leave: some of the adults, infants for their laps, maybe children."""
    stay, leave = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    infants = [draw(st.integers(0, min(adults, 1))) for adults in (stay, leave)]
    children = draw(st.integers(0, 1))
    together: list[tuple[PassengerType, bool]] = [("ADT", False)] * stay + [("ADT", True)] * leave
    together += [("INF", False)] * infants[0] + [("INF", True)] * infants[1]
    together += [("CHD", draw(st.booleans()))] * children
    party = draw(st.permutations(together))
    leaving = tuple(index for index, (_, leaves) in enumerate(party) if leaves)
    return tuple(kind for kind, _ in party), leaving


@given(
    journey=JOURNEYS,
    division=divisions(),
    hours=st.integers(1, 287),
    first=st.none() | st.integers(0, 2),
    bag=st.integers(0, 8),
)
def test_cancelling_costs_the_same_divided_or_not(
    journey: list[tuple[bool, float]],
    division: tuple[tuple[PassengerType, ...], tuple[int, ...]],
    hours: int,
    first: int | None,
    bag: int,
) -> None:
    """Some cancel a part and then everybody the rest, in one booking and in two."""
    party, passengers = division
    segments = None if first is None else (first % len(journey),)
    totals = []
    for divides in (False, True):
        airline, booking = sold(journey, party, bag=bag)
        airline.wait(hours=12 * 24 - hours)
        where, part = booking, Part(passengers, segments)
        if divides:
            where = airline.submit(DivideBooking(booking, passengers)).answer.stream
            part = Part(None, segments)
        totals.append(_refunds(airline, where, booking, part))
    assert totals[0] == totals[1]


def _refunds(airline: MemoryAirline, where: str, booking: str, part: Part) -> tuple[int, int]:
    """What comes back for the part, and for all; None of it where the part cannot be cancelled."""
    try:
        refund = airline.cancel(where, part).refund
    except InvalidPart:
        return 0, 0  # the tax of what remains is more than the part was worth
    left = [
        each for each in dict.fromkeys((where, booking)) if airline.booking(each).open_coupons()
    ]
    return refund, refund + sum(airline.cancel(each).refund for each in left)
