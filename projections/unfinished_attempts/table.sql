CREATE TABLE unfinished_attempts (
    attempt text COLLATE "C" PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('requested', 'unknown')),
    started_at timestamptz NOT NULL
);
CREATE INDEX unfinished_attempts_started ON unfinished_attempts (started_at);
