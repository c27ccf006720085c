//! TLS by `PG*` variables and services, beside psql.

use super::stage::Stage;
use crate::app_role::psql;

/// Parameters, variables, and whether the server lets in.
type Case = (&'static str, &'static [(&'static str, &'static str)], bool);

const CASES: &[Case] = &[
    ("", &[("PGSSLMODE", "disable")], true),
    ("", &[("PGSSLMODE", "require")], true),
    (
        "",
        &[("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", "~/ca.crt")],
        true,
    ),
    (
        "",
        &[
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "~/other.crt"),
        ],
        false,
    ),
    (
        "",
        &[("PGSSLMODE", "require"), ("PGSSLROOTCERT", "~/other.crt")],
        false,
    ),
    ("sslmode=disable", &[("PGSSLMODE", "verify-full")], true),
    (
        "sslrootcert=~/ca.crt",
        &[
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "~/other.crt"),
        ],
        true,
    ),
    ("", &[("PGSERVICE", "strict")], true),
    ("service=strict", &[("PGSSLMODE", "disable")], true),
    ("service=strict sslmode=disable", &[], true),
    ("service=strict sslrootcert=~/other.crt", &[], false),
    ("sslmode=require", &[("PGCHANNELBINDING", "require")], true),
    ("sslmode=disable", &[("PGCHANNELBINDING", "require")], false),
    (
        "sslmode=require",
        &[("PGSSLMAXPROTOCOLVERSION", "TLSv1.2")],
        true,
    ),
];

#[test]
fn variables_mean_what_they_mean_to_psql() {
    let stage = Stage::new("signed");
    stage.file(
        ".pg_service.conf",
        &format!(
            "[strict]\nsslmode=verify-full\nsslrootcert={}/ca.crt\n",
            stage.sandbox.home().display()
        ),
    );
    let home = stage.sandbox.home().display().to_string();
    for (parameters, variables, is_let_in) in CASES {
        let url = stage.url(parameters);
        let _ = stage.check(parameters);
        let ask = [
            "-XwAtc",
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        ];
        let [mine, his] = [
            stage.sandbox.pgcreds(["connection", "check", "c"]),
            stage
                .sandbox
                .program(psql(), [url.as_str()].iter().chain(&ask)),
        ]
        .map(|invocation| {
            let invocation = invocation.env("PGPASSWORD", "admin-secret");
            variables
                .iter()
                .fold(invocation, |run, (name, value)| {
                    run.env(name, value.replace('~', &home))
                })
                .run()
        });
        assert_eq!(
            mine.code == 0,
            *is_let_in,
            "{parameters} {variables:?}\n{mine}"
        );
        assert_eq!(
            his.code == 0,
            *is_let_in,
            "{parameters} {variables:?}\n{his}"
        );
        if *is_let_in {
            assert_eq!(
                stage.had_tls(),
                his.stdout == "t\n",
                "{parameters} {variables:?}"
            );
        }
    }
}
