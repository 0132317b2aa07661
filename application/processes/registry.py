"""The list of all processes; a run offers an event to them in this order."""

from application.processes import (
    complete_modification_when_paid,
    confirm_when_paid,
    follow_flight_when_changed,
    give_seats_when_freed,
    offer_seats_when_released,
    refund_when_owed,
)
from application.processes.process import Process

PROCESSES: tuple[Process, ...] = (
    confirm_when_paid.PROCESS,
    complete_modification_when_paid.PROCESS,
    refund_when_owed.PROCESS,
    follow_flight_when_changed.PROCESS,
    give_seats_when_freed.PROCESS,
    offer_seats_when_released.PROCESS,
)
