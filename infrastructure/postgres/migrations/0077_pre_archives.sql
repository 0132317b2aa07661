-- Which ranges of the log are in archives, and the hashes of their events. Takes milliseconds;
-- nothing waits.
--
-- An archive is files outside the database: whoever can change them can change the hashes beside
-- them too. `ais archive verify` therefore compares them with the rows here, which nobody changes.

CREATE TABLE ledger.archive (
    first_position bigint PRIMARY KEY CHECK (first_position > 0),
    last_position bigint NOT NULL UNIQUE,
    events_sha256 text COLLATE "C" NOT NULL CHECK (events_sha256 ~ '^[0-9a-f]{64}$'),
    chain_sha256 text COLLATE "C" NOT NULL CHECK (chain_sha256 ~ '^[0-9a-f]{64}$'),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (last_position >= first_position)
);

-- Ranges follow each other from the first position on, and lie within the log.
CREATE FUNCTION ledger.refuse_archive_gap() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.first_position <> (SELECT coalesce(max(a.last_position), 0) + 1 FROM ledger.archive AS a)
       OR NEW.last_position > (SELECT coalesce(max(e.position), 0) FROM ledger.event AS e) THEN
        RAISE EXCEPTION 'an archive from % to % does not follow the others within the log',
            NEW.first_position, NEW.last_position USING ERRCODE = 'AIS01';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION ledger.refuse_archive_gap FROM PUBLIC;

CREATE TRIGGER in_order BEFORE INSERT ON ledger.archive
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_archive_gap();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.archive
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.archive ENABLE ALWAYS TRIGGER in_order;
ALTER TABLE ledger.archive ENABLE ALWAYS TRIGGER append_only;

GRANT SELECT ON ledger.archive TO ais_application, ais_projector;
