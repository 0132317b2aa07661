-- The row of a Stripe event becomes done in the append that carries its effect; an event that
-- reports a paid session waits for the capture that it names. Runs once: two columns without
-- defaults, and an index over the few rows that are new, built in one pass over the inbox.

ALTER TABLE inbox.stripe_event
    ADD COLUMN awaited_payment text COLLATE "C",
    ADD COLUMN awaited_intent text COLLATE "C";
CREATE INDEX stripe_event_awaiting ON inbox.stripe_event (awaited_intent)
    WHERE state = 'new' AND awaited_intent IS NOT NULL;

-- Stores events as done, and ends what waited for the objects that they are about.
--
-- An unfinished row of the same id becomes done, and so does one whose rendering could not be used;
-- a finished row stays as it is, and so do body and key of any row. Returns the ids that were not
-- done before.
CREATE FUNCTION inbox.record_done(
    ids text[], types text[], objects text[], subjects text[], bodies bytea[],
    wrapped_keys bytea[]
) RETURNS SETOF text LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
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
$$;

-- The append, and in the same transaction the rows of the Stripe events whose effect it is. They
-- are written only with it. A release that is still running calls ledger.append as before.
CREATE FUNCTION ledger.append_with_stripe_events(
    command_ids uuid[], fingerprints bytea[], answers bytea[],
    actors text[], correlation_ids text[], causation_ids uuid[],
    streams text[], versions integer[], tags text[], payloads bytea[], commands integer[],
    read_streams text[], read_versions integer[], asked uuid[],
    topics text[], bodies text[], subjects text[], wrapped_keys bytea[],
    stripe_ids text[], stripe_types text[], stripe_objects text[], stripe_subjects text[],
    stripe_bodies bytea[], stripe_keys bytea[],
    OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
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
$$;

REVOKE ALL ON FUNCTION inbox.record_done, ledger.append_with_stripe_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inbox.record_done, ledger.append_with_stripe_events TO ais_application;
