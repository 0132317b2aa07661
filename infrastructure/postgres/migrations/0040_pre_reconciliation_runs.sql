-- What each run of reconciliation compared, when, and what it found: a run that finds what is
-- recorded adds nothing to the log, and is listed all the same. Runs once, in milliseconds.

CREATE TABLE process.reconciliation_run (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since date NOT NULL,
    until date NOT NULL CHECK (until >= since),
    started_by text NOT NULL CHECK (started_by IN ('timer', 'command', 'request')),
    actor text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- By class of break how many, and by currency value and explained value in minor units.
    breaks jsonb NOT NULL DEFAULT '{}',
    totals jsonb NOT NULL DEFAULT '[]'
);
GRANT SELECT, INSERT ON process.reconciliation_run TO ais_application;
GRANT UPDATE (finished_at, breaks, totals) ON process.reconciliation_run TO ais_application;
