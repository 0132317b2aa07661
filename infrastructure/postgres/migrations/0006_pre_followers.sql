-- The log for readers outside the product: a role that may read it and nothing else, and the
-- envelope of each event beside its payload. Runs once, in milliseconds; no table is touched.

DO $$
BEGIN
    CREATE ROLE ais_follower NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster; another database of it made this one already
END
$$;

-- The first five columns are those of the eventsourcing library's own recorders.
CREATE OR REPLACE VIEW ledger.stored_events AS
SELECT stream AS originator_id, version AS originator_version, tag AS topic, payload AS state,
       position AS notification_id,
       recorded_at, actor, command_id, correlation_id, causation_id
FROM ledger.event;

-- A view reads with its owner's rights: followers need none on its tables.
GRANT USAGE ON SCHEMA ledger TO ais_follower;
GRANT SELECT ON ledger.stored_events TO ais_follower;
