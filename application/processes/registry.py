"""The list of all processes; a run offers an event to them in this order."""

from application.processes import (
    complete_change_when_paid,
    confirm_when_paid,
    follow_flight_when_changed,
    offer_seats_when_released,
    refund_when_owed,
)
from application.processes.process import Process

PROCESSES: tuple[Process, ...] = (
    confirm_when_paid.PROCESS,
    complete_change_when_paid.PROCESS,
    refund_when_owed.PROCESS,
    follow_flight_when_changed.PROCESS,
    offer_seats_when_released.PROCESS,
)
