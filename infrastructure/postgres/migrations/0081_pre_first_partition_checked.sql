-- Reads the log and its postings once, so that the first partition is attached without a reading
-- under a strong lock: 0.4 seconds were measured for 1,000,000 events and 600,000 postings (707 MB,
-- most of it in the server's memory); appends and reads go on.

ALTER TABLE ledger.event VALIDATE CONSTRAINT within_partition;
ALTER TABLE ledger.posting VALIDATE CONSTRAINT within_partition;
