-- An index of the tasks that failed for good: metrics count them every half minute. Takes as long
-- as one look at the outbox, which retention keeps short; appends wait meanwhile.

CREATE INDEX outbox_failed ON ledger.outbox (id) WHERE failed_at IS NOT NULL;
