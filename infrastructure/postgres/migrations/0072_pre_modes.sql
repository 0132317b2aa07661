-- Modes of operation: a row is a mode that is on, for all processes. Takes milliseconds; nothing
-- waits.
--
-- Each change is announced to the processes that listen. Who made it and why is in audit.action,
-- written by the application in the same transaction.

CREATE TABLE operations.mode (
    name text COLLATE "C" PRIMARY KEY CHECK (name IN ('maintenance', 'payments_paused')),
    since timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL CHECK (char_length(actor) BETWEEN 1 AND 100),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 200),
    until timestamptz
);
GRANT SELECT, INSERT, DELETE ON operations.mode TO ais_application;
GRANT UPDATE (actor, reason, until) ON operations.mode TO ais_application;

CREATE FUNCTION operations.announce_modes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('ais_mode', '');
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION operations.announce_modes FROM PUBLIC;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON operations.mode
    FOR EACH STATEMENT EXECUTE FUNCTION operations.announce_modes();
