-- How long each store is kept can be chosen: until now the functions that remove what is old had
-- their periods in their text. Runs once, in milliseconds: new tables, and functions that are
-- replaced.
--
-- The bounds are law and evidence, and change by a migration; see domain/privacy/retention.py. The
-- owner of the schema chooses within them, with a reason, and every choice is an audited action.

CREATE TABLE privacy.retention_bound (
    store text COLLATE "C" PRIMARY KEY,
    least_days integer NOT NULL CHECK (least_days > 0),
    usual_days integer NOT NULL,
    most_days integer NOT NULL,
    CHECK (usual_days BETWEEN least_days AND most_days)
);
INSERT INTO privacy.retention_bound (store, least_days, usual_days, most_days) VALUES
    ('passengers', 2196, 2196, 3660),
    ('gift_cards', 2196, 2196, 3660),
    ('stripe_event_bodies', 30, 90, 400),
    ('parked_stripe_event_bodies', 400, 400, 800),
    ('outbox', 7, 30, 366),
    ('failed_outbox', 30, 90, 366),
    ('flight_tasks', 90, 400, 1098),
    ('sessions', 30, 90, 366),
    ('mail_files', 7, 30, 90),
    ('bounced_letters', 30, 90, 366);

CREATE TABLE privacy.chosen_period (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store text COLLATE "C" NOT NULL REFERENCES privacy.retention_bound (store),
    days integer NOT NULL,
    reason text NOT NULL CHECK (char_length(btrim(reason)) BETWEEN 10 AND 500),
    chosen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX chosen_period_newest ON privacy.chosen_period (store, number);

CREATE FUNCTION privacy.admit_period() RETURNS trigger LANGUAGE plpgsql AS $$
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
$$;
CREATE TRIGGER admit_period BEFORE INSERT ON privacy.chosen_period
    FOR EACH ROW EXECUTE FUNCTION privacy.admit_period();
ALTER TABLE privacy.chosen_period ENABLE ALWAYS TRIGGER admit_period;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON privacy.chosen_period
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE privacy.chosen_period ENABLE ALWAYS TRIGGER append_only;

-- The days in force; null for a store that has no period.
CREATE FUNCTION privacy.days_of(asked text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(
        (SELECT c.days FROM privacy.chosen_period AS c
         WHERE c.store = asked ORDER BY c.number DESC LIMIT 1),
        (SELECT b.usual_days FROM privacy.retention_bound AS b WHERE b.store = asked))
$$;

CREATE OR REPLACE FUNCTION privacy.remove_old_bodies(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Looks at the oldest messages only, of those that were sent and of those that failed: what failed
-- is kept for longer and holds up no others.
CREATE OR REPLACE FUNCTION privacy.remove_old_messages(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

CREATE OR REPLACE FUNCTION operations.remove_old_bounces(p_limit integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM operations.bounced_letter WHERE letter IN (
            SELECT letter FROM operations.bounced_letter
            WHERE bounced_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('bounced_letters')))
            ORDER BY bounced_at LIMIT p_limit)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$$;

CREATE OR REPLACE FUNCTION identity.remove_old_sessions(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

-- Follow-ups of flights that are finished. One that is removed is not begun again: the processes
-- have read its event.
CREATE INDEX flight_task_finished ON process.flight_task (finished_at)
    WHERE finished_at IS NOT NULL;
CREATE FUNCTION privacy.remove_old_flight_tasks(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM process.flight_task WHERE (flight, version) IN (
            SELECT flight, version FROM process.flight_task
            WHERE finished_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('flight_tasks')))
            ORDER BY finished_at LIMIT most)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$$;

REVOKE ALL ON FUNCTION privacy.admit_period, privacy.days_of, privacy.remove_old_flight_tasks
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy.remove_old_flight_tasks TO ais_application;
GRANT SELECT ON privacy.retention_bound, privacy.chosen_period TO ais_application;
