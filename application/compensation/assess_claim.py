"""Assess what a booking is owed for a flight: the claim follows the facts until it is accepted."""

from collections.abc import Sequence
from typing import Protocol

from application import ports
from application.booking import journey
from application.booking.letters import ClaimLetter
from application.commands import stream_kinds
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.compensation.impacts import read_impacts
from application.compensation.regimes_in_force import STREAM, regimes_at
from application.inventory.airports import Airports
from domain.booking.state import Booking
from domain.compensation import assessment, claims, regimes
from domain.compensation.events import ClaimShare
from domain.compensation.regimes import Cause, Regime
from domain.compensation.state import Claim
from domain.kernel import ids, money
from domain.ledger import compensation as posting_rules


class Histories(Protocol):
    """Reads all events of a stream, in order."""

    async def history(self, stream: str) -> Sequence[ports.RecordedEvent]:
        """Return them; raises Unavailable."""
        ...


async def assessment_of(
    histories: Histories, airports: Airports, clock: ports.Clock, booking_id: str, flight_id: str
) -> "AssessClaim | None":
    """Return the command that brings the claim up to date; None where no regime covers the flight.

    Raises Unavailable.
    """
    flight_history = await histories.history(flight_id)
    history = await histories.history(booking_id)
    impacts = read_impacts(
        flight_id,
        history,
        flight_history,
        divided_off=await _divided_off(histories, history),
        now=clock(),
    )
    flight = stream_kinds.state_after(stream_kinds.FLIGHT, flight_history)
    origin, destination = airports.get(flight.origin), airports.get(flight.destination)
    if origin is None or destination is None:
        return None
    known = regimes_at(
        await histories.history(STREAM), at=flight.scheduled_departs_at or flight.departs_at
    )
    regime = regimes.regime_of(
        origin.country, destination.country, ids.flight_date(flight_id), regimes=known
    )
    if regime is None:
        return None
    distance = assessment.great_circle_km(
        (origin.latitude, origin.longitude), (destination.latitude, destination.longitude)
    )
    shares: list[ClaimShare] = []
    cause: Cause = "cancelled"
    for each in impacts.found:
        amount = assessment.entitlement(regime, each, distance_km=distance)
        if amount is not None and amount.amount:
            shares.append(ClaimShare(each.passenger, amount))
            cause = each.cause
    return AssessClaim(
        booking_id=booking_id,
        flight_id=flight_id,
        cause=cause,
        regime=regime,
        shares=tuple(shares),
        final=impacts.final,
    )


async def _divided_off(
    histories: Histories, history: Sequence[ports.RecordedEvent]
) -> list[ports.RecordedEvent]:
    """Return the histories of the bookings divided off this one, and off those in turn."""
    found: list[ports.RecordedEvent] = []
    for part in stream_kinds.state_after(stream_kinds.BOOKING, history).divided_into:
        of_part = await histories.history(part.booking)
        found += [*of_part, *await _divided_off(histories, of_part)]
    return found


class AssessClaim(Command, frozen=True):
    """What the passengers of a booking are owed for a flight by now; `final` to offer it at once.

    `cause` is the one of the last passenger who is owed something.
    """

    booking_id: str
    flight_id: str
    cause: Cause
    regime: Regime
    shares: tuple[ClaimShare, ...]
    final: bool

    def decide(self, context: DecisionContext) -> Reply:
        """Rejects BookingNotFound; records nothing where nothing has changed."""
        booking = journey.load(context, self.booking_id)
        claim_id = ids.claim_stream(self.booking_id, self.flight_id)
        claim = context.load(stream_kinds.CLAIM, claim_id)
        shares = _not_settled_before(context, self)
        if not shares:
            _withdraw(context, self, booking, claim)
            return Reply(self.booking_id)
        if claims.is_final(claim):
            return Reply(self.booking_id)
        currency = shares[0].amount.currency
        after = money.total([each.amount for each in shares], currency)
        posted = journey.posted(self.booking_id, booking, context.now)
        recorded = claims.assess(
            claim,
            booking=self.booking_id,
            flight=self.flight_id,
            cause=self.cause,
            regime=self.regime,
            shares=shares,
            entry=posting_rules.assessed_entry(posted, before=claims.owed(claim), after=after),
        )
        context.record(claim_id, recorded)
        if self.final:
            claim = context.load(stream_kinds.CLAIM, claim_id)
            assert claim is not None
            offered = claims.offer(claim)
            context.record(claim_id, offered)
            if offered:
                context.enqueue(_letter(self, after))
        return Reply(self.booking_id)


def _not_settled_before(context: DecisionContext, command: AssessClaim) -> tuple[ClaimShare, ...]:
    """Leave out passengers whose claim for the flight was settled before they were divided off.

    Nobody is compensated twice for one flight, as nobody is who stays in one booking.
    """
    numbers = {each.passenger: each.passenger for each in command.shares}
    settled: set[int] = set()
    name = command.booking_id
    while (source_id := journey.load(context, name).divided_from) is not None:
        source = journey.load(context, source_id)
        left = next(each for each in source.divided_into if each.booking == name)
        numbers = {mine: left.passengers[number] for mine, number in numbers.items()}
        claim = context.load(stream_kinds.CLAIM, ids.claim_stream(source_id, command.flight_id))
        if claim is not None and claims.is_final(claim):
            shared = {each.passenger for each in claim.shares}
            settled |= {mine for mine, number in numbers.items() if number in shared}
        name = source_id
    return tuple(each for each in command.shares if each.passenger not in settled)


def _letter(command: AssessClaim, amount: money.Money) -> ClaimLetter:
    departure = command.flight_id.removeprefix(f"{ids.StreamPrefix.FLIGHT}-")
    return ClaimLetter(
        booking_id=command.booking_id,
        about=f"{departure}-{amount.amount}",
        amount=amount.amount,
        currency=amount.currency,
    )


def _withdraw(
    context: DecisionContext,
    command: AssessClaim,
    booking: Booking,
    claim: Claim | None,
) -> None:
    posted = journey.posted(command.booking_id, booking, context.now)
    entry = posting_rules.assessed_entry(posted, before=claims.owed(claim), after=None)
    withdrawn = claims.withdraw(claim, reason=claims.CAUSE_WITHDRAWN, entry=entry)
    context.record(ids.claim_stream(command.booking_id, command.flight_id), withdrawn)
