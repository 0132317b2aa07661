"""Pure business rules of the airline: no I/O, no clock, no randomness."""
