"""The log in Postgres: one statement appends a batch, one codec makes the stored bytes.

Ours, for what is measured:
log: the ordered log for one process: one connection for appends, a pool for reads
statement: the SQL statement that appends, its parameters, its answer and its errors
arrays: packs arrays in the binary format of Postgres
codec: events to canonical JSON and back, by tag

On the `eventsourcing` library, for the rest:
ledger_application: the library's `Application` over the log; start here
datastore: its connections, as a role that may only read
recorder: its recorder on this log; writes go through the same append
stored_events: events with their envelopes as the library stores them
mapper: events for the library, by tag
subscription: waits for new events, so that somebody else's projection can follow
stream_history: states at earlier versions and histories, as the product reads them
"""
