"""Bookings without personal data: owner, status, deadline, payments.

Read by "my bookings", by the timer that releases holds and by the history page. It may lag by a
second.

projector: one row for each booking, changed by its events
queries: pages of a customer's bookings, and worklists of the timers
of_persons: which bookings are about a person, and which are old
checker: compares the rows with the fold of every booking
"""
