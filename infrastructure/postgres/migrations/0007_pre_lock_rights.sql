-- Advisory locks order the product's own processes; whoever else could take them could hold up
-- every sale. So only its roles may, and large objects can be written by nobody. Runs once, in
-- milliseconds; no table is touched.

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT p.oid::regprocedure AS name, p.proname LIKE '%advisory%' AS is_lock
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND (p.proname LIKE 'pg\_%advisory%'
               OR p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_import'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found.name);
        IF found.is_lock THEN
            EXECUTE format(
                'GRANT EXECUTE ON FUNCTION %s TO ais_application, ais_projector', found.name
            );
        END IF;
    END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'advisory locks stay open to all roles: the owner may not change their rights';
END
$$;
