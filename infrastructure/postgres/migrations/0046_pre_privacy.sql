-- Privacy: consents as facts, erasures under way, and what destroys keys and removes old rows.
-- Takes milliseconds but for two indexes: some seconds for each million of stored webhooks and of
-- users, during which new ones wait.
--
-- The application cannot delete a key, a session or a message: only these functions can, and only
-- what an erasure that is due, or a period that is over, allows. The periods are those of the
-- retention table of the domain; a test compares them.

CREATE SCHEMA privacy;
GRANT USAGE ON SCHEMA privacy TO ais_application;

CREATE TABLE privacy.consent (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    purpose text NOT NULL CHECK (purpose IN ('marketing_mail', 'terms', 'privacy_notice')),
    version date NOT NULL,
    given boolean NOT NULL CHECK (given OR purpose = 'marketing_mail'),
    at timestamptz NOT NULL
);
CREATE INDEX consent_of_user ON privacy.consent (user_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON privacy.consent
    FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();
GRANT SELECT, INSERT ON privacy.consent TO ais_application;

-- One row for each person to erase: an account, a booking or a gift card, by its id.
CREATE TABLE privacy.erasure (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^era_[0-9a-f]{24}$'),
    person text COLLATE "C" NOT NULL CHECK (person ~ '^(user_|booking-|credit-)'),
    reason text NOT NULL CHECK (reason IN ('request', 'retention')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz,
    closed_at timestamptz,
    erased_at timestamptz,
    key_count integer,
    reported_at timestamptz,
    CHECK (withdrawn_at IS NULL OR closed_at IS NULL),
    CHECK (erased_at IS NULL OR closed_at IS NOT NULL),
    CHECK ((erased_at IS NULL) = (key_count IS NULL)),
    CHECK (reported_at IS NULL OR erased_at IS NOT NULL)
);
CREATE UNIQUE INDEX erasure_of_person ON privacy.erasure (person) WHERE withdrawn_at IS NULL;
CREATE INDEX erasure_unfinished ON privacy.erasure (id)
    WHERE withdrawn_at IS NULL AND reported_at IS NULL;
GRANT SELECT ON privacy.erasure TO ais_application;
GRANT INSERT (id, person, reason, requested_by) ON privacy.erasure TO ais_application;

-- What has happened stays; the instants are those of the database.
CREATE FUNCTION privacy.keep_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.withdrawn_at IS NOT NULL
       OR (old.closed_at IS NOT NULL AND new.closed_at IS DISTINCT FROM old.closed_at)
       OR (old.erased_at IS NOT NULL AND new.erased_at IS DISTINCT FROM old.erased_at)
       OR old.reported_at IS NOT NULL THEN
        RAISE EXCEPTION 'erasure %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_erasure BEFORE UPDATE ON privacy.erasure
    FOR EACH ROW EXECUTE FUNCTION privacy.keep_erasure();

CREATE FUNCTION privacy.withdraw_erasure(asked text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH withdrawn AS (
        UPDATE privacy.erasure SET withdrawn_at = pg_catalog.clock_timestamp()
        WHERE person = asked AND withdrawn_at IS NULL AND closed_at IS NULL RETURNING id)
    SELECT pg_catalog.count(*) = 1 FROM withdrawn
$$;

-- The first step: nobody can sign in to the account any more, and its address is free again.
CREATE FUNCTION privacy.close_account(erasure_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed text;
BEGIN
    UPDATE privacy.erasure SET closed_at = pg_catalog.clock_timestamp()
    WHERE id = erasure_id AND withdrawn_at IS NULL AND closed_at IS NULL
    RETURNING person INTO closed;
    IF closed IS NULL THEN
        RETURN false;
    END IF;
    UPDATE identity.app_user
    SET password_hash = '', email_index = pg_catalog.sha256(pg_catalog.convert_to(
            pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text, 'UTF8'))
    WHERE id = closed;
    DELETE FROM identity.sign_in_place WHERE user_id = closed;
    -- Triggers record each end and notify all web processes.
    UPDATE identity.session
    SET ended_at = pg_catalog.clock_timestamp(), ended_because = 'rights_changed'
    WHERE user_id = closed AND ended_at IS NULL;
    RETURN true;
END
$$;

-- The second step, no sooner than what was under way when the account was closed has ended.
CREATE FUNCTION privacy.destroy_keys(
    erasure_id text, subjects text[], stripe_events text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    erased text;
    destroyed integer;
BEGIN
    SELECT person INTO erased FROM privacy.erasure
    WHERE id = erasure_id AND erased_at IS NULL
      AND closed_at <= pg_catalog.clock_timestamp() - interval '15 seconds' FOR UPDATE;
    IF erased IS NULL THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM identity.app_user
               WHERE subject = ANY (subjects) AND id <> erased) THEN
        RAISE EXCEPTION 'erasure %: the key of another account', erasure_id
            USING ERRCODE = 'AIS01';
    END IF;
    DELETE FROM identity.session WHERE user_id = erased;
    UPDATE identity.app_user SET email = '' WHERE id = erased;
    DELETE FROM vault.subject_key WHERE subject = ANY (subjects) OR subject = ANY (ARRAY(
        SELECT subject FROM inbox.stripe_event WHERE id = ANY (stripe_events)));
    GET DIAGNOSTICS destroyed = ROW_COUNT;
    UPDATE inbox.stripe_event SET sealed_body = '' WHERE id = ANY (stripe_events);
    UPDATE privacy.erasure
    SET erased_at = pg_catalog.clock_timestamp(), key_count = destroyed WHERE id = erasure_id;
    RETURN destroyed;
END
$$;

-- The last step: the log has the event.
CREATE FUNCTION privacy.report_erasure(erasure_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE privacy.erasure SET reported_at = pg_catalog.clock_timestamp()
    WHERE id = erasure_id AND erased_at IS NOT NULL AND reported_at IS NULL
$$;

CREATE INDEX app_user_subject ON identity.app_user (subject);
CREATE INDEX stripe_event_with_body ON inbox.stripe_event (received_at)
    WHERE octet_length(sealed_body) > 0;

CREATE FUNCTION privacy.remove_old_bodies(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH old AS (
        SELECT id, subject FROM inbox.stripe_event
        WHERE pg_catalog.octet_length(sealed_body) > 0
          AND received_at < pg_catalog.clock_timestamp() - interval '90 days'
          AND (state IN ('done', 'ignored')
               OR received_at < pg_catalog.clock_timestamp() - interval '400 days')
        ORDER BY received_at LIMIT most FOR UPDATE SKIP LOCKED
    ), keys AS (
        DELETE FROM vault.subject_key WHERE subject = ANY (ARRAY(SELECT subject FROM old))
    ), emptied AS (
        UPDATE inbox.stripe_event SET sealed_body = ''
        WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id)
    SELECT pg_catalog.count(*)::integer FROM emptied
$$;

-- Looks at the oldest messages only: nothing else has an index that says how old a message is.
CREATE FUNCTION privacy.remove_old_messages(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM ledger.outbox
        WHERE id = ANY (ARRAY(SELECT id FROM ledger.outbox ORDER BY id LIMIT most))
          AND sent_at < pg_catalog.clock_timestamp() - interval '30 days'
          AND (failed_at IS NULL
               OR failed_at < pg_catalog.clock_timestamp() - interval '90 days')
        RETURNING id)
    SELECT pg_catalog.count(*)::integer FROM removed
$$;

REVOKE ALL ON FUNCTION privacy.keep_erasure, privacy.withdraw_erasure, privacy.close_account,
    privacy.destroy_keys, privacy.report_erasure, privacy.remove_old_bodies,
    privacy.remove_old_messages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy.withdraw_erasure, privacy.close_account, privacy.destroy_keys,
    privacy.report_erasure, privacy.remove_old_bodies, privacy.remove_old_messages
    TO ais_application;
