-- How staff are invited, and what proves that a person owns an account besides the password: links
-- that were mailed, and codes of authenticator apps, whose secret is sealed under the user's key.
-- Takes milliseconds: new tables, columns without a default or with a constant one, wider checks.
-- NOT VALID spares the scan: every row satisfies the narrower check.
--
-- Of a link only a hash of its token is stored, and the salt from which, with a key that is not in
-- the database, the letter is written. The database itself admits at most three links an hour for
-- one purpose and account, voids the older ones, and puts the letter into the outbox: the
-- application can write no other task there.

ALTER TABLE identity.app_user ADD COLUMN email_verified_at timestamptz;
GRANT UPDATE (email_verified_at) ON identity.app_user TO ais_application;

CREATE TABLE identity.mailed_link (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^lnk_[0-9a-f]{24}$'),
    purpose text NOT NULL CHECK (purpose IN
        ('reset_password', 'verify_email', 'change_email', 'invitation')),
    user_id text COLLATE "C" REFERENCES identity.app_user (id),
    -- Where the letter goes, unless to the address of the user; sealed.
    email_index bytea CHECK (octet_length(email_index) = 32),
    subject text COLLATE "C",
    email bytea,
    role text CHECK (role IN
        ('agent', 'support', 'ops', 'gate', 'finance', 'auditor', 'admin')),
    invited_by text COLLATE "C" REFERENCES identity.app_user (id),
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    language text NOT NULL CHECK (language IN ('en', 'ar')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    voided_at timestamptz,
    -- The address that a change of address replaced; its owner gets a notice.
    replaced_email bytea,
    CHECK (replaced_email IS NULL OR (purpose = 'change_email' AND used_at IS NOT NULL)),
    CHECK (expires_at <= created_at
        + CASE purpose WHEN 'reset_password' THEN interval '30 minutes' ELSE interval '3 days' END),
    CHECK ((purpose = 'invitation') = (role IS NOT NULL)),
    CHECK ((purpose = 'invitation') = (user_id IS NULL)),
    CHECK (invited_by IS NULL OR purpose = 'invitation'),
    CHECK (num_nonnulls(email_index, subject, email)
        = CASE WHEN purpose IN ('invitation', 'change_email') THEN 3 ELSE 0 END),
    CHECK (used_at IS NULL OR voided_at IS NULL)
);
CREATE INDEX mailed_link_of_user ON identity.mailed_link (user_id, purpose, created_at);
CREATE INDEX mailed_link_invited ON identity.mailed_link (email_index, created_at)
    WHERE user_id IS NULL;
CREATE INDEX mailed_link_old ON identity.mailed_link (expires_at);

CREATE FUNCTION identity.admit_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.user_id IS NULL THEN
        IF (SELECT count(*) FROM identity.mailed_link
            WHERE user_id IS NULL AND email_index = new.email_index
                AND created_at > new.created_at - interval '1 hour') >= 3 THEN
            RETURN NULL;
        END IF;
        UPDATE identity.mailed_link SET voided_at = new.created_at
        WHERE user_id IS NULL AND email_index = new.email_index
            AND used_at IS NULL AND voided_at IS NULL;
        RETURN new;
    END IF;
    PERFORM FROM identity.app_user WHERE id = new.user_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM identity.mailed_link
        WHERE user_id = new.user_id AND purpose = new.purpose
            AND created_at > new.created_at - interval '1 hour') >= 3 THEN
        RETURN NULL;
    END IF;
    UPDATE identity.mailed_link SET voided_at = new.created_at
    WHERE user_id = new.user_id AND purpose = new.purpose
        AND used_at IS NULL AND voided_at IS NULL;
    RETURN new;
END
$$;
CREATE TRIGGER admit_link BEFORE INSERT ON identity.mailed_link
    FOR EACH ROW EXECUTE FUNCTION identity.admit_link();

CREATE FUNCTION identity.keep_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'link % was used or voided: that is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_link BEFORE UPDATE ON identity.mailed_link
    FOR EACH ROW EXECUTE FUNCTION identity.keep_link();

CREATE FUNCTION identity.mail_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ledger.outbox (topic, body)
    VALUES ('mail.account_link', jsonb_build_object('link_id', new.id));
    RETURN NULL;
END
$$;
CREATE TRIGGER mail_link AFTER INSERT ON identity.mailed_link
    FOR EACH ROW EXECUTE FUNCTION identity.mail_link();

CREATE FUNCTION identity.mail_notice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ledger.outbox (topic, body)
    VALUES ('mail.email_changed', jsonb_build_object('link_id', new.id));
    RETURN NULL;
END
$$;
CREATE TRIGGER mail_notice AFTER UPDATE OF replaced_email ON identity.mailed_link
    FOR EACH ROW WHEN (new.replaced_email IS NOT NULL)
    EXECUTE FUNCTION identity.mail_notice();

-- The application may not change an address: this function can, by a link that was mailed to it and
-- that its user has. Returns what the link was for, or NULL.
CREATE FUNCTION identity.confirm_email(of_user text, offered bytea, moment timestamptz) RETURNS text
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
    END IF;
    INSERT INTO identity.auth_event (happened, user_id, at)
    VALUES (CASE link.purpose WHEN 'change_email' THEN 'email_changed' ELSE 'email_verified' END,
        of_user, moment);
    RETURN link.purpose;
END
$$;

-- The application cannot delete a link: only this function can, and only what is long over.
CREATE FUNCTION identity.remove_old_links(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM identity.mailed_link WHERE id = ANY(ARRAY(
            SELECT id FROM identity.mailed_link
            WHERE expires_at < clock_timestamp() - interval '30 days' LIMIT most))
        RETURNING id)
    SELECT count(*)::integer FROM removed
$$;

CREATE TABLE identity.second_factor (
    user_id text COLLATE "C" PRIMARY KEY REFERENCES identity.app_user (id),
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0 CHECK (last_step >= 0)
);

CREATE TABLE identity.recovery_code (
    user_id text COLLATE "C" NOT NULL
        REFERENCES identity.second_factor (user_id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE identity.sign_in_challenge (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    bound_to bytea NOT NULL CHECK (octet_length(bound_to) = 32),
    kind text NOT NULL CHECK (kind IN ('mobile', 'web')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    used_at timestamptz,
    CHECK (expires_at <= created_at + interval '5 minutes')
);
CREATE INDEX sign_in_challenge_old ON identity.sign_in_challenge (expires_at);

-- A factor in force keeps its secret, and no time step comes back.
CREATE FUNCTION identity.keep_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.last_step < old.last_step OR (old.confirmed_at IS NOT NULL
        AND (new.secret, new.confirmed_at) IS DISTINCT FROM (old.secret, old.confirmed_at)) THEN
        RAISE EXCEPTION 'the second factor of % is in force', old.user_id
            USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_second_factor BEFORE UPDATE ON identity.second_factor
    FOR EACH ROW EXECUTE FUNCTION identity.keep_second_factor();

-- An account without a password was closed: no link opens it again, and its secret goes.
CREATE FUNCTION identity.close_proofs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE identity.mailed_link SET voided_at = clock_timestamp()
    WHERE user_id = new.id AND used_at IS NULL AND voided_at IS NULL;
    DELETE FROM identity.second_factor WHERE user_id = new.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER close_proofs AFTER UPDATE OF password_hash ON identity.app_user
    FOR EACH ROW WHEN (new.password_hash = '') EXECUTE FUNCTION identity.close_proofs();

-- A recovery code and a challenge that were used stay so; no try comes back.
CREATE FUNCTION identity.keep_recovery_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL THEN
        RAISE EXCEPTION 'it was used: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_recovery_code BEFORE UPDATE ON identity.recovery_code
    FOR EACH ROW EXECUTE FUNCTION identity.keep_recovery_code();

CREATE FUNCTION identity.keep_challenge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.used_at IS NOT NULL OR new.tries < old.tries THEN
        RAISE EXCEPTION 'a challenge was used: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_challenge BEFORE UPDATE ON identity.sign_in_challenge
    FOR EACH ROW EXECUTE FUNCTION identity.keep_challenge();

CREATE FUNCTION identity.remove_old_challenges(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM identity.sign_in_challenge WHERE token_hash = ANY(ARRAY(
            SELECT token_hash FROM identity.sign_in_challenge
            WHERE expires_at < clock_timestamp() - interval '1 day' LIMIT most))
        RETURNING token_hash)
    SELECT count(*)::integer FROM removed
$$;

ALTER TABLE identity.session
    ADD COLUMN second_factor boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT session_ended_because_check,
    ADD CONSTRAINT session_ended_because_check CHECK (ended_because IN
        ('signed_out', 'revoked', 'reuse', 'password_changed', 'second_factor_changed', 'expired',
         'rights_changed')) NOT VALID;
GRANT UPDATE (second_factor) ON identity.session TO ais_application;

-- Who did it, where that is another than the user.
ALTER TABLE identity.auth_event ADD COLUMN actor text;

-- As before, but for who did it. Of a change of role, audit.action says more.
CREATE OR REPLACE VIEW audit.recorded_action AS
SELECT 'stored' AS origin, id, at, actor, action, resource, change, source, agent, correlation_id
FROM audit.action
UNION ALL
SELECT 'identity', e.id, e.at,
       CASE WHEN e.happened = 'role_changed' THEN 'nobody'
            ELSE coalesce(e.actor, e.user_id, 'nobody') END,
       'identity.' || e.happened, coalesce(e.route, e.session, e.user_id, ''),
       jsonb_strip_nulls(jsonb_build_object('reason', e.reason)), e.source, NULL,
       coalesce(e.correlation_id, '')
FROM identity.auth_event AS e;

-- `ais.actor` is set by the functions below, for their transaction; else the role was changed by
-- SQL, with a login of the database.
CREATE OR REPLACE FUNCTION identity.end_sessions_of_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO identity.auth_event (happened, user_id, at, reason, actor)
    VALUES ('role_changed', new.id, clock_timestamp(), new.role,
        coalesce(nullif(current_setting('ais.actor', true), ''), 'database:' || session_user));
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'rights_changed'
    WHERE user_id = new.id AND ended_at IS NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION identity.keep_last_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- All are locked, in one order: two admins do not remove each other at the same time.
    PERFORM FROM identity.app_user WHERE role = 'admin' ORDER BY id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identity.app_user WHERE role = 'admin' AND id <> old.id) THEN
        RAISE EXCEPTION 'the last admin stays one' USING ERRCODE = 'AIS02';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_last_admin BEFORE UPDATE OF role ON identity.app_user
    FOR EACH ROW WHEN (old.role = 'admin' AND new.role <> 'admin')
    EXECUTE FUNCTION identity.keep_last_admin();

-- The application may not change a role; these two functions can, for an admin who is one now.
-- Returns done, or why not: not_admin, unknown_user, own_role, unverified.
CREATE FUNCTION identity.change_role(
    by_user text, of_address bytea, new_role text, correlation text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_user identity.app_user;
BEGIN
    PERFORM FROM identity.app_user WHERE role = 'admin' ORDER BY id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identity.app_user WHERE id = by_user AND role = 'admin') THEN
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

-- Uses an invitation, whose admin must still be one; returns the user, or NULL. The letter came to
-- the mailbox, so an account that has the address already gets the new password and the role.
CREATE FUNCTION identity.accept_invitation(
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
            SELECT FROM identity.app_user AS a WHERE a.id = l.invited_by AND a.role = 'admin'))
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
        created_at, email_verified_at)
    VALUES (new_user, link.email_index, link.subject, link.email, new_password, link.role,
        moment, moment)
    ON CONFLICT ON CONSTRAINT app_user_email DO UPDATE SET password_hash = excluded.password_hash,
        role = excluded.role, failed_logins = 0, failed_since = NULL, locked_until = NULL,
        email_verified_at = coalesce(u.email_verified_at, moment)
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
    RETURN accepted;
END
$$;

ALTER TABLE identity.auth_event
    DROP CONSTRAINT auth_event_happened_check,
    ADD CONSTRAINT auth_event_happened_check CHECK (happened IN
        ('registered', 'registered_again', 'signed_in', 'sign_in_refused', 'locked',
         'token_refused', 'permission_refused', 'foreign_booking',
         'reuse_detected', 'session_ended', 'role_changed',
         'password_confirmed', 'password_refused', 'password_changed',
         'reset_requested', 'password_reset', 'link_refused',
         'second_factor_asked', 'second_factor_proved', 'second_factor_refused',
         'second_factor_enrolled', 'second_factor_removed', 'recovery_code_used',
         'recovery_codes_renewed', 'invited', 'invitation_accepted', 'role_refused',
         'verification_requested', 'email_verified', 'email_change_requested',
         'email_changed')) NOT VALID;

REVOKE ALL ON FUNCTION identity.admit_link, identity.keep_link, identity.mail_link,
    identity.mail_notice, identity.confirm_email,
    identity.remove_old_links, identity.keep_second_factor, identity.keep_recovery_code,
    identity.close_proofs, identity.keep_challenge, identity.remove_old_challenges,
    identity.keep_last_admin,
    identity.change_role, identity.accept_invitation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.remove_old_links, identity.remove_old_challenges,
    identity.change_role, identity.accept_invitation, identity.confirm_email TO ais_application;
GRANT SELECT, INSERT ON identity.mailed_link TO ais_application;
GRANT UPDATE (used_at, voided_at) ON identity.mailed_link TO ais_application;
GRANT SELECT, INSERT, DELETE ON identity.second_factor, identity.recovery_code TO ais_application;
GRANT UPDATE (secret, created_at, confirmed_at, last_step) ON identity.second_factor
    TO ais_application;
GRANT UPDATE (used_at) ON identity.recovery_code TO ais_application;
GRANT SELECT, INSERT ON identity.sign_in_challenge TO ais_application;
GRANT UPDATE (tries, used_at) ON identity.sign_in_challenge TO ais_application;
