CREATE TABLE unfinished_refunds (
    refund text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('requested', 'unknown', 'accepted')),
    since timestamptz NOT NULL
);
CREATE INDEX unfinished_refunds_unanswered ON unfinished_refunds (since)
    WHERE status <> 'accepted';
CREATE INDEX unfinished_refunds_accepted ON unfinished_refunds (refund)
    WHERE status = 'accepted';
