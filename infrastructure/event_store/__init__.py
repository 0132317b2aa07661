"""The log in Postgres: one statement appends a batch, one codec makes the stored bytes.

log: the ordered log for one process: one connection for appends, a pool for reads
statement: the SQL statement that appends, its parameters, its answer and its errors
arrays: packs arrays in the binary format of Postgres
codec: events to canonical JSON and back, by tag
mapper: events for the `eventsourcing` library
recorder: the recorder of the `eventsourcing` library on this log
"""
