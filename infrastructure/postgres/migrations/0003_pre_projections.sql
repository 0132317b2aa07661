-- Where read models stand: checkpoints, current generations and parked events. Runs once, in
-- milliseconds. The tables of a read model are not here: each generation has a schema of its own,
-- made by the projector from the read model's table.sql, and views in read_model show the current.

DO $$
BEGIN
    CREATE ROLE ais_projector NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the cluster; another database of it made this one already
END
$$;

CREATE SCHEMA projections;
CREATE SCHEMA read_model;

CREATE TABLE projections.checkpoint (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    position bigint NOT NULL CHECK (position >= 0),
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (projection, generation)
) WITH (fillfactor = 50);

CREATE TABLE projections.current_generation (
    projection text COLLATE "C" PRIMARY KEY,
    generation integer NOT NULL CHECK (generation > 0)
);

-- Events that a read model could not take in, and later events of the same stream behind them.
CREATE TABLE projections.parked_event (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    position bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    cause text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (projection, generation, position)
);

GRANT USAGE ON SCHEMA ledger, projections TO ais_projector;
GRANT USAGE, CREATE ON SCHEMA read_model TO ais_projector;
GRANT SELECT ON ledger.event, ledger.posting, ledger.capacity TO ais_projector;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON projections.checkpoint, projections.current_generation, projections.parked_event
    TO ais_projector;

GRANT USAGE ON SCHEMA projections, read_model TO ais_application;
GRANT SELECT
    ON projections.checkpoint, projections.current_generation, projections.parked_event
    TO ais_application;

DO $$
BEGIN
    EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO ais_projector', current_database());
END
$$;
