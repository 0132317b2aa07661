-- The role of those who read from a standby: read models, their progress, the log and its postings,
-- and nothing else. It sees no key, no account, no session, and can write nothing even where the
-- server accepts writes. Takes milliseconds; nothing waits.
--
-- Views of read models are made anew by each rebuild, by projectors of any release: that is why the
-- right to read them is a default of what ais_projector creates.

DO $$
BEGIN
    CREATE ROLE ais_reader NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster; another database of it made this one already
END
$$;

GRANT USAGE ON SCHEMA ledger, projections, read_model TO ais_reader;
GRANT SELECT ON ledger.event, ledger.posting TO ais_reader;
GRANT SELECT
    ON projections.checkpoint, projections.current_generation, projections.parked_event
    TO ais_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA read_model TO ais_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE ais_projector IN SCHEMA read_model
    GRANT SELECT ON TABLES TO ais_reader;
