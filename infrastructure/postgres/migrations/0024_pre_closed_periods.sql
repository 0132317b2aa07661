-- Months of the books that are closed: no entry is posted into one. Runs once: an empty table and
-- two triggers, which take a short lock each. A release that is still running closes no month, so
-- nothing is refused to it.

CREATE TABLE ledger.closed_period (
    month date PRIMARY KEY CHECK (extract(day FROM month) = 1)
);
GRANT SELECT ON ledger.closed_period TO ais_application;

-- Follows the events of the stream period-YYYY-MM, in the append that writes them.
CREATE FUNCTION ledger.move_period() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closing date := to_date(substr(NEW.stream, length('period-') + 1), 'YYYY-MM');
BEGIN
    IF NEW.tag = 'period.closed.1' THEN
        INSERT INTO ledger.closed_period (month) VALUES (closing) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM ledger.closed_period WHERE month = closing;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER period_moved AFTER INSERT ON ledger.event FOR EACH ROW
WHEN (NEW.tag IN ('period.closed.1', 'period.reopened.1')
      AND NEW.stream ~ '^period-[0-9]{4}-(0[1-9]|1[0-2])$')
EXECUTE FUNCTION ledger.move_period();

CREATE FUNCTION ledger.refuse_closed_period() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    offending record;
BEGIN
    SELECT i.position, i.effective_on INTO offending
    FROM inserted AS i
    JOIN ledger.closed_period AS c ON c.month = date_trunc('month', i.effective_on)::date LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entry at position % is dated %, in a closed month',
            offending.position, offending.effective_on USING ERRCODE = 'AIS07';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER period_open AFTER INSERT ON ledger.posting
REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT
EXECUTE FUNCTION ledger.refuse_closed_period();
