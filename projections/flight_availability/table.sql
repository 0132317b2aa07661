CREATE TABLE flight_availability (
    flight text COLLATE "C" NOT NULL,
    cabin text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,
    destination text COLLATE "C" NOT NULL,
    origin_zone text NOT NULL,
    destination_zone text NOT NULL,
    departs_at timestamptz NOT NULL,
    arrives_at timestamptz NOT NULL,
    local_date date NOT NULL,
    domestic boolean NOT NULL,
    fare_amount bigint NOT NULL,
    currency text COLLATE "C" NOT NULL,
    authorised integer NOT NULL,
    held integer NOT NULL,
    sold integer NOT NULL,
    PRIMARY KEY (flight, cabin)
) WITH (fillfactor = 70);
CREATE INDEX flight_availability_route
    ON flight_availability (origin, destination, local_date, cabin);
