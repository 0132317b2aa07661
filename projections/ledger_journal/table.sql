-- `recorded_on` is the accounting day on which a line was recorded, `effective_on` the one that it
-- belongs to. `balance` is what the account held in the currency after the line, in log order.
CREATE TABLE ledger_journal (
    position bigint NOT NULL,
    line smallint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    tag text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    recorded_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    rule text COLLATE "C" NOT NULL,
    rule_version integer NOT NULL,
    provider_references text[] NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    balance bigint NOT NULL,
    PRIMARY KEY (position, line)
);
CREATE INDEX ledger_journal_booking ON ledger_journal (booking, position);
CREATE INDEX ledger_journal_account ON ledger_journal (account, currency, position, line);
CREATE INDEX ledger_journal_statement
    ON ledger_journal (account, currency, effective_on, position, line);
CREATE INDEX ledger_journal_day ON ledger_journal (effective_on, position) WHERE line = 1;
CREATE INDEX ledger_journal_rule ON ledger_journal (rule, position) WHERE line = 1;
CREATE INDEX ledger_journal_corrections ON ledger_journal (recorded_on)
    WHERE effective_on <> recorded_on;

CREATE TABLE ledger_reference (
    reference text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (reference, position)
);

CREATE TABLE ledger_balance (
    account text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account, currency)
) WITH (fillfactor = 50);

-- Between which positions an accounting day was recorded; days never go back in the log.
CREATE TABLE ledger_day (
    recorded_on date PRIMARY KEY,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL
) WITH (fillfactor = 50);

-- Sums of the lines that belong to another day than that of their recording.
CREATE TABLE ledger_correction (
    account text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    recorded_on date NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account, currency, effective_on, recorded_on)
) WITH (fillfactor = 80);
CREATE INDEX ledger_correction_days ON ledger_correction
    USING gist (daterange(least(effective_on, recorded_on), greatest(effective_on, recorded_on)));
CREATE INDEX ledger_correction_ahead ON ledger_correction (recorded_on)
    WHERE effective_on > recorded_on;

CREATE TABLE ledger_supply (
    position bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    standard_net bigint NOT NULL,
    zero_rated_net bigint NOT NULL,
    vat bigint NOT NULL,
    PRIMARY KEY (position, currency)
);
CREATE INDEX ledger_supply_day ON ledger_supply (effective_on);

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
