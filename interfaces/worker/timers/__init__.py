"""Work that is due because time has passed. Each timer is one file: query, task, action.

Read `timer.py` first, then `depart_overdue_flights.py` as an example. To add a timer: a query in a
read model, a file here, and its line in `registry.py`.

timer: the type of a timer: its name, its period, its query and the handler of its tasks
release_lapsed_holds: holds, waitlist places and changes that were not paid in time
complete_unfinished_attempts: attempts to open a checkout session that have no outcome yet
ask_about_ended_sessions: checkout sessions whose time is over
send_unanswered_refunds: refunds that Stripe should have answered by now
check_accepted_refunds: refunds that Stripe accepted and has not settled yet
check_signed_captures: captures that only a signed event reported
check_contradicted_captures: such captures that Stripe's own list contradicted
run_processes_again: bookings whose processes should have finished by now
depart_overdue_flights: flights that should have left an hour ago
offer_free_seats: flights with a free seat and a waitlist
remind_of_cancelled_flights: bookings on cancelled or moved flights, a day without an answer
refund_unanswered_cancellations: bookings on cancelled flights, a week without an answer
registry: the list of all timers
"""
