"""What is due because time has passed. Each timer is one file: its query, its task, its action.

To add one: a query in a read model, a file here, and its line in `registry.py`. `timer.py` says
what a timer is; read `depart_overdue_flights.py` as the first example. The others:
`release_lapsed_holds.py`, `complete_unfinished_attempts.py`, `send_unanswered_refunds.py`,
`check_accepted_refunds.py`, `run_processes_again.py` and `offer_free_seats.py`.
"""
