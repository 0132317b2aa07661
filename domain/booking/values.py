"""Values that the events of a booking store; their fields are part of the storage contract."""

import datetime as dt
from typing import Literal

import msgspec

from domain.kernel import money, sealed
from domain.pricing.price import CouponPrice, ExtraPrice, PassengerType

Residue = Literal["cash", "credit"]
Destination = Literal["none", "card", "credit"]
# A connection is broken where another flight of the journey was cancelled or moved.
DisruptionKind = Literal["rescheduled", "cancelled", "connection_broken"]
DocumentReason = Literal["passport_needed", "expires_too_soon", "age_differs", "too_young"]
DisruptionAnswer = Literal["accepted", "moved", "refunded"]
# Who checks in or prints a pass: the traveller, the gate, other staff, a travel agent.
Channel = Literal["web", "airport_agent", "town_agent", "third_party"]


class Passenger(msgspec.Struct, frozen=True, omit_defaults=True):
    """One traveller; name and birth date are sealed under the passenger's own key.

    `under_guardian_age`: known to be too young to accompany a child or an infant.
    """

    type: PassengerType
    name: sealed.Sealed
    birth_date: sealed.Sealed | None = None
    under_guardian_age: bool = False


class DocumentProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a travel document does not do for a segment.

    `needed_until` where it expires too soon, `needed_type` where its age has another passenger
    type than was paid for.
    """

    segment: int
    reason: DocumentReason
    needed_until: dt.date | None = None
    needed_type: PassengerType | None = None


class DocumentFindings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a travel document shows when it is recorded: nothing that identifies its holder.

    `under_guardian_age` is that of Passenger; `problems` are those with open coupons.
    """

    under_guardian_age: bool = False
    problems: tuple[DocumentProblem, ...] = ()


class FeeVersions(msgspec.Struct, frozen=True):
    """The versions of the policies about fees that a segment was sold under (O4)."""

    cancellation_fees: int = 1
    change_fees: int = 1


# Those of the launch; nothing else was sold before there were versions.
LAUNCH_FEES = FeeVersions()


class PriceVersions(msgspec.Struct, frozen=True, omit_defaults=True):
    """The versions of the policies that the price of a segment was made of (O4)."""

    passenger_shares: int = 1
    extras: int = 1


# Nothing else was sold before there were versions.
LAUNCH_PRICES = PriceVersions()


class Segment(msgspec.Struct, frozen=True):
    """One flight of the journey, in a cabin and a fare class of it.

    `residue` is the rule of the fare class: where money goes when a modification makes the
    journey cheaper. `sold_under` is absent where it was sold under the fees of the launch, and
    `priced_under` where its price was made of the rules of the launch; a modification keeps both.
    """

    flight: str
    cabin: str
    fare_class: str
    residue: Residue = "cash"
    sold_under: FeeVersions | msgspec.UnsetType = msgspec.UNSET
    priced_under: PriceVersions | msgspec.UnsetType = msgspec.UNSET

    @property
    def fee_versions(self) -> FeeVersions:
        """The versions that its fees follow."""
        return LAUNCH_FEES if isinstance(self.sold_under, msgspec.UnsetType) else self.sold_under

    @property
    def price_versions(self) -> PriceVersions:
        """The versions that its price was made of."""
        kept = self.priced_under
        return LAUNCH_PRICES if isinstance(kept, msgspec.UnsetType) else kept


class SeatChoice(msgspec.Struct, frozen=True):
    """The seat of a passenger on a segment, such as `12A`."""

    passenger: int
    segment: int
    seat: str


class Ticket(msgspec.Struct, frozen=True):
    """The ticket number (13 digits, IATA) of the passenger at this index, from 0."""

    passenger: int
    number: str


class ExtraDocument(msgspec.Struct, frozen=True):
    """The number (13 digits, IATA EMD-A) of the document of the extra at this index, from 0."""

    extra: int
    number: str


class CouponId(msgspec.Struct, frozen=True):
    """One passenger on one segment."""

    passenger: int
    segment: int


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Money that the airline owes because of one decision; refunds refer to its id.

    `by_airline` where the airline ended the carriage, by cancelling a flight or otherwise.
    """

    id: str
    amount: money.Money
    by_airline: bool = False


class CheckedInPassenger(msgspec.Struct, frozen=True, omit_defaults=True):
    """A checked-in passenger: the flight's sequence number; no seat for a lap infant.

    `channel` is who checked the passenger in; None where it was not recorded. On `standby` the
    passenger has no seat, and gets the next one that comes free.
    """

    passenger: int
    seat: str | None
    sequence: int
    channel: Channel | None = None
    standby: bool = False


class Retaxed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Coupons and extras whose tax follows from another journey than they were sold with, with
    their new values.

    `owed_fee` is what this tax left uncovered of the fee of a cancelled part, in minor units: it is
    kept when the coupons are cancelled.
    """

    coupons: tuple[CouponPrice, ...] = ()
    extras: tuple[ExtraPrice, ...] = ()
    owed_fee: int = 0


class Modification(msgspec.Struct, frozen=True, omit_defaults=True):
    """The exchange of one segment as it was quoted and accepted.

    `coupons` are the new values of the segment's open coupons, `fee` within the first of them;
    `due` is paid before the exchange, `back` is refunded to `destination`; at most one of them is
    not zero. `notice_hours` is the notice of the old flight that the fee was counted by; None
    where the airline's disruption made the exchange free. `waived` is a difference too small to be
    charged. `retaxed` are the other coupons, and extras, whose tax the exchange changes.
    `waiver` is a code where staff took neither fee nor difference; `notes` are what they wrote.
    """

    number: int
    segment: int
    to: Segment
    coupons: tuple[CouponPrice, ...]
    fee: int
    due: int
    back: int
    destination: Destination
    reason: str
    notice_hours: int | None = None
    waived: int = 0
    retaxed: Retaxed = Retaxed()
    waiver: str | None = None
    notes: tuple[sealed.Sealed, ...] = ()


class NewTimes(msgspec.Struct, frozen=True):
    """The times of a rescheduled flight; UTC instants."""

    departs_at: dt.datetime
    arrives_at: dt.datetime
