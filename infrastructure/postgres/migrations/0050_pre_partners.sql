-- Subscriptions of partners: which events are delivered where, and how far each got. Takes
-- milliseconds; nothing waits.
--
-- The application adds, removes and moves subscriptions. It can change no name, address or type of
-- one: a partner that moves is added anew, which is recorded.

CREATE SCHEMA partner;
GRANT USAGE ON SCHEMA partner TO ais_application;

CREATE TABLE partner.subscription (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^sub_[0-9a-f]{24}$'),
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name text COLLATE "C" NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 80),
    url text COLLATE "C" NOT NULL CHECK (url ~ '^https?://' AND char_length(url) <= 500),
    types text[] CHECK (cardinality(types) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    -- Wrapped by the master key: key id, nonce, ciphertext of 32 bytes and its tag.
    secret bytea NOT NULL CHECK (octet_length(secret) = 64),
    old_secret bytea CHECK (octet_length(old_secret) = 64),
    old_secret_until timestamptz,
    enabled boolean NOT NULL DEFAULT true,
    delivered bigint NOT NULL CHECK (delivered >= 0),
    examined bigint NOT NULL CHECK (examined >= delivered),
    replays integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    failing_since timestamptz,
    next_try_at timestamptz,
    last_error text CHECK (char_length(last_error) <= 100),
    parked_at timestamptz,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((tries = 0) = (failing_since IS NULL)),
    CHECK ((tries = 0) = (last_error IS NULL)),
    CHECK (next_try_at IS NULL OR (tries > 0 AND parked_at IS NULL)),
    CHECK (parked_at IS NULL OR tries > 0)
);

GRANT SELECT, DELETE ON partner.subscription TO ais_application;
GRANT INSERT (id, name, url, types, created_at, secret, delivered, examined)
    ON partner.subscription TO ais_application;
GRANT UPDATE (secret, old_secret, old_secret_until, enabled, delivered, examined, replays, tries,
    failing_since, next_try_at, last_error, parked_at) ON partner.subscription TO ais_application;
