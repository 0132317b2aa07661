"""The list of all processes; a run offers an event to them in this order."""

from application.processes import (
    assess_claim_when_disrupted,
    complete_modification_when_paid,
    confirm_when_paid,
    follow_flight_when_changed,
    give_seats_when_freed,
    issue_extras_when_paid,
    issue_tax_documents_when_price_changes,
    offer_seats_when_released,
    refund_when_owed,
    return_credit_when_unpaid,
    return_parts_when_unpaid,
    settle_money_when_parked,
)
from application.processes.process import Process

PROCESSES: tuple[Process, ...] = (
    settle_money_when_parked.PROCESS,
    confirm_when_paid.PROCESS,
    complete_modification_when_paid.PROCESS,
    issue_extras_when_paid.PROCESS,
    refund_when_owed.PROCESS,
    return_credit_when_unpaid.PROCESS,
    return_parts_when_unpaid.PROCESS,
    follow_flight_when_changed.PROCESS,
    assess_claim_when_disrupted.PROCESS,
    give_seats_when_freed.PROCESS,
    offer_seats_when_released.PROCESS,
    issue_tax_documents_when_price_changes.PROCESS,
)
