-- A write that needs room, for a process that has met a full disk and looks whether there is room
-- again. Takes milliseconds; nothing waits.
--
-- The row is half a megabyte in pages of its own, and is removed in the same transaction; vacuum
-- frees its pages. Only the function writes to the table.

CREATE TABLE operations.room_probe (filling bytea NOT NULL);
ALTER TABLE operations.room_probe ALTER COLUMN filling SET STORAGE EXTERNAL;

CREATE FUNCTION operations.probe_room() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO operations.room_probe (filling)
    VALUES (decode(repeat('00', 524288), 'hex'));
    DELETE FROM operations.room_probe;
END
$$;
REVOKE ALL ON FUNCTION operations.probe_room() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operations.probe_room() TO ais_application;
