-- The inbox of Stripe events (verified, sealed, processed later) and the checkpoints of processes.
-- Runs once, in milliseconds.

CREATE SCHEMA inbox;
CREATE SCHEMA process;

CREATE TABLE inbox.stripe_event (
    id text COLLATE "C" PRIMARY KEY,
    type text NOT NULL,
    object text NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'done', 'ignored', 'parked')),
    reason text,
    subject text NOT NULL,
    sealed_body bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    enqueued_at timestamptz,
    tries integer NOT NULL DEFAULT 0,
    finished_at timestamptz
);
CREATE INDEX stripe_event_new ON inbox.stripe_event (received_at) WHERE state = 'new';

CREATE TABLE process.checkpoint (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The progress of following up a flight's change for each of its bookings.
CREATE TABLE process.flight_task (
    flight text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    total integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    touched_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (flight, version)
);
CREATE INDEX flight_task_unfinished ON process.flight_task (created_at) WHERE finished_at IS NULL;

GRANT USAGE ON SCHEMA inbox, process TO ais_application;
GRANT SELECT, INSERT, UPDATE ON inbox.stripe_event TO ais_application;
GRANT SELECT, INSERT, UPDATE ON process.checkpoint, process.flight_task TO ais_application;
