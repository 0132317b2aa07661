"""Pure business rules of the airline: no I/O, no clock, no randomness.

kernel: what all contexts share
booking: a booking from draft to refund
inventory: flights and their seats
pricing: what a journey costs
payment: an amount due and the attempts to collect it
ledger: accounts and posting rules
identity: roles, permissions, passwords
"""
