-- The log and its postings as partitions by ranges of positions; the tables so far become the first
-- ones. No row is read or moved: takes milliseconds, for which appends and reads wait.
--
-- Statement triggers of a table do not fire for what names a partition of it: each has its own. The
-- foreign key from postings to events becomes a check of each inserted posting: with a key,
-- detaching a range would read all later postings under a strong lock. The release before finds
-- streams by the index that goes.

-- In one query, as it runs at each append. A subquery with LIMIT stays a look-up by index, however
-- short the log was when the plan was made.
CREATE OR REPLACE FUNCTION ledger.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
$$;

-- The triggers that the log and each of its partitions have.
CREATE FUNCTION ledger.guard_events(guarded regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', guarded);
    EXECUTE format('CREATE TRIGGER stream_recorded AFTER INSERT ON %s '
                   'REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT '
                   'EXECUTE FUNCTION ledger.record_stream_events()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER stream_recorded', guarded);
END
$$;
REVOKE ALL ON FUNCTION ledger.guard_events FROM PUBLIC;

CREATE FUNCTION ledger.guard_postings(guarded regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
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
$$;
REVOKE ALL ON FUNCTION ledger.guard_postings FROM PUBLIC;

-- The strongest lock on both at once, in the order in which the append takes them.
LOCK TABLE ledger.event, ledger.posting IN ACCESS EXCLUSIVE MODE;

DROP VIEW ledger.stored_events;
ALTER TABLE ledger.posting DROP CONSTRAINT posting_position_fkey;
DROP TRIGGER period_moved ON ledger.event;
ALTER TABLE ledger.event RENAME TO event_1;
ALTER TABLE ledger.event_1 RENAME CONSTRAINT event_pkey TO event_1_pkey;
ALTER TABLE ledger.event_1 DROP CONSTRAINT event_stream_version;
ALTER INDEX ledger.event_by_actor RENAME TO event_1_by_actor;
ALTER INDEX ledger.event_by_correlation RENAME TO event_1_by_correlation;
ALTER INDEX ledger.event_by_tag RENAME TO event_1_by_tag;
ALTER INDEX ledger.event_of_credit RENAME TO event_1_of_credit;
ALTER INDEX ledger.event_of_staff RENAME TO event_1_of_staff;
ALTER TABLE ledger.posting RENAME TO posting_1;
ALTER TABLE ledger.posting_1 RENAME CONSTRAINT posting_pkey TO posting_1_pkey;
-- The name by which the append's callers know that a new stream is taken.
ALTER TABLE ledger.stream_event RENAME CONSTRAINT stream_event_pkey TO event_stream_version;

CREATE TABLE ledger.event (
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL CONSTRAINT event_version_check CHECK (version > 0),
    tag text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    command_id uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id uuid,
    payload bytea NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (position)
) PARTITION BY RANGE (position);
CREATE INDEX event_by_actor ON ledger.event (actor, position);
CREATE INDEX event_by_correlation ON ledger.event (correlation_id, position);
CREATE INDEX event_by_tag ON ledger.event (tag, position);
CREATE INDEX event_of_credit ON ledger.event (ledger.booking_of_credit(payload), stream)
    WHERE tag IN ('credit.issued.1', 'credit.spent.1');
CREATE INDEX event_of_staff ON ledger.event (position)
    WHERE split_part(actor, ':', 1) IN ('support', 'ops', 'gate', 'finance', 'admin');
CREATE TABLE ledger.posting (
    position bigint NOT NULL,
    line smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL
        CONSTRAINT posting_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    effective_on date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    CONSTRAINT posting_pkey PRIMARY KEY (position, line)
) PARTITION BY RANGE (position);

DO $$
DECLARE
    behind bigint := (SELECT p.last_position + 1 FROM ledger.log_partition AS p);
BEGIN
    EXECUTE format('ALTER TABLE ledger.event ATTACH PARTITION ledger.event_1 '
                   'FOR VALUES FROM (1) TO (%s)', behind);
    EXECUTE format('ALTER TABLE ledger.posting ATTACH PARTITION ledger.posting_1 '
                   'FOR VALUES FROM (1) TO (%s)', behind);
END
$$;
ALTER TABLE ledger.event_1 DROP CONSTRAINT within_partition;
ALTER TABLE ledger.posting_1 DROP CONSTRAINT within_partition;

SELECT ledger.guard_events('ledger.event'), ledger.guard_postings('ledger.posting');
CREATE TRIGGER period_moved AFTER INSERT ON ledger.event FOR EACH ROW
    WHEN (NEW.tag IN ('period.closed.1', 'period.reopened.1')
          AND NEW.stream ~ '^period-[0-9]{4}-(0[1-9]|1[0-2])$')
    EXECUTE FUNCTION ledger.move_period();

-- A login reads a partition through the log only.
REVOKE ALL ON ledger.event_1, ledger.posting_1 FROM ais_application, ais_projector, ais_reader;
GRANT SELECT ON ledger.event, ledger.posting TO ais_application, ais_projector, ais_reader;

CREATE VIEW ledger.stored_events AS
SELECT stream AS originator_id, version AS originator_version, tag AS topic, payload AS state,
       position AS notification_id, recorded_at, actor, command_id, correlation_id, causation_id
FROM ledger.event;
GRANT SELECT ON ledger.stored_events TO ais_application, ais_follower;

-- Makes the next partition, unless a whole one is free behind the head; says whether it did.
-- Attaching takes SHARE UPDATE EXCLUSIVE, beside which appends and reads go on. The append calls it
-- ten times in each partition; where it cannot have that lock at once, the next time does.
CREATE FUNCTION ledger.prepare_partition() RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
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
$$;
REVOKE ALL ON FUNCTION ledger.prepare_partition FROM PUBLIC;

-- As before, but versions are looked up in ledger.stream_event.
CREATE OR REPLACE FUNCTION ledger.append(command_ids uuid[], fingerprints bytea[],
    answers bytea[], actors text[], correlation_ids text[], causation_ids uuid[], streams text[],
    versions integer[], tags text[], payloads bytea[], commands integer[], read_streams text[],
    read_versions integer[], asked uuid[], topics text[], bodies text[], subjects text[],
    wrapped_keys bytea[], OUT last_position bigint, OUT written boolean, OUT conflicts jsonb,
    OUT known jsonb)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $$
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
$$;

CREATE OR REPLACE FUNCTION ledger.stale_streams(streams text[], versions integer[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET enable_seqscan TO 'off'
AS $$
    SELECT jsonb_object_agg(seen.stream, coalesce(head.version, 0))
    FROM unnest(streams, versions) AS seen (stream, version)
    LEFT JOIN LATERAL (
        SELECT e.version FROM ledger.stream_event AS e
        WHERE e.stream = seen.stream ORDER BY e.version DESC LIMIT 1
    ) AS head ON true
    WHERE coalesce(head.version, 0) <> seen.version
$$;

SELECT ledger.prepare_partition();
