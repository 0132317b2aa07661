-- An erasure takes with it what proves that a person owns the account: mailed links, invitations to
-- the address, second factors, challenges. Takes milliseconds: functions only, and a new table.

-- As before, and: an invitation to the address goes with its own key, and those that the account
-- had sent work no more.
CREATE OR REPLACE FUNCTION privacy.close_account(erasure_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closed text;
    address bytea;
    keys text[];
BEGIN
    UPDATE privacy.erasure SET closed_at = pg_catalog.clock_timestamp()
    WHERE id = erasure_id AND withdrawn_at IS NULL AND closed_at IS NULL
    RETURNING person INTO closed;
    IF closed IS NULL THEN
        RETURN false;
    END IF;
    SELECT email_index INTO address FROM identity.app_user WHERE id = closed FOR NO KEY UPDATE;
    WITH gone AS (
        DELETE FROM identity.mailed_link
        WHERE user_id IS NULL AND email_index = address RETURNING subject)
    SELECT pg_catalog.array_agg(subject) INTO keys FROM gone;
    -- The key of an accepted invitation became that of the account which it opened.
    DELETE FROM vault.subject_key AS k WHERE k.subject = ANY (keys)
        AND NOT EXISTS (SELECT FROM identity.app_user AS u WHERE u.subject = k.subject);
    UPDATE identity.mailed_link SET voided_at = pg_catalog.clock_timestamp()
    WHERE invited_by = closed AND used_at IS NULL AND voided_at IS NULL;
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

-- As before, and: nothing is left by which the account proved anything, nor what a request that was
-- under way when the account was closed has stored since.
CREATE OR REPLACE FUNCTION privacy.destroy_keys(
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
    DELETE FROM identity.mailed_link AS l
    USING identity.app_user AS u
    WHERE u.id = erased AND (l.user_id = u.id OR (l.user_id IS NULL AND l.subject = u.subject));
    DELETE FROM identity.saved_passenger WHERE user_id = erased;
    DELETE FROM identity.sign_in_challenge WHERE user_id = erased;
    DELETE FROM identity.sign_in_place WHERE user_id = erased;
    DELETE FROM identity.session WHERE user_id = erased;
    -- Without a password it has no second factor either: a trigger removes one.
    UPDATE identity.app_user SET email = '', password_hash = '' WHERE id = erased;
    DELETE FROM vault.subject_key WHERE subject = ANY (subjects) OR subject = ANY (ARRAY(
        SELECT subject FROM inbox.stripe_event WHERE id = ANY (stripe_events)));
    GET DIAGNOSTICS destroyed = ROW_COUNT;
    UPDATE inbox.stripe_event SET sealed_body = '' WHERE id = ANY (stripe_events);
    UPDATE privacy.erasure
    SET erased_at = pg_catalog.clock_timestamp(), key_count = destroyed WHERE id = erasure_id;
    RETURN destroyed;
END
$$;

-- Who asked for an erasure, who withdrew it, and that keys were destroyed: sensitive actions. The
-- database records them itself, so that no path to an erasure leaves them out.
ALTER TABLE privacy.erasure ADD COLUMN withdrawn_by text;

DROP FUNCTION privacy.withdraw_erasure(text);
CREATE FUNCTION privacy.withdraw_erasure(asked text, by_whom text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH withdrawn AS (
        UPDATE privacy.erasure
        SET withdrawn_at = pg_catalog.clock_timestamp(), withdrawn_by = by_whom
        WHERE person = asked AND withdrawn_at IS NULL AND closed_at IS NULL RETURNING id)
    SELECT pg_catalog.count(*) = 1 FROM withdrawn
$$;

-- Users with their role in front, as everywhere in the record of actions; `operator` and `system`
-- stay what they are.
CREATE FUNCTION privacy.record_erasure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    by_whom text := coalesce(new.withdrawn_by, new.requested_by);
BEGIN
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    VALUES (pg_catalog.clock_timestamp(),
        coalesce((SELECT u.role || ':' || u.id FROM identity.app_user AS u WHERE u.id = by_whom),
            by_whom),
        CASE WHEN new.withdrawn_at IS NOT NULL THEN 'person.erasure_withdrawn'
             WHEN new.erased_at IS NOT NULL THEN 'person.keys_destroyed'
             ELSE 'person.erasure_requested' END,
        new.person,
        pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
            'reason', new.reason, 'keys', new.key_count)),
        new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER record_request AFTER INSERT ON privacy.erasure
    FOR EACH ROW EXECUTE FUNCTION privacy.record_erasure();
CREATE TRIGGER record_step AFTER UPDATE ON privacy.erasure
    FOR EACH ROW WHEN (old.withdrawn_at IS DISTINCT FROM new.withdrawn_at
        OR old.erased_at IS DISTINCT FROM new.erased_at)
    EXECUTE FUNCTION privacy.record_erasure();

REVOKE ALL ON FUNCTION privacy.withdraw_erasure, privacy.record_erasure FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy.withdraw_erasure TO ais_application;

-- Passengers that an account saves for its bookings, sealed under the account's key.
CREATE TABLE identity.saved_passenger (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^pax_[0-9a-f]{24}$'),
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    details bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX saved_passenger_of_user ON identity.saved_passenger (user_id, created_at);
GRANT SELECT, DELETE ON identity.saved_passenger TO ais_application;
GRANT INSERT (id, user_id, details) ON identity.saved_passenger TO ais_application;
GRANT UPDATE (details) ON identity.saved_passenger TO ais_application;
