"""The values of rules about operations: one person publishes them, no money is a part of them.

They count at the instant of a decision, never later: what was decided is recorded with its result,
so that a hold keeps the deadline that it was given, whatever is published afterwards.
"""

import datetime as dt
import re
from collections.abc import Mapping

import msgspec

from domain.policies import rejections

MINUTES_OF_DAY = 1_440


class HoldTimes(
    msgspec.Struct, frozen=True, tag_field="policy", tag="hold_times", forbid_unknown_fields=True
):
    """How long seats are held unpaid, how long an offer to a waitlisted booking and a checkout
    session last, and by how much a hold is extended while Stripe does not answer.
    """

    hold_minutes: int
    offer_minutes: int
    session_minutes: int
    extension_minutes: int
    longest_extension_minutes: int
    extended_below_minutes: int

    @property
    def hold(self) -> dt.timedelta:
        """How long seats are held for a booking, from its decision on."""
        return dt.timedelta(minutes=self.hold_minutes)

    @property
    def offer(self) -> dt.timedelta:
        """How long seats are offered to a waitlisted booking."""
        return dt.timedelta(minutes=self.offer_minutes)

    @property
    def session(self) -> dt.timedelta:
        """How long a checkout session can be paid."""
        return dt.timedelta(minutes=self.session_minutes)

    @property
    def extension(self) -> dt.timedelta:
        """How long after Stripe was asked, or has answered again, a hold runs at least."""
        return dt.timedelta(minutes=self.extension_minutes)

    @property
    def longest_extension(self) -> dt.timedelta:
        """How much later than its own deadline a hold ends at most."""
        return dt.timedelta(minutes=self.longest_extension_minutes)

    @property
    def extended_below(self) -> dt.timedelta:
        """A hold that runs for as long is not extended yet."""
        return dt.timedelta(minutes=self.extended_below_minutes)


class SalesWindow(
    msgspec.Struct, frozen=True, tag_field="policy", tag="sales_window", forbid_unknown_fields=True
):
    """How long before departure sales close; seats are held, offered and changed until then."""

    closes_minutes: int

    @property
    def closes(self) -> dt.timedelta:
        """How long before departure the last seat can be held."""
        return dt.timedelta(minutes=self.closes_minutes)


class Overbooking(
    msgspec.Struct, frozen=True, tag_field="policy", tag="overbooking", forbid_unknown_fields=True
):
    """How many seats are authorised beyond those that there are, for passengers who do not come:
    percent of the seats of a cabin, and no more than a number of seats.
    """

    economy_percent: int
    business_percent: int
    seat_limit: int

    def percent_of(self, cabin: str) -> int:
        """Return the percent of this cabin (`Y`, `J`)."""
        return {"Y": self.economy_percent, "J": self.business_percent}[cabin]


class MaterialChange(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="material_change",
    forbid_unknown_fields=True,
):
    """By how much a flight moves for its passengers to be free to leave, or to change at no cost.

    It counts when the flight is moved, and when a quote of before is booked.
    """

    least_minutes: int

    @property
    def least(self) -> dt.timedelta:
        """The least change that is material."""
        return dt.timedelta(minutes=self.least_minutes)


class PlacesPerFlight(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="places_per_flight",
    forbid_unknown_fields=True,
):
    """How many infants a flight takes, by the life vests and belts that its aircraft carries, and
    how many wheelchairs its crew and ground staff can serve.
    """

    infants: int
    wheelchairs: int


class GateTimes(
    msgspec.Struct, frozen=True, tag_field="policy", tag="gate_times", forbid_unknown_fields=True
):
    """How long before departure check-in opens and closes, and boarding starts and ends."""

    check_in_opens_minutes: int
    check_in_closes_minutes: int
    boarding_starts_minutes: int
    boarding_closes_minutes: int

    @property
    def boarding_starts(self) -> dt.timedelta:
        """How long before departure boarding starts."""
        return dt.timedelta(minutes=self.boarding_starts_minutes)

    @property
    def boarding_closes(self) -> dt.timedelta:
        """How long before departure boarding ends."""
        return dt.timedelta(minutes=self.boarding_closes_minutes)


class LateMoney(
    msgspec.Struct, frozen=True, tag_field="policy", tag="late_money", forbid_unknown_fields=True
):
    """How long after its payment an expired booking may take its seats again; after that the money
    is refunded.
    """

    reseats_minutes: int

    @property
    def reseats(self) -> dt.timedelta:
        """How old the payment is at most."""
        return dt.timedelta(minutes=self.reseats_minutes)


class AirportTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long passengers need between two flights at an airport."""

    airport: str
    minutes: int


class ConnectingTimes(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="connecting_times",
    forbid_unknown_fields=True,
):
    """How long passengers need between two flights at some airports and elsewhere, and the longest
    wait with which a journey is offered.
    """

    airports: tuple[AirportTime, ...]
    elsewhere_minutes: int
    longest_minutes: int

    @property
    def longest(self) -> dt.timedelta:
        """The longest wait between two flights of a journey that is offered."""
        return dt.timedelta(minutes=self.longest_minutes)


class DisruptionDeadlines(
    msgspec.Struct,
    frozen=True,
    tag_field="policy",
    tag="disruption_deadlines",
    forbid_unknown_fields=True,
):
    """How long after a flight was cancelled or moved passengers who have not answered are reminded,
    and after a cancellation refunded.
    """

    remind_minutes: int
    refund_minutes: int

    @property
    def remind(self) -> dt.timedelta:
        """How long passengers have to answer before they are reminded."""
        return dt.timedelta(minutes=self.remind_minutes)

    @property
    def refund(self) -> dt.timedelta:
        """How long passengers of a cancelled flight have to answer before they are refunded."""
        return dt.timedelta(minutes=self.refund_minutes)


OperatingValue = (
    HoldTimes
    | SalesWindow
    | Overbooking
    | MaterialChange
    | PlacesPerFlight
    | GateTimes
    | LateMoney
    | ConnectingTimes
    | DisruptionDeadlines
)

# A hold of a quarter of an hour ends two hours after it was made at the latest. Stripe requires
# that a session lasts half an hour from its receipt of the call; the rest of the hour is time to
# repeat the call with the same key after a lost answer.
HOLD_TIMES = HoldTimes(
    hold_minutes=15,
    offer_minutes=MINUTES_OF_DAY,
    session_minutes=60,
    extension_minutes=15,
    longest_extension_minutes=105,
    extended_below_minutes=10,
)
# Web sales stop when check-in does (Saudia and flynas: one hour before a domestic departure).
SALES_WINDOW = SalesWindow(closes_minutes=60)
OVERBOOKING = Overbooking(economy_percent=5, business_percent=2, seat_limit=10)
# GACA: a passenger of a flight that is moved by two hours may leave.
MATERIAL_CHANGE = MaterialChange(least_minutes=120)
PLACES_PER_FLIGHT = PlacesPerFlight(infants=12, wheelchairs=6)
# Saudia and flynas: boarding ends a quarter of an hour before departure.
GATE_TIMES = GateTimes(
    check_in_opens_minutes=2 * MINUTES_OF_DAY,
    check_in_closes_minutes=60,
    boarding_starts_minutes=45,
    boarding_closes_minutes=15,
)
DISRUPTION_DEADLINES = DisruptionDeadlines(
    remind_minutes=MINUTES_OF_DAY, refund_minutes=7 * MINUTES_OF_DAY
)
LATE_MONEY = LateMoney(reseats_minutes=MINUTES_OF_DAY)
# Domestic airports usually need 45 to 90 minutes; the airline files its own.
CONNECTING_TIMES = ConnectingTimes(
    (AirportTime("DMM", 60), AirportTime("JED", 75), AirportTime("RUH", 60)),
    elsewhere_minutes=45,
    longest_minutes=720,
)

# The least and the most of each member. Stripe opens sessions of half an hour to a day, and its
# clock may differ from ours by five minutes. Of a material change the most is what the law says.
_CONNECTING = (10, 600)
AIRPORT_LIMIT = 500
LIMITS: Mapping[type[OperatingValue], Mapping[str, tuple[int, int]]] = {
    HoldTimes: {
        "hold_minutes": (5, MINUTES_OF_DAY),
        "offer_minutes": (30, 14 * MINUTES_OF_DAY),
        "session_minutes": (40, MINUTES_OF_DAY - 10),
        "extension_minutes": (5, 120),
        "longest_extension_minutes": (0, MINUTES_OF_DAY),
        "extended_below_minutes": (1, 120),
    },
    SalesWindow: {"closes_minutes": (0, 3 * MINUTES_OF_DAY)},
    Overbooking: {
        "economy_percent": (0, 30),
        "business_percent": (0, 30),
        "seat_limit": (0, 50),
    },
    MaterialChange: {"least_minutes": (15, 120)},
    PlacesPerFlight: {"infants": (0, 60), "wheelchairs": (0, 60)},
    GateTimes: {
        "check_in_opens_minutes": (60, 30 * MINUTES_OF_DAY),
        "check_in_closes_minutes": (0, 600),
        "boarding_starts_minutes": (10, 240),
        "boarding_closes_minutes": (0, 120),
    },
    DisruptionDeadlines: {
        "remind_minutes": (60, 14 * MINUTES_OF_DAY),
        "refund_minutes": (MINUTES_OF_DAY, 60 * MINUTES_OF_DAY),
    },
    LateMoney: {"reseats_minutes": (0, 14 * MINUTES_OF_DAY)},
    ConnectingTimes: {"elsewhere_minutes": _CONNECTING, "longest_minutes": (60, MINUTES_OF_DAY)},
}


def require_valid(value: OperatingValue) -> None:
    """Every member is within its limits, and they fit together; otherwise InvalidPolicy."""
    for name, (least, most) in LIMITS[type(value)].items():
        if not least <= getattr(value, name) <= most:
            raise rejections.InvalidPolicy(
                field="value", reason="figure_out_of_range", name=name, least=least, most=most
            )
    if isinstance(value, HoldTimes):
        _require_order_of_ends(value)
    if isinstance(value, GateTimes):
        _require_order_at_gate(value)
    if isinstance(value, ConnectingTimes):
        _require_airports(value)
    if isinstance(value, DisruptionDeadlines) and value.remind_minutes >= value.refund_minutes:
        raise rejections.InvalidPolicy(field="value", reason="reminder_after_refund")


def _require_order_of_ends(value: HoldTimes) -> None:
    """The hold ends before the session, which is then expired; an extension is no shortening."""
    if value.hold_minutes > value.session_minutes:
        raise rejections.InvalidPolicy(field="value", reason="hold_outlasts_session")
    if value.extended_below_minutes > value.extension_minutes:
        raise rejections.InvalidPolicy(field="value", reason="extension_too_short")


def _require_order_at_gate(value: GateTimes) -> None:
    """Check-in opens before it closes, boarding starts before it ends, and check-in ends first."""
    minutes = (
        (value.check_in_opens_minutes, value.check_in_closes_minutes),
        (value.boarding_starts_minutes, value.boarding_closes_minutes),
    )
    if any(begins <= ends for begins, ends in minutes) or (
        value.check_in_closes_minutes < value.boarding_closes_minutes
    ):
        raise rejections.InvalidPolicy(field="value", reason="gate_times_not_in_order")


def _require_airports(value: ConnectingTimes) -> None:
    """Each airport is named once by its letters (IATA), with a time that can be met."""
    codes = [each.airport for each in value.airports]
    least, most = _CONNECTING
    if (
        len(codes) > AIRPORT_LIMIT
        or len(set(codes)) != len(codes)
        or not all(re.fullmatch(r"[A-Z]{3}", each) for each in codes)
        or not all(least <= each.minutes <= most for each in value.airports)
    ):
        raise rejections.InvalidPolicy(
            field="value.airports", reason="airport_times_malformed", least=least, most=most
        )
