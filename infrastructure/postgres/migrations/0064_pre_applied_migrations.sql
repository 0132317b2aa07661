-- What was applied, for `ais doctor`, which has the application's login and may not read the table
-- of migrations. Runs once, in milliseconds; no table is touched.

CREATE FUNCTION ledger.applied_migrations() RETURNS TABLE (number integer, checksum text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT m.number, m.checksum FROM public.schema_migration AS m $$;

REVOKE ALL ON FUNCTION ledger.applied_migrations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.applied_migrations() TO ais_application, ais_projector;
