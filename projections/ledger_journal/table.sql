CREATE TABLE ledger_journal (
    position bigint NOT NULL,
    line smallint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    rule text COLLATE "C" NOT NULL,
    rule_version integer NOT NULL,
    provider_references text[] NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    PRIMARY KEY (position, line)
);
CREATE INDEX ledger_journal_booking ON ledger_journal (booking, position);

CREATE TABLE ledger_balance (
    account text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account, currency)
) WITH (fillfactor = 50);

CREATE TABLE ledger_booking_balance (
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account, booking, currency)
) WITH (fillfactor = 80);
CREATE INDEX ledger_booking_balance_open ON ledger_booking_balance (account, booking)
    WHERE amount <> 0;

CREATE TABLE ledger_parked_funds (
    position bigint PRIMARY KEY,
    payment text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX ledger_parked_funds_payment ON ledger_parked_funds (payment);
