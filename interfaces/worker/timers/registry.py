"""The list of all timers."""

from interfaces.worker.timers import (
    ask_about_ended_sessions,
    check_accepted_refunds,
    check_contradicted_captures,
    check_signed_captures,
    complete_unfinished_attempts,
    depart_overdue_flights,
    offer_free_seats,
    refund_unanswered_cancellations,
    release_lapsed_holds,
    remind_of_cancelled_flights,
    run_processes_again,
    send_unanswered_refunds,
)
from interfaces.worker.timers.timer import Timer

TIMERS: tuple[Timer, ...] = (
    release_lapsed_holds.TIMER,
    complete_unfinished_attempts.TIMER,
    ask_about_ended_sessions.TIMER,
    send_unanswered_refunds.TIMER,
    check_accepted_refunds.TIMER,
    check_signed_captures.TIMER,
    check_contradicted_captures.TIMER,
    run_processes_again.TIMER,
    depart_overdue_flights.TIMER,
    offer_free_seats.TIMER,
    remind_of_cancelled_flights.TIMER,
    refund_unanswered_cancellations.TIMER,
)
