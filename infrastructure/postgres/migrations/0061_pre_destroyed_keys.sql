-- Which keys were destroyed: no backup that is older brings one back. Takes milliseconds.
--
-- Only the id of the data subject is kept, which says nothing without its key. Nobody but the owner
-- of the schema can read or change the list, which `ais backup` writes beside the keys.

CREATE TABLE vault.destroyed_key (
    subject text COLLATE "C" PRIMARY KEY,
    destroyed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION vault.record_destroyed_keys() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO vault.destroyed_key (subject) SELECT subject FROM destroyed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION vault.record_destroyed_keys FROM PUBLIC;

CREATE TRIGGER record_destroyed AFTER DELETE ON vault.subject_key
    REFERENCING OLD TABLE AS destroyed
    FOR EACH STATEMENT EXECUTE FUNCTION vault.record_destroyed_keys();
ALTER TABLE vault.subject_key ENABLE ALWAYS TRIGGER record_destroyed;

-- A TRUNCATE would destroy keys without a record.
CREATE FUNCTION vault.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE on %.% is refused: keys are destroyed one by one',
        TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AIS01';
END
$$;
REVOKE ALL ON FUNCTION vault.refuse_truncate FROM PUBLIC;
CREATE TRIGGER keep_record BEFORE TRUNCATE ON vault.subject_key
    FOR EACH STATEMENT EXECUTE FUNCTION vault.refuse_truncate();
ALTER TABLE vault.subject_key ENABLE ALWAYS TRIGGER keep_record;
