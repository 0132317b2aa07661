-- No dead ends in accounts: letters about what happened to an account, each with a link that
-- secures it; second factors that staff reset; the last active admin. Scans the users and the
-- mailed links once, for the language of letters, during which nobody signs in; the rest is new
-- tables and wider checks, for which NOT VALID spares the scan: every row satisfies the narrower
-- checks.
--
-- The database itself writes down which letters are due, whoever changed the account, and puts them
-- into the outbox: no path leaves one out, and the application can write no other task there.

-- The language of letters that nobody asks for: that of the registration or the last new address.
ALTER TABLE identity.app_user
    ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ar'));
UPDATE identity.app_user SET language = 'ar' WHERE id IN (
    SELECT user_id FROM identity.mailed_link WHERE language = 'ar' AND purpose <> 'reset_password');

ALTER TABLE identity.mailed_link
    DROP CONSTRAINT mailed_link_purpose_check,
    ADD CONSTRAINT mailed_link_purpose_check CHECK (purpose IN
        ('reset_password', 'verify_email', 'change_email', 'invitation', 'secure_account',
         'reset_second_factor')) NOT VALID;

-- Words are added to those that the list has, whichever they are.
DO $$
DECLARE
    known text;
BEGIN
    SELECT pg_get_expr(c.conbin, c.conrelid) INTO STRICT known FROM pg_constraint AS c
    WHERE c.conrelid = 'identity.auth_event'::regclass AND c.conname = 'auth_event_happened_check';
    EXECUTE format('ALTER TABLE identity.auth_event DROP CONSTRAINT auth_event_happened_check, '
        'ADD CONSTRAINT auth_event_happened_check CHECK (%s OR %s) NOT VALID', known,
        $words$happened IN ('account_secured', 'second_factor_reset_confirmed',
            'second_factor_reset', 'second_factor_reset_cancelled')$words$);
END
$$;

-- A letter that is due about an account, to the address that it had then. Its link is made by the
-- worker from the salt and a key that is not in the database; only the hash of its token is stored.
CREATE TABLE identity.account_notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    kind text NOT NULL CHECK (kind IN
        ('password_changed', 'email_changed', 'email_replaced', 'second_factor_added',
         'second_factor_removed', 'second_factor_reset', 'second_factor_reset_waiting',
         'recovery_code_used', 'new_device', 'erasure_requested')),
    email_index bytea NOT NULL CHECK (octet_length(email_index) = 32),
    email bytea NOT NULL,
    salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) CHECK (octet_length(salt) = 16),
    token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at <= created_at + interval '7 days'),
    used_at timestamptz,
    voided_at timestamptz,
    CHECK (used_at IS NULL OR voided_at IS NULL)
);
CREATE INDEX account_notice_of_user ON identity.account_notice (user_id, kind, created_at);
CREATE INDEX account_notice_old ON identity.account_notice (expires_at);
GRANT SELECT ON identity.account_notice TO ais_application;
GRANT UPDATE (token_hash) ON identity.account_notice TO ais_application;

CREATE FUNCTION identity.keep_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL
        OR (old.token_hash IS NOT NULL AND new.token_hash IS DISTINCT FROM old.token_hash) THEN
        RAISE EXCEPTION 'notice %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_notice BEFORE UPDATE ON identity.account_notice
    FOR EACH ROW EXECUTE FUNCTION identity.keep_notice();

-- Five of a kind an hour: more would be a way to flood a mailbox, and each of the five has a link.
CREATE FUNCTION identity.add_notice(
    of_user text, what text, to_index bytea, to_address bytea, moment timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    notice bigint;
BEGIN
    IF (SELECT count(*) FROM identity.account_notice WHERE user_id = of_user AND kind = what
            AND created_at > moment - interval '1 hour') >= 5 THEN
        RETURN;
    END IF;
    INSERT INTO identity.account_notice (user_id, kind, email_index, email, created_at, expires_at)
    SELECT u.id, what, coalesce(to_index, u.email_index), coalesce(to_address, u.email), moment,
        moment + interval '7 days'
    FROM identity.app_user AS u WHERE u.id = of_user AND u.password_hash <> ''
    RETURNING id INTO notice;
    IF notice IS NOT NULL THEN
        INSERT INTO ledger.outbox (topic, body)
        VALUES ('mail.account_notice', pg_catalog.jsonb_build_object('notice_id', notice));
    END IF;
END
$$;

CREATE FUNCTION identity.notify_of_fact() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM identity.add_notice(new.user_id, CASE new.happened
            WHEN 'password_changed' THEN 'password_changed'
            WHEN 'password_reset' THEN 'password_changed'
            WHEN 'second_factor_enrolled' THEN 'second_factor_added'
            WHEN 'second_factor_removed' THEN 'second_factor_removed'
            WHEN 'second_factor_reset' THEN 'second_factor_reset'
            WHEN 'second_factor_reset_confirmed' THEN 'second_factor_reset_waiting'
            WHEN 'recovery_code_used' THEN 'recovery_code_used'
            ELSE 'new_device' END, NULL, NULL, new.at)
    WHERE new.happened <> 'signed_in' OR EXISTS (
        -- The first sign-in of all is no news to the user.
        SELECT FROM identity.auth_event
        WHERE user_id = new.user_id AND happened = 'signed_in' AND id < new.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER notify_of_fact AFTER INSERT ON identity.auth_event FOR EACH ROW
    WHEN (new.happened IN ('password_changed', 'password_reset', 'second_factor_enrolled',
            'second_factor_removed', 'second_factor_reset', 'second_factor_reset_confirmed',
            'recovery_code_used')
        OR (new.happened = 'signed_in' AND new.reason = 'new_device'))
    EXECUTE FUNCTION identity.notify_of_fact();

-- A change of address is no more reported by its link, but as all changes are.
DROP TRIGGER mail_notice ON identity.mailed_link;
DROP FUNCTION identity.mail_notice();
DELETE FROM ledger.outbox WHERE topic = 'mail.email_changed' AND sent_at IS NULL;

CREATE OR REPLACE FUNCTION identity.mail_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ledger.outbox (topic, body)
    VALUES ('mail.account_link', jsonb_build_object('link_id', new.id));
    -- What a stranger can ask for, such as a reset, changes no language.
    UPDATE identity.app_user SET language = new.language
    WHERE id = new.user_id AND language <> new.language
        AND new.purpose IN ('verify_email', 'change_email');
    RETURN NULL;
END
$$;

-- As before, and: both addresses get a letter. The owner of the earlier one can go back to it.
CREATE OR REPLACE FUNCTION identity.confirm_email(
    of_user text, offered bytea, moment timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_user identity.app_user;
    link identity.mailed_link;
BEGIN
    SELECT * INTO found_user FROM identity.app_user WHERE id = of_user FOR NO KEY UPDATE;
    UPDATE identity.mailed_link AS l SET used_at = moment,
        replaced_email = CASE WHEN l.purpose = 'change_email' THEN found_user.email END
    WHERE l.token_hash = offered AND l.user_id = of_user
        AND l.purpose IN ('verify_email', 'change_email')
        AND l.used_at IS NULL AND l.voided_at IS NULL AND moment < l.expires_at
    RETURNING l.* INTO link;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE identity.app_user AS u SET email_verified_at = moment,
        email_index = coalesce(link.email_index, u.email_index),
        email = coalesce(link.email, u.email)
    WHERE u.id = of_user;
    IF link.purpose = 'change_email' THEN
        -- Links that went to the address before are void.
        UPDATE identity.mailed_link SET voided_at = moment
        WHERE user_id = of_user AND used_at IS NULL AND voided_at IS NULL;
        PERFORM identity.add_notice(
            of_user, 'email_replaced', found_user.email_index, found_user.email, moment);
        PERFORM identity.add_notice(of_user, 'email_changed', NULL, NULL, moment);
    END IF;
    INSERT INTO identity.auth_event (happened, user_id, at)
    VALUES (CASE link.purpose WHEN 'change_email' THEN 'email_changed' ELSE 'email_verified' END,
        of_user, moment);
    RETURN link.purpose;
END
$$;

-- "That was not me": ends all sessions, sets a password that nobody knows, and makes the link with
-- which the owner of the mailbox chooses another. Where the address of the account was changed
-- since the letter, it is the letter's again, and links that went to the other one are void: the
-- earlier address wins. Returns the ended sessions, or NULL; the link, where three were not made
-- within an hour.
CREATE FUNCTION identity.secure_account(
    offered bytea, new_password text, moment timestamptz, link_id text, link_hash bytea,
    link_salt bytea, link_expires_at timestamptz) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner identity.app_user;
    notice identity.account_notice;
    ended text[];
    restored boolean;
    is_reached boolean;
BEGIN
    SELECT u.* INTO owner FROM identity.app_user AS u
    JOIN identity.account_notice AS n ON n.user_id = u.id
    WHERE n.token_hash = offered AND u.password_hash <> '' FOR NO KEY UPDATE OF u;
    UPDATE identity.account_notice AS n SET used_at = moment
    WHERE n.token_hash = offered AND n.user_id = owner.id
        AND n.used_at IS NULL AND n.voided_at IS NULL AND moment < n.expires_at
    RETURNING n.* INTO notice;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    restored := notice.email_index <> owner.email_index;
    IF restored THEN
        -- Who has registered the address meanwhile without proving it does not keep it.
        UPDATE identity.app_user SET email_index = sha256(convert_to(
            gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
        WHERE email_index = notice.email_index AND email_verified_at IS NULL;
        UPDATE identity.app_user AS u SET email = notice.email, email_index = notice.email_index,
            email_verified_at = moment
        WHERE u.id = owner.id AND NOT EXISTS (
            SELECT FROM identity.app_user AS o WHERE o.email_index = notice.email_index);
    END IF;
    UPDATE identity.app_user AS u SET password_hash = new_password WHERE u.id = owner.id
    RETURNING u.email_index = notice.email_index INTO is_reached;
    UPDATE identity.account_notice SET voided_at = moment
    WHERE user_id = owner.id AND id > notice.id AND email_index <> notice.email_index
        AND used_at IS NULL AND voided_at IS NULL;
    UPDATE identity.mailed_link SET voided_at = moment
    WHERE user_id = owner.id AND used_at IS NULL AND voided_at IS NULL;
    UPDATE identity.second_factor_reset SET cancelled_at = moment, cancelled_by = owner.id
    WHERE user_id = owner.id AND done_at IS NULL AND cancelled_at IS NULL;
    UPDATE privacy.erasure SET withdrawn_at = clock_timestamp(), withdrawn_by = owner.id
    WHERE person = owner.id AND withdrawn_at IS NULL AND closed_at IS NULL;
    WITH over AS (
        UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'revoked'
        WHERE user_id = owner.id AND ended_at IS NULL RETURNING id)
    SELECT coalesce(array_agg(id), '{}') INTO ended FROM over;
    INSERT INTO identity.auth_event (happened, user_id, at, reason)
    VALUES ('account_secured', owner.id, moment,
        CASE WHEN restored AND is_reached THEN 'address_restored' ELSE notice.kind END);
    IF is_reached THEN
        INSERT INTO identity.mailed_link
            (id, purpose, user_id, token_hash, salt, language, created_at, expires_at)
        VALUES (link_id, 'secure_account', owner.id, link_hash, link_salt, owner.language, moment,
            link_expires_at);
    END IF;
    RETURN ended;
END
$$;

-- Second factors that staff reset. `path` follows from the role of the user: at once, after another
-- admin has approved, or after the owner has confirmed by mail and a day has passed.
CREATE TABLE identity.second_factor_reset (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^sfr_[0-9a-f]{24}$'),
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    path text NOT NULL CHECK (path IN ('at_once', 'approval', 'mailbox')),
    requested_by text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    approved_by text COLLATE "C" REFERENCES identity.app_user (id),
    confirmed_at timestamptz,
    done_at timestamptz,
    cancelled_at timestamptz,
    cancelled_by text COLLATE "C" REFERENCES identity.app_user (id),
    CHECK (requested_by <> user_id),
    CHECK (approved_by NOT IN (requested_by, user_id)),
    CHECK (num_nonnulls(done_at, cancelled_at) <= 1),
    CHECK (done_at IS NULL OR path <> 'approval' OR approved_by IS NOT NULL),
    CHECK (done_at IS NULL OR path <> 'mailbox'
        OR (confirmed_at IS NOT NULL AND done_at >= confirmed_at + interval '24 hours'))
);
CREATE UNIQUE INDEX second_factor_reset_open ON identity.second_factor_reset (user_id)
    WHERE done_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX second_factor_reset_due ON identity.second_factor_reset (confirmed_at)
    WHERE done_at IS NULL AND cancelled_at IS NULL AND confirmed_at IS NOT NULL;
GRANT SELECT ON identity.second_factor_reset TO ais_application;

CREATE FUNCTION identity.keep_factor_reset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.done_at IS NOT NULL OR old.cancelled_at IS NOT NULL
        OR (old.confirmed_at IS NOT NULL AND new.confirmed_at IS DISTINCT FROM old.confirmed_at)
        OR (old.user_id, old.path, old.requested_by, old.requested_at)
            IS DISTINCT FROM (new.user_id, new.path, new.requested_by, new.requested_at) THEN
        RAISE EXCEPTION 'reset %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_factor_reset BEFORE UPDATE ON identity.second_factor_reset
    FOR EACH ROW EXECUTE FUNCTION identity.keep_factor_reset();

-- The factor is gone and all sessions end. Not for the application: the functions below call it,
-- and an operator, as the owner of the schema.
CREATE FUNCTION identity.remove_factor(
    of_user text, by_whom text, moment timestamptz, change jsonb, correlation text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM identity.app_user WHERE id = of_user FOR NO KEY UPDATE;
    DELETE FROM identity.second_factor WHERE user_id = of_user;
    UPDATE identity.session
    SET ended_at = pg_catalog.clock_timestamp(), ended_because = 'second_factor_changed'
    WHERE user_id = of_user AND ended_at IS NULL;
    INSERT INTO identity.auth_event (happened, user_id, at, actor)
    VALUES ('second_factor_reset', of_user, moment, by_whom);
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    VALUES (pg_catalog.clock_timestamp(), coalesce(
            (SELECT u.role || ':' || u.id FROM identity.app_user AS u WHERE u.id = by_whom),
            by_whom),
        'user.second_factor_reset', of_user, change, correlation);
END
$$;

-- Asks for a reset; an open one of the same user is cancelled by that. Returns the path, or why
-- not: unknown_user, own_factor, not_allowed, no_second_factor, asked_too_often.
CREATE FUNCTION identity.request_factor_reset(
    by_user text, of_address bytea, reset_id text, moment timestamptz, ends_at timestamptz,
    correlation text, link_id text, link_hash bytea, link_salt bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asker identity.app_user;
    found_user identity.app_user;
    way text;
BEGIN
    SELECT * INTO found_user FROM identity.app_user
    WHERE email_index = of_address FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown_user';
    ELSIF found_user.id = by_user THEN
        RETURN 'own_factor';
    END IF;
    SELECT * INTO asker FROM identity.app_user WHERE id = by_user AND password_hash <> '';
    IF asker.role IS NULL OR NOT (asker.role = 'admin'
            OR (asker.role = 'support' AND found_user.role = 'customer')) THEN
        RETURN 'not_allowed';
    ELSIF NOT EXISTS (SELECT FROM identity.second_factor
                      WHERE user_id = found_user.id AND confirmed_at IS NOT NULL) THEN
        RETURN 'no_second_factor';
    END IF;
    way := CASE WHEN found_user.role = 'customer' THEN 'mailbox'
                WHEN found_user.role IN ('finance', 'auditor', 'admin') THEN 'approval'
                ELSE 'at_once' END;
    IF way = 'mailbox' THEN
        INSERT INTO identity.mailed_link
            (id, purpose, user_id, token_hash, salt, language, created_at, expires_at)
        VALUES (link_id, 'reset_second_factor', found_user.id, link_hash, link_salt,
            found_user.language, moment, ends_at);
        IF NOT FOUND THEN
            RETURN 'asked_too_often';
        END IF;
    END IF;
    UPDATE identity.second_factor_reset SET cancelled_at = moment, cancelled_by = by_user
    WHERE user_id = found_user.id AND done_at IS NULL AND cancelled_at IS NULL;
    INSERT INTO identity.second_factor_reset
        (id, user_id, path, requested_by, requested_at, expires_at, done_at)
    VALUES (reset_id, found_user.id, way, by_user, moment, ends_at,
        CASE way WHEN 'at_once' THEN moment END);
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    VALUES (clock_timestamp(), asker.role || ':' || by_user, 'user.second_factor_reset_requested',
        found_user.id, jsonb_build_object('reset', reset_id, 'path', way), correlation);
    IF way = 'at_once' THEN
        PERFORM identity.remove_factor(found_user.id, by_user, moment,
            jsonb_build_object('reset', reset_id, 'path', way), correlation);
    END IF;
    RETURN way;
END
$$;

-- Approves a reset, as another admin than the one who asked. Returns done, or why not: unknown,
-- own_request, own_factor, not_allowed.
CREATE FUNCTION identity.approve_factor_reset(
    by_user text, reset_id text, moment timestamptz, correlation text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_reset identity.second_factor_reset;
BEGIN
    IF NOT EXISTS (SELECT FROM identity.app_user
                   WHERE id = by_user AND role = 'admin' AND password_hash <> '') THEN
        RETURN 'not_allowed';
    END IF;
    SELECT r.* INTO found_reset FROM identity.second_factor_reset AS r
    JOIN identity.app_user AS a ON a.id = r.requested_by
    WHERE r.id = reset_id AND r.path = 'approval' AND r.done_at IS NULL
        AND r.cancelled_at IS NULL AND moment < r.expires_at
        AND a.role = 'admin' AND a.password_hash <> '' FOR UPDATE OF r;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF found_reset.requested_by = by_user THEN
        RETURN 'own_request';
    ELSIF found_reset.user_id = by_user THEN
        RETURN 'own_factor';
    END IF;
    UPDATE identity.second_factor_reset SET approved_by = by_user, done_at = moment
    WHERE id = reset_id;
    PERFORM identity.remove_factor(found_reset.user_id, by_user, moment, jsonb_build_object(
        'reset', reset_id, 'path', 'approval', 'requested_by', found_reset.requested_by),
        correlation);
    RETURN 'done';
END
$$;

-- The owner of the mailbox confirms; returns since when the day of waiting counts, or NULL. The
-- fact that is recorded has a letter written, from which the reset is stopped.
CREATE FUNCTION identity.confirm_factor_reset(offered bytea, moment timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner text;
BEGIN
    SELECT u.id INTO owner FROM identity.app_user AS u
    JOIN identity.mailed_link AS l ON l.user_id = u.id
    WHERE l.token_hash = offered AND l.purpose = 'reset_second_factor' FOR NO KEY UPDATE OF u;
    UPDATE identity.mailed_link AS l SET used_at = moment
    WHERE l.token_hash = offered AND l.user_id = owner AND l.purpose = 'reset_second_factor'
        AND l.used_at IS NULL AND l.voided_at IS NULL AND moment < l.expires_at;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE identity.second_factor_reset SET confirmed_at = moment
    WHERE user_id = owner AND path = 'mailbox' AND done_at IS NULL AND cancelled_at IS NULL
        AND confirmed_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO identity.auth_event (happened, user_id, at)
    VALUES ('second_factor_reset_confirmed', owner, moment);
    RETURN moment;
END
$$;

-- Cancels an open reset, as somebody who could have asked for it; returns whether there was one.
CREATE FUNCTION identity.cancel_factor_reset(
    by_user text, reset_id text, moment timestamptz, correlation text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asker text;
    owner text;
BEGIN
    SELECT role INTO asker FROM identity.app_user WHERE id = by_user AND password_hash <> '';
    UPDATE identity.second_factor_reset AS r SET cancelled_at = moment, cancelled_by = by_user
    WHERE r.id = reset_id AND r.done_at IS NULL AND r.cancelled_at IS NULL
        AND (asker = 'admin' OR (asker = 'support' AND r.path = 'mailbox'))
    RETURNING r.user_id INTO owner;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE identity.mailed_link SET voided_at = moment
    WHERE user_id = owner AND purpose = 'reset_second_factor'
        AND used_at IS NULL AND voided_at IS NULL;
    INSERT INTO identity.auth_event (happened, user_id, at, actor)
    VALUES ('second_factor_reset_cancelled', owner, moment, by_user);
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    VALUES (clock_timestamp(), asker || ':' || by_user, 'user.second_factor_reset_cancelled',
        owner, jsonb_build_object('reset', reset_id), correlation);
    RETURN true;
END
$$;

-- Removes the factors whose day of waiting is over; returns how many.
CREATE FUNCTION identity.carry_out_factor_resets(moment timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due record;
    done integer := 0;
BEGIN
    FOR due IN
        SELECT r.id, r.user_id, r.requested_by FROM identity.second_factor_reset AS r
        WHERE r.done_at IS NULL AND r.cancelled_at IS NULL
            AND r.confirmed_at <= moment - interval '24 hours'
        ORDER BY r.confirmed_at LIMIT most FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE identity.second_factor_reset SET done_at = moment WHERE id = due.id;
        PERFORM identity.remove_factor(due.user_id, due.requested_by, moment,
            jsonb_build_object('reset', due.id, 'path', 'mailbox'), due.id);
        done := done + 1;
    END LOOP;
    RETURN done;
END
$$;

-- Who proves the factor has not lost it: a reset that waits is cancelled.
CREATE FUNCTION identity.cancel_proved_reset() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE identity.second_factor_reset
    SET cancelled_at = greatest(requested_at, clock_timestamp()), cancelled_by = new.user_id
    WHERE user_id = new.user_id AND done_at IS NULL AND cancelled_at IS NULL;
    IF FOUND THEN
        INSERT INTO identity.auth_event (happened, user_id, at, actor)
        VALUES ('second_factor_reset_cancelled', new.user_id, clock_timestamp(), new.user_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER cancel_proved_reset AFTER UPDATE OF last_step ON identity.second_factor
    FOR EACH ROW WHEN (old.confirmed_at IS NOT NULL AND new.last_step > old.last_step)
    EXECUTE FUNCTION identity.cancel_proved_reset();
CREATE TRIGGER cancel_proved_reset AFTER UPDATE OF used_at ON identity.recovery_code
    FOR EACH ROW EXECUTE FUNCTION identity.cancel_proved_reset();

-- An account without a password was closed: it is no admin any more, whatever its role says, and
-- the last one that is one stays.
DROP TRIGGER keep_last_admin ON identity.app_user;
CREATE OR REPLACE FUNCTION identity.keep_last_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- All are locked, in one order: two admins do not remove each other at the same time.
    PERFORM FROM identity.app_user WHERE role = 'admin' ORDER BY id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identity.app_user
                   WHERE role = 'admin' AND password_hash <> '' AND id <> old.id) THEN
        RAISE EXCEPTION 'the last admin stays one' USING ERRCODE = 'AIS02';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_last_admin BEFORE UPDATE OF role, password_hash ON identity.app_user
    FOR EACH ROW WHEN (old.role = 'admin' AND old.password_hash <> ''
        AND (new.role <> 'admin' OR new.password_hash = ''))
    EXECUTE FUNCTION identity.keep_last_admin();

-- As before, but an admin whose account was closed is none.
CREATE OR REPLACE FUNCTION identity.change_role(
    by_user text, of_address bytea, new_role text, correlation text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_user identity.app_user;
BEGIN
    PERFORM FROM identity.app_user WHERE role = 'admin' ORDER BY id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identity.app_user
                   WHERE id = by_user AND role = 'admin' AND password_hash <> '') THEN
        RETURN 'not_admin';
    END IF;
    SELECT * INTO found_user FROM identity.app_user
    WHERE email_index = of_address FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown_user';
    ELSIF found_user.id = by_user THEN
        RETURN 'own_role';
    ELSIF found_user.email_verified_at IS NULL AND new_role <> 'customer' THEN
        RETURN 'unverified';
    END IF;
    PERFORM set_config('ais.actor', by_user, true);
    IF found_user.role <> new_role THEN
        UPDATE identity.app_user SET role = new_role WHERE id = found_user.id;
        INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
        VALUES (clock_timestamp(), 'admin:' || by_user, 'user.role_changed', found_user.id,
            jsonb_build_object('before', found_user.role, 'role', new_role), correlation);
    END IF;
    RETURN 'done';
END
$$;

-- As before, with the same rule; the account has the language of the letter.
CREATE OR REPLACE FUNCTION identity.accept_invitation(
    offered bytea, new_user text, new_password text, moment timestamptz, correlation text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link identity.mailed_link;
    before identity.app_user;
    accepted text;
BEGIN
    UPDATE identity.mailed_link AS l SET used_at = moment
    WHERE l.token_hash = offered AND l.purpose = 'invitation'
        AND l.used_at IS NULL AND l.voided_at IS NULL AND moment < l.expires_at
        AND (l.invited_by IS NULL OR EXISTS (
            SELECT FROM identity.app_user AS a
            WHERE a.id = l.invited_by AND a.role = 'admin' AND a.password_hash <> ''))
    RETURNING l.* INTO link;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('ais.actor', coalesce(link.invited_by, 'operator'), true);
    -- A stranger may have registered the address, and enrolled a factor.
    SELECT * INTO before FROM identity.app_user
    WHERE email_index = link.email_index FOR NO KEY UPDATE;
    DELETE FROM identity.second_factor
    WHERE user_id = before.id AND before.email_verified_at IS NULL;
    INSERT INTO identity.app_user AS u (id, email_index, subject, email, password_hash, role,
        created_at, email_verified_at, language)
    VALUES (new_user, link.email_index, link.subject, link.email, new_password, link.role,
        moment, moment, link.language)
    ON CONFLICT ON CONSTRAINT app_user_email DO UPDATE SET password_hash = excluded.password_hash,
        role = excluded.role, failed_logins = 0, failed_since = NULL, locked_until = NULL,
        email_verified_at = coalesce(u.email_verified_at, moment), language = excluded.language
    RETURNING u.id INTO accepted;
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'password_changed'
    WHERE user_id = accepted AND ended_at IS NULL;
    UPDATE identity.mailed_link SET voided_at = moment
    WHERE user_id = accepted AND used_at IS NULL AND voided_at IS NULL;
    INSERT INTO identity.auth_event (happened, user_id, at, reason, actor)
    VALUES ('invitation_accepted', accepted, moment, link.role,
        coalesce(link.invited_by, 'operator'));
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    VALUES (clock_timestamp(), coalesce('admin:' || link.invited_by, 'operator'),
        'user.role_changed', accepted,
        jsonb_strip_nulls(jsonb_build_object('before', before.role, 'role', link.role)),
        correlation);
    IF before.id IS NOT NULL THEN
        -- The password of an account that was there is another one now.
        PERFORM identity.add_notice(accepted, 'password_changed', NULL, NULL, moment);
    END IF;
    RETURN accepted;
END
$$;

-- As before, and: no letter's link works any more, and no reset of a second factor goes on.
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
    UPDATE identity.account_notice SET voided_at = pg_catalog.clock_timestamp()
    WHERE user_id = closed AND used_at IS NULL AND voided_at IS NULL;
    UPDATE identity.second_factor_reset
    SET cancelled_at = pg_catalog.clock_timestamp(), cancelled_by = closed
    WHERE user_id = closed AND done_at IS NULL AND cancelled_at IS NULL;
    -- Triggers record each end and notify all web processes.
    UPDATE identity.session
    SET ended_at = pg_catalog.clock_timestamp(), ended_because = 'rights_changed'
    WHERE user_id = closed AND ended_at IS NULL;
    RETURN true;
END
$$;

-- As before, and: letters about the account go, and what its user let clients of third parties do.
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
    DELETE FROM identity.account_notice WHERE user_id = erased;
    DELETE FROM identity.authorization_code WHERE user_id = erased;
    DELETE FROM identity.consent WHERE user_id = erased;
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

-- As before, and: the user gets a letter from which the erasure is stopped.
CREATE OR REPLACE FUNCTION privacy.record_erasure() RETURNS trigger
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
    IF TG_OP = 'INSERT' AND new.reason = 'request' THEN
        PERFORM identity.add_notice(
            new.person, 'erasure_requested', NULL, NULL, pg_catalog.clock_timestamp());
    END IF;
    RETURN NULL;
END
$$;

-- As before, and: letters about accounts that are long over, and resets a year after they were
-- asked.
CREATE OR REPLACE FUNCTION identity.remove_old_links(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.second_factor_reset WHERE id = ANY(ARRAY(
        SELECT id FROM identity.second_factor_reset
        WHERE requested_at < clock_timestamp() - interval '366 days' LIMIT most));
    WITH notices AS (
        DELETE FROM identity.account_notice WHERE id = ANY(ARRAY(
            SELECT id FROM identity.account_notice
            WHERE expires_at < clock_timestamp() - interval '30 days' LIMIT most))
        RETURNING id
    ), removed AS (
        DELETE FROM identity.mailed_link WHERE id = ANY(ARRAY(
            SELECT id FROM identity.mailed_link
            WHERE expires_at < clock_timestamp() - interval '30 days' LIMIT most))
        RETURNING id)
    SELECT greatest((SELECT count(*) FROM notices), (SELECT count(*) FROM removed))::integer
$$;

REVOKE ALL ON FUNCTION identity.keep_notice, identity.add_notice, identity.notify_of_fact,
    identity.secure_account, identity.keep_factor_reset, identity.remove_factor,
    identity.request_factor_reset, identity.approve_factor_reset, identity.confirm_factor_reset,
    identity.cancel_factor_reset, identity.carry_out_factor_resets, identity.cancel_proved_reset
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.secure_account, identity.request_factor_reset,
    identity.approve_factor_reset, identity.confirm_factor_reset, identity.cancel_factor_reset,
    identity.carry_out_factor_resets TO ais_application;
