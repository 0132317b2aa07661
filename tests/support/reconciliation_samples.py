"""The events that a reconciled day may hold before each of its own."""

from domain.kernel.events import DomainEvent
from domain.reconciliation import events

_FOUND = (events.BreakDetected,)
BEFORE: dict[type[DomainEvent], tuple[type[DomainEvent], ...]] = {
    events.BreakCleared: _FOUND,
    events.BreakResolved: _FOUND,
    events.FactsAppended: _FOUND,
    events.RemedyProposed: _FOUND,
    events.RemedyApproved: (*_FOUND, events.RemedyProposed),
    events.RemedyDeclined: (*_FOUND, events.RemedyProposed),
    events.RefundProposed: _FOUND,
    events.RefundApproved: (*_FOUND, events.RefundProposed),
}
