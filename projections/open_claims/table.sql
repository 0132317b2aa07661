CREATE TABLE open_claims (
    claim text COLLATE "C" PRIMARY KEY,
    booking text COLLATE "C" NOT NULL,
    flight text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    regime text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('assessed', 'offered', 'accepted')),
    since timestamptz NOT NULL
);
CREATE INDEX open_claims_assessed ON open_claims (claim) WHERE status = 'assessed';
CREATE INDEX open_claims_since ON open_claims (since, claim);
