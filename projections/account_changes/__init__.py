"""What has changed in the bookings of each account, for apps that keep a copy.

projector: one row for each event of a booking or its payments, for each account that has it
queries: the changes after a position
checker: makes the rows again from the log
"""
