-- The versions of all events that were recorded before the trigger of 0078. Reads the log once:
-- about ten seconds for each million events; appends and reads go on, nothing waits.

INSERT INTO ledger.stream_event (stream, version, position)
SELECT e.stream, e.version, e.position FROM ledger.event AS e ORDER BY e.stream, e.version
ON CONFLICT (stream, version) DO NOTHING;
