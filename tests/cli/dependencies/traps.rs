//! Traps that a lease sets for its successor: code of an accomplice that is to run with the successor's rights.

use super::powerless::as_thief;
use crate::harness::Admin;
use crate::stage::{PAST, Stage};

/// Code that tries what only the successor may, and hides whether it could.
const PAYLOAD: &str = "CREATE FUNCTION take() RETURNS int LANGUAGE plpgsql AS $$ BEGIN \
     BEGIN INSERT INTO public.loot VALUES (current_user); EXCEPTION WHEN insufficient_privilege THEN NULL; END; \
     BEGIN ALTER ROLE accomplice SUPERUSER; EXCEPTION WHEN insufficient_privilege THEN NULL; END; RETURN 1; END $$; \
     CREATE FUNCTION harmless(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN public.take(); END'; \
     GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;";

/// Each trap: what the lease makes, what its accomplice or anybody does after the revocation to spring it.
const TRAPS: [(&str, &str, &str); 9] = [
    (
        "an index",
        "CREATE TABLE bait AS SELECT generate_series(1, 3) AS n; CREATE INDEX ON bait (harmless(n))",
        "ANALYZE bait",
    ),
    (
        "a query in a check",
        "CREATE TABLE bait (n int PRIMARY KEY); INSERT INTO bait VALUES (1), (2), (3); GRANT ALL ON bait TO accomplice; \
         CREATE TABLE child (n int REFERENCES bait ON UPDATE CASCADE); INSERT INTO child VALUES (1); \
         ALTER TABLE child ADD CHECK (query_to_xml('SELECT public.take()', true, true, '') IS NOT NULL)",
        "SET SESSION AUTHORIZATION accomplice; UPDATE bait SET n = 7 WHERE n = 1",
    ),
    (
        "a trigger of somebody else",
        "CREATE TABLE bait (n int PRIMARY KEY); INSERT INTO bait VALUES (1), (2), (3); GRANT ALL ON bait TO accomplice; \
         CREATE TABLE child (n int REFERENCES bait ON UPDATE CASCADE); INSERT INTO child VALUES (1); GRANT TRIGGER ON child TO accomplice",
        "SET SESSION AUTHORIZATION accomplice; \
         CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.take(); RETURN NEW; END'; \
         CREATE TRIGGER t BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION fire(); UPDATE bait SET n = 7 WHERE n = 1",
    ),
    (
        "a range type",
        "CREATE FUNCTION distance(int, int) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN public.take(); END'; \
         CREATE TYPE span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = distance); CREATE TABLE bait AS SELECT span(n, n + 1) FROM generate_series(1, 3) n",
        "ANALYZE bait",
    ),
    (
        "a key of somebody else",
        "CREATE TABLE bait (n int PRIMARY KEY); INSERT INTO bait VALUES (1), (2), (3); GRANT REFERENCES ON bait TO accomplice",
        "SET SESSION AUTHORIZATION accomplice; CREATE TYPE key AS ENUM ('x'); \
         CREATE FUNCTION number(key) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN public.take(); END'; \
         CREATE CAST (key AS int) WITH FUNCTION number(key) AS IMPLICIT; CREATE TABLE child (k key REFERENCES bait); INSERT INTO child VALUES ('x')",
    ),
    (
        "a materialized view",
        "CREATE TABLE bait AS SELECT generate_series(1, 3) AS n; CREATE MATERIALIZED VIEW child AS SELECT take()",
        "REFRESH MATERIALIZED VIEW child",
    ),
    (
        "a function",
        "CREATE TABLE bait AS SELECT generate_series(1, 3) AS n; \
         CREATE FUNCTION child() RETURNS int SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN public.take(); END'",
        "SET SESSION AUTHORIZATION accomplice; SELECT child()",
    ),
    (
        "a view",
        "CREATE TABLE bait AS SELECT generate_series(1, 3) AS n; CREATE VIEW child AS SELECT * FROM loot; GRANT ALL ON child TO accomplice",
        "SET SESSION AUTHORIZATION accomplice; DO $$ BEGIN INSERT INTO child VALUES ('me'); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
    ),
    (
        "a rule",
        "CREATE TABLE bait AS SELECT generate_series(1, 3) AS n; GRANT ALL ON bait TO accomplice; \
         CREATE RULE child AS ON UPDATE TO bait DO ALSO INSERT INTO loot VALUES ('me')",
        "SET SESSION AUTHORIZATION accomplice; DO $$ BEGIN UPDATE bait SET n = 7; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
    ),
];

/// A lease, an accomplice that owns the payload, and what only the successor may write.
fn stage(admin: Admin, successor: &str) -> Stage {
    let stage = Stage::new(admin);
    stage.cluster.execute_in(
        "mydb",
        &format!(
            "CREATE ROLE accomplice; CREATE TABLE loot (who text); ALTER TABLE loot OWNER TO {successor}; \
             SET SESSION AUTHORIZATION accomplice; {PAYLOAD}"
        ),
    );
    stage.make(["pgc thief"], PAST);
    stage
}

/// Sets a trap, lets the lease end, springs it: how often it caught the successor. What was bait is still there.
#[track_caller]
fn caught(stage: &Stage, trap: &str, spring: &str) -> String {
    let oid = stage.oid("pgc thief");
    as_thief(stage, trap);
    stage.sweep([] as [&str; 0]).success();
    assert!(stage.is_gone(&oid));
    stage.cluster.execute_in("mydb", spring);
    let kept = stage.cluster.value_in("mydb", "SELECT count(*) FROM bait");
    assert_eq!(kept, "3");
    stage.cluster.value_in("mydb", "SELECT count(*) FROM loot")
}

#[test]
fn a_trap_catches_nobody() {
    for (admin, successor) in [
        (Admin::Superuser, "dbowner"),
        (Admin::Superuser, "postgres"),
        (Admin::CreateRole, "vaultadmin"),
    ] {
        for (what, trap, spring) in TRAPS {
            let stage = stage(admin, successor);
            if successor == "postgres" {
                stage
                    .cluster
                    .execute("ALTER DATABASE mydb OWNER TO postgres");
            }
            let caught = caught(&stage, trap, spring);
            assert_eq!(caught, "0", "{what} {admin:?} {successor}");
            let power = "SELECT rolsuper FROM pg_roles WHERE rolname = 'accomplice'";
            assert_eq!(stage.cluster.value(power), "f", "{what} {admin:?}");
        }
    }
}

/// The traps are real: a successor that the admin chose, and lets the logins act as, is caught by each.
#[test]
fn a_trap_catches_who_lets_the_lease_act_for_it() {
    for (what, trap, spring) in TRAPS {
        let stage = stage(Admin::Superuser, "dbowner");
        stage.describe_role("reassign_owned_to = 'dbowner'");
        stage.cluster.execute("GRANT dbowner TO \"pgc thief\"");
        assert_ne!(caught(&stage, trap, spring), "0", "{what}");
    }
}

/// Code that an earlier lease left must not reach what a later lease leaves: both go to roles without rights.
#[test]
fn what_one_lease_left_is_closed_to_what_another_left() {
    for admin in [Admin::Superuser, Admin::CreateRole] {
        let stage = stage(admin, "dbowner");
        as_thief(
            &stage,
            "CREATE FUNCTION read() RETURNS SETOF int SECURITY DEFINER LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT n FROM public.secret; END'",
        );
        stage.sweep([] as [&str; 0]).success();
        stage.make(["pgc later"], PAST);
        stage.cluster.execute_in(
            "mydb",
            "SET SESSION AUTHORIZATION \"pgc later\"; CREATE TABLE secret AS SELECT 1 AS n; CREATE VIEW v AS SELECT * FROM secret",
        );
        stage.sweep([] as [&str; 0]).success();
        assert_eq!(stage.logins(), [] as [&str; 0]);
        stage.cluster.execute_in(
            "mydb",
            "DO $$ BEGIN PERFORM read(); RAISE 'it was read'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
        );
    }
}
