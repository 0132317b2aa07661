-- Reads the log and its postings once, so that the first partition is attached without a reading
-- under a strong lock: about a second for each million events; appends and reads go on.

ALTER TABLE ledger.event VALIDATE CONSTRAINT within_partition;
ALTER TABLE ledger.posting VALIDATE CONSTRAINT within_partition;
