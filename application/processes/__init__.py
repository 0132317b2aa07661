"""What follows from a recorded event. Each process is one file: what starts it and what it does.

`process.py` says what a process is; read `confirm_when_paid.py` as the first example. The others:
`complete_change_when_paid.py`, `refund_when_owed.py`, `offer_seats_when_released.py` and
`follow_flight_when_changed.py`, which records its progress through the port of `flight_tasks.py`.
`registry.py` lists the processes and `runner.py` runs them.
"""
