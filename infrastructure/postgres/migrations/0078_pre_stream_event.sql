-- Which versions each stream has, and at which positions: a narrow table beside the log that is
-- never cut into partitions, so that (stream, version) is unique over all of them and a stream
-- whose events have left the database is still known. A trigger writes it, whoever inserts events.
-- Takes milliseconds; appends wait for it that long.

CREATE TABLE ledger.stream_event (
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    position bigint NOT NULL CHECK (position > 0),
    PRIMARY KEY (stream, version) INCLUDE (position)
);
GRANT SELECT ON ledger.stream_event
    TO ais_application, ais_projector, ais_reader, ais_follower;

CREATE FUNCTION ledger.record_stream_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.stream_event (stream, version, position)
    SELECT i.stream, i.version, i.position FROM inserted AS i;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ledger.record_stream_events FROM PUBLIC;

CREATE TRIGGER stream_recorded AFTER INSERT ON ledger.event REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.record_stream_events();
ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER stream_recorded;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.stream_event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.stream_event ENABLE ALWAYS TRIGGER append_only;
