-- A read model that stopped says so where readers and the health page can see it. Runs once, in
-- milliseconds: both columns are empty and no row is rewritten.

ALTER TABLE projections.checkpoint
    ADD COLUMN stopped_at timestamptz,
    ADD COLUMN stopped_cause text;
