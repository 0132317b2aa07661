"""The log in Postgres: one statement appends a batch, one codec makes the stored bytes.

Our own code, where speed is measured:
log: the ordered log for one process: one connection for appends, a pool for reads
statement: the SQL statement that appends, its parameters, its answer and its errors
arrays: packs arrays in the binary format of Postgres
audited_log: pages of the log for auditors
codec: encodes events as canonical JSON and decodes them, by tag

On the `eventsourcing` library, for everything else:
ledger_application: the library's `Application` over the log; start here
datastore: its connections, as a role that may only read
recorder: its recorder on this log; writes go through the same append
stored_events: events with their envelopes as the library stores them
mapper: events for the library, by tag
subscription: waits for new events, so that a projection outside the product can follow
stream_history: states at earlier versions and histories, for the product
"""
