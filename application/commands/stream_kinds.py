"""The kinds of stream: how each is folded, and which events it may hold."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, get_args

import msgspec

from domain.booking import events as booking_events
from domain.booking import fold as booking_fold
from domain.booking import state as booking_state
from domain.compensation import claims
from domain.compensation import events as claim_events
from domain.compensation import state as claim_state
from domain.credit import credits
from domain.credit import events as credit_events
from domain.credit import state as credit_state
from domain.inventory import events as flight_events
from domain.inventory import fold as flight_fold
from domain.inventory import state as flight_state
from domain.invoicing import events as invoicing_events
from domain.invoicing import filing, numbering
from domain.invoicing import state as invoicing_state
from domain.kernel import ids
from domain.kernel.events import DomainEvent
from domain.payment import events as payment_events
from domain.payment import fold as payment_fold
from domain.payment import state as payment_state
from domain.period import closing as period_closing
from domain.period import events as period_events
from domain.period import state as period_state
from domain.policies import events as policy_events
from domain.policies import publication as policy_publication
from domain.policies import state as policy_state
from domain.privacy import erasures
from domain.privacy import events as erasure_events
from domain.privacy import state as erasure_state
from domain.reconciliation import days as reconciliation_days
from domain.reconciliation import events as reconciliation_events
from domain.reconciliation import state as reconciliation_state
from domain.settlement import comparison, payouts, transactions
from domain.settlement import events as settlement_events
from domain.settlement import state as settlement_state
from domain.transfer import events as transfer_events
from domain.transfer import state as transfer_state
from domain.transfer import transfers

State = TypeVar("State")


class StreamKind(msgspec.Struct, Generic[State], frozen=True):
    """`prefix` begins the id of every stream of the kind; `evolve` folds its events."""

    prefix: str
    evolve: Callable[[State | None, Any], State]
    event_types: tuple[type[DomainEvent], ...]


FLIGHT: StreamKind[flight_state.Flight] = StreamKind(
    ids.StreamPrefix.FLIGHT, flight_fold.evolve, get_args(flight_events.FlightEvent)
)
BOOKING: StreamKind[booking_state.Booking] = StreamKind(
    ids.StreamPrefix.BOOKING, booking_fold.evolve, get_args(booking_events.BookingEvent)
)
PAYMENT: StreamKind[payment_state.Payment] = StreamKind(
    ids.StreamPrefix.PAYMENT, payment_fold.evolve, get_args(payment_events.PaymentEvent)
)
CLAIM: StreamKind[claim_state.Claim] = StreamKind(
    ids.StreamPrefix.CLAIM, claims.evolve, get_args(claim_events.ClaimEvent)
)
CREDIT: StreamKind[credit_state.Credit] = StreamKind(
    ids.StreamPrefix.CREDIT, credits.evolve, get_args(credit_events.CreditEvent)
)
TRANSFER: StreamKind[transfer_state.Transfer] = StreamKind(
    ids.StreamPrefix.TRANSFER, transfers.evolve, (transfer_events.TransferRecorded,)
)
PERIOD: StreamKind[period_state.Period] = StreamKind(
    ids.StreamPrefix.PERIOD, period_closing.evolve, get_args(period_events.PeriodEvent)
)

SETTLEMENT: StreamKind[settlement_state.Settlement] = StreamKind(
    ids.StreamPrefix.SETTLEMENT, transactions.evolve, (settlement_events.TransactionRecorded,)
)
PAYOUT: StreamKind[settlement_state.Payout] = StreamKind(
    ids.StreamPrefix.PAYOUT, payouts.evolve, get_args(settlement_events.PayoutEvent)
)
CLEARING: StreamKind[settlement_state.Clearing] = StreamKind(
    ids.StreamPrefix.CLEARING, comparison.evolve, (settlement_events.BalanceCompared,)
)
RECONCILIATION: StreamKind[reconciliation_state.ReconciledDay] = StreamKind(
    ids.StreamPrefix.RECONCILIATION,
    reconciliation_days.evolve,
    get_args(reconciliation_events.ReconciliationEvent),
)
TAX_DOCUMENTS: StreamKind[invoicing_state.TaxFile] = StreamKind(
    ids.StreamPrefix.TAX_DOCUMENTS, filing.evolve, get_args(invoicing_events.TaxFileEvent)
)
TAX_SERIES: StreamKind[invoicing_state.Series] = StreamKind(
    ids.StreamPrefix.TAX_SERIES, numbering.evolve, get_args(invoicing_events.SeriesEvent)
)

ERASURE: StreamKind[erasure_state.Erasure] = StreamKind(
    ids.StreamPrefix.ERASURE, erasures.evolve, (erasure_events.ErasureCompleted,)
)
POLICY: StreamKind[policy_state.Policy] = StreamKind(
    ids.StreamPrefix.POLICY, policy_publication.evolve, get_args(policy_events.PolicyEvent)
)

KINDS: dict[str, StreamKind[Any]] = {
    kind.prefix: kind
    for kind in (
        FLIGHT,
        BOOKING,
        PAYMENT,
        CLAIM,
        CREDIT,
        TRANSFER,
        PERIOD,
        SETTLEMENT,
        PAYOUT,
        CLEARING,
        RECONCILIATION,
        TAX_DOCUMENTS,
        TAX_SERIES,
        ERASURE,
        POLICY,
    )
}

EVENT_TYPES: dict[str, type[DomainEvent]] = {
    event_type.tag: event_type for kind in KINDS.values() for event_type in kind.event_types
}


def state_after(kind: StreamKind[State], events: Iterable[Any]) -> State:
    """Return the state of a stream that has these recorded events, at least one."""
    state: State | None = None
    for recorded in events:
        state = kind.evolve(state, recorded.event)
    assert state is not None, "a stream has events"
    return state


def kind_of(stream: str) -> StreamKind[Any]:
    """Return the kind of the stream with this id, which must be one of KINDS."""
    return KINDS[stream.partition("-")[0]]
