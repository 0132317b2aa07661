CREATE TABLE coupon_value_change (
    position bigint NOT NULL,
    flight text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    effective_on date NOT NULL,
    PRIMARY KEY (position, flight, account)
);
CREATE INDEX coupon_value_change_flight
    ON coupon_value_change (flight, account, currency, effective_on);

-- A sum of zero whose last change is known needs no look at its changes.
CREATE TABLE coupon_value (
    flight text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    last_effective_on date NOT NULL,
    last_position bigint NOT NULL,
    PRIMARY KEY (flight, account, currency)
) WITH (fillfactor = 80);
CREATE INDEX coupon_value_open ON coupon_value (account, flight) WHERE amount <> 0;
CREATE INDEX coupon_value_closed ON coupon_value (account, last_effective_on) WHERE amount = 0;

-- What is owed to authorities, by code and airport; no airport where it is for the coupon, or for
-- both airports of a flight in equal parts. The sum of a booking is its balance of account 2310.
CREATE TABLE charge_change (
    position bigint NOT NULL,
    flight text COLLATE "C" NOT NULL,
    authority text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    airport text COLLATE "C" NOT NULL,
    booking text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    effective_on date NOT NULL,
    PRIMARY KEY (position, flight, authority, code, airport)
);
CREATE INDEX charge_change_day ON charge_change (effective_on, position);
