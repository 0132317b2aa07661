-- The bounds of the first partition: a whole multiple of ten million positions that leaves at least
-- five million free. Not validated yet: takes milliseconds, appends wait for it that long.

CREATE TABLE ledger.log_partition (
    first_position bigint PRIMARY KEY CHECK (first_position > 0),
    last_position bigint NOT NULL UNIQUE,
    detached_at timestamptz,
    CHECK (last_position >= first_position)
);
GRANT SELECT ON ledger.log_partition TO ais_application, ais_projector, ais_reader;

CREATE FUNCTION ledger.partition_positions() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$ SELECT 10000000::bigint $$;
REVOKE ALL ON FUNCTION ledger.partition_positions FROM PUBLIC;

INSERT INTO ledger.log_partition (first_position, last_position)
SELECT 1, ((coalesce(max(e.position), 0) + w.positions / 2) / w.positions + 1) * w.positions
FROM ledger.partition_positions() AS w (positions) LEFT JOIN ledger.event AS e ON true
GROUP BY w.positions;

DO $$
DECLARE
    bound bigint := (SELECT p.last_position FROM ledger.log_partition AS p);
    changed text;
BEGIN
    FOREACH changed IN ARRAY ARRAY['event', 'posting'] LOOP
        EXECUTE format(
            'ALTER TABLE ledger.%I ADD CONSTRAINT within_partition '
            'CHECK (position >= 1 AND position < %s) NOT VALID', changed, bound + 1);
    END LOOP;
END
$$;
