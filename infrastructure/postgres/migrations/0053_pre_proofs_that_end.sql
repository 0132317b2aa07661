-- What proves a person ends with what it was given for: authorization codes, sign-ins that were
-- under way, links. Scans the users once, and the record of authentication for an index, during
-- which nobody signs in.

-- A code is for a session that is not opened yet: it ends where the sessions of its user end.
ALTER TABLE identity.authorization_code
    ADD COLUMN voided_at timestamptz,
    ADD CONSTRAINT authorization_code_over CHECK (used_at IS NULL OR voided_at IS NULL) NOT VALID;
GRANT UPDATE (voided_at) ON identity.authorization_code TO ais_application;

-- As before, and: a code that was voided stays so.
CREATE OR REPLACE FUNCTION identity.keep_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'the authorization code was used or voided: that is final'
            USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;

-- As before, and: a code that the client has not exchanged yet would come back with a new consent.
CREATE OR REPLACE FUNCTION identity.end_sessions_of_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE identity.authorization_code SET voided_at = clock_timestamp()
    WHERE client_id = new.client_id AND user_id = new.user_id
        AND used_at IS NULL AND voided_at IS NULL;
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'revoked'
    WHERE client_id = new.client_id AND user_id = new.user_id AND ended_at IS NULL;
    RETURN NULL;
END
$$;

-- A sign-in whose password was checked before the second factor was in force opens nothing after
-- it. The user's row is locked by who opens a session and by who confirms a factor.
CREATE FUNCTION identity.admit_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT new.second_factor AND EXISTS (
        SELECT FROM identity.second_factor
        WHERE user_id = new.user_id AND confirmed_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER admit_session BEFORE INSERT ON identity.session
    FOR EACH ROW EXECUTE FUNCTION identity.admit_session();

-- Wrong codes of the second factor from strange places are counted for a day.
ALTER TABLE identity.app_user
    ADD COLUMN failed_codes integer NOT NULL DEFAULT 0 CHECK (failed_codes >= 0),
    ADD COLUMN codes_failed_since timestamptz,
    ADD COLUMN codes_locked_until timestamptz;
GRANT UPDATE (failed_codes, codes_failed_since, codes_locked_until) ON identity.app_user
    TO ais_application;

-- A link to an address that another account has is void from the start: it counts as every link
-- does, and no letter goes there.
DROP TRIGGER mail_link ON identity.mailed_link;
CREATE TRIGGER mail_link AFTER INSERT ON identity.mailed_link
    FOR EACH ROW WHEN (new.voided_at IS NULL) EXECUTE FUNCTION identity.mail_link();

-- An erasure deletes sessions whose access tokens still live; of their ends the record is left.
CREATE INDEX auth_event_session_ended ON identity.auth_event (at)
    WHERE happened = 'session_ended';

REVOKE ALL ON FUNCTION identity.admit_session FROM PUBLIC;
