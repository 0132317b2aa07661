-- Users and the record of their sign-ins; the application may also add keys of data subjects (a
-- registration seals an address without an append). Runs once, in well under a second.
--
-- Addresses are ciphertext, found by a keyed hash; the record contains no personal data. The
-- application role can delete nothing here.

CREATE SCHEMA identity;

CREATE TABLE identity.app_user (
    id text COLLATE "C" PRIMARY KEY,
    email_index bytea NOT NULL CONSTRAINT app_user_email UNIQUE
        CHECK (octet_length(email_index) = 32),
    subject text COLLATE "C" NOT NULL,
    email bytea NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN
        ('customer', 'agent', 'support', 'ops', 'gate', 'finance', 'auditor', 'admin')),
    created_at timestamptz NOT NULL,
    failed_logins integer NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
    failed_since timestamptz,
    locked_until timestamptz
);

CREATE TABLE identity.auth_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened text NOT NULL CHECK (happened IN
        ('registered', 'registered_again', 'signed_in', 'sign_in_refused', 'locked')),
    user_id text COLLATE "C" REFERENCES identity.app_user (id),
    at timestamptz NOT NULL
);
CREATE INDEX auth_event_user ON identity.auth_event (user_id, id) WHERE user_id IS NOT NULL;

CREATE FUNCTION identity.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON identity.auth_event
    FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();

REVOKE ALL ON FUNCTION identity.refuse_change FROM PUBLIC;
GRANT USAGE ON SCHEMA identity TO ais_application;
GRANT SELECT, INSERT ON identity.app_user, identity.auth_event TO ais_application;
GRANT UPDATE (password_hash, failed_logins, failed_since, locked_until)
    ON identity.app_user TO ais_application;
GRANT INSERT ON vault.subject_key TO ais_application;
