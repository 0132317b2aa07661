-- Records that a read model stopped, for readers and the health page. Runs once, in milliseconds:
-- both columns are empty and no row is rewritten.

ALTER TABLE projections.checkpoint
    ADD COLUMN stopped_at timestamptz,
    ADD COLUMN stopped_cause text;
