-- Shadows all of pg_catalog that can be shadowed in a schema "evil", which is what the owner of the
-- database can do: each copy reports the call to the server's log, with who called, and fails.
CREATE SCHEMA evil;
GRANT USAGE, CREATE ON SCHEMA evil TO PUBLIC;
SET check_function_bodies = off;
SET search_path = pg_catalog;
DO $do$
DECLARE
    f record;
    body constant text := 'BEGIN RAISE LOG ''evil called by %s'', current_user; RAISE EXCEPTION ''evil called''; END';
BEGIN
    FOR f IN SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
             FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
                f.proname, f.arguments, f.result, replace(body, '%s', '%'));
        EXCEPTION WHEN OTHERS THEN
            NULL; -- of a type that no procedural language takes
        END;
    END LOOP;
    FOR f IN SELECT o.oprname, o.oprleft, o.oprright, o.oprresult, row_number() OVER () AS number
             FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION evil.operator_%s(a %s, b %s) RETURNS %s LANGUAGE plpgsql AS %L',
                f.number, f.oprleft::regtype, f.oprright::regtype, f.oprresult::regtype, replace(body, '%s', '%'));
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = evil.operator_%s)',
                f.oprname, f.oprleft::regtype, f.oprright::regtype, f.number);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    EXECUTE format('CREATE FUNCTION evil.spring() RETURNS bool LANGUAGE plpgsql AS %L', replace(body, '%s', '%'));
    FOR f IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
    LOOP
        BEGIN
            EXECUTE format('CREATE VIEW evil.%I AS SELECT * FROM pg_catalog.%I WHERE evil.spring()', f.relname, f.relname);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    FOR f IN SELECT unnest(ARRAY['text', 'name', 'oid', 'regclass', 'regrole', 'regnamespace', 'timestamptz', 'json']) AS name
    LOOP
        EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.%I CHECK (evil.spring())', f.name, f.name);
    END LOOP;
END
$do$;
GRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC;
