"""The rules of the machine that lives through bookings, one file for each part of a journey."""
