"""Flights and their seats, one decision at a time."""
