CREATE TABLE signed_captures (
    capture text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('open', 'contradicted')),
    reason text COLLATE "C" NOT NULL,
    captured_at timestamptz NOT NULL
);
CREATE INDEX signed_captures_contradicted ON signed_captures (capture)
    WHERE status = 'contradicted';
