//! Names and objects that other database users chose must neither be called nor break anything.

use crate::harness::Admin;
use crate::lease_stage::{APP_ROLE, Stage, assert_whole};

/// Shadows what pgcreds' own SQL calls. Each says so loudly, as a sequence that a rollback does not take back.
const TRAPS: &str = "
CREATE SEQUENCE public.sprung;
GRANT ALL ON SEQUENCE public.sprung TO PUBLIC;
CREATE FUNCTION public.spring() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('public.sprung') $$;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT public.spring(); SELECT timestamptz '2001-01-01' $$;
CREATE FUNCTION public.strpos(text, text) RETURNS int LANGUAGE sql AS $$ SELECT public.spring(); SELECT 1 $$;
CREATE FUNCTION public.to_char(timestamp, text) RETURNS text LANGUAGE sql AS $$ SELECT public.spring(); SELECT 'x'::text $$;
CREATE FUNCTION public.to_char(timestamptz, text) RETURNS text LANGUAGE sql AS $$ SELECT public.spring(); SELECT 'x'::text $$;
CREATE FUNCTION public.make_interval(secs double precision) RETURNS interval LANGUAGE sql AS $$ SELECT public.spring(); SELECT interval '1 s' $$;
CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT public.spring(); SELECT 'on'::text $$;
CREATE FUNCTION public.hashtext(text) RETURNS int LANGUAGE sql AS $$ SELECT public.spring(); SELECT 1 $$;
CREATE FUNCTION public.pg_has_role(oid, text) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring(); SELECT false $$;
CREATE FUNCTION public.pg_terminate_backend(int) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring(); SELECT true $$;
CREATE FUNCTION public.same(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring(); SELECT true $$;
CREATE FUNCTION public.same_name(name, text) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring(); SELECT true $$;
CREATE FUNCTION public.same_oid(oid, oid) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring(); SELECT true $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.same_name);
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.same_oid);
CREATE OPERATOR public.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
CREATE VIEW public.pg_roles AS SELECT 'x'::name AS rolname, public.spring();
CREATE VIEW public.pg_stat_activity AS SELECT 1 AS pid, public.spring();
CREATE TABLE public.pg_shdescription (objoid oid);
";

/// A role whose statement names a function without its schema.
const OWN_PATH_ROLE: &str = r#"
[roles.own-path]
connection = "my-postgres-db"
creation_statements = ["SELECT make_login('{{name}}', '{{password}}')"]
max_leases = 3
"#;

#[test]
fn traps_in_the_search_path_are_not_sprung() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = Stage::new(admin, &format!("{APP_ROLE}max_leases = 2\n"));
        stage.cluster.execute_in("mydb", TRAPS);
        for hostile in ["public, pg_catalog", "public"] {
            stage.cluster.execute(&format!(
                "ALTER ROLE vaultadmin SET search_path = {hostile}"
            ));
            let issued = stage.issue(&["app-role"]);
            stage.execute_as(&issued, "SELECT 1").unwrap();
            for command in [
                &["lease", "show"][..],
                &["lease", "renew"],
                &["lease", "list"],
            ] {
                let id = (command[1] != "list").then(|| issued.id());
                let arguments = command.iter().copied().chain(id);
                stage.sandbox.pgcreds(arguments).run().success();
            }
            assert_whole(&stage.logins());
            stage.expire_and_sweep_all();
        }
        let sprung = "SELECT is_called FROM public.sprung";
        assert_eq!(stage.cluster.value_in("mydb", sprung), "f");
        // They do work: on whoever lets public come first.
        stage
            .cluster
            .execute_in("mydb", "SET search_path = public, pg_catalog; SELECT now()");
        assert_eq!(stage.cluster.value_in("mydb", sprung), "t");
    }
}

#[test]
fn statements_see_the_search_path_of_their_role() {
    let stage = Stage::new(Admin::CreateRole, OWN_PATH_ROLE);
    stage.cluster.execute_in(
        "mydb",
        "CREATE SCHEMA tools; GRANT USAGE ON SCHEMA tools TO vaultadmin; \
         CREATE FUNCTION tools.make_login(name text, verifier text) RETURNS void LANGUAGE plpgsql AS $$ \
         BEGIN EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', name, verifier); END $$",
    );
    // What the admin sees in psql is not what counts: whoever owns the database may choose that.
    stage
        .cluster
        .execute("ALTER ROLE vaultadmin SET search_path = tools");
    let refused = stage.sandbox.pgcreds(["issue", "own-path"]).run().exits(3);
    assert!(refused.stderr.contains("make_login"), "{refused}");
    let state = stage.sandbox.state();
    let path = "search_path = [\"tools\"]\nmax_leases";
    stage
        .sandbox
        .write_state(&state.replace("max_leases", path));
    let issued = stage.issue(&["own-path"]);
    stage.execute_as(&issued, "SELECT 1").unwrap();
}

#[test]
fn group_roles_may_have_any_name() {
    let longest = "g".repeat(63);
    for name in [
        "with \"quotes\"",
        "it's; DROP ROLE app_rw; --",
        "Space and Case",
        "grüße-日本",
        "{{name}}",
        "back\\slash",
        "$$",
        &longest,
    ] {
        let stage = Stage::new(Admin::CreateRole, "");
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        stage.cluster.execute(&format!(
            "CREATE ROLE {quoted}; GRANT {quoted} TO vaultadmin WITH ADMIN OPTION"
        ));
        let add = [
            "role",
            "add",
            "odd",
            "--connection",
            "my-postgres-db",
            "--set-role",
            name,
        ];
        stage.sandbox.pgcreds(add).run().success();
        let issued = stage.issue(&["odd"]);
        let groups = format!(
            "SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
             WHERE m.member = '{}'::regrole",
            issued.id()
        );
        assert_eq!(stage.cluster.rows(&groups), [[name]]);
        let user = stage.execute_as(&issued, "SELECT current_user");
        assert_eq!(user.unwrap(), [[name]], "{name}");
        stage.expire_and_sweep_all();
    }
}

#[test]
fn a_group_name_that_postgresql_would_cut_is_refused() {
    let stage = Stage::new(Admin::CreateRole, "");
    let long = "g".repeat(64);
    for name in [&long, "line\nbreak", ""] {
        let role = format!("\n[roles.odd]\nconnection = \"my-postgres-db\"\nset_role = {name:?}\n");
        let state = stage.sandbox.state();
        stage.sandbox.write_state(&(state.clone() + &role));
        assert_eq!(
            stage
                .sandbox
                .pgcreds(["issue", "odd"])
                .run()
                .normalized(&stage.sandbox, None),
            "--- stderr ---\n\
             error: invalid state file \"~/.config/pgcreds/pgcreds.toml\": role \"odd\"\n\
             caused by: the name of a PostgreSQL role has 1 to 63 bytes without control characters\n\
             [exit 1]\n"
        );
        stage.sandbox.write_state(&state);
    }
}

#[test]
fn a_schema_in_the_search_path_has_a_name_that_may_stand_there() {
    let stage = Stage::new(Admin::CreateRole, "");
    let add = |name: &'static str, path: &'static str| {
        let arguments = ["role", "add", name, "--connection", "my-postgres-db"];
        let options = ["--member-of", "app_rw", "--search-path", path];
        stage
            .sandbox
            .pgcreds(arguments.into_iter().chain(options))
            .run()
    };
    add("good", "tools,Odd \"one\"").success();
    let state = stage.sandbox.state();
    assert!(state.contains("search_path = [\"tools\", "), "{state}");
    stage.issue(&["good"]);
    for path in ["pg_temp", "tools,pg_catalog", "", "line\nbreak"] {
        let refused = add("bad", path).exits(1);
        assert!(refused.stderr.contains("search_path"), "{refused}");
    }
}
