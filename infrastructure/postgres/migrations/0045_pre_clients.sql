-- Clients of third parties, the consents of users, and authorization codes; sessions that a client
-- holds for a user. Scans the sessions once, for an index, during which nobody signs in; the rest
-- is new tables, columns without a default, and wider checks, for which NOT VALID spares the scan:
-- every row satisfies the narrower checks.
--
-- No secret is stored. The database itself ends the sessions of a client that is disabled and of a
-- consent that is revoked, and notifies all web processes. A used code and a disabled client are
-- final. A service has no sessions: its tokens name the client, whose end is notified likewise.

CREATE TABLE identity.client (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^client_[0-9a-f]{24}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    kind text NOT NULL CHECK (kind IN ('web', 'native', 'service')),
    redirect_uris text[] NOT NULL CHECK (cardinality(redirect_uris) <= 10),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    role text CHECK (role IN ('agent', 'support', 'ops', 'gate', 'finance', 'auditor')),
    secret_hash bytea CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    CHECK ((kind = 'native') = (secret_hash IS NULL)),
    CHECK ((kind = 'service') = (role IS NOT NULL)),
    CHECK ((kind = 'service') = (cardinality(redirect_uris) = 0))
);

CREATE TABLE identity.consent (
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    client_id text COLLATE "C" NOT NULL REFERENCES identity.client (id),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    given_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (user_id, client_id)
);

CREATE TABLE identity.authorization_code (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    client_id text COLLATE "C" NOT NULL REFERENCES identity.client (id),
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    granted_in text COLLATE "C" NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    challenge text NOT NULL CHECK (challenge ~ '^[A-Za-z0-9_-]{43}$'),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at <= created_at + interval '60 seconds'),
    used_at timestamptz,
    session text COLLATE "C",
    CHECK ((used_at IS NULL) = (session IS NULL))
);
CREATE INDEX authorization_code_expired ON identity.authorization_code (expires_at);

ALTER TABLE identity.session
    ADD COLUMN client_id text COLLATE "C" REFERENCES identity.client (id),
    ADD COLUMN scopes text[],
    DROP CONSTRAINT session_kind_check,
    ADD CONSTRAINT session_kind_check CHECK (kind IN ('mobile', 'web', 'third_party')) NOT VALID,
    ADD CONSTRAINT session_client_check CHECK
        ((kind = 'third_party') = (client_id IS NOT NULL)
        AND (client_id IS NULL) = (scopes IS NULL)) NOT VALID;
CREATE INDEX session_of_client ON identity.session (client_id, user_id)
    WHERE client_id IS NOT NULL AND ended_at IS NULL;

ALTER TABLE identity.auth_event ADD COLUMN client text;
-- As before, but for the client that something happened to.
CREATE OR REPLACE VIEW audit.recorded_action AS
SELECT 'stored' AS origin, id, at, actor, action, resource, change, source, agent, correlation_id
FROM audit.action
UNION ALL
SELECT 'identity', e.id, e.at,
       CASE WHEN e.happened = 'role_changed' THEN 'nobody'
            ELSE coalesce(e.actor, e.user_id, 'nobody') END,
       'identity.' || e.happened, coalesce(e.route, e.client, e.session, e.user_id, ''),
       jsonb_strip_nulls(jsonb_build_object('reason', e.reason)), e.source, NULL,
       coalesce(e.correlation_id, '')
FROM identity.auth_event AS e;

-- Words are added to those that the two lists have, whichever they are.
DO $$
DECLARE
    list record;
BEGIN
    FOR list IN
        SELECT c.conrelid::regclass AS relation, c.conname,
            pg_get_expr(c.conbin, c.conrelid) AS known, a.added
        FROM pg_constraint AS c JOIN (VALUES
            ('identity.session'::regclass, 'session_ended_because_check',
             $words$ended_because = 'client_disabled'$words$),
            ('identity.auth_event'::regclass, 'auth_event_happened_check',
             $words$happened IN ('client_refused', 'client_registered', 'client_secret_changed',
                'client_disabled', 'consent_given', 'consent_revoked', 'code_reused')$words$)
        ) AS a (relation, name, added) ON c.conrelid = a.relation AND c.conname = a.name
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I CHECK (%s OR %s) '
            'NOT VALID', list.relation, list.conname, list.conname, list.known, list.added);
    END LOOP;
END
$$;

CREATE FUNCTION identity.keep_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.disabled_at IS NOT NULL THEN
        RAISE EXCEPTION 'client % is disabled: that is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    IF new.disabled_at IS NOT NULL THEN
        new.disabled_at := clock_timestamp();
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_client BEFORE UPDATE ON identity.client
    FOR EACH ROW EXECUTE FUNCTION identity.keep_client();

CREATE FUNCTION identity.end_sessions_of_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'client_disabled'
    WHERE client_id = new.id AND ended_at IS NULL;
    PERFORM pg_notify('ais_session', new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions_of_client AFTER UPDATE OF disabled_at ON identity.client
    FOR EACH ROW WHEN (new.disabled_at IS NOT NULL)
    EXECUTE FUNCTION identity.end_sessions_of_client();

CREATE FUNCTION identity.end_sessions_of_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'revoked'
    WHERE client_id = new.client_id AND user_id = new.user_id AND ended_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER end_sessions_of_consent AFTER UPDATE OF revoked_at ON identity.consent
    FOR EACH ROW WHEN (old.revoked_at IS NULL AND new.revoked_at IS NOT NULL)
    EXECUTE FUNCTION identity.end_sessions_of_consent();

-- An account without a password was closed: no client acts for its user any more.
CREATE FUNCTION identity.revoke_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE identity.consent SET revoked_at = clock_timestamp()
    WHERE user_id = new.id AND revoked_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER revoke_consents AFTER UPDATE OF password_hash ON identity.app_user
    FOR EACH ROW WHEN (new.password_hash = '') EXECUTE FUNCTION identity.revoke_consents();

CREATE FUNCTION identity.keep_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL THEN
        RAISE EXCEPTION 'the authorization code was used: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_code BEFORE UPDATE ON identity.authorization_code
    FOR EACH ROW EXECUTE FUNCTION identity.keep_code();

-- A code is kept as long as a session that it opened may last: presented again, it ends that one.
CREATE OR REPLACE FUNCTION identity.remove_old_sessions(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.authorization_code WHERE digest = ANY(ARRAY(
        SELECT digest FROM identity.authorization_code
        WHERE expires_at < clock_timestamp() - interval '720 hours' LIMIT most));
    WITH removed AS (
        DELETE FROM identity.session WHERE id = ANY(ARRAY(
            SELECT id FROM identity.session
            WHERE ended_at < clock_timestamp() - interval '90 days' LIMIT most))
        RETURNING id)
    SELECT count(*)::integer FROM removed
$$;

REVOKE ALL ON FUNCTION identity.keep_client, identity.end_sessions_of_client,
    identity.end_sessions_of_consent, identity.revoke_consents, identity.keep_code FROM PUBLIC;
GRANT SELECT, INSERT ON identity.client, identity.consent, identity.authorization_code
    TO ais_application;
GRANT UPDATE (secret_hash, disabled_at) ON identity.client TO ais_application;
GRANT UPDATE (scopes, given_at, revoked_at) ON identity.consent TO ais_application;
GRANT UPDATE (used_at, session) ON identity.authorization_code TO ais_application;
