CREATE TABLE disputes (
    dispute text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    charge text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL CHECK (stage IN (
        'warning', 'inquiry', 'open', 'won', 'lost', 'closed'
    )),
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    evidence_due_at timestamptz,
    submission_count bigint NOT NULL,
    receivable bigint NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE INDEX disputes_undecided ON disputes (payment, intent)
    WHERE stage IN ('inquiry', 'open') OR receivable <> 0;
CREATE INDEX disputes_listed ON disputes (opened_at)
    WHERE stage IN ('warning', 'inquiry', 'open') OR receivable <> 0;
