CREATE TABLE unfinished_refunds (
    refund text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN (
        'requested', 'unknown', 'waiting', 'accepted', 'requires_action', 'refused', 'failed',
        'canceled'
    )),
    since timestamptz NOT NULL,
    reason text COLLATE "C"
);
CREATE INDEX unfinished_refunds_booking ON unfinished_refunds (booking);
CREATE INDEX unfinished_refunds_unanswered ON unfinished_refunds (since)
    WHERE status IN ('requested', 'unknown');
CREATE INDEX unfinished_refunds_accepted ON unfinished_refunds (refund)
    WHERE status IN ('accepted', 'requires_action');
CREATE INDEX unfinished_refunds_not_refunded ON unfinished_refunds (since, refund)
    WHERE status IN ('refused', 'failed', 'canceled', 'requires_action');
