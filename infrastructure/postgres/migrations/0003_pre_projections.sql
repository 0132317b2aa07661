-- The progress of read models: checkpoints, current generations and parked events. Runs once, in
-- milliseconds. The tables of a read model are not here: each generation has its own schema, which
-- the projector makes from the read model's table.sql; views in read_model show the current one.

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

-- Events that a read model could not apply, and later events of the same stream.
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

-- These two functions create and drop the schemas of generations, so that the projector needs no
-- right on the database (which a copy or a restore would lose) and can change no other schema.
CREATE FUNCTION projections.make_generation_schema(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF name !~ '^[a-z_]+_g[1-9][0-9]*$' THEN
        RAISE EXCEPTION '% is not the name of a generation', name USING ERRCODE = 'AIS06';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', name);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO ais_projector', name);
END
$$;

-- It fails while views still show the generation: nothing is dropped by CASCADE.
CREATE FUNCTION projections.drop_generation_schema(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA projections FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projections.make_generation_schema, projections.drop_generation_schema
    TO ais_projector;
