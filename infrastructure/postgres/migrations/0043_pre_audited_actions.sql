-- What auditors need beside the log: who read it and exported it. What the log has already, such as
-- a refund by staff, is found there by an index of what staff did. Runs once, and takes about a
-- second for each million events; appends wait meanwhile.

CREATE SCHEMA audit;

CREATE TABLE audit.action (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    resource text NOT NULL,
    change jsonb NOT NULL,
    -- The client's address and program, as keyed hashes.
    source bytea CHECK (octet_length(source) = 32),
    agent bytea CHECK (octet_length(agent) = 32),
    correlation_id text NOT NULL
);

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the record is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$$;
REVOKE ALL ON FUNCTION audit.refuse_change FROM PUBLIC;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.action
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
-- ALWAYS: session_replication_role does not disable them.
ALTER TABLE audit.action ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE identity.auth_event ENABLE ALWAYS TRIGGER append_only;

ALTER TABLE identity.auth_event ADD COLUMN correlation_id text;

-- Both records in one form. Of a change of role, the user is what was changed: who did it is in
-- audit.action. A user's role is left out, because the present one may be another than then.
CREATE VIEW audit.recorded_action AS
SELECT 'stored' AS origin, id, at, actor, action, resource, change, source, agent, correlation_id
FROM audit.action
UNION ALL
SELECT 'identity', e.id, e.at,
       CASE WHEN e.happened = 'role_changed' THEN 'nobody' ELSE coalesce(e.user_id, 'nobody') END,
       'identity.' || e.happened, coalesce(e.route, e.session, e.user_id, ''),
       jsonb_strip_nulls(jsonb_build_object('reason', e.reason)), e.source, NULL,
       coalesce(e.correlation_id, '')
FROM identity.auth_event AS e;

GRANT USAGE ON SCHEMA audit TO ais_application;
GRANT SELECT, INSERT ON audit.action TO ais_application;
GRANT SELECT ON audit.recorded_action TO ais_application;

-- What staff recorded in the log, by the role in front of the user's id.
CREATE INDEX event_of_staff ON ledger.event (position)
    WHERE split_part(actor, ':', 1) IN ('support', 'ops', 'gate', 'finance', 'admin');
