"""What is still open for a person, and until when: it postpones the erasure (E3)."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from application.commands import stream_kinds
from application.privacy.person import BookingFile, History, Person, booking_file, credit_streams
from application.privacy.ports import PrivacyPorts
from domain.booking.state import Booking
from domain.booking.states import Status
from domain.compensation.state import ClaimStatus
from domain.credit.state import Credit
from domain.kernel import entries, money
from domain.payment.state import ARRIVED, Payment

MatterKind = Literal["travel", "payment", "refund", "dispute", "credit", "claim", "last_admin"]

# The journey is over, or will not take place.
OVER = frozenset(
    {Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.REFUNDED, Status.EXPIRED}
)
OPEN_CLAIMS = frozenset({ClaimStatus.ASSESSED, ClaimStatus.OFFERED, ClaimStatus.ACCEPTED})


class OpenMatter(msgspec.Struct, frozen=True):
    """One thing that is open: `of` is the booking, payment, claim or credit; of `last_admin` it is
    the account, and another admin has to be made first.

    `ends_at` is when it ends by itself at the latest; None where somebody has to act.
    """

    kind: MatterKind
    of: str
    ends_at: dt.datetime | None = None


async def open_matters(ports: PrivacyPorts, person: Person) -> list[OpenMatter]:
    """Return what is open; nothing where the person can be erased. Raises Unavailable."""
    now = ports.clock()
    found: list[OpenMatter] = []
    if person.account is not None and await ports.accounts.is_last_admin(person.account.id):
        found.append(OpenMatter("last_admin", person.account.id))
    for booking_id in person.bookings:
        file = await booking_file(ports, booking_id)
        found += _of_booking(file, await _arrival(ports, file.booking), now)
    for credit_id in person.credits:
        found += _of_credit(credit_id, await credit_streams(ports, credit_id), now)
    return found


async def _arrival(ports: PrivacyPorts, booking: Booking) -> dt.datetime:
    """Return when the last flight of the booking arrives."""
    flights = await ports.bus.current_all(stream_kinds.FLIGHT, booking.flights())
    return max(flight.arrives_at for flight, _ in flights.values() if flight is not None)


def _of_booking(file: BookingFile, arrival: dt.datetime, now: dt.datetime) -> Iterator[OpenMatter]:
    booking = file.booking
    today = entries.accounting_day(now)
    if booking.status not in OVER:
        ends_at = arrival if booking.hold_until is None else min(arrival, booking.hold_until)
        yield OpenMatter("travel", file.id, ends_at if booking.tickets == () else arrival)
    elif any(
        each.departed_at is not None and entries.accounting_day(each.departed_at) == today
        for each in booking.closings
    ):
        # Operations may still find that the departure was a mistake.
        yield OpenMatter("travel", file.id, now + dt.timedelta(days=1))
    payments = {name: _payment(history) for name, history in file.payments.items() if history}
    for name, payment in payments.items():
        yield from _of_payment(name, payment)
    if _unpaid_refunds(booking, list(payments.values())):
        yield OpenMatter("refund", file.id)
    for name, history in file.claims.items():
        if history and stream_kinds.state_after(stream_kinds.CLAIM, history).status in OPEN_CLAIMS:
            yield OpenMatter("claim", name)


def _unpaid_refunds(booking: Booking, payments: Sequence[Payment]) -> bool:
    """Whether the airline owes something of this booking that has not arrived."""
    owed = {each.id for each in booking.obligations}
    arrived = [
        each.arrived()
        for payment in payments
        for each in payment.refunds
        if each.obligation in owed
    ]
    credited = [
        each.amount
        for payment in payments
        for each in payment.credit_returns
        if each.obligation in owed
    ]
    settled = money.total([*arrived, *credited], booking.currency)
    return settled.amount < booking.owed().amount


def _payment(history: History) -> Payment:
    return stream_kinds.state_after(stream_kinds.PAYMENT, history)


def _of_payment(name: str, payment: Payment) -> Iterator[OpenMatter]:
    live = payment.live_attempts()
    if live:
        yield OpenMatter("payment", name, max(each.expires_at for each in live))
    if any(each.unapplied().amount and each.owed_by is None for each in payment.captures):
        yield OpenMatter("payment", name)
    replaced = {each.replaces for each in payment.refunds}
    if any(each.status not in ARRIVED and each.id not in replaced for each in payment.refunds):
        yield OpenMatter("refund", name)
    for dispute in payment.disputes:
        if dispute.is_undecided or dispute.receivable:
            yield OpenMatter("dispute", name, dispute.evidence_due_at)


def _of_credit(name: str, streams: dict[str, History], now: dt.datetime) -> Iterator[OpenMatter]:
    credit = stream_kinds.state_after(stream_kinds.CREDIT, streams[name])
    if _is_open(credit, now):
        yield OpenMatter("credit", name, credit.expires_at)
    for other, history in streams.items():
        if other != name:
            yield from _of_payment(other, _payment(history))


def _is_open(credit: Credit, now: dt.datetime) -> bool:
    """Whether it can be spent, claimed or paid out, or a dispute decides about it."""
    if credit.payout is not None or credit.blocked_by:
        return True
    card = credit.gift_card
    if card is not None and card.status == "ordered":
        return False
    return bool(credit.balance.amount) and now < credit.expires_at
