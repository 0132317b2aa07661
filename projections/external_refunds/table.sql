CREATE TABLE external_refunds (
    refund text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    unallocated bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX external_refunds_unallocated ON external_refunds (since, refund)
    WHERE unallocated <> 0;
