-- The log, which is the financial ledger: events, commands, postings, capacity counters, outbox,
-- and the one function that writes them. Runs once on an empty database, in well under a second.
--
-- The application role may read all of it and execute the append; it has no INSERT on the log.
-- Triggers refuse UPDATE, DELETE and TRUNCATE to every role, the owner included.

DO $$
BEGIN
    CREATE ROLE ais_application NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster; another database of it made this one already
END
$$;

CREATE SCHEMA ledger;
CREATE SCHEMA vault;

-- Keys of data subjects, wrapped by the master key. They have their own schema so that they can be
-- backed up apart from the log. Deleting the row erases the person.
CREATE TABLE vault.subject_key (
    subject text COLLATE "C" PRIMARY KEY,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger.event (
    position bigint PRIMARY KEY,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    tag text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    command_id uuid NOT NULL,
    correlation_id text NOT NULL,
    causation_id uuid,
    payload bytea NOT NULL,
    CONSTRAINT event_stream_version UNIQUE (stream, version)
);

-- The log with the column names of the eventsourcing library's recorders.
CREATE VIEW ledger.stored_events AS
SELECT stream AS originator_id, version AS originator_version, tag AS topic, payload AS state,
       position AS notification_id
FROM ledger.event;

CREATE TABLE ledger.command (
    id uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    last_position bigint NOT NULL
);

-- Checked lines of the entries in events. Debit positive, credit negative, minor units.
CREATE TABLE ledger.posting (
    position bigint NOT NULL REFERENCES ledger.event (position),
    line smallint NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    effective_on date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    PRIMARY KEY (position, line)
);

CREATE TABLE ledger.capacity (
    flight text COLLATE "C" NOT NULL,
    cabin text COLLATE "C" NOT NULL,
    authorised integer NOT NULL,
    held integer NOT NULL,
    sold integer NOT NULL,
    PRIMARY KEY (flight, cabin)
) WITH (fillfactor = 50);

CREATE TABLE ledger.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at timestamptz
);
CREATE INDEX outbox_unsent ON ledger.outbox (id) WHERE sent_at IS NULL;

-- Serial numbers of tickets: drawn in blocks of 20, never issued twice, gaps allowed.
CREATE SEQUENCE ledger.ticket_serial AS bigint START 1000000001 INCREMENT 20 MAXVALUE 9999999979;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: the log is append-only',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.event
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.command
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- ALWAYS: session_replication_role does not disable them.
ALTER TABLE ledger.event ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger.command ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger.posting ENABLE ALWAYS TRIGGER append_only;

-- Every entry sums to zero per currency; checked once per statement over what it inserted.
CREATE FUNCTION ledger.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced bigint;
BEGIN
    SELECT position INTO unbalanced FROM inserted
    GROUP BY position, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entry at position % does not balance', unbalanced
            USING ERRCODE = 'AIS02';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER balanced AFTER INSERT ON ledger.posting
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_unbalanced();

-- Streams of the arrays whose current version differs from the given one. Without sequential scans,
-- like the functions below: see the header of ledger.append.
CREATE FUNCTION ledger.stale_streams(streams text[], versions integer[]) RETURNS jsonb
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT jsonb_object_agg(seen.stream, coalesce(head.version, 0))
    FROM unnest(streams, versions) AS seen (stream, version)
    LEFT JOIN LATERAL (
        SELECT e.version FROM ledger.event AS e
        WHERE e.stream = seen.stream ORDER BY e.version DESC LIMIT 1
    ) AS head ON true
    WHERE coalesce(head.version, 0) <> seen.version
$$;

CREATE FUNCTION ledger.known_commands(ids uuid[]) RETURNS jsonb
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT jsonb_object_agg(
        id, jsonb_build_array(encode(fingerprint, 'base64'), convert_from(answer, 'UTF8'))
    )
    FROM ledger.command WHERE id = ANY (ids)
$$;

-- Whether a payload with an entry or moves is not canonical. The pattern names the spaces of JSON:
-- \s depends on the collation, and another space in a text could then hide a key that occurs twice.
CREATE FUNCTION ledger.is_misspelled(
    spelled text, folded text, parsed jsonb, stream text, moves boolean, money boolean
) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
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
$$;

-- Refuses payloads whose entry or moves a reader could find but the database would not.
--
-- Canonical JSON never writes letters as \u escapes, so a payload without the words below contains
-- neither; only payloads with them are parsed. In those no key occurs twice, and `entry`,
-- `postings` and `moves` are in lower case, where post_entries and move_capacity read them.
CREATE FUNCTION ledger.refuse_misspelled(streams text[], payloads bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
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
$$;

-- Adds the moves in events to the counters of seats; see the header of ledger.append.
CREATE FUNCTION ledger.move_capacity(streams text[], payloads bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    exceeded record;
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT e.stream AS flight, m.cabin,
               sum(m.authorised)::integer AS authorised,
               sum(m.held)::integer AS held,
               sum(m.sold)::integer AS sold
        FROM unnest(streams, payloads) AS e (stream, payload),
             json_to_recordset(convert_from(e.payload, 'UTF8')::json -> 'moves')
                 AS m (cabin text, authorised integer, held integer, sold integer)
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
    WHERE (changed.held + changed.sold > changed.authorised AND moved.held + moved.sold > 0)
       OR changed.held < 0 OR changed.sold < 0 OR changed.authorised < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'capacity of % cabin % exceeded', exceeded.flight, exceeded.cabin
            USING ERRCODE = 'AIS03';
    END IF;
END
$$;

-- Reads postings from the events themselves, so that rows and events cannot differ. It uses json,
-- not jsonb: json keeps numbers as written, so that only integers pass.
CREATE FUNCTION ledger.post_entries(base bigint, payloads bytea[]) RETURNS void
LANGUAGE plpgsql AS $$
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
$$;

-- Writes one batch: commands, events, postings, capacity, outbox and keys, or nothing.
--
-- One advisory transaction lock is taken in a statement of its own; every later statement of this
-- VOLATILE function then has a fresh snapshot under READ COMMITTED, so positions assigned as
-- max + 1 are in commit order and have no gaps. NOTIFY is sent once.
--
-- Nothing is written and no error raised when a stream that was read has moved on (`conflicts`)
-- or when one of `command_ids` is known already (`known`); the caller decides again.
-- Sequential scans are off because a session keeps its plans: a plan made while the log was short
-- would read all of it for each append once it is long.
-- Errors: 42501-class AIS01 to AIS05 for what code must never do, 23505 for a taken stream.
CREATE FUNCTION ledger.append(
    command_ids uuid[], fingerprints bytea[], answers bytea[],
    actors text[], correlation_ids text[], causation_ids uuid[],
    streams text[], versions integer[], tags text[], payloads bytea[], commands integer[],
    read_streams text[], read_versions integer[], asked uuid[],
    topics text[], bodies text[], subjects text[], wrapped_keys bytea[],
    OUT last_position bigint, OUT written boolean, OUT conflicts jsonb, OUT known jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
DECLARE
    base bigint;
    moment timestamptz;
    stream_with_gap text;
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
               SELECT p.version FROM ledger.event AS p
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

    written := true;
    PERFORM pg_notify('ais_log', last_position::text);
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger, vault TO ais_application;
GRANT SELECT ON ledger.event, ledger.stored_events, ledger.command, ledger.posting,
    ledger.capacity, ledger.outbox TO ais_application;
GRANT UPDATE (sent_at) ON ledger.outbox TO ais_application;
GRANT USAGE ON SEQUENCE ledger.ticket_serial TO ais_application;
GRANT SELECT ON vault.subject_key TO ais_application;
GRANT EXECUTE ON FUNCTION ledger.append, ledger.stale_streams, ledger.known_commands
    TO ais_application;
