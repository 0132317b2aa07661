-- Letters that came back. Takes milliseconds; nothing waits.
--
-- A letter's name has its kind and booking reference, and no address: the application records which
-- did not arrive, and changes no record. Retention removes them as it removes sent messages.

CREATE SCHEMA operations;
GRANT USAGE ON SCHEMA operations TO ais_application;

CREATE TABLE operations.bounced_letter (
    letter text COLLATE "C" PRIMARY KEY CHECK (letter ~ '^[A-Za-z0-9_-]{1,120}$'),
    status text COLLATE "C" NOT NULL CHECK (status ~ '^[45]\.[0-9]{1,3}\.[0-9]{1,3}$'),
    bounced_at timestamptz NOT NULL
);
CREATE INDEX bounced_letter_newest ON operations.bounced_letter (bounced_at);

GRANT SELECT, INSERT ON operations.bounced_letter TO ais_application;

-- The period of sent messages: see domain/privacy/retention.py.
CREATE FUNCTION operations.remove_old_bounces(p_limit integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM operations.bounced_letter WHERE letter IN (
            SELECT letter FROM operations.bounced_letter
            WHERE bounced_at < clock_timestamp() - interval '90 days'
            ORDER BY bounced_at LIMIT p_limit)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$$;
REVOKE ALL ON FUNCTION operations.remove_old_bounces(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operations.remove_old_bounces(integer) TO ais_application;
