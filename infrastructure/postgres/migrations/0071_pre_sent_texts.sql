-- Text messages that were handed to a provider. Takes milliseconds; nothing waits.
--
-- A message's name has its kind and booking reference, and no number. A try claims it first, so
-- that two do not send it at once; one that was sent stays so, and retention removes the record.

CREATE TABLE operations.sent_text (
    message text COLLATE "C" PRIMARY KEY CHECK (message ~ '^sms-[A-Za-z0-9_-]{1,120}$'),
    claimed_at timestamptz,
    sent_at timestamptz,
    segments smallint CHECK (segments BETWEEN 1 AND 20),
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((sent_at IS NULL) = (segments IS NULL))
);
CREATE INDEX sent_text_oldest ON operations.sent_text (first_at);

GRANT SELECT ON operations.sent_text TO ais_application;
GRANT INSERT (message, claimed_at) ON operations.sent_text TO ais_application;
GRANT UPDATE (claimed_at, sent_at, segments) ON operations.sent_text TO ais_application;

CREATE FUNCTION operations.keep_sent_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.sent_at IS NOT NULL THEN
        RAISE EXCEPTION 'the text message was sent: that is final' USING ERRCODE = 'AIS01';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER keep_sent_text BEFORE UPDATE ON operations.sent_text
    FOR EACH ROW EXECUTE FUNCTION operations.keep_sent_text();

INSERT INTO privacy.retention_bound (store, least_days, usual_days, most_days)
VALUES ('sent_texts', 30, 90, 366);

CREATE FUNCTION operations.remove_old_texts(most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH removed AS (
        DELETE FROM operations.sent_text WHERE message IN (
            SELECT message FROM operations.sent_text
            WHERE first_at < clock_timestamp() - make_interval(
                days => (SELECT privacy.days_of('sent_texts')))
            ORDER BY first_at LIMIT most)
        RETURNING 1)
    SELECT count(*)::integer FROM removed
$$;
REVOKE ALL ON FUNCTION operations.keep_sent_text, operations.remove_old_texts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operations.remove_old_texts TO ais_application;
