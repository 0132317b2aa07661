"""Pure business rules of the airline: no I/O, no clock, no randomness.

kernel: what all contexts share
booking: a booking from draft to refund
inventory: flights and their seats
pricing: what a journey costs
payment: an amount due and the attempts to collect it
compensation: what passengers are paid for cancelled, late and overbooked flights
credit: what the airline owes a traveller in carriage
transfer: bank transfers by which the airline pays what it owes
settlement: what Stripe settles: fees, exchange, payouts, its balance
reconciliation: the ledger beside Stripe and the bank
ledger: accounts and posting rules
period: months of the books, open and closed
invoicing: tax documents and their numbers
identity: roles, permissions, passwords
policies: rules that the airline sets itself: versions with dates and scopes
modes: modes of operation, such as maintenance
partners: deliveries to servers of partners: addresses, signature, retries
privacy: consents, erasure, how long personal data is kept
"""
