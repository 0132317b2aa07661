-- Background tasks that failed for good, where the relay runs them in its own process: they stay in
-- the outbox with the time of their last try. Takes milliseconds: a column without a default.

ALTER TABLE ledger.outbox ADD COLUMN failed_at timestamptz;
GRANT UPDATE (failed_at) ON ledger.outbox TO ais_application;
