-- Wrong passwords are counted by place, a device or a network address as a keyed hash, so that a
-- stranger does not lock the owner out; refused attempts join the record of authentication. Takes
-- milliseconds: a new table, columns without a default, and a wider check. NOT VALID spares the
-- scan: every row that there is satisfies the narrower check.

CREATE TABLE identity.sign_in_place (
    user_id text COLLATE "C" NOT NULL REFERENCES identity.app_user (id),
    place bytea NOT NULL CHECK (octet_length(place) = 32),
    failed_logins integer NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
    failed_since timestamptz,
    locked_until timestamptz,
    signed_in_at timestamptz,
    PRIMARY KEY (user_id, place)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.sign_in_place TO ais_application;

ALTER TABLE identity.auth_event
    ADD COLUMN route text,
    ADD COLUMN source bytea,
    DROP CONSTRAINT auth_event_happened_check,
    ADD CONSTRAINT auth_event_happened_check CHECK (happened IN
        ('registered', 'registered_again', 'signed_in', 'sign_in_refused', 'locked',
         'token_refused', 'permission_refused', 'foreign_booking')) NOT VALID;
