//! The inputs.

/// One input: a name, the connection string, and further environment variables. `PORT`, `STANDBY`, `SOCKETS` and `HOME` are
/// replaced. The password file knows `vaultadmin` and the odd user.
pub(super) type Case = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// They succeed.
pub(super) const CASES: &[Case] = &[
    ("uri", "postgresql://vaultadmin@127.0.0.1:PORT/mydb", &[]),
    (
        "other scheme",
        "postgres://vaultadmin@127.0.0.1:PORT/mydb",
        &[],
    ),
    (
        "keywords",
        "host=127.0.0.1 port=PORT dbname=mydb user=vaultadmin",
        &[],
    ),
    (
        "keywords, spread",
        "host = 127.0.0.1\n port='PORT' dbname =mydb user= vaultadmin ",
        &[],
    ),
    ("name", "postgresql://vaultadmin@localhost:PORT/mydb", &[]),
    (
        "parameters of a uri win",
        "postgresql://nobody@127.0.0.1:1/nodb?port=PORT&user=vaultadmin&dbname=mydb",
        &[],
    ),
    (
        "later keywords win",
        "host=127.0.0.1 port=1 port=PORT dbname=mydb user=vaultadmin",
        &[],
    ),
    (
        "password in a uri",
        "postgresql://vaultadmin:admin-secret@127.0.0.1:PORT/mydb",
        &[("PGPASSWORD", "wrong")],
    ),
    (
        "database is the user's name",
        "postgresql://vaultadmin@127.0.0.1:PORT",
        &[],
    ),
    (
        "database is the user's name, by PGUSER",
        "postgresql://127.0.0.1:PORT",
        &[("PGUSER", "vaultadmin")],
    ),
    (
        "percent",
        "postgresql://o%27dd%20us%3Aer%40%25%5C%C3%BC:pa%20ss%3Aw%40rd%2F%25%5C%27%C3%BC@127.0.0.1:PORT/my%20d%27b%2F%3F%26%25%5C",
        &[],
    ),
    (
        "quotes",
        r"host=127.0.0.1 port=PORT dbname='my d\'b/?&%\\' user='o\'dd us:er@%\\ü' password='pa ss:w@rd/%\\\'ü'",
        &[],
    ),
    (
        "backslashes",
        r"host=127.0.0.1 port=PORT dbname=my\ d\'b/?&%\\ user=o\'dd\ us:er@%\\ü",
        &[],
    ),
    (
        "hostaddr",
        "hostaddr=127.0.0.1 port=PORT dbname=mydb user=vaultadmin passfile=HOME/by-address",
        &[],
    ),
    (
        "hostaddr with a name",
        "host=db.example.test hostaddr=127.0.0.1 port=PORT dbname=mydb user=vaultadmin passfile=HOME/by-name",
        &[],
    ),
    (
        "socket",
        "host=SOCKETS port=PORT dbname=mydb user=vaultadmin",
        &[],
    ),
    (
        "socket in a uri",
        "postgresql:///mydb?host=SOCKETS&port=PORT&user=vaultadmin&sslmode=verify-full",
        &[],
    ),
    (
        "odd socket",
        r"host='HOME/s \'o\\%:=&?@;ü' port=PORT dbname=mydb user=vaultadmin",
        &[],
    ),
    (
        "odd socket in a uri",
        "postgresql://vaultadmin@%2FLINK%2Fs%20%27o%5C%25%3A%3D%26%3F%40%3B%C3%BC:PORT/mydb",
        &[],
    ),
    (
        "all by variables",
        "port=PORT",
        &[
            ("PGHOST", "127.0.0.1"),
            ("PGDATABASE", "mydb"),
            ("PGUSER", "vaultadmin"),
        ],
    ),
    (
        "the string wins over variables",
        "postgresql://vaultadmin@127.0.0.1:PORT/mydb",
        &[
            ("PGHOST", "192.0.2.1"),
            ("PGPORT", "1"),
            ("PGDATABASE", "no"),
            ("PGUSER", "no"),
        ],
    ),
    (
        "an empty host is none",
        "postgresql:///mydb",
        &[
            ("PGHOST", "SOCKETS"),
            ("PGPORT", "PORT"),
            ("PGUSER", "vaultadmin"),
        ],
    ),
    (
        "PGHOSTADDR",
        "postgresql://vaultadmin@db.example.test:PORT/mydb",
        &[("PGHOSTADDR", "127.0.0.1"), ("PGPASSWORD", "admin-secret")],
    ),
    (
        "PGPASSWORD wins over the file",
        "postgresql://vaultadmin@127.0.0.1:PORT/mydb?passfile=HOME/wrong",
        &[("PGPASSWORD", "admin-secret")],
    ),
    (
        "passfile wins over PGPASSFILE",
        "postgresql://vaultadmin@127.0.0.1:PORT/mydb?passfile=HOME/.pgpass",
        &[("PGPASSFILE", "HOME/wrong")],
    ),
    (
        "PGPASSFILE",
        "postgresql://vaultadmin@127.0.0.1:PORT/mydb?",
        &[("PGPASSFILE", "HOME/by-port")],
    ),
    ("service", "service=main", &[]),
    ("service in a uri", "postgresql://?service=main", &[]),
    ("PGSERVICE", "user=vaultadmin", &[("PGSERVICE", "main")]),
    (
        "service wins over PGSERVICE",
        "service=main",
        &[("PGSERVICE", "bad")],
    ),
    (
        "the string wins over the service",
        "service=bad port=PORT host=127.0.0.1 user=vaultadmin dbname=mydb",
        &[],
    ),
    (
        "the service wins over variables",
        "service=main",
        &[("PGPORT", "1"), ("PGUSER", "no"), ("PGHOST", "192.0.2.1")],
    ),
    (
        "variables fill the service's gaps",
        "service=half",
        &[("PGUSER", "vaultadmin"), ("PGDATABASE", "mydb")],
    ),
    (
        "PGSERVICEFILE",
        "service=elsewhere",
        &[("PGSERVICEFILE", "HOME/services")],
    ),
    (
        "PGSYSCONFDIR",
        "service=system",
        &[("PGSYSCONFDIR", "HOME/etc")],
    ),
    (
        "the own file goes first",
        "service=main",
        &[("PGSYSCONFDIR", "HOME/etc")],
    ),
    (
        "a named file goes before the system's",
        "service=elsewhere",
        &[
            ("PGSERVICEFILE", "HOME/services"),
            ("PGSYSCONFDIR", "HOME/etc"),
        ],
    ),
    (
        "first host down",
        "postgresql://vaultadmin@127.0.0.1:1,127.0.0.1:PORT/mydb",
        &[],
    ),
    (
        "first host down, by keywords",
        "host=127.0.0.1,localhost port=1,PORT dbname=mydb user=vaultadmin",
        &[],
    ),
    (
        "first host unknown",
        "postgresql://vaultadmin@no-such-host.invalid,127.0.0.1:PORT/mydb?port=PORT",
        &[],
    ),
    (
        "first host a standby",
        "postgresql://vaultadmin@127.0.0.1:STANDBY,127.0.0.1:PORT/mydb?target_session_attrs=read-write",
        &[],
    ),
    (
        "first host a standby, by variable",
        "postgresql://vaultadmin@127.0.0.1:STANDBY,127.0.0.1:PORT/mydb",
        &[("PGTARGETSESSIONATTRS", "primary")],
    ),
    (
        "in any order",
        "postgresql://vaultadmin@127.0.0.1:STANDBY,127.0.0.1:PORT/mydb?target_session_attrs=primary&load_balance_hosts=disable",
        &[],
    ),
    (
        "connect_timeout",
        "postgresql://vaultadmin@127.0.0.1:PORT/mydb?connect_timeout=7",
        &[("PGCONNECT_TIMEOUT", "no number")],
    ),
    (
        "what changes nothing",
        "host=127.0.0.1 port=PORT dbname=mydb user=vaultadmin gssencmode=disable krbsrvname=x client_encoding=UTF8 sslcompression=0 sslsni=1 fallback_application_name=x keepalives=1",
        &[("PGGSSENCMODE", "prefer")],
    ),
];

/// They fail; the text is of pgcreds.
pub(super) const FAILURES: &[(Case, &str)] = &[
    (
        (
            "wrong password",
            "postgresql://vaultadmin@127.0.0.1:PORT/mydb?passfile=HOME/wrong",
            &[],
        ),
        "SQLSTATE 28P01",
    ),
    (
        (
            "a passfile that others can read",
            "postgresql://vaultadmin@127.0.0.1:PORT/mydb?passfile=HOME/open",
            &[],
        ),
        "needs a password",
    ),
    (
        (
            "a refusal ends the search",
            "postgresql://nobody:x@127.0.0.1:PORT,127.0.0.1:PORT/mydb",
            &[],
        ),
        "SQLSTATE 28P01",
    ),
    (
        (
            "a standby alone",
            "postgresql://vaultadmin@127.0.0.1:STANDBY/mydb?target_session_attrs=read-write",
            &[],
        ),
        "the server is read-only",
    ),
    (
        ("service unknown", "service=no", &[]),
        "service \"no\" not found",
    ),
    (
        (
            "service file missing",
            "service=main",
            &[("PGSERVICEFILE", "HOME/none")],
        ),
        "could not read the service file",
    ),
    (
        ("service in a service", "service=nested", &[]),
        "a service cannot name another one",
    ),
    (
        ("not a setting", "service=bad-line", &[]),
        "is no name=value",
    ),
    (
        ("unknown in a service", "service=unknown", &[]),
        "service \"unknown\" cannot be used\ncaused by: unknown parameter \"prot\" (did you mean \"port\"?)",
    ),
    (
        (
            "variable invalid",
            "postgresql://vaultadmin@127.0.0.1:PORT/mydb",
            &[("PGSSLMODE", "on")],
        ),
        "environment variable PGSSLMODE cannot be used\ncaused by: invalid value for \"sslmode\"",
    ),
    (
        (
            "ports",
            "postgresql://vaultadmin@127.0.0.1,127.0.0.1,127.0.0.1/mydb?port=1,2",
            &[],
        ),
        "the numbers of hosts and ports differ",
    ),
    (
        ("bracket", "postgresql://vaultadmin@[::1]PORT/mydb", &[]),
        "it is neither postgresql://… nor",
    ),
];
