-- What the migrations add up to; compared with them by the tests. Written by
-- `python -m tests.support.schema_dump`, for reading: databases are made by `ais migrate`.

CREATE SCHEMA audit;
CREATE SCHEMA identity;
CREATE SCHEMA inbox;
CREATE SCHEMA ledger;
CREATE SCHEMA operations;
CREATE SCHEMA partner;
CREATE SCHEMA privacy;
CREATE SCHEMA process;
CREATE SCHEMA projections;
CREATE SCHEMA read_model;
CREATE SCHEMA vault;

CREATE TABLE audit.action (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    resource text NOT NULL,
    change jsonb NOT NULL,
    source bytea,
    agent bytea,
    correlation_id text NOT NULL,
    CONSTRAINT action_agent_check CHECK ((octet_length(agent) = 32)),
    CONSTRAINT action_pkey PRIMARY KEY (id),
    CONSTRAINT action_source_check CHECK ((octet_length(source) = 32))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit.action FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change(); -- ENABLE ALWAYS

CREATE VIEW audit.recorded_action AS
 SELECT 'stored'::text AS origin,
    id,
    at,
    actor,
    action,
    resource,
    change,
    source,
    agent,
    correlation_id
   FROM audit.action
UNION ALL
 SELECT 'identity'::text AS origin,
    id,
    at,
        CASE
            WHEN happened = 'role_changed'::text THEN 'nobody'::text
            ELSE COALESCE(actor, user_id, 'nobody'::text)
        END AS actor,
    'identity.'::text || happened AS action,
    COALESCE(route, client, session, user_id, ''::text) AS resource,
    jsonb_strip_nulls(jsonb_build_object('reason', reason)) AS change,
    source,
    NULL::bytea AS agent,
    COALESCE(correlation_id, ''::text) AS correlation_id
   FROM identity.auth_event e;

CREATE TABLE identity.account_notice (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    email_index bytea NOT NULL,
    email bytea NOT NULL,
    salt bytea DEFAULT uuid_send(gen_random_uuid()) NOT NULL,
    token_hash bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    voided_at timestamp with time zone,
    CONSTRAINT account_notice_check CHECK ((expires_at <= (created_at + '7 days'::interval))),
    CONSTRAINT account_notice_check1 CHECK (((used_at IS NULL) OR (voided_at IS NULL))),
    CONSTRAINT account_notice_email_index_check CHECK ((octet_length(email_index) = 32)),
    CONSTRAINT account_notice_kind_check CHECK ((kind = ANY (ARRAY['password_changed'::text, 'email_changed'::text, 'email_replaced'::text, 'second_factor_added'::text, 'second_factor_removed'::text, 'second_factor_reset'::text, 'second_factor_reset_waiting'::text, 'recovery_code_used'::text, 'new_device'::text, 'erasure_requested'::text]))),
    CONSTRAINT account_notice_pkey PRIMARY KEY (id),
    CONSTRAINT account_notice_salt_check CHECK ((octet_length(salt) = 16)),
    CONSTRAINT account_notice_token_hash_check CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT account_notice_token_hash_key UNIQUE (token_hash),
    CONSTRAINT account_notice_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX account_notice_of_user ON identity.account_notice USING btree (user_id, kind, created_at);
CREATE INDEX account_notice_old ON identity.account_notice USING btree (expires_at);
CREATE TRIGGER keep_notice BEFORE UPDATE ON identity.account_notice FOR EACH ROW EXECUTE FUNCTION identity.keep_notice();

CREATE TABLE identity.app_user (
    id text COLLATE "C" NOT NULL,
    email_index bytea NOT NULL,
    subject text COLLATE "C" NOT NULL,
    email bytea NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    failed_logins integer DEFAULT 0 NOT NULL,
    failed_since timestamp with time zone,
    locked_until timestamp with time zone,
    email_verified_at timestamp with time zone,
    language text DEFAULT 'en'::text NOT NULL,
    failed_codes integer DEFAULT 0 NOT NULL,
    codes_failed_since timestamp with time zone,
    codes_locked_until timestamp with time zone,
    CONSTRAINT app_user_email UNIQUE (email_index),
    CONSTRAINT app_user_email_index_check CHECK ((octet_length(email_index) = 32)),
    CONSTRAINT app_user_failed_codes_check CHECK ((failed_codes >= 0)),
    CONSTRAINT app_user_failed_logins_check CHECK ((failed_logins >= 0)),
    CONSTRAINT app_user_language_check CHECK ((language = ANY (ARRAY['en'::text, 'ar'::text]))),
    CONSTRAINT app_user_pkey PRIMARY KEY (id),
    CONSTRAINT app_user_role_check CHECK ((role = ANY (ARRAY['customer'::text, 'agent'::text, 'support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'auditor'::text, 'admin'::text])))
);
CREATE INDEX app_user_subject ON identity.app_user USING btree (subject);
CREATE TRIGGER close_proofs AFTER UPDATE OF password_hash ON identity.app_user FOR EACH ROW WHEN ((new.password_hash = ''::text)) EXECUTE FUNCTION identity.close_proofs();
CREATE TRIGGER end_sessions_of_role AFTER UPDATE OF role ON identity.app_user FOR EACH ROW WHEN ((old.role IS DISTINCT FROM new.role)) EXECUTE FUNCTION identity.end_sessions_of_role();
CREATE TRIGGER keep_last_admin BEFORE UPDATE OF role, password_hash ON identity.app_user FOR EACH ROW WHEN (((old.role = 'admin'::text) AND (old.password_hash <> ''::text) AND ((new.role <> 'admin'::text) OR (new.password_hash = ''::text)))) EXECUTE FUNCTION identity.keep_last_admin();
CREATE TRIGGER revoke_consents AFTER UPDATE OF password_hash ON identity.app_user FOR EACH ROW WHEN ((new.password_hash = ''::text)) EXECUTE FUNCTION identity.revoke_consents();

CREATE TABLE identity.auth_event (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    happened text NOT NULL,
    user_id text COLLATE "C",
    at timestamp with time zone NOT NULL,
    route text,
    source bytea,
    session text,
    reason text,
    correlation_id text,
    actor text,
    client text,
    searched bytea,
    CONSTRAINT auth_event_happened_check CHECK ((happened = ANY (ARRAY['registered'::text, 'registered_again'::text, 'signed_in'::text, 'sign_in_refused'::text, 'locked'::text, 'token_refused'::text, 'permission_refused'::text, 'foreign_booking'::text, 'reuse_detected'::text, 'session_ended'::text, 'role_changed'::text, 'password_confirmed'::text, 'password_refused'::text, 'password_changed'::text, 'reset_requested'::text, 'password_reset'::text, 'link_refused'::text, 'second_factor_asked'::text, 'second_factor_proved'::text, 'second_factor_refused'::text, 'second_factor_enrolled'::text, 'second_factor_removed'::text, 'recovery_code_used'::text, 'recovery_codes_renewed'::text, 'invited'::text, 'invitation_accepted'::text, 'role_refused'::text, 'verification_requested'::text, 'email_verified'::text, 'email_change_requested'::text, 'email_changed'::text, 'client_refused'::text, 'client_registered'::text, 'client_secret_changed'::text, 'client_disabled'::text, 'consent_given'::text, 'consent_revoked'::text, 'code_reused'::text, 'find_refused'::text, 'bookings_searched'::text, 'account_secured'::text, 'second_factor_reset_confirmed'::text, 'second_factor_reset'::text, 'second_factor_reset_cancelled'::text, 'limit_reached'::text]))) NOT VALID,
    CONSTRAINT auth_event_pkey PRIMARY KEY (id),
    CONSTRAINT auth_event_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX auth_event_session_ended ON identity.auth_event USING btree (at) WHERE (happened = 'session_ended'::text);
CREATE INDEX auth_event_user ON identity.auth_event USING btree (user_id, id) WHERE (user_id IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON identity.auth_event FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER notify_of_fact AFTER INSERT ON identity.auth_event FOR EACH ROW WHEN (((new.happened = ANY (ARRAY['password_changed'::text, 'password_reset'::text, 'second_factor_enrolled'::text, 'second_factor_removed'::text, 'second_factor_reset'::text, 'second_factor_reset_confirmed'::text, 'recovery_code_used'::text])) OR ((new.happened = 'signed_in'::text) AND (new.reason = 'new_device'::text)))) EXECUTE FUNCTION identity.notify_of_fact();

CREATE TABLE identity.authorization_code (
    digest bytea NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    granted_in text COLLATE "C" NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    challenge text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    session text COLLATE "C",
    voided_at timestamp with time zone,
    CONSTRAINT authorization_code_challenge_check CHECK ((challenge ~ '^[A-Za-z0-9_-]{43}$'::text)),
    CONSTRAINT authorization_code_check CHECK ((expires_at <= (created_at + '00:01:00'::interval))),
    CONSTRAINT authorization_code_check1 CHECK (((used_at IS NULL) = (session IS NULL))),
    CONSTRAINT authorization_code_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(id),
    CONSTRAINT authorization_code_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT authorization_code_over CHECK (((used_at IS NULL) OR (voided_at IS NULL))) NOT VALID,
    CONSTRAINT authorization_code_pkey PRIMARY KEY (digest),
    CONSTRAINT authorization_code_scopes_check CHECK ((cardinality(scopes) > 0)),
    CONSTRAINT authorization_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX authorization_code_expired ON identity.authorization_code USING btree (expires_at);
CREATE TRIGGER keep_code BEFORE UPDATE ON identity.authorization_code FOR EACH ROW EXECUTE FUNCTION identity.keep_code();

CREATE TABLE identity.client (
    id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    redirect_uris text[] NOT NULL,
    scopes text[] NOT NULL,
    role text,
    secret_hash bytea,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    CONSTRAINT client_check CHECK (((kind = 'native'::text) = (secret_hash IS NULL))),
    CONSTRAINT client_check1 CHECK (((kind = 'service'::text) = (role IS NOT NULL))),
    CONSTRAINT client_check2 CHECK (((kind = 'service'::text) = (cardinality(redirect_uris) = 0))),
    CONSTRAINT client_id_check CHECK ((id ~ '^client_[0-9a-f]{24}$'::text)),
    CONSTRAINT client_kind_check CHECK ((kind = ANY (ARRAY['web'::text, 'native'::text, 'service'::text]))),
    CONSTRAINT client_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 80))),
    CONSTRAINT client_pkey PRIMARY KEY (id),
    CONSTRAINT client_redirect_uris_check CHECK ((cardinality(redirect_uris) <= 10)),
    CONSTRAINT client_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'auditor'::text]))),
    CONSTRAINT client_scopes_check CHECK ((cardinality(scopes) > 0)),
    CONSTRAINT client_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);
CREATE TRIGGER end_sessions_of_client AFTER UPDATE OF disabled_at ON identity.client FOR EACH ROW WHEN ((new.disabled_at IS NOT NULL)) EXECUTE FUNCTION identity.end_sessions_of_client();
CREATE TRIGGER keep_client BEFORE UPDATE ON identity.client FOR EACH ROW EXECUTE FUNCTION identity.keep_client();

CREATE TABLE identity.consent (
    user_id text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    scopes text[] NOT NULL,
    given_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT consent_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(id),
    CONSTRAINT consent_pkey PRIMARY KEY (user_id, client_id),
    CONSTRAINT consent_scopes_check CHECK ((cardinality(scopes) > 0)),
    CONSTRAINT consent_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE TRIGGER end_sessions_of_consent AFTER UPDATE OF revoked_at ON identity.consent FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL))) EXECUTE FUNCTION identity.end_sessions_of_consent();

CREATE TABLE identity.mailed_link (
    id text COLLATE "C" NOT NULL,
    purpose text NOT NULL,
    user_id text COLLATE "C",
    email_index bytea,
    subject text COLLATE "C",
    email bytea,
    role text,
    invited_by text COLLATE "C",
    token_hash bytea NOT NULL,
    salt bytea NOT NULL,
    language text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    voided_at timestamp with time zone,
    replaced_email bytea,
    CONSTRAINT mailed_link_check CHECK (((replaced_email IS NULL) OR ((purpose = 'change_email'::text) AND (used_at IS NOT NULL)))),
    CONSTRAINT mailed_link_check1 CHECK ((expires_at <= (created_at +
CASE purpose
    WHEN 'reset_password'::text THEN '00:30:00'::interval
    ELSE '3 days'::interval
END))),
    CONSTRAINT mailed_link_check2 CHECK (((purpose = 'invitation'::text) = (role IS NOT NULL))),
    CONSTRAINT mailed_link_check3 CHECK (((purpose = 'invitation'::text) = (user_id IS NULL))),
    CONSTRAINT mailed_link_check4 CHECK (((invited_by IS NULL) OR (purpose = 'invitation'::text))),
    CONSTRAINT mailed_link_check5 CHECK ((num_nonnulls(email_index, subject, email) =
CASE
    WHEN (purpose = ANY (ARRAY['invitation'::text, 'change_email'::text])) THEN 3
    ELSE 0
END)),
    CONSTRAINT mailed_link_check6 CHECK (((used_at IS NULL) OR (voided_at IS NULL))),
    CONSTRAINT mailed_link_email_index_check CHECK ((octet_length(email_index) = 32)),
    CONSTRAINT mailed_link_id_check CHECK ((id ~ '^lnk_[0-9a-f]{24}$'::text)),
    CONSTRAINT mailed_link_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES identity.app_user(id),
    CONSTRAINT mailed_link_language_check CHECK ((language = ANY (ARRAY['en'::text, 'ar'::text]))),
    CONSTRAINT mailed_link_pkey PRIMARY KEY (id),
    CONSTRAINT mailed_link_purpose_check CHECK ((purpose = ANY (ARRAY['reset_password'::text, 'verify_email'::text, 'change_email'::text, 'invitation'::text, 'secure_account'::text, 'reset_second_factor'::text]))) NOT VALID,
    CONSTRAINT mailed_link_role_check CHECK ((role = ANY (ARRAY['agent'::text, 'support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'auditor'::text, 'admin'::text]))),
    CONSTRAINT mailed_link_salt_check CHECK ((octet_length(salt) = 16)),
    CONSTRAINT mailed_link_token_hash_check CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT mailed_link_token_hash_key UNIQUE (token_hash),
    CONSTRAINT mailed_link_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX mailed_link_invited ON identity.mailed_link USING btree (email_index, created_at) WHERE (user_id IS NULL);
CREATE INDEX mailed_link_of_user ON identity.mailed_link USING btree (user_id, purpose, created_at);
CREATE INDEX mailed_link_old ON identity.mailed_link USING btree (expires_at);
CREATE TRIGGER admit_link BEFORE INSERT ON identity.mailed_link FOR EACH ROW EXECUTE FUNCTION identity.admit_link();
CREATE TRIGGER keep_link BEFORE UPDATE ON identity.mailed_link FOR EACH ROW EXECUTE FUNCTION identity.keep_link();
CREATE TRIGGER mail_link AFTER INSERT ON identity.mailed_link FOR EACH ROW WHEN ((new.voided_at IS NULL)) EXECUTE FUNCTION identity.mail_link();

CREATE TABLE identity.recovery_code (
    user_id text COLLATE "C" NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_code_code_hash_check CHECK ((octet_length(code_hash) = 32)),
    CONSTRAINT recovery_code_pkey PRIMARY KEY (user_id, code_hash),
    CONSTRAINT recovery_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.second_factor(user_id) ON DELETE CASCADE
);
CREATE TRIGGER cancel_proved_reset AFTER UPDATE OF used_at ON identity.recovery_code FOR EACH ROW EXECUTE FUNCTION identity.cancel_proved_reset();
CREATE TRIGGER keep_recovery_code BEFORE UPDATE ON identity.recovery_code FOR EACH ROW EXECUTE FUNCTION identity.keep_recovery_code();

CREATE TABLE identity.saved_passenger (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    details bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT saved_passenger_id_check CHECK ((id ~ '^pax_[0-9a-f]{24}$'::text)),
    CONSTRAINT saved_passenger_pkey PRIMARY KEY (id),
    CONSTRAINT saved_passenger_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX saved_passenger_of_user ON identity.saved_passenger USING btree (user_id, created_at);

CREATE TABLE identity.second_factor (
    user_id text COLLATE "C" NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    CONSTRAINT second_factor_last_step_check CHECK ((last_step >= 0)),
    CONSTRAINT second_factor_pkey PRIMARY KEY (user_id),
    CONSTRAINT second_factor_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE TRIGGER cancel_proved_reset AFTER UPDATE OF last_step ON identity.second_factor FOR EACH ROW WHEN (((old.confirmed_at IS NOT NULL) AND (new.last_step > old.last_step))) EXECUTE FUNCTION identity.cancel_proved_reset();
CREATE TRIGGER keep_second_factor BEFORE UPDATE ON identity.second_factor FOR EACH ROW EXECUTE FUNCTION identity.keep_second_factor();

CREATE TABLE identity.second_factor_reset (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    path text NOT NULL,
    requested_by text COLLATE "C" NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    approved_by text COLLATE "C",
    confirmed_at timestamp with time zone,
    done_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    cancelled_by text COLLATE "C",
    CONSTRAINT second_factor_reset_approved_by_fkey FOREIGN KEY (approved_by) REFERENCES identity.app_user(id),
    CONSTRAINT second_factor_reset_cancelled_by_fkey FOREIGN KEY (cancelled_by) REFERENCES identity.app_user(id),
    CONSTRAINT second_factor_reset_check CHECK ((requested_by <> user_id)),
    CONSTRAINT second_factor_reset_check1 CHECK (((approved_by <> requested_by) AND (approved_by <> user_id))),
    CONSTRAINT second_factor_reset_check2 CHECK ((num_nonnulls(done_at, cancelled_at) <= 1)),
    CONSTRAINT second_factor_reset_check3 CHECK (((done_at IS NULL) OR (path <> 'approval'::text) OR (approved_by IS NOT NULL))),
    CONSTRAINT second_factor_reset_check4 CHECK (((done_at IS NULL) OR (path <> 'mailbox'::text) OR ((confirmed_at IS NOT NULL) AND (done_at >= (confirmed_at + '24:00:00'::interval))))),
    CONSTRAINT second_factor_reset_id_check CHECK ((id ~ '^sfr_[0-9a-f]{24}$'::text)),
    CONSTRAINT second_factor_reset_path_check CHECK ((path = ANY (ARRAY['at_once'::text, 'approval'::text, 'mailbox'::text]))),
    CONSTRAINT second_factor_reset_pkey PRIMARY KEY (id),
    CONSTRAINT second_factor_reset_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES identity.app_user(id),
    CONSTRAINT second_factor_reset_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX second_factor_reset_due ON identity.second_factor_reset USING btree (confirmed_at) WHERE ((done_at IS NULL) AND (cancelled_at IS NULL) AND (confirmed_at IS NOT NULL));
CREATE UNIQUE INDEX second_factor_reset_open ON identity.second_factor_reset USING btree (user_id) WHERE ((done_at IS NULL) AND (cancelled_at IS NULL));
CREATE TRIGGER keep_factor_reset BEFORE UPDATE ON identity.second_factor_reset FOR EACH ROW EXECUTE FUNCTION identity.keep_factor_reset();

CREATE TABLE identity.session (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    device bytea,
    source bytea NOT NULL,
    salt bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    refresh_expires_at timestamp with time zone NOT NULL,
    generation integer DEFAULT 1 NOT NULL,
    rotated_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_because text,
    second_factor boolean DEFAULT false NOT NULL,
    client_id text COLLATE "C",
    scopes text[],
    CONSTRAINT session_check CHECK ((expires_at <= (created_at + '720:00:00'::interval))),
    CONSTRAINT session_check1 CHECK ((refresh_expires_at <= expires_at)),
    CONSTRAINT session_check2 CHECK (((generation = 1) = (rotated_at IS NULL))),
    CONSTRAINT session_check3 CHECK (((ended_at IS NULL) = (ended_because IS NULL))),
    CONSTRAINT session_client_check CHECK ((((kind = 'third_party'::text) = (client_id IS NOT NULL)) AND ((client_id IS NULL) = (scopes IS NULL)))) NOT VALID,
    CONSTRAINT session_client_id_fkey FOREIGN KEY (client_id) REFERENCES identity.client(id),
    CONSTRAINT session_ended_because_check CHECK (((ended_because = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'reuse'::text, 'password_changed'::text, 'second_factor_changed'::text, 'expired'::text, 'rights_changed'::text])) OR (ended_because = 'client_disabled'::text))) NOT VALID,
    CONSTRAINT session_generation_check CHECK ((generation > 0)),
    CONSTRAINT session_id_check CHECK ((id ~ '^ses_[0-9a-f]{24}$'::text)),
    CONSTRAINT session_kind_check CHECK ((kind = ANY (ARRAY['mobile'::text, 'web'::text, 'third_party'::text]))) NOT VALID,
    CONSTRAINT session_pkey PRIMARY KEY (id),
    CONSTRAINT session_salt_check CHECK ((octet_length(salt) = 16)),
    CONSTRAINT session_source_check CHECK ((octet_length(source) = 32)),
    CONSTRAINT session_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX session_ended ON identity.session USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX session_of_client ON identity.session USING btree (client_id, user_id) WHERE ((client_id IS NOT NULL) AND (ended_at IS NULL));
CREATE INDEX session_of_user ON identity.session USING btree (user_id, id) WHERE (ended_at IS NULL);
CREATE INDEX session_to_expire ON identity.session USING btree (refresh_expires_at) WHERE (ended_at IS NULL);
CREATE TRIGGER admit_session BEFORE INSERT ON identity.session FOR EACH ROW EXECUTE FUNCTION identity.admit_session();
CREATE TRIGGER keep_session BEFORE UPDATE ON identity.session FOR EACH ROW EXECUTE FUNCTION identity.keep_session();
CREATE TRIGGER report_ended AFTER UPDATE OF ended_at ON identity.session FOR EACH ROW WHEN ((new.ended_at IS NOT NULL)) EXECUTE FUNCTION identity.report_ended_session();

CREATE TABLE identity.sign_in_challenge (
    token_hash bytea NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    bound_to bytea NOT NULL,
    kind text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT sign_in_challenge_bound_to_check CHECK ((octet_length(bound_to) = 32)),
    CONSTRAINT sign_in_challenge_check CHECK ((expires_at <= (created_at + '00:05:00'::interval))),
    CONSTRAINT sign_in_challenge_kind_check CHECK ((kind = ANY (ARRAY['mobile'::text, 'web'::text]))),
    CONSTRAINT sign_in_challenge_pkey PRIMARY KEY (token_hash),
    CONSTRAINT sign_in_challenge_token_hash_check CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT sign_in_challenge_tries_check CHECK (((tries >= 0) AND (tries <= 5))),
    CONSTRAINT sign_in_challenge_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX sign_in_challenge_old ON identity.sign_in_challenge USING btree (expires_at);
CREATE TRIGGER keep_challenge BEFORE UPDATE ON identity.sign_in_challenge FOR EACH ROW EXECUTE FUNCTION identity.keep_challenge();

CREATE TABLE identity.sign_in_place (
    user_id text COLLATE "C" NOT NULL,
    place bytea NOT NULL,
    failed_logins integer DEFAULT 0 NOT NULL,
    failed_since timestamp with time zone,
    locked_until timestamp with time zone,
    signed_in_at timestamp with time zone,
    CONSTRAINT sign_in_place_failed_logins_check CHECK ((failed_logins >= 0)),
    CONSTRAINT sign_in_place_pkey PRIMARY KEY (user_id, place),
    CONSTRAINT sign_in_place_place_check CHECK ((octet_length(place) = 32)),
    CONSTRAINT sign_in_place_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);

CREATE TABLE inbox.stripe_event (
    id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    object text NOT NULL,
    state text NOT NULL,
    reason text,
    subject text NOT NULL,
    sealed_body bytea NOT NULL,
    received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    enqueued_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    due_at timestamp with time zone,
    waits integer DEFAULT 0 NOT NULL,
    waiting_since timestamp with time zone,
    awaited_payment text COLLATE "C",
    awaited_intent text COLLATE "C",
    CONSTRAINT stripe_event_pkey PRIMARY KEY (id),
    CONSTRAINT stripe_event_state_check CHECK ((state = ANY (ARRAY['new'::text, 'done'::text, 'ignored'::text, 'parked'::text])))
);
CREATE INDEX stripe_event_awaiting ON inbox.stripe_event USING btree (awaited_intent) WHERE ((state = 'new'::text) AND (awaited_intent IS NOT NULL));
CREATE INDEX stripe_event_new ON inbox.stripe_event USING btree (received_at) WHERE (state = 'new'::text);
CREATE INDEX stripe_event_object ON inbox.stripe_event USING btree (object);
CREATE INDEX stripe_event_parked ON inbox.stripe_event USING btree (received_at, id) WHERE (state = 'parked'::text);
CREATE INDEX stripe_event_received ON inbox.stripe_event USING btree (received_at, id);
CREATE INDEX stripe_event_with_body ON inbox.stripe_event USING btree (received_at) WHERE (octet_length(sealed_body) > 0);

CREATE TABLE ledger.archive (
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    events_sha256 text COLLATE "C" NOT NULL,
    chain_sha256 text COLLATE "C" NOT NULL,
    written_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT archive_chain_sha256_check CHECK ((chain_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT archive_check CHECK ((last_position >= first_position)),
    CONSTRAINT archive_events_sha256_check CHECK ((events_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT archive_first_position_check CHECK ((first_position > 0)),
    CONSTRAINT archive_last_position_key UNIQUE (last_position),
    CONSTRAINT archive_pkey PRIMARY KEY (first_position)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.archive FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER in_order BEFORE INSERT ON ledger.archive FOR EACH ROW EXECUTE FUNCTION ledger.refuse_archive_gap(); -- ENABLE ALWAYS

CREATE TABLE ledger.capacity (
    flight text COLLATE "C" NOT NULL,
    cabin text COLLATE "C" NOT NULL,
    authorised integer NOT NULL,
    held integer NOT NULL,
    sold integer NOT NULL,
    CONSTRAINT capacity_pkey PRIMARY KEY (flight, cabin)
) WITH (fillfactor=50);

CREATE TABLE ledger.closed_period (
    month date NOT NULL,
    CONSTRAINT closed_period_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
    CONSTRAINT closed_period_pkey PRIMARY KEY (month)
);

CREATE TABLE ledger.command (
    id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    last_position bigint NOT NULL,
    CONSTRAINT command_pkey PRIMARY KEY (id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.command FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS

CREATE TABLE ledger.event (
    "position" bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    tag text COLLATE "C" NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    command_id uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id uuid,
    payload bytea NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY ("position"),
    CONSTRAINT event_version_check CHECK ((version > 0))
) PARTITION BY RANGE ("position");
CREATE INDEX event_by_actor ON ONLY ledger.event USING btree (actor, "position");
CREATE INDEX event_by_correlation ON ONLY ledger.event USING btree (correlation_id, "position");
CREATE INDEX event_by_tag ON ONLY ledger.event USING btree (tag, "position");
CREATE INDEX event_of_credit ON ONLY ledger.event USING btree (ledger.booking_of_credit(payload), stream) WHERE (tag = ANY (ARRAY['credit.issued.1'::text, 'credit.spent.1'::text]));
CREATE INDEX event_of_staff ON ONLY ledger.event USING btree ("position") WHERE (split_part(actor, ':'::text, 1) = ANY (ARRAY['support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'admin'::text]));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.event FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER period_moved AFTER INSERT ON ledger.event FOR EACH ROW WHEN (((new.tag = ANY (ARRAY['period.closed.1'::text, 'period.reopened.1'::text])) AND (new.stream ~ '^period-[0-9]{4}-(0[1-9]|1[0-2])$'::text))) EXECUTE FUNCTION ledger.move_period();
CREATE TRIGGER stream_recorded AFTER INSERT ON ledger.event REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.record_stream_events(); -- ENABLE ALWAYS

CREATE TABLE ledger.event_1 (
    "position" bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    tag text COLLATE "C" NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    command_id uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id uuid,
    payload bytea NOT NULL,
    CONSTRAINT event_1_pkey PRIMARY KEY ("position"),
    CONSTRAINT event_version_check CHECK ((version > 0))
) -- PARTITION OF ledger.event FOR VALUES FROM ('1') TO ('10000001')
;
CREATE INDEX event_1_by_actor ON ledger.event_1 USING btree (actor, "position");
CREATE INDEX event_1_by_correlation ON ledger.event_1 USING btree (correlation_id, "position");
CREATE INDEX event_1_by_tag ON ledger.event_1 USING btree (tag, "position");
CREATE INDEX event_1_of_credit ON ledger.event_1 USING btree (ledger.booking_of_credit(payload), stream) WHERE (tag = ANY (ARRAY['credit.issued.1'::text, 'credit.spent.1'::text]));
CREATE INDEX event_1_of_staff ON ledger.event_1 USING btree ("position") WHERE (split_part(actor, ':'::text, 1) = ANY (ARRAY['support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'admin'::text]));
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.event_1 FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER period_moved AFTER INSERT ON ledger.event_1 FOR EACH ROW WHEN (((new.tag = ANY (ARRAY['period.closed.1'::text, 'period.reopened.1'::text])) AND (new.stream ~ '^period-[0-9]{4}-(0[1-9]|1[0-2])$'::text))) EXECUTE FUNCTION ledger.move_period();
CREATE TRIGGER stream_recorded AFTER INSERT ON ledger.event_1 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.record_stream_events(); -- ENABLE ALWAYS

CREATE TABLE ledger.event_10000001 (
    "position" bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    tag text COLLATE "C" NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    command_id uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id uuid,
    payload bytea NOT NULL,
    CONSTRAINT event_10000001_pkey PRIMARY KEY ("position"),
    CONSTRAINT event_version_check CHECK ((version > 0))
) -- PARTITION OF ledger.event FOR VALUES FROM ('10000001') TO ('20000001')
;
CREATE INDEX event_10000001_actor_position_idx ON ledger.event_10000001 USING btree (actor, "position");
CREATE INDEX event_10000001_booking_of_credit_stream_idx ON ledger.event_10000001 USING btree (ledger.booking_of_credit(payload), stream) WHERE (tag = ANY (ARRAY['credit.issued.1'::text, 'credit.spent.1'::text]));
CREATE INDEX event_10000001_correlation_id_position_idx ON ledger.event_10000001 USING btree (correlation_id, "position");
CREATE INDEX event_10000001_position_idx ON ledger.event_10000001 USING btree ("position") WHERE (split_part(actor, ':'::text, 1) = ANY (ARRAY['support'::text, 'ops'::text, 'gate'::text, 'finance'::text, 'admin'::text]));
CREATE INDEX event_10000001_tag_position_idx ON ledger.event_10000001 USING btree (tag, "position");
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.event_10000001 FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER period_moved AFTER INSERT ON ledger.event_10000001 FOR EACH ROW WHEN (((new.tag = ANY (ARRAY['period.closed.1'::text, 'period.reopened.1'::text])) AND (new.stream ~ '^period-[0-9]{4}-(0[1-9]|1[0-2])$'::text))) EXECUTE FUNCTION ledger.move_period();
CREATE TRIGGER stream_recorded AFTER INSERT ON ledger.event_10000001 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.record_stream_events(); -- ENABLE ALWAYS

CREATE TABLE ledger.log_partition (
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    detached_at timestamp with time zone,
    CONSTRAINT log_partition_check CHECK ((last_position >= first_position)),
    CONSTRAINT log_partition_first_position_check CHECK ((first_position > 0)),
    CONSTRAINT log_partition_last_position_key UNIQUE (last_position),
    CONSTRAINT log_partition_pkey PRIMARY KEY (first_position)
);

CREATE TABLE ledger.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    topic text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    failed_at timestamp with time zone,
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX outbox_failed ON ledger.outbox USING btree (id) WHERE (failed_at IS NOT NULL);
CREATE INDEX outbox_unsent ON ledger.outbox USING btree (id) WHERE (sent_at IS NULL);

CREATE TABLE ledger.posting (
    "position" bigint NOT NULL,
    line smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    CONSTRAINT posting_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT posting_pkey PRIMARY KEY ("position", line)
) PARTITION BY RANGE ("position");
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.posting FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER balanced AFTER INSERT ON ledger.posting REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_unbalanced();
CREATE TRIGGER period_open AFTER INSERT ON ledger.posting REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_period();

CREATE TABLE ledger.posting_1 (
    "position" bigint NOT NULL,
    line smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    CONSTRAINT posting_1_pkey PRIMARY KEY ("position", line),
    CONSTRAINT posting_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
) -- PARTITION OF ledger.posting FOR VALUES FROM ('1') TO ('10000001')
;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.posting_1 FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER balanced AFTER INSERT ON ledger.posting_1 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_unbalanced();
CREATE TRIGGER period_open AFTER INSERT ON ledger.posting_1 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_period();

CREATE TABLE ledger.posting_10000001 (
    "position" bigint NOT NULL,
    line smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    CONSTRAINT posting_10000001_pkey PRIMARY KEY ("position", line),
    CONSTRAINT posting_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
) -- PARTITION OF ledger.posting FOR VALUES FROM ('10000001') TO ('20000001')
;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.posting_10000001 FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS
CREATE TRIGGER balanced AFTER INSERT ON ledger.posting_10000001 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_unbalanced();
CREATE TRIGGER period_open AFTER INSERT ON ledger.posting_10000001 REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_closed_period();

CREATE VIEW ledger.stored_events AS
 SELECT stream AS originator_id,
    version AS originator_version,
    tag AS topic,
    payload AS state,
    "position" AS notification_id,
    recorded_at,
    actor,
    command_id,
    correlation_id,
    causation_id
   FROM ledger.event;

CREATE TABLE ledger.stream_event (
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT event_stream_version PRIMARY KEY (stream, version) INCLUDE ("position"),
    CONSTRAINT stream_event_position_check CHECK (("position" > 0)),
    CONSTRAINT stream_event_version_check CHECK ((version > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledger.stream_event FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change(); -- ENABLE ALWAYS

CREATE TABLE operations.bounced_letter (
    letter text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    bounced_at timestamp with time zone NOT NULL,
    CONSTRAINT bounced_letter_letter_check CHECK ((letter ~ '^[A-Za-z0-9_-]{1,120}$'::text)),
    CONSTRAINT bounced_letter_pkey PRIMARY KEY (letter),
    CONSTRAINT bounced_letter_status_check CHECK ((status ~ '^[45]\.[0-9]{1,3}\.[0-9]{1,3}$'::text))
);
CREATE INDEX bounced_letter_newest ON operations.bounced_letter USING btree (bounced_at);

CREATE TABLE operations.mode (
    name text COLLATE "C" NOT NULL,
    since timestamp with time zone NOT NULL,
    actor text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    until timestamp with time zone,
    CONSTRAINT mode_actor_check CHECK (((char_length(actor) >= 1) AND (char_length(actor) <= 100))),
    CONSTRAINT mode_name_check CHECK ((name = ANY (ARRAY['maintenance'::text, 'payments_paused'::text]))),
    CONSTRAINT mode_pkey PRIMARY KEY (name),
    CONSTRAINT mode_reason_check CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 200)))
);
CREATE TRIGGER announce AFTER INSERT OR DELETE OR UPDATE ON operations.mode FOR EACH STATEMENT EXECUTE FUNCTION operations.announce_modes();

CREATE TABLE operations.room_probe (
    filling bytea NOT NULL
);

CREATE TABLE operations.sent_text (
    message text COLLATE "C" NOT NULL,
    claimed_at timestamp with time zone,
    sent_at timestamp with time zone,
    segments smallint,
    first_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT sent_text_check CHECK (((sent_at IS NULL) = (segments IS NULL))),
    CONSTRAINT sent_text_message_check CHECK ((message ~ '^sms-[A-Za-z0-9_-]{1,120}$'::text)),
    CONSTRAINT sent_text_pkey PRIMARY KEY (message),
    CONSTRAINT sent_text_segments_check CHECK (((segments >= 1) AND (segments <= 20)))
);
CREATE INDEX sent_text_oldest ON operations.sent_text USING btree (first_at);
CREATE TRIGGER keep_sent_text BEFORE UPDATE ON operations.sent_text FOR EACH ROW EXECUTE FUNCTION operations.keep_sent_text();

CREATE TABLE partner.subscription (
    id text COLLATE "C" NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    name text COLLATE "C" NOT NULL,
    url text COLLATE "C" NOT NULL,
    types text[],
    created_at timestamp with time zone NOT NULL,
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamp with time zone,
    enabled boolean DEFAULT true NOT NULL,
    delivered bigint NOT NULL,
    examined bigint NOT NULL,
    replays integer DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    next_try_at timestamp with time zone,
    last_error text,
    parked_at timestamp with time zone,
    CONSTRAINT subscription_check CHECK ((examined >= delivered)),
    CONSTRAINT subscription_check1 CHECK (((old_secret IS NULL) = (old_secret_until IS NULL))),
    CONSTRAINT subscription_check2 CHECK (((tries = 0) = (failing_since IS NULL))),
    CONSTRAINT subscription_check3 CHECK (((tries = 0) = (last_error IS NULL))),
    CONSTRAINT subscription_check4 CHECK (((next_try_at IS NULL) OR ((tries > 0) AND (parked_at IS NULL)))),
    CONSTRAINT subscription_check5 CHECK (((parked_at IS NULL) OR (tries > 0))),
    CONSTRAINT subscription_delivered_check CHECK ((delivered >= 0)),
    CONSTRAINT subscription_id_check CHECK ((id ~ '^sub_[0-9a-f]{24}$'::text)),
    CONSTRAINT subscription_last_error_check CHECK ((char_length(last_error) <= 100)),
    CONSTRAINT subscription_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 80))),
    CONSTRAINT subscription_name_key UNIQUE (name),
    CONSTRAINT subscription_number_key UNIQUE (number),
    CONSTRAINT subscription_old_secret_check CHECK ((octet_length(old_secret) = 64)),
    CONSTRAINT subscription_pkey PRIMARY KEY (id),
    CONSTRAINT subscription_secret_check CHECK ((octet_length(secret) = 64)),
    CONSTRAINT subscription_tries_check CHECK ((tries >= 0)),
    CONSTRAINT subscription_types_check CHECK (((cardinality(types) >= 1) AND (cardinality(types) <= 100))),
    CONSTRAINT subscription_url_check CHECK (((url ~ '^https?://'::text) AND (char_length(url) <= 500)))
);

CREATE TABLE privacy.chosen_period (
    number bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    store text COLLATE "C" NOT NULL,
    days integer NOT NULL,
    reason text NOT NULL,
    chosen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT chosen_period_pkey PRIMARY KEY (number),
    CONSTRAINT chosen_period_reason_check CHECK (((char_length(btrim(reason)) >= 10) AND (char_length(btrim(reason)) <= 500))),
    CONSTRAINT chosen_period_store_fkey FOREIGN KEY (store) REFERENCES privacy.retention_bound(store)
);
CREATE INDEX chosen_period_newest ON privacy.chosen_period USING btree (store, number);
CREATE TRIGGER admit_period BEFORE INSERT ON privacy.chosen_period FOR EACH ROW EXECUTE FUNCTION privacy.admit_period(); -- ENABLE ALWAYS
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON privacy.chosen_period FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change(); -- ENABLE ALWAYS

CREATE TABLE privacy.consent (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    purpose text NOT NULL,
    version date NOT NULL,
    given boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT consent_check CHECK ((given OR (purpose = 'marketing_mail'::text))),
    CONSTRAINT consent_pkey PRIMARY KEY (id),
    CONSTRAINT consent_purpose_check CHECK ((purpose = ANY (ARRAY['marketing_mail'::text, 'terms'::text, 'privacy_notice'::text]))),
    CONSTRAINT consent_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.app_user(id)
);
CREATE INDEX consent_of_user ON privacy.consent USING btree (user_id, id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON privacy.consent FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change();

CREATE TABLE privacy.erasure (
    id text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    withdrawn_at timestamp with time zone,
    closed_at timestamp with time zone,
    erased_at timestamp with time zone,
    key_count integer,
    reported_at timestamp with time zone,
    withdrawn_by text,
    CONSTRAINT erasure_check CHECK (((withdrawn_at IS NULL) OR (closed_at IS NULL))),
    CONSTRAINT erasure_check1 CHECK (((erased_at IS NULL) OR (closed_at IS NOT NULL))),
    CONSTRAINT erasure_check2 CHECK (((erased_at IS NULL) = (key_count IS NULL))),
    CONSTRAINT erasure_check3 CHECK (((reported_at IS NULL) OR (erased_at IS NOT NULL))),
    CONSTRAINT erasure_id_check CHECK ((id ~ '^era_[0-9a-f]{24}$'::text)),
    CONSTRAINT erasure_person_check CHECK ((person ~ '^(user_|booking-|credit-)'::text)),
    CONSTRAINT erasure_pkey PRIMARY KEY (id),
    CONSTRAINT erasure_reason_check CHECK ((reason = ANY (ARRAY['request'::text, 'retention'::text])))
);
CREATE INDEX erasure_unfinished ON privacy.erasure USING btree (id) WHERE ((withdrawn_at IS NULL) AND (reported_at IS NULL));
CREATE UNIQUE INDEX erasure_of_person ON privacy.erasure USING btree (person) WHERE (withdrawn_at IS NULL);
CREATE TRIGGER keep_erasure BEFORE UPDATE ON privacy.erasure FOR EACH ROW EXECUTE FUNCTION privacy.keep_erasure();
CREATE TRIGGER record_request AFTER INSERT ON privacy.erasure FOR EACH ROW EXECUTE FUNCTION privacy.record_erasure();
CREATE TRIGGER record_step AFTER UPDATE ON privacy.erasure FOR EACH ROW WHEN (((old.withdrawn_at IS DISTINCT FROM new.withdrawn_at) OR (old.erased_at IS DISTINCT FROM new.erased_at))) EXECUTE FUNCTION privacy.record_erasure();

CREATE TABLE privacy.retention_bound (
    store text COLLATE "C" NOT NULL,
    least_days integer NOT NULL,
    usual_days integer NOT NULL,
    most_days integer NOT NULL,
    CONSTRAINT retention_bound_check CHECK (((usual_days >= least_days) AND (usual_days <= most_days))),
    CONSTRAINT retention_bound_least_days_check CHECK ((least_days > 0)),
    CONSTRAINT retention_bound_pkey PRIMARY KEY (store)
);

CREATE TABLE process.checkpoint (
    name text NOT NULL,
    "position" bigint NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT checkpoint_pkey PRIMARY KEY (name)
);

CREATE TABLE process.flight_task (
    flight text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    total integer DEFAULT 0 NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    touched_at timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT flight_task_pkey PRIMARY KEY (flight, version)
);
CREATE INDEX flight_task_finished ON process.flight_task USING btree (finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX flight_task_unfinished ON process.flight_task USING btree (created_at) WHERE (finished_at IS NULL);

CREATE TABLE process.reconciliation_run (
    number bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    since date NOT NULL,
    until date NOT NULL,
    started_by text NOT NULL,
    actor text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    breaks jsonb DEFAULT '{}'::jsonb NOT NULL,
    totals jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT reconciliation_run_check CHECK ((until >= since)),
    CONSTRAINT reconciliation_run_pkey PRIMARY KEY (number),
    CONSTRAINT reconciliation_run_started_by_check CHECK ((started_by = ANY (ARRAY['timer'::text, 'command'::text, 'request'::text])))
);

CREATE TABLE projections.checkpoint (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    "position" bigint NOT NULL,
    moved_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    stopped_at timestamp with time zone,
    stopped_cause text,
    CONSTRAINT checkpoint_generation_check CHECK ((generation > 0)),
    CONSTRAINT checkpoint_pkey PRIMARY KEY (projection, generation),
    CONSTRAINT checkpoint_position_check CHECK (("position" >= 0))
) WITH (fillfactor=50);

CREATE TABLE projections.current_generation (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    CONSTRAINT current_generation_generation_check CHECK ((generation > 0)),
    CONSTRAINT current_generation_pkey PRIMARY KEY (projection)
);

CREATE TABLE projections.parked_event (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    "position" bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    cause text NOT NULL,
    parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT parked_event_pkey PRIMARY KEY (projection, generation, "position")
);

CREATE TABLE public.schema_migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT schema_migration_pkey PRIMARY KEY (number)
);

CREATE TABLE vault.booking_term (
    criterion text NOT NULL,
    digest bytea NOT NULL,
    booking text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    CONSTRAINT booking_term_criterion_check CHECK ((criterion = ANY (ARRAY['name'::text, 'email'::text, 'phone'::text, 'ticket'::text, 'document'::text]))),
    CONSTRAINT booking_term_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT booking_term_pkey PRIMARY KEY (criterion, digest, booking, subject),
    CONSTRAINT booking_term_subject_fkey FOREIGN KEY (subject) REFERENCES vault.subject_key(subject) ON DELETE CASCADE
);
CREATE INDEX booking_term_booking ON vault.booking_term USING btree (booking);
CREATE INDEX booking_term_subject ON vault.booking_term USING btree (subject);

CREATE TABLE vault.destroyed_key (
    subject text COLLATE "C" NOT NULL,
    destroyed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT destroyed_key_pkey PRIMARY KEY (subject)
);

CREATE TABLE vault.subject_key (
    subject text COLLATE "C" NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT subject_key_pkey PRIMARY KEY (subject)
);
CREATE TRIGGER keep_record BEFORE TRUNCATE ON vault.subject_key FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_truncate(); -- ENABLE ALWAYS
CREATE TRIGGER record_destroyed AFTER DELETE ON vault.subject_key REFERENCING OLD TABLE AS destroyed FOR EACH STATEMENT EXECUTE FUNCTION vault.record_destroyed_keys(); -- ENABLE ALWAYS

CREATE SEQUENCE ledger.ticket_serial AS bigint START 1000000001 INCREMENT 20 MINVALUE 1 MAXVALUE 9999999979 CACHE 1;

CREATE OR REPLACE FUNCTION audit.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$function$;

CREATE OR REPLACE FUNCTION identity.accept_invitation(offered bytea, new_user text, new_password text, moment timestamp with time zone, correlation text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.add_notice(of_user text, what text, to_index bytea, to_address bytea, moment timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.admit_link()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.admit_session()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT new.second_factor AND EXISTS (
        SELECT FROM identity.second_factor
        WHERE user_id = new.user_id AND confirmed_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.approve_factor_reset(by_user text, reset_id text, moment timestamp with time zone, correlation text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.cancel_factor_reset(by_user text, reset_id text, moment timestamp with time zone, correlation text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.cancel_proved_reset()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.carry_out_factor_resets(moment timestamp with time zone, most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.change_role(by_user text, of_address bytea, new_role text, correlation text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.close_proofs()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE identity.mailed_link SET voided_at = clock_timestamp()
    WHERE user_id = new.id AND used_at IS NULL AND voided_at IS NULL;
    DELETE FROM identity.second_factor WHERE user_id = new.id;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.confirm_email(of_user text, offered bytea, moment timestamp with time zone)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.confirm_factor_reset(offered bytea, moment timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.end_sessions_of_client()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'client_disabled'
    WHERE client_id = new.id AND ended_at IS NULL;
    PERFORM pg_notify('ais_session', new.id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.end_sessions_of_consent()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE identity.authorization_code SET voided_at = clock_timestamp()
    WHERE client_id = new.client_id AND user_id = new.user_id
        AND used_at IS NULL AND voided_at IS NULL;
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'revoked'
    WHERE client_id = new.client_id AND user_id = new.user_id AND ended_at IS NULL;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.end_sessions_of_role()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO identity.auth_event (happened, user_id, at, reason, actor)
    VALUES ('role_changed', new.id, clock_timestamp(), new.role,
        coalesce(nullif(current_setting('ais.actor', true), ''), 'database:' || session_user));
    UPDATE identity.session SET ended_at = clock_timestamp(), ended_because = 'rights_changed'
    WHERE user_id = new.id AND ended_at IS NULL;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_challenge()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.used_at IS NOT NULL OR new.tries < old.tries THEN
        RAISE EXCEPTION 'a challenge was used: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_client()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.disabled_at IS NOT NULL THEN
        RAISE EXCEPTION 'client % is disabled: that is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    IF new.disabled_at IS NOT NULL THEN
        new.disabled_at := clock_timestamp();
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_code()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'the authorization code was used or voided: that is final'
            USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_factor_reset()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.done_at IS NOT NULL OR old.cancelled_at IS NOT NULL
        OR (old.confirmed_at IS NOT NULL AND new.confirmed_at IS DISTINCT FROM old.confirmed_at)
        OR (old.user_id, old.path, old.requested_by, old.requested_at)
            IS DISTINCT FROM (new.user_id, new.path, new.requested_by, new.requested_at) THEN
        RAISE EXCEPTION 'reset %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_last_admin()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- All are locked, in one order: two admins do not remove each other at the same time.
    PERFORM FROM identity.app_user WHERE role = 'admin' ORDER BY id FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM identity.app_user
                   WHERE role = 'admin' AND password_hash <> '' AND id <> old.id) THEN
        RAISE EXCEPTION 'the last admin stays one' USING ERRCODE = 'AIS02';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_link()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'link % was used or voided: that is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_notice()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.used_at IS NOT NULL OR old.voided_at IS NOT NULL
        OR (old.token_hash IS NOT NULL AND new.token_hash IS DISTINCT FROM old.token_hash) THEN
        RAISE EXCEPTION 'notice %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_recovery_code()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.used_at IS NOT NULL THEN
        RAISE EXCEPTION 'it was used: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_second_factor()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF new.last_step < old.last_step OR (old.confirmed_at IS NOT NULL
        AND (new.secret, new.confirmed_at) IS DISTINCT FROM (old.secret, old.confirmed_at)) THEN
        RAISE EXCEPTION 'the second factor of % is in force', old.user_id
            USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION identity.keep_session()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.mail_link()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO ledger.outbox (topic, body)
    VALUES ('mail.account_link', jsonb_build_object('link_id', new.id));
    -- What a stranger can ask for, such as a reset, changes no language.
    UPDATE identity.app_user SET language = new.language
    WHERE id = new.user_id AND language <> new.language
        AND new.purpose IN ('verify_email', 'change_email');
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.notify_of_fact()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$function$;

CREATE OR REPLACE FUNCTION identity.remove_factor(of_user text, by_whom text, moment timestamp with time zone, change jsonb, correlation text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.remove_old_challenges(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH removed AS (
        DELETE FROM identity.sign_in_challenge WHERE token_hash = ANY(ARRAY(
            SELECT token_hash FROM identity.sign_in_challenge
            WHERE expires_at < clock_timestamp() - interval '1 day' LIMIT most))
        RETURNING token_hash)
    SELECT count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION identity.remove_old_links(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.remove_old_sessions(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    DELETE FROM identity.authorization_code WHERE digest = ANY(ARRAY(
        SELECT digest FROM identity.authorization_code
        WHERE expires_at < clock_timestamp() - interval '720 hours' LIMIT most));
    WITH removed AS (
        DELETE FROM identity.session WHERE id = ANY(ARRAY(
            SELECT id FROM identity.session
            WHERE ended_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('sessions'))) LIMIT most))
        RETURNING id)
    SELECT count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION identity.report_ended_session()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO identity.auth_event (happened, user_id, at, session, reason)
    VALUES ('session_ended', new.user_id, new.ended_at, new.id, new.ended_because);
    PERFORM pg_notify('ais_session', new.id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.request_factor_reset(by_user text, of_address bytea, reset_id text, moment timestamp with time zone, ends_at timestamp with time zone, correlation text, link_id text, link_hash bytea, link_salt bytea)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION identity.revoke_consents()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE identity.consent SET revoked_at = clock_timestamp()
    WHERE user_id = new.id AND revoked_at IS NULL;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION identity.secure_account(offered bytea, new_password text, moment timestamp with time zone, link_id text, link_hash bytea, link_salt bytea, link_expires_at timestamp with time zone)
 RETURNS text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION inbox.record_done(ids text[], types text[], objects text[], subjects text[], bodies bytea[], wrapped_keys bytea[])
 RETURNS SETOF text
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
    WITH given AS (
        SELECT DISTINCT ON (e.id) e.*
        FROM unnest(ids, types, objects, subjects, bodies, wrapped_keys)
            AS e (id, type, object, subject, body, wrapped)
        ORDER BY e.id
    ), stored AS (
        INSERT INTO inbox.stripe_event AS known
            (id, type, object, state, subject, sealed_body, finished_at)
        SELECT id, type, object, 'done', subject, body, clock_timestamp() FROM given
        ON CONFLICT (id) DO UPDATE
        SET type = excluded.type, object = excluded.object, state = 'done', reason = NULL,
            due_at = NULL, finished_at = excluded.finished_at
        WHERE known.state IN ('new', 'parked')
           OR (known.state = 'ignored' AND known.reason = 'unsupported')
        RETURNING known.id, known.subject
    ), key AS (
        INSERT INTO vault.subject_key (subject, wrapped)
        SELECT given.subject, given.wrapped FROM given JOIN stored USING (id, subject)
    ), awaiting AS (
        UPDATE inbox.stripe_event
        SET state = 'done', reason = NULL, due_at = NULL, finished_at = clock_timestamp()
        WHERE state = 'new' AND awaited_intent IS NOT NULL AND awaited_intent = ANY (objects)
    )
    SELECT id FROM stored
$function$;

CREATE OR REPLACE FUNCTION ledger.append(command_ids uuid[], fingerprints bytea[], answers bytea[], actors text[], correlation_ids text[], causation_ids uuid[], streams text[], versions integer[], tags text[], payloads bytea[], commands integer[], read_streams text[], read_versions integer[], asked uuid[], topics text[], bodies text[], subjects text[], wrapped_keys bytea[], OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    base bigint;
    moment timestamptz;
    stream_with_gap text;
    tenth bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append runs under READ COMMITTED only' USING ERRCODE = 'AIS04';
    END IF;
    PERFORM pg_advisory_xact_lock(7301);

    written := false;
    known := ledger.known_commands(command_ids || asked);
    conflicts := ledger.stale_streams(read_streams, read_versions);
    SELECT e.position, e.recorded_at INTO base, moment
    FROM ledger.event AS e ORDER BY e.position DESC LIMIT 1;
    base := coalesce(base, 0);
    last_position := base;
    IF conflicts IS NOT NULL OR coalesce(cardinality(streams), 0) = 0
       OR (known IS NOT NULL AND EXISTS (
               SELECT FROM unnest(command_ids) AS own (id) WHERE known ? own.id::text)) THEN
        RETURN;
    END IF;

    SELECT b.stream INTO stream_with_gap FROM (
        SELECT n.stream, min(n.before) AS low, max(n.before) AS high
        FROM (
            SELECT e.stream, e.version - row_number() OVER (
                       PARTITION BY e.stream ORDER BY e.ordinality) AS before
            FROM unnest(streams, versions) WITH ORDINALITY AS e (stream, version, ordinality)
        ) AS n
        GROUP BY n.stream
    ) AS b
    WHERE b.low <> b.high
       OR b.low > coalesce((
               SELECT p.version FROM ledger.stream_event AS p
               WHERE p.stream = b.stream ORDER BY p.version DESC LIMIT 1), 0)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'versions of stream % would have a gap', stream_with_gap
            USING ERRCODE = 'AIS05';
    END IF;

    moment := greatest(clock_timestamp(), moment + interval '1 microsecond');
    INSERT INTO ledger.event
        (position, stream, version, tag, recorded_at, actor, command_id, correlation_id,
         causation_id, payload)
    SELECT base + e.ordinality, e.stream, e.version, e.tag, moment, c.actor, c.id,
           c.correlation_id, c.causation_id, e.payload
    FROM unnest(streams, versions, tags, payloads, commands)
             WITH ORDINALITY AS e (stream, version, tag, payload, command, ordinality)
    LEFT JOIN unnest(command_ids, actors, correlation_ids, causation_ids)
             WITH ORDINALITY AS c (id, actor, correlation_id, causation_id, ordinality)
        ON c.ordinality = e.command + 1
    ORDER BY e.ordinality;
    last_position := base + cardinality(streams);

    INSERT INTO ledger.command (id, fingerprint, answer, last_position)
    SELECT c.id, c.fingerprint, c.answer, last_position
    FROM unnest(command_ids, fingerprints, answers) AS c (id, fingerprint, answer);

    PERFORM ledger.refuse_misspelled(streams, payloads);
    PERFORM ledger.move_capacity(streams, payloads);
    PERFORM ledger.post_entries(base, payloads);

    INSERT INTO vault.subject_key (subject, wrapped)
    SELECT k.subject, k.wrapped FROM unnest(subjects, wrapped_keys) AS k (subject, wrapped);

    INSERT INTO ledger.outbox (topic, body)
    SELECT o.topic, o.body::jsonb FROM unnest(topics, bodies) AS o (topic, body);

    tenth := ledger.partition_positions() / 10;
    IF base / tenth <> last_position / tenth THEN
        PERFORM ledger.prepare_partition();
    END IF;

    written := true;
    PERFORM pg_notify('ais_log', last_position::text);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.append_with_stripe_events(command_ids uuid[], fingerprints bytea[], answers bytea[], actors text[], correlation_ids text[], causation_ids uuid[], streams text[], versions integer[], tags text[], payloads bytea[], commands integer[], read_streams text[], read_versions integer[], asked uuid[], topics text[], bodies text[], subjects text[], wrapped_keys bytea[], stripe_ids text[], stripe_types text[], stripe_objects text[], stripe_subjects text[], stripe_bodies bytea[], stripe_keys bytea[], OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    SELECT a.last_position, a.written, a.conflicts, a.known
    INTO last_position, written, conflicts, known
    FROM ledger.append(
        command_ids, fingerprints, answers, actors, correlation_ids, causation_ids,
        streams, versions, tags, payloads, commands, read_streams, read_versions, asked,
        topics, bodies, subjects, wrapped_keys) AS a;
    IF written THEN
        PERFORM inbox.record_done(
            stripe_ids, stripe_types, stripe_objects, stripe_subjects, stripe_bodies, stripe_keys);
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.applied_migrations()
 RETURNS TABLE(number integer, checksum text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT m.number, m.checksum FROM public.schema_migration AS m $function$;

CREATE OR REPLACE FUNCTION ledger.booking_of_credit(payload bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
    SELECT convert_from(payload, 'UTF8')::json ->> 'booking'
$function$;

CREATE OR REPLACE FUNCTION ledger.guard_events(guarded regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', guarded);
    EXECUTE format('CREATE TRIGGER stream_recorded AFTER INSERT ON %s '
                   'REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ledger.record_stream_events()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER stream_recorded', guarded);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.guard_postings(guarded regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', guarded);
    EXECUTE format('CREATE TRIGGER balanced AFTER INSERT ON %s '
                   'REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ledger.refuse_unbalanced()', guarded);
    EXECUTE format('CREATE TRIGGER period_open AFTER INSERT ON %s '
                   'REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ledger.refuse_closed_period()', guarded);
END
$function$;

CREATE OR REPLACE FUNCTION ledger.is_misspelled(spelled text, folded text, parsed jsonb, stream text, moves boolean, money boolean)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
    SELECT regexp_count(spelled, '"[ \t\n\r]*:') <> regexp_count(parsed::text, '"[ \t\n\r]*:')
        OR CASE WHEN money THEN
               regexp_count(folded, '"entry"\s*:')
               <> coalesce(jsonb_typeof(parsed -> 'entry') = 'object', false)::integer
            OR regexp_count(folded, '"postings"\s*:')
               <> coalesce(jsonb_typeof(parsed #> '{entry,postings}') = 'array', false)::integer
           ELSE false END
        OR CASE WHEN moves THEN
               regexp_count(folded, '"moves"\s*:')
               <> coalesce(jsonb_typeof(parsed -> 'moves') = 'array', false)::integer
            OR (parsed -> 'moves' IS NOT NULL AND NOT starts_with(stream, 'flight-'))
           ELSE false END
$function$;

CREATE OR REPLACE FUNCTION ledger.known_commands(ids uuid[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET enable_seqscan TO 'off'
AS $function$
    SELECT jsonb_object_agg(
        id, jsonb_build_array(encode(fingerprint, 'base64'), convert_from(answer, 'UTF8'))
    )
    FROM ledger.command WHERE id = ANY (ids)
$function$;

CREATE OR REPLACE FUNCTION ledger.move_capacity(streams text[], payloads bytea[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    exceeded record;
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT e.stream AS flight, m.cabin,
               sum(m.authorised)::integer AS authorised,
               sum(m.held)::integer AS held,
               sum(m.sold)::integer AS sold,
               sum(CASE WHEN m.restored > 0 THEN least(m.restored, m.sold) ELSE 0 END)::integer
                 AS restored
        FROM unnest(streams, payloads) AS e (stream, payload),
             json_to_recordset(convert_from(e.payload, 'UTF8')::json -> 'moves')
                 AS m (cabin text, authorised integer, held integer, sold integer,
                       restored integer)
        WHERE position('"moves"'::bytea IN e.payload) > 0
        GROUP BY e.stream, m.cabin
    ), changed AS (
        INSERT INTO ledger.capacity AS c (flight, cabin, authorised, held, sold)
        SELECT flight, cabin, authorised, held, sold FROM moved
        ON CONFLICT (flight, cabin) DO UPDATE
        SET authorised = c.authorised + excluded.authorised,
            held = c.held + excluded.held,
            sold = c.sold + excluded.sold
        RETURNING c.flight, c.cabin, c.authorised, c.held, c.sold
    )
    SELECT changed.flight, changed.cabin INTO exceeded
    FROM changed JOIN moved USING (flight, cabin)
    WHERE (changed.held + changed.sold - moved.restored > changed.authorised
           AND moved.held + moved.sold > moved.restored)
       OR changed.held < 0 OR changed.sold < 0 OR changed.authorised < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'capacity of % cabin % exceeded', exceeded.flight, exceeded.cabin
            USING ERRCODE = 'AIS03';
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.move_period()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    closing date := to_date(substr(NEW.stream, length('period-') + 1), 'YYYY-MM');
BEGIN
    IF NEW.tag = 'period.closed.1' THEN
        INSERT INTO ledger.closed_period (month) VALUES (closing) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM ledger.closed_period WHERE month = closing;
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.partition_positions()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$ SELECT 10000000::bigint $function$;

CREATE OR REPLACE FUNCTION ledger.post_entries(base bigint, payloads bytea[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    expected integer;
    posted integer;
BEGIN
    WITH money AS MATERIALIZED (
        SELECT base + e.ordinality AS position,
               convert_from(e.payload, 'UTF8')::json -> 'entry' AS entry
        FROM unnest(payloads) WITH ORDINALITY AS e (payload, ordinality)
        WHERE position('"entry"'::bytea IN e.payload) > 0
    ), rows AS (
        INSERT INTO ledger.posting
            (position, line, account, booking, amount, currency, effective_on, rule)
        SELECT money.position, line.ordinality, line.value ->> 'account',
               line.value ->> 'booking',
               CASE json_typeof(line.value -> 'amount')
                   WHEN 'number' THEN (line.value ->> 'amount')::bigint
               END,
               line.value ->> 'currency', (money.entry ->> 'effective_on')::date,
               money.entry ->> 'rule'
        FROM money,
             json_array_elements(money.entry -> 'postings') WITH ORDINALITY
                 AS line (value, ordinality)
        RETURNING position
    )
    SELECT (SELECT count(*) FROM money WHERE entry IS NOT NULL),
           (SELECT count(DISTINCT position) FROM rows)
    INTO expected, posted;
    IF expected <> posted THEN
        RAISE EXCEPTION 'an entry without postings' USING ERRCODE = 'AIS02';
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.prepare_partition()
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '100ms'
AS $function$
DECLARE
    first bigint;
    width bigint := ledger.partition_positions();
    made text;
    parent text;
BEGIN
    SELECT max(p.last_position) + 1 INTO first FROM ledger.log_partition AS p;
    IF EXISTS (
        SELECT FROM ledger.log_partition AS p
        WHERE p.first_position > 1 + coalesce((SELECT max(e.position) FROM ledger.event AS e), 0)
    ) THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY ARRAY['event', 'posting'] LOOP
        made := format('%s_%s', parent, first);
        EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.%I INCLUDING DEFAULTS '
                       'INCLUDING CONSTRAINTS)', made, parent);
        EXECUTE format('REVOKE ALL ON ledger.%I FROM PUBLIC', made);
        IF parent = 'event' THEN
            PERFORM ledger.guard_events(format('ledger.%I', made)::regclass);
        ELSE
            PERFORM ledger.guard_postings(format('ledger.%I', made)::regclass);
        END IF;
        EXECUTE format('ALTER TABLE ledger.%I ATTACH PARTITION ledger.%I '
                       'FOR VALUES FROM (%s) TO (%s)', parent, made, first, first + width);
    END LOOP;
    INSERT INTO ledger.log_partition (first_position, last_position)
    VALUES (first, first + width - 1);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.record_stream_events()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO ledger.stream_event (stream, version, position)
    SELECT i.stream, i.version, i.position FROM inserted AS i;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_archive_gap()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NEW.first_position <> (SELECT coalesce(max(a.last_position), 0) + 1 FROM ledger.archive AS a)
       OR NEW.last_position > (SELECT coalesce(max(e.position), 0) FROM ledger.event AS e) THEN
        RAISE EXCEPTION 'an archive from % to % does not follow the others within the log',
            NEW.first_position, NEW.last_position USING ERRCODE = 'AIS01';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the log is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_closed_period()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    offending record;
BEGIN
    SELECT i.position, i.effective_on INTO offending
    FROM inserted AS i
    JOIN ledger.closed_period AS c ON c.month = date_trunc('month', i.effective_on)::date LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entry at position % is dated %, in a closed month',
            offending.position, offending.effective_on USING ERRCODE = 'AIS07';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_misspelled(streams text[], payloads bytea[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    offending record;
BEGIN
    SELECT e.stream, e.ordinality, e.moves INTO offending
    FROM (
        -- Parsed once, and only for the common case below.
        SELECT w.*, CASE WHEN w.moves AND NOT w.money THEN w.spelled::jsonb END AS parsed
        FROM (
            SELECT p.stream, p.ordinality, p.payload, p.spelled, p.folded,
                   strpos(p.folded, 'moves"') > 0 AS moves,
                   strpos(p.folded, 'entry"') > 0 OR strpos(p.folded, 'postings"') > 0 AS money
            FROM (
                SELECT u.stream, u.ordinality, u.payload, u.spelled,
                       lower(u.spelled COLLATE "C") AS folded
                FROM (
                    SELECT a.stream, a.ordinality, a.payload,
                           convert_from(a.payload, 'UTF8') COLLATE "C" AS spelled
                    FROM unnest(streams, payloads)
                        WITH ORDINALITY AS a (stream, payload, ordinality)
                    OFFSET 0
                ) AS u
                OFFSET 0
            ) AS p
            OFFSET 0
        ) AS w
        OFFSET 0
    ) AS e
    WHERE CASE
        -- In bytes: counting characters would cost more than all the rest.
        WHEN get_byte(e.payload, 0) <> ascii('{')
             OR get_byte(e.payload, octet_length(e.payload) - 1) <> ascii('}') THEN true
        WHEN strpos(e.folded, '\u') > 0
             AND regexp_replace(e.folded, '\\\\', '', 'g') ~ '\\u(?!00[01])' THEN true
        -- The common case without regular expressions: moves alone, and no key before a space.
        WHEN e.moves AND NOT e.money AND starts_with(e.stream, 'flight-')
             AND strpos(e.spelled, '" ') = 0 AND strpos(e.spelled, E'\n') = 0
             AND strpos(e.spelled, E'\t') = 0 AND strpos(e.spelled, E'\r') = 0
             AND octet_length(e.folded) - octet_length(replace(e.folded, '"moves":', '')) = 8
             AND jsonb_typeof(e.parsed -> 'moves') = 'array'
             AND octet_length(e.spelled) - octet_length(replace(e.spelled, '":', ''))
                 = (SELECT octet_length(printed) - octet_length(replace(printed, '":', ''))
                    FROM (SELECT e.parsed::text AS printed OFFSET 0) AS once)
        THEN false
        WHEN e.moves OR e.money
        THEN ledger.is_misspelled(
            e.spelled, e.folded, e.spelled::jsonb, e.stream, e.moves, e.money)
        ELSE false
    END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payload % of the batch, for stream %, is not spelled canonically',
            offending.ordinality, offending.stream
            USING ERRCODE = CASE WHEN offending.moves THEN 'AIS03' ELSE 'AIS02' END;
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.refuse_unbalanced()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    offending record;
BEGIN
    SELECT i.position, i.amount INTO offending
    FROM (SELECT n.position, sum(n.amount) AS amount FROM inserted AS n
          GROUP BY n.position, n.currency) AS i
    WHERE i.amount <> 0
       OR (SELECT e.position FROM ledger.event AS e WHERE e.position = i.position LIMIT 1) IS NULL
    LIMIT 1;
    IF FOUND AND offending.amount <> 0 THEN
        RAISE EXCEPTION 'the entry at position % does not balance', offending.position
            USING ERRCODE = 'AIS02';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'the entry at position % has no event', offending.position
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION ledger.stale_streams(streams text[], versions integer[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET enable_seqscan TO 'off'
AS $function$
    SELECT jsonb_object_agg(seen.stream, coalesce(head.version, 0))
    FROM unnest(streams, versions) AS seen (stream, version)
    LEFT JOIN LATERAL (
        SELECT e.version FROM ledger.stream_event AS e
        WHERE e.stream = seen.stream ORDER BY e.version DESC LIMIT 1
    ) AS head ON true
    WHERE coalesce(head.version, 0) <> seen.version
$function$;

CREATE OR REPLACE FUNCTION operations.announce_modes()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_notify('ais_mode', '');
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION operations.keep_sent_text()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.sent_at IS NOT NULL THEN
        RAISE EXCEPTION 'the text message was sent: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION operations.probe_room()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO operations.room_probe (filling)
    VALUES (decode(repeat('00', 524288), 'hex'));
    DELETE FROM operations.room_probe;
END
$function$;

CREATE OR REPLACE FUNCTION operations.remove_old_bounces(p_limit integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH removed AS (
        DELETE FROM operations.bounced_letter WHERE letter IN (
            SELECT letter FROM operations.bounced_letter
            WHERE bounced_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('bounced_letters')))
            ORDER BY bounced_at LIMIT p_limit)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION operations.remove_old_texts(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH removed AS (
        DELETE FROM operations.sent_text WHERE message IN (
            SELECT message FROM operations.sent_text
            WHERE first_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('sent_texts')))
            ORDER BY first_at LIMIT most)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION privacy.admit_period()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    bound privacy.retention_bound;
BEGIN
    SELECT * INTO bound FROM privacy.retention_bound WHERE store = new.store;
    IF new.days IS NULL OR new.days NOT BETWEEN bound.least_days AND bound.most_days THEN
        RAISE EXCEPTION '% is kept for % to % days', new.store, bound.least_days, bound.most_days
            USING ERRCODE = 'AIS01';
    END IF;
    INSERT INTO audit.action (at, actor, action, resource, change, correlation_id)
    SELECT new.chosen_at, 'operator', 'retention.period_chosen', new.store,
           jsonb_build_object('before', privacy.days_of(new.store), 'days', new.days,
                              'reason', new.reason), gen_random_uuid()::text;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION privacy.close_account(erasure_id text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION privacy.days_of(asked text)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(
        (SELECT c.days FROM privacy.chosen_period AS c
         WHERE c.store = asked ORDER BY c.number DESC LIMIT 1),
        (SELECT b.usual_days FROM privacy.retention_bound AS b WHERE b.store = asked))
$function$;

CREATE OR REPLACE FUNCTION privacy.destroy_keys(erasure_id text, subjects text[], stripe_events text[])
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION privacy.keep_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF old.withdrawn_at IS NOT NULL
       OR (old.closed_at IS NOT NULL AND new.closed_at IS DISTINCT FROM old.closed_at)
       OR (old.erased_at IS NOT NULL AND new.erased_at IS DISTINCT FROM old.erased_at)
       OR old.reported_at IS NOT NULL THEN
        RAISE EXCEPTION 'erasure %: what has happened is final', old.id USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$function$;

CREATE OR REPLACE FUNCTION privacy.record_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION privacy.remove_old_bodies(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH old AS (
        SELECT id, subject FROM inbox.stripe_event
        WHERE pg_catalog.octet_length(sealed_body) > 0
          AND received_at < pg_catalog.clock_timestamp() - make_interval(
              days => (SELECT privacy.days_of('stripe_event_bodies')))
          AND (state IN ('done', 'ignored')
               OR received_at < pg_catalog.clock_timestamp() - make_interval(
                   days => (SELECT privacy.days_of('parked_stripe_event_bodies'))))
        ORDER BY received_at LIMIT most FOR UPDATE SKIP LOCKED
    ), keys AS (
        DELETE FROM vault.subject_key WHERE subject = ANY (ARRAY(SELECT subject FROM old))
    ), emptied AS (
        UPDATE inbox.stripe_event SET sealed_body = ''
        WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id)
    SELECT pg_catalog.count(*)::integer FROM emptied
$function$;

CREATE OR REPLACE FUNCTION privacy.remove_old_flight_tasks(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH removed AS (
        DELETE FROM process.flight_task WHERE (flight, version) IN (
            SELECT flight, version FROM process.flight_task
            WHERE finished_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('flight_tasks')))
            ORDER BY finished_at LIMIT most)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION privacy.remove_old_messages(most integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH removed AS (
        DELETE FROM ledger.outbox
        WHERE (id = ANY (ARRAY(SELECT id FROM ledger.outbox
                               WHERE failed_at IS NULL AND sent_at IS NOT NULL
                               ORDER BY id LIMIT most))
               OR id = ANY (ARRAY(SELECT id FROM ledger.outbox WHERE failed_at IS NOT NULL
                                  ORDER BY id LIMIT most)))
          AND sent_at < pg_catalog.clock_timestamp() - make_interval(
              days => (SELECT privacy.days_of('outbox')))
          AND (failed_at IS NULL
               OR failed_at < pg_catalog.clock_timestamp() - make_interval(
                   days => (SELECT privacy.days_of('failed_outbox'))))
        RETURNING id)
    SELECT pg_catalog.count(*)::integer FROM removed
$function$;

CREATE OR REPLACE FUNCTION privacy.report_erasure(erasure_id text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    UPDATE privacy.erasure SET reported_at = pg_catalog.clock_timestamp()
    WHERE id = erasure_id AND erased_at IS NOT NULL AND reported_at IS NULL
$function$;

CREATE OR REPLACE FUNCTION privacy.withdraw_erasure(asked text, by_whom text)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH withdrawn AS (
        UPDATE privacy.erasure
        SET withdrawn_at = pg_catalog.clock_timestamp(), withdrawn_by = by_whom
        WHERE person = asked AND withdrawn_at IS NULL AND closed_at IS NULL RETURNING id)
    SELECT pg_catalog.count(*) = 1 FROM withdrawn
$function$;

CREATE OR REPLACE FUNCTION projections.drop_generation_schema(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    owned text;
BEGIN
    IF name !~ '^[a-z_]+_g[1-9][0-9]*$' THEN
        RAISE EXCEPTION '% is not the name of a generation', name USING ERRCODE = 'AIS06';
    END IF;
    FOR owned IN
        SELECT tablename FROM pg_tables WHERE schemaname = name AND tableowner = 'ais_projector'
    LOOP
        EXECUTE format('DROP TABLE %I.%I', name, owned);
    END LOOP;
    EXECUTE format('DROP SCHEMA IF EXISTS %I', name);
END
$function$;

CREATE OR REPLACE FUNCTION projections.make_generation_schema(name text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF name !~ '^[a-z_]+_g[1-9][0-9]*$' THEN
        RAISE EXCEPTION '% is not the name of a generation', name USING ERRCODE = 'AIS06';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', name);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO ais_projector', name);
END
$function$;

CREATE OR REPLACE FUNCTION vault.record_destroyed_keys()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO vault.destroyed_key (subject) SELECT subject FROM destroyed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION vault.refuse_truncate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'TRUNCATE on %.% is refused: keys are destroyed one by one',
        TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$function$;

-- COLUMN identity.account_notice.token_hash: ais_application may UPDATE
-- COLUMN identity.app_user.codes_failed_since: ais_application may UPDATE
-- COLUMN identity.app_user.codes_locked_until: ais_application may UPDATE
-- COLUMN identity.app_user.email_verified_at: ais_application may UPDATE
-- COLUMN identity.app_user.failed_codes: ais_application may UPDATE
-- COLUMN identity.app_user.failed_logins: ais_application may UPDATE
-- COLUMN identity.app_user.failed_since: ais_application may UPDATE
-- COLUMN identity.app_user.locked_until: ais_application may UPDATE
-- COLUMN identity.app_user.password_hash: ais_application may UPDATE
-- COLUMN identity.authorization_code.session: ais_application may UPDATE
-- COLUMN identity.authorization_code.used_at: ais_application may UPDATE
-- COLUMN identity.authorization_code.voided_at: ais_application may UPDATE
-- COLUMN identity.client.disabled_at: ais_application may UPDATE
-- COLUMN identity.client.secret_hash: ais_application may UPDATE
-- COLUMN identity.consent.given_at: ais_application may UPDATE
-- COLUMN identity.consent.revoked_at: ais_application may UPDATE
-- COLUMN identity.consent.scopes: ais_application may UPDATE
-- COLUMN identity.mailed_link.used_at: ais_application may UPDATE
-- COLUMN identity.mailed_link.voided_at: ais_application may UPDATE
-- COLUMN identity.recovery_code.used_at: ais_application may UPDATE
-- COLUMN identity.saved_passenger.details: ais_application may INSERT, UPDATE
-- COLUMN identity.saved_passenger.id: ais_application may INSERT
-- COLUMN identity.saved_passenger.user_id: ais_application may INSERT
-- COLUMN identity.second_factor.confirmed_at: ais_application may UPDATE
-- COLUMN identity.second_factor.created_at: ais_application may UPDATE
-- COLUMN identity.second_factor.last_step: ais_application may UPDATE
-- COLUMN identity.second_factor.secret: ais_application may UPDATE
-- COLUMN identity.session.ended_at: ais_application may UPDATE
-- COLUMN identity.session.ended_because: ais_application may UPDATE
-- COLUMN identity.session.generation: ais_application may UPDATE
-- COLUMN identity.session.last_used_at: ais_application may UPDATE
-- COLUMN identity.session.refresh_expires_at: ais_application may UPDATE
-- COLUMN identity.session.rotated_at: ais_application may UPDATE
-- COLUMN identity.session.second_factor: ais_application may UPDATE
-- COLUMN identity.sign_in_challenge.tries: ais_application may UPDATE
-- COLUMN identity.sign_in_challenge.used_at: ais_application may UPDATE
-- COLUMN ledger.outbox.failed_at: ais_application may UPDATE
-- COLUMN ledger.outbox.sent_at: ais_application may UPDATE
-- COLUMN operations.mode.actor: ais_application may UPDATE
-- COLUMN operations.mode.reason: ais_application may UPDATE
-- COLUMN operations.mode.until: ais_application may UPDATE
-- COLUMN operations.sent_text.claimed_at: ais_application may INSERT, UPDATE
-- COLUMN operations.sent_text.message: ais_application may INSERT
-- COLUMN operations.sent_text.segments: ais_application may UPDATE
-- COLUMN operations.sent_text.sent_at: ais_application may UPDATE
-- COLUMN partner.subscription.created_at: ais_application may INSERT
-- COLUMN partner.subscription.delivered: ais_application may INSERT, UPDATE
-- COLUMN partner.subscription.enabled: ais_application may UPDATE
-- COLUMN partner.subscription.examined: ais_application may INSERT, UPDATE
-- COLUMN partner.subscription.failing_since: ais_application may UPDATE
-- COLUMN partner.subscription.id: ais_application may INSERT
-- COLUMN partner.subscription.last_error: ais_application may UPDATE
-- COLUMN partner.subscription.name: ais_application may INSERT
-- COLUMN partner.subscription.next_try_at: ais_application may UPDATE
-- COLUMN partner.subscription.old_secret: ais_application may UPDATE
-- COLUMN partner.subscription.old_secret_until: ais_application may UPDATE
-- COLUMN partner.subscription.parked_at: ais_application may UPDATE
-- COLUMN partner.subscription.replays: ais_application may UPDATE
-- COLUMN partner.subscription.secret: ais_application may INSERT, UPDATE
-- COLUMN partner.subscription.tries: ais_application may UPDATE
-- COLUMN partner.subscription.types: ais_application may INSERT
-- COLUMN partner.subscription.url: ais_application may INSERT
-- COLUMN privacy.erasure.id: ais_application may INSERT
-- COLUMN privacy.erasure.person: ais_application may INSERT
-- COLUMN privacy.erasure.reason: ais_application may INSERT
-- COLUMN privacy.erasure.requested_by: ais_application may INSERT
-- COLUMN process.reconciliation_run.breaks: ais_application may UPDATE
-- COLUMN process.reconciliation_run.finished_at: ais_application may UPDATE
-- COLUMN process.reconciliation_run.totals: ais_application may UPDATE
-- FUNCTION identity.accept_invitation(offered bytea, new_user text, new_password text, moment timestamp with time zone, correlation text): ais_application may EXECUTE
-- FUNCTION identity.approve_factor_reset(by_user text, reset_id text, moment timestamp with time zone, correlation text): ais_application may EXECUTE
-- FUNCTION identity.cancel_factor_reset(by_user text, reset_id text, moment timestamp with time zone, correlation text): ais_application may EXECUTE
-- FUNCTION identity.carry_out_factor_resets(moment timestamp with time zone, most integer): ais_application may EXECUTE
-- FUNCTION identity.change_role(by_user text, of_address bytea, new_role text, correlation text): ais_application may EXECUTE
-- FUNCTION identity.confirm_email(of_user text, offered bytea, moment timestamp with time zone): ais_application may EXECUTE
-- FUNCTION identity.confirm_factor_reset(offered bytea, moment timestamp with time zone): ais_application may EXECUTE
-- FUNCTION identity.remove_old_challenges(most integer): ais_application may EXECUTE
-- FUNCTION identity.remove_old_links(most integer): ais_application may EXECUTE
-- FUNCTION identity.remove_old_sessions(most integer): ais_application may EXECUTE
-- FUNCTION identity.request_factor_reset(by_user text, of_address bytea, reset_id text, moment timestamp with time zone, ends_at timestamp with time zone, correlation text, link_id text, link_hash bytea, link_salt bytea): ais_application may EXECUTE
-- FUNCTION identity.secure_account(offered bytea, new_password text, moment timestamp with time zone, link_id text, link_hash bytea, link_salt bytea, link_expires_at timestamp with time zone): ais_application may EXECUTE
-- FUNCTION inbox.record_done(ids text[], types text[], objects text[], subjects text[], bodies bytea[], wrapped_keys bytea[]): ais_application may EXECUTE
-- FUNCTION ledger.append(command_ids uuid[], fingerprints bytea[], answers bytea[], actors text[], correlation_ids text[], causation_ids uuid[], streams text[], versions integer[], tags text[], payloads bytea[], commands integer[], read_streams text[], read_versions integer[], asked uuid[], topics text[], bodies text[], subjects text[], wrapped_keys bytea[], OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb): ais_application may EXECUTE
-- FUNCTION ledger.append_with_stripe_events(command_ids uuid[], fingerprints bytea[], answers bytea[], actors text[], correlation_ids text[], causation_ids uuid[], streams text[], versions integer[], tags text[], payloads bytea[], commands integer[], read_streams text[], read_versions integer[], asked uuid[], topics text[], bodies text[], subjects text[], wrapped_keys bytea[], stripe_ids text[], stripe_types text[], stripe_objects text[], stripe_subjects text[], stripe_bodies bytea[], stripe_keys bytea[], OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb): ais_application may EXECUTE
-- FUNCTION ledger.applied_migrations(): ais_application may EXECUTE
-- FUNCTION ledger.applied_migrations(): ais_projector may EXECUTE
-- FUNCTION ledger.booking_of_credit(payload bytea): ais_application may EXECUTE
-- FUNCTION ledger.known_commands(ids uuid[]): ais_application may EXECUTE
-- FUNCTION ledger.move_period(): PUBLIC may EXECUTE
-- FUNCTION ledger.refuse_closed_period(): PUBLIC may EXECUTE
-- FUNCTION ledger.stale_streams(streams text[], versions integer[]): ais_application may EXECUTE
-- FUNCTION operations.probe_room(): ais_application may EXECUTE
-- FUNCTION operations.remove_old_bounces(p_limit integer): ais_application may EXECUTE
-- FUNCTION operations.remove_old_texts(most integer): ais_application may EXECUTE
-- FUNCTION privacy.close_account(erasure_id text): ais_application may EXECUTE
-- FUNCTION privacy.destroy_keys(erasure_id text, subjects text[], stripe_events text[]): ais_application may EXECUTE
-- FUNCTION privacy.remove_old_bodies(most integer): ais_application may EXECUTE
-- FUNCTION privacy.remove_old_flight_tasks(most integer): ais_application may EXECUTE
-- FUNCTION privacy.remove_old_messages(most integer): ais_application may EXECUTE
-- FUNCTION privacy.report_erasure(erasure_id text): ais_application may EXECUTE
-- FUNCTION privacy.withdraw_erasure(asked text, by_whom text): ais_application may EXECUTE
-- FUNCTION projections.drop_generation_schema(name text): ais_projector may EXECUTE
-- FUNCTION projections.make_generation_schema(name text): ais_projector may EXECUTE
-- SCHEMA audit: ais_application may USAGE
-- SCHEMA identity: ais_application may USAGE
-- SCHEMA inbox: ais_application may USAGE
-- SCHEMA ledger: ais_application may USAGE
-- SCHEMA ledger: ais_follower may USAGE
-- SCHEMA ledger: ais_projector may USAGE
-- SCHEMA ledger: ais_reader may USAGE
-- SCHEMA operations: ais_application may USAGE
-- SCHEMA partner: ais_application may USAGE
-- SCHEMA privacy: ais_application may USAGE
-- SCHEMA process: ais_application may USAGE
-- SCHEMA projections: ais_application may USAGE
-- SCHEMA projections: ais_projector may USAGE
-- SCHEMA projections: ais_reader may USAGE
-- SCHEMA read_model: ais_application may USAGE
-- SCHEMA read_model: ais_projector may CREATE, USAGE
-- SCHEMA read_model: ais_reader may USAGE
-- SCHEMA vault: ais_application may USAGE
-- SEQUENCE ledger.ticket_serial: ais_application may USAGE
-- TABLE audit.action: ais_application may INSERT, SELECT
-- TABLE audit.recorded_action: ais_application may SELECT
-- TABLE identity.account_notice: ais_application may SELECT
-- TABLE identity.app_user: ais_application may INSERT, SELECT
-- TABLE identity.auth_event: ais_application may INSERT, SELECT
-- TABLE identity.authorization_code: ais_application may INSERT, SELECT
-- TABLE identity.client: ais_application may INSERT, SELECT
-- TABLE identity.consent: ais_application may INSERT, SELECT
-- TABLE identity.mailed_link: ais_application may INSERT, SELECT
-- TABLE identity.recovery_code: ais_application may DELETE, INSERT, SELECT
-- TABLE identity.saved_passenger: ais_application may DELETE, SELECT
-- TABLE identity.second_factor: ais_application may DELETE, INSERT, SELECT
-- TABLE identity.second_factor_reset: ais_application may SELECT
-- TABLE identity.session: ais_application may INSERT, SELECT
-- TABLE identity.sign_in_challenge: ais_application may INSERT, SELECT
-- TABLE identity.sign_in_place: ais_application may DELETE, INSERT, SELECT, UPDATE
-- TABLE inbox.stripe_event: ais_application may INSERT, SELECT, UPDATE
-- TABLE ledger.archive: ais_application may SELECT
-- TABLE ledger.archive: ais_projector may SELECT
-- TABLE ledger.capacity: ais_application may SELECT
-- TABLE ledger.capacity: ais_projector may SELECT
-- TABLE ledger.closed_period: ais_application may SELECT
-- TABLE ledger.command: ais_application may SELECT
-- TABLE ledger.event: ais_application may SELECT
-- TABLE ledger.event: ais_projector may SELECT
-- TABLE ledger.event: ais_reader may SELECT
-- TABLE ledger.log_partition: ais_application may SELECT
-- TABLE ledger.log_partition: ais_projector may SELECT
-- TABLE ledger.log_partition: ais_reader may SELECT
-- TABLE ledger.outbox: ais_application may SELECT
-- TABLE ledger.posting: ais_application may SELECT
-- TABLE ledger.posting: ais_projector may SELECT
-- TABLE ledger.posting: ais_reader may SELECT
-- TABLE ledger.stored_events: ais_application may SELECT
-- TABLE ledger.stored_events: ais_follower may SELECT
-- TABLE ledger.stream_event: ais_application may SELECT
-- TABLE ledger.stream_event: ais_follower may SELECT
-- TABLE ledger.stream_event: ais_projector may SELECT
-- TABLE ledger.stream_event: ais_reader may SELECT
-- TABLE operations.bounced_letter: ais_application may INSERT, SELECT
-- TABLE operations.mode: ais_application may DELETE, INSERT, SELECT
-- TABLE operations.sent_text: ais_application may SELECT
-- TABLE partner.subscription: ais_application may DELETE, SELECT
-- TABLE privacy.chosen_period: ais_application may SELECT
-- TABLE privacy.consent: ais_application may INSERT, SELECT
-- TABLE privacy.erasure: ais_application may SELECT
-- TABLE privacy.retention_bound: ais_application may SELECT
-- TABLE process.checkpoint: ais_application may INSERT, SELECT, UPDATE
-- TABLE process.flight_task: ais_application may INSERT, SELECT, UPDATE
-- TABLE process.reconciliation_run: ais_application may INSERT, SELECT
-- TABLE projections.checkpoint: ais_application may SELECT
-- TABLE projections.checkpoint: ais_projector may DELETE, INSERT, SELECT, UPDATE
-- TABLE projections.checkpoint: ais_reader may SELECT
-- TABLE projections.current_generation: ais_application may SELECT
-- TABLE projections.current_generation: ais_projector may DELETE, INSERT, SELECT, UPDATE
-- TABLE projections.current_generation: ais_reader may SELECT
-- TABLE projections.parked_event: ais_application may SELECT
-- TABLE projections.parked_event: ais_projector may DELETE, INSERT, SELECT, UPDATE
-- TABLE projections.parked_event: ais_reader may SELECT
-- TABLE vault.booking_term: ais_application may DELETE, INSERT, SELECT
-- TABLE vault.subject_key: ais_application may INSERT, SELECT
-- TABLES THAT ais_projector MAKES IN read_model: ais_reader may SELECT
