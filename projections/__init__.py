"""Read models: one package each, rebuilt from the log at any time.

booking_list: bookings without personal data
account_changes: what has changed in the bookings of each account
disputes: disputes and early fraud warnings
external_refunds: refunds made at Stripe by hand, and what of them is not allocated
flight_availability: flights on sale with their free seats
ledger_journal: journal lines and balances
coupon_values: what coupons put into liabilities, by flight
unfinished_attempts: payment attempts without an outcome
unfinished_refunds: refunds that have not ended
open_claims: claims of passengers that are not paid
credits: travel credits by owner
tax_documents: tax documents by month, and which are reported
signed_captures: captures that only a signed event reported
stripe_settlement: what Stripe settled, and its balance beside the books
registry: the one list of read models, each with projector and checker
projection: the type of a read model: name, tags, how it applies events
runner: keeps the read models current with the log
generation_writer: moves one generation of a read model along the log
generations: tables of a generation in a schema of their own, shown by views
reading: reads a part of the log for one read model
archived_events: copies what only archives have into temporary tables of one session
rows: loads and writes many rows in one statement
progress: how far each read model is
rebuild: builds a new generation beside the live one and switches to it
replay: sums the balances once more from the beginning of the log
parallel_replay: the same over archives and database, in several processes
checking: compares the read models with the log
document_numbers: finds numbers of tickets that were given out twice
"""
