"""Bookings: the table of states and each decision."""
