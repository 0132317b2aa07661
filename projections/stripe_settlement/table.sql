CREATE TABLE settled_transactions (
    transaction text COLLATE "C" PRIMARY KEY,
    type text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    source text COLLATE "C",
    gross bigint NOT NULL,
    fee bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    charged bigint,
    charged_currency text COLLATE "C",
    exchange_rate text COLLATE "C",
    available_on date NOT NULL,
    created_at timestamptz NOT NULL,
    booking text COLLATE "C",
    payment text COLLATE "C",
    unknown boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX settled_transactions_unknown ON settled_transactions (recorded_at) WHERE unknown;

CREATE TABLE settled_payouts (
    payout text COLLATE "C" PRIMARY KEY,
    amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    automatic boolean NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('in_transit', 'paid', 'failed')),
    arrives_on date NOT NULL,
    created_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    failure_code text COLLATE "C",
    transaction_count integer,
    paid_out bigint
);
CREATE INDEX settled_payouts_newest ON settled_payouts (created_at, payout);
CREATE INDEX settled_payouts_unfinished ON settled_payouts (payout)
    WHERE status = 'in_transit' OR automatic AND paid_out IS NULL AND status <> 'failed';

-- Which payout paid a transaction out.
CREATE TABLE paid_out_transactions (
    transaction text COLLATE "C" PRIMARY KEY,
    payout text COLLATE "C" NOT NULL
);
CREATE INDEX paid_out_transactions_payout ON paid_out_transactions (payout);

-- Account 1010.
CREATE TABLE stripe_clearing (
    currency text COLLATE "C" PRIMARY KEY,
    amount bigint NOT NULL
);

-- Each amount of a capture, refund or dispute has two sides: the fact that books it, and the list.
CREATE TABLE settled_amounts (
    amount_of text COLLATE "C" PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    booked bigint,
    listed bigint,
    since timestamptz NOT NULL
);
CREATE INDEX settled_amounts_one_sided ON settled_amounts (since)
    WHERE booked IS DISTINCT FROM listed;

CREATE TABLE balance_comparisons (
    comparison text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    day text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    booked bigint NOT NULL,
    reported bigint NOT NULL,
    awaited bigint NOT NULL,
    compared_at timestamptz NOT NULL
);
CREATE INDEX balance_comparisons_position ON balance_comparisons (position);
