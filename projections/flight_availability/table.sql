-- class_* describe the fare classes of the cabin from the highest to the lowest; a limit of null
-- means all of the cabin. Aircraft type and terminals are '' where they are not known.
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
    status text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    class_codes text[] NOT NULL,
    class_fares bigint[] NOT NULL,
    class_limits integer[] NOT NULL,
    class_taken integer[] NOT NULL,
    class_residues text[] NOT NULL,
    aircraft text COLLATE "C" NOT NULL,
    departure_terminal text COLLATE "C" NOT NULL,
    arrival_terminal text COLLATE "C" NOT NULL,
    authorised integer NOT NULL,
    held integer NOT NULL,
    sold integer NOT NULL,
    waiting text[] NOT NULL,
    PRIMARY KEY (flight, cabin)
) WITH (fillfactor = 70);
CREATE INDEX flight_availability_route
    ON flight_availability (origin, destination, local_date, cabin);
CREATE INDEX flight_availability_due ON flight_availability (departs_at) WHERE status = 'scheduled';
CREATE INDEX flight_availability_waiting ON flight_availability (flight) WHERE waiting <> '{}';
