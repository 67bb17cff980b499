-- Pages read with the role wheelhouse_reader. The program usually logs in as the owner of the warehouse, who may set that role only
-- if the owner is a superuser or a member. Before PostgreSQL 16, the creator of a role is not a member. Since 16, the creator is a
-- member who may grant the role but not set it (unless createrole_self_grant says so). So this migration makes the owner a member
-- who may set the role.

CREATE FUNCTION wheelhouse.owner_sets_reader() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(pg_has_role(nspowner, to_regrole('wheelhouse_reader'),
        -- Since 16, a member may have only the right to grant the role.
        CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END), false)
    FROM pg_namespace WHERE nspname = 'wheelhouse'
$$;
COMMENT ON FUNCTION wheelhouse.owner_sets_reader() IS
    'Whether the owner of schema wheelhouse may set the role wheelhouse_reader, which pages read with.';

CREATE OR REPLACE FUNCTION wheelhouse.role_grants(role text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    db    text := quote_ident(current_database());
    owner text := (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'wheelhouse');
BEGIN
    CASE role
    WHEN 'wheelhouse_loader' THEN
        RETURN QUERY VALUES
            (format('GRANT CONNECT, TEMPORARY ON DATABASE %s TO wheelhouse_loader', db)),
            ('GRANT USAGE ON SCHEMA crankwheel, wheelhouse, bi TO wheelhouse_loader'),
            ('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crankwheel, wheelhouse TO wheelhouse_loader'),
            ('REVOKE INSERT, UPDATE, DELETE ON wheelhouse.schema_migrations FROM wheelhouse_loader'),
            ('GRANT SELECT ON ALL TABLES IN SCHEMA bi TO wheelhouse_loader'),
            ('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi TO wheelhouse_loader'),
            (format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA crankwheel, wheelhouse GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO wheelhouse_loader', owner)),
            (format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA bi GRANT SELECT ON TABLES TO wheelhouse_loader', owner)),
            (format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA wheelhouse, bi GRANT EXECUTE ON FUNCTIONS TO wheelhouse_loader', owner));
    WHEN 'wheelhouse_reader' THEN
        RETURN QUERY VALUES
            (format('GRANT CONNECT ON DATABASE %s TO wheelhouse_reader', db)),
            ('GRANT USAGE ON SCHEMA bi TO wheelhouse_reader'),
            ('GRANT SELECT ON ALL TABLES IN SCHEMA bi TO wheelhouse_reader'),
            ('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bi TO wheelhouse_reader'),
            (format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA bi GRANT SELECT ON TABLES TO wheelhouse_reader', owner)),
            (format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA bi GRANT EXECUTE ON FUNCTIONS TO wheelhouse_reader', owner)),
            (format('GRANT wheelhouse_reader TO %s%s', owner, -- SET: the right that createrole_self_grant may have left out
                CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN ' WITH SET TRUE' END));
    WHEN 'wheelhouse_pii_reader' THEN
        -- Membership gives the role the reader's rights. The second grant is a right in this database: while the role has one, the
        -- down migration of another database does not drop the role. Membership alone would not prevent that.
        RETURN QUERY VALUES
            ('GRANT wheelhouse_reader TO wheelhouse_pii_reader'),
            ('GRANT USAGE ON SCHEMA bi TO wheelhouse_pii_reader');
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION wheelhouse.grant_roles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role      text;
    statement text;
BEGIN
    BEGIN
        REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wheelhouse, bi FROM PUBLIC;
    EXCEPTION
        WHEN insufficient_privilege THEN NULL;
    END;
    FOREACH role IN ARRAY ARRAY['wheelhouse_loader', 'wheelhouse_reader', 'wheelhouse_pii_reader'] LOOP
        IF to_regrole(role) IS NULL THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN insufficient_privilege THEN CONTINUE;
            END;
        END IF;
        FOR statement IN SELECT wheelhouse.role_grants(role) LOOP
            CONTINUE WHEN statement = 'GRANT wheelhouse_reader TO wheelhouse_pii_reader' AND pg_has_role(role, 'wheelhouse_reader', 'USAGE');
            CONTINUE WHEN role = 'wheelhouse_reader' AND statement LIKE 'GRANT wheelhouse_reader TO %' AND wheelhouse.owner_sets_reader();
            CONTINUE WHEN statement LIKE 'GRANT CONNECT, TEMP%' AND has_database_privilege(role, current_database(), 'CONNECT')
                                                                AND has_database_privilege(role, current_database(), 'TEMPORARY');
            CONTINUE WHEN statement LIKE 'GRANT CONNECT ON%' AND has_database_privilege(role, current_database(), 'CONNECT');
            BEGIN
                EXECUTE statement;
            EXCEPTION
                WHEN insufficient_privilege THEN NULL;
            END;
        END LOOP;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION wheelhouse.missing_roles_sql() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role    text;
    roles   text[] := ARRAY['wheelhouse_loader', 'wheelhouse_reader', 'wheelhouse_pii_reader'];
    result  text   := '';
    lacking boolean;
BEGIN
    FOREACH role IN ARRAY roles LOOP
        CONTINUE WHEN to_regrole(role) IS NOT NULL;
        result := result || format(E'CREATE ROLE %I NOLOGIN;\n', role);
    END LOOP;
    FOREACH role IN ARRAY roles LOOP
        IF to_regrole(role) IS NULL THEN
            lacking := true;
        ELSIF role = 'wheelhouse_pii_reader' THEN
            lacking := to_regrole('wheelhouse_reader') IS NULL OR NOT pg_has_role(role, 'wheelhouse_reader', 'USAGE');
        ELSE
            lacking := NOT has_database_privilege(role, current_database(), 'CONNECT')
                OR (role = 'wheelhouse_reader' AND NOT wheelhouse.owner_sets_reader())
                OR (role = 'wheelhouse_loader' AND NOT has_database_privilege(role, current_database(), 'TEMPORARY'))
                OR EXISTS (
                    SELECT FROM pg_namespace n
                    WHERE n.nspname IN ('crankwheel', 'wheelhouse', 'bi')
                      AND (n.nspname = 'bi' OR role = 'wheelhouse_loader')
                      AND NOT has_schema_privilege(role, n.oid, 'USAGE'))
                OR EXISTS (
                    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname IN ('crankwheel', 'wheelhouse', 'bi')
                      AND (n.nspname = 'bi' OR role = 'wheelhouse_loader')
                      AND NOT (has_table_privilege(role, c.oid, 'SELECT')
                               AND (n.nspname = 'bi' OR c.relname = 'schema_migrations'
                                    OR (has_table_privilege(role, c.oid, 'INSERT') AND has_table_privilege(role, c.oid, 'UPDATE')
                                        AND has_table_privilege(role, c.oid, 'DELETE')))))
                OR EXISTS (
                    SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname IN ('wheelhouse', 'bi') AND (n.nspname = 'bi' OR role = 'wheelhouse_loader')
                      AND NOT has_function_privilege(role, p.oid, 'EXECUTE'));
        END IF;
        IF lacking THEN
            result := result || (SELECT string_agg(g || E';\n', '') FROM wheelhouse.role_grants(role) g);
        END IF;
    END LOOP;
    RETURN result;
END
$$;
