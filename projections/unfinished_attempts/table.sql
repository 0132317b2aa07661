CREATE TABLE unfinished_attempts (
    attempt text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('requested', 'unknown', 'open')),
    started_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX unfinished_attempts_unanswered ON unfinished_attempts (attempt)
    WHERE status IN ('requested', 'unknown');
CREATE INDEX unfinished_attempts_open ON unfinished_attempts (ends_at) WHERE status = 'open';
