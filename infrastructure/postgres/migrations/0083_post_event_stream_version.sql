-- The index by which the release before reads streams; ledger.stream_event has taken its place.
-- Takes milliseconds, for which appends and reads wait.

ALTER TABLE ledger.event_1 DROP CONSTRAINT event_1_stream_version;
