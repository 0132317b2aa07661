"""The log in Postgres: one statement appends a batch, one codec turns events into stored bytes.

Ours, for what is measured: `log` (append and read), `statement` (the append), `arrays` (its
parameters), `codec` (stored bytes).
On the `eventsourcing` library, for the rest: `ledger_application` (start here), `datastore`,
`recorder`, `stored_events`, `mapper`, `subscription`, and `stream_history`, the adapter that the
product uses.
"""
