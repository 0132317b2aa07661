-- Sessions of users: one row for each device that is signed in, with what its refresh tokens are
-- checked against; no secret of a token is stored. Takes milliseconds: a new table, columns without
-- a default, and a wider check. NOT VALID spares the scan: every row satisfies the narrower check.
--
-- The database itself records each end of a session and notifies all web processes of it, whoever
-- wrote it, and ends the sessions of a user whose role changes. What has ended is final.

CREATE TABLE identity.session (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^ses_[0-9a-f]{24}$'),
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    kind text NOT NULL CHECK (kind IN ('mobile', 'web')),
    device bytea,
    source bytea NOT NULL CHECK (octet_length(source) = 32),
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    refresh_expires_at timestamptz NOT NULL,
    generation integer NOT NULL DEFAULT 1 CHECK (generation > 0),
    rotated_at timestamptz,
    ended_at timestamptz,
    ended_because text CHECK (ended_because IN
        ('signed_out', 'revoked', 'reuse', 'password_changed', 'expired', 'rights_changed')),
    CHECK (expires_at <= created_at + interval '720 hours'),
    CHECK (refresh_expires_at <= expires_at),
    CHECK ((generation = 1) = (rotated_at IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);
CREATE INDEX session_of_user ON identity.session (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX session_to_expire ON identity.session (refresh_expires_at) WHERE ended_at IS NULL;
CREATE INDEX session_ended ON identity.session (ended_at) WHERE ended_at IS NOT NULL;

ALTER TABLE identity.auth_event
    ADD COLUMN session text,
    ADD COLUMN reason text,
    DROP CONSTRAINT auth_event_happened_check,
    ADD CONSTRAINT auth_event_happened_check CHECK (happened IN
        ('registered', 'registered_again', 'signed_in', 'sign_in_refused', 'locked',
         'token_refused', 'permission_refused', 'foreign_booking',
         'reuse_detected', 'session_ended', 'role_changed')) NOT VALID;

CREATE FUNCTION identity.keep_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'session % has ended: that is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    IF new.generation NOT IN (old.generation, old.generation + 1) THEN
        RAISE EXCEPTION 'session %: generation % does not follow %',
            old.id, new.generation, old.generation USING ERRCODE = 'AIS01';
    END IF;
    IF new.ended_at IS NOT NULL THEN
        -- One clock for all processes, and nobody can end a session at another time.
        new.ended_at := clock_timestamp();
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_session BEFORE UPDATE ON identity.session
    FOR EACH ROW EXECUTE FUNCTION identity.keep_session();

CREATE FUNCTION identity.report_ended_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO identity.auth_event (happened, user_id, at, session, reason)
    VALUES ('session_ended', new.user_id, new.ended_at, new.id, new.ended_because);
    PERFORM pg_notify('ais_session', new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER report_ended AFTER UPDATE OF ended_at ON identity.session
    FOR EACH ROW WHEN (new.ended_at IS NOT NULL)
    EXECUTE FUNCTION identity.report_ended_session();

CREATE FUNCTION identity.end_sessions_of_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO identity.auth_event (happened, user_id, at, reason)
    VALUES ('role_changed', new.id, clock_timestamp(), new.role);
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'rights_changed'
    WHERE user_id = new.id AND ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions_of_role AFTER UPDATE OF role ON identity.app_user
    FOR EACH ROW WHEN (old.role IS DISTINCT FROM new.role)
    EXECUTE FUNCTION identity.end_sessions_of_role();

-- The application cannot delete a session: only this function can, and only what is old.
CREATE FUNCTION identity.remove_old_sessions(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM identity.session WHERE id = ANY(ARRAY(
            SELECT id FROM identity.session
            WHERE ended_at < clock_timestamp() - interval '90 days' LIMIT most))
        RETURNING id)
    SELECT count(*)::integer FROM removed
$$;

REVOKE ALL ON FUNCTION identity.keep_session, identity.report_ended_session,
    identity.end_sessions_of_role, identity.remove_old_sessions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.remove_old_sessions TO ais_application;
GRANT SELECT, INSERT ON identity.session TO ais_application;
GRANT UPDATE (last_used_at, refresh_expires_at, generation, rotated_at, ended_at, ended_because)
    ON identity.session TO ais_application;
