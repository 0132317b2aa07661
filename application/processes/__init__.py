"""What follows from a recorded event. Each process is one file: what starts it and what it does.

Read `process.py` first, then `confirm_when_paid.py` as an example. To add a process: a file here
and its line in `registry.py`.

process: what a process is, and what its action may use
confirm_when_paid: issue the tickets of a paid booking
complete_modification_when_paid: exchange the segment of a booking when its modification is paid
issue_extras_when_paid: sell ordered extras, with their documents, when they are paid
settle_money_when_parked: settle captured money that its booking could not take
return_parts_when_unpaid: returns what was paid of what has ended before the rest came
return_credit_when_unpaid: returns credit that was to pay for what has ended unpaid
refund_when_owed: request the refund of money that is owed to a booking
follow_flight_when_changed: follow a flight's change up for every booking on it
assess_claim_when_disrupted: assess the compensation for a cancelled, late or overbooked flight
give_seats_when_freed: give freed seats to checked-in passengers on standby
offer_seats_when_released: offer free seats of a flight to its waitlist
issue_tax_documents_when_price_changes: issue invoices and notes of a booking
flight_tasks: the port that stores the progress of a flight's follow-up
registry: the list of all processes
immediate_steps: what is decided in the append of its cause, so that nobody waits for it
runner: reads the log and runs the processes that its events start
"""
