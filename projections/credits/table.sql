CREATE TABLE credits (
    credit text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C",
    origin text COLLATE "C" NOT NULL,
    booking text COLLATE "C",
    currency text COLLATE "C" NOT NULL,
    issued bigint NOT NULL CHECK (issued > 0),
    balance bigint NOT NULL CHECK (balance >= 0),
    expires_at timestamptz NOT NULL,
    payout_proposed_at timestamptz,
    -- Of a gift card only.
    buyer text COLLATE "C",
    code_digest text COLLATE "C",
    ordered_at timestamptz,
    open_disputes integer NOT NULL DEFAULT 0
);
CREATE INDEX credits_owner ON credits (owner, expires_at, credit);
CREATE INDEX credits_expiring ON credits (expires_at, credit) WHERE balance > 0;
CREATE INDEX credits_buyer ON credits (buyer, ordered_at, credit) WHERE buyer IS NOT NULL;
CREATE INDEX credits_code ON credits (code_digest) WHERE code_digest IS NOT NULL;
CREATE INDEX credits_payouts ON credits (payout_proposed_at, credit)
    WHERE payout_proposed_at IS NOT NULL;
