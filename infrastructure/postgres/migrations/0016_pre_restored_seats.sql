-- Seats that a booking lost by a mistake are sold to it again, also where others have bought them
-- since: the check of the capacity leaves the `restored` seats of a move out. Takes milliseconds:
-- it replaces one function.

CREATE OR REPLACE FUNCTION ledger.move_capacity(streams text[], payloads bytea[])
RETURNS void
LANGUAGE plpgsql
AS $function$
DECLARE
    exceeded record;
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT e.stream AS flight, m.cabin,
               sum(m.authorised)::integer AS authorised,
               sum(m.held)::integer AS held,
               sum(m.sold)::integer AS sold,
               sum(CASE WHEN m.restored > 0 THEN least(m.restored, m.sold) ELSE 0 END)::integer
                 AS restored
        FROM unnest(streams, payloads) AS e (stream, payload),
             json_to_recordset(convert_from(e.payload, 'UTF8')::json -> 'moves')
                 AS m (cabin text, authorised integer, held integer, sold integer,
                       restored integer)
        WHERE position('"moves"'::bytea IN e.payload) > 0
        GROUP BY e.stream, m.cabin
    ), changed AS (
        INSERT INTO ledger.capacity AS c (flight, cabin, authorised, held, sold)
        SELECT flight, cabin, authorised, held, sold FROM moved
        ON CONFLICT (flight, cabin) DO UPDATE
        SET authorised = c.authorised + excluded.authorised,
            held = c.held + excluded.held,
            sold = c.sold + excluded.sold
        RETURNING c.flight, c.cabin, c.authorised, c.held, c.sold
    )
    SELECT changed.flight, changed.cabin INTO exceeded
    FROM changed JOIN moved USING (flight, cabin)
    WHERE (changed.held + changed.sold - moved.restored > changed.authorised
           AND moved.held + moved.sold > moved.restored)
       OR changed.held < 0 OR changed.sold < 0 OR changed.authorised < 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'capacity of % cabin % exceeded', exceeded.flight, exceeded.cabin
            USING ERRCODE = 'AIS03';
    END IF;
END
$function$;
