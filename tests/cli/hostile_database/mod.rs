//! The owner of the connection's database chooses what its sessions meet: nothing of it runs with the admin's rights, and
//! nothing of it keeps a lease alive.

mod attacks;
mod commands;
mod poolers;
mod refusals;

use crate::harness::Cluster;

/// What shadows `pg_catalog` in schema `evil` of a database.
const EVIL: &str = include_str!("evil.sql");

/// Settings that a database's owner may choose, each made to be in the way; the first version that knows it.
const SETTINGS: [(&str, &str, u32); 29] = [
    ("search_path", "evil, pg_catalog", 13),
    ("role", "dbowner", 13),
    ("default_transaction_read_only", "on", 13),
    ("default_transaction_isolation", "'serializable'", 13),
    ("default_transaction_deferrable", "on", 13),
    ("statement_timeout", "'1ms'", 13),
    ("lock_timeout", "'1ms'", 13),
    ("idle_in_transaction_session_timeout", "'1ms'", 13),
    ("idle_session_timeout", "'1ms'", 14),
    ("transaction_timeout", "'50ms'", 17),
    ("createrole_self_grant", "'set, inherit'", 16),
    ("local_preload_libraries", "'nonesuch'", 13),
    ("exit_on_error", "on", 13),
    ("standard_conforming_strings", "off", 13),
    ("backslash_quote", "off", 13),
    ("quote_all_identifiers", "on", 13),
    ("transform_null_equals", "on", 13),
    ("array_nulls", "off", 13),
    ("row_security", "off", 13),
    ("client_min_messages", "debug5", 13),
    ("client_encoding", "'LATIN1'", 13),
    ("DateStyle", "'German, DMY'", 13),
    ("IntervalStyle", "'sql_standard'", 13),
    ("TimeZone", "'Pacific/Kiritimati'", 13),
    ("default_tablespace", "'nonesuch'", 13),
    ("enable_hashjoin", "off", 13),
    ("debug_print_parse", "on", 13),
    ("tcp_user_timeout", "1", 13),
    ("plpgsql.extra_errors", "'all'", 13),
];

/// Gives `mydb` all these settings.
fn set_all(cluster: &Cluster) {
    // The one who may become the owner would otherwise not become it.
    cluster.execute("GRANT dbowner TO vaultadmin");
    for (name, value, since) in SETTINGS {
        if cluster.version() >= since {
            set(cluster, name, value);
        }
    }
}

/// Gives `mydb` a setting, as its owner; one of a language as a superuser, where the owner may not.
fn set(cluster: &Cluster, name: &str, value: &str) {
    let owner = match name.contains('.') {
        true => "",
        false => "SET ROLE dbowner; ",
    };
    cluster.execute(&format!("{owner}ALTER DATABASE mydb SET {name} = {value}"));
}

/// The lines in the server's log that say that the admin called what it should not.
fn calls(cluster: &Cluster) -> Vec<String> {
    let log = cluster.log();
    let calls = log
        .lines()
        .filter(|line| line.contains("evil called by vaultadmin"));
    calls.map(str::to_owned).collect()
}
