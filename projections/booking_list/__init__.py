"""Bookings without personal data: whose, in which state, until when held, how paid. Read by "my
bookings", by the timer that ends holds and by the history page; may lag by a second.
"""
