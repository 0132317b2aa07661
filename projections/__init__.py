"""Read models: one package each, rebuilt from the log at any time.

booking_list: bookings without personal data
flight_availability: flights on sale with their free seats
ledger_journal: journal lines and balances
unfinished_attempts: payment attempts without an outcome
unfinished_refunds: refunds that have not ended
signed_captures: captures that only a signed event reported
registry: the one list of read models, each with projector and checker
projection: the type of a read model: name, tags, how it applies events
runner: keeps the read models current with the log
generation_writer: moves one generation of a read model along the log
generations: tables of a generation in a schema of their own, shown by views
reading: reads a part of the log for one read model
rows: loads and writes many rows in one statement
progress: how far each read model is
rebuild: builds a new generation beside the live one and switches to it
replay: sums the balances once more from the beginning of the log
checking: compares the read models with the log
"""
