//! Settings that every session gets before its first statement. The owner of a database may set nearly anything for all
//! who connect to it (`ALTER DATABASE … SET`), superusers too; what a client asks for at the start outranks that.

use rand::RngExt as _;
use rand::distr::Alphanumeric;

use crate::postgres::{identifier, literal};

/// What the admin's own `options` in the url may set otherwise.
const DEFAULTS: [(&str, &str); 14] = [
    ("role", "none"),
    ("client_min_messages", "notice"),
    ("DateStyle", "ISO"),
    ("default_tablespace", ""),
    ("temp_tablespaces", ""),
    ("enable_bitmapscan", "on"),
    ("enable_hashagg", "on"),
    ("enable_hashjoin", "on"),
    ("enable_indexscan", "on"),
    ("enable_material", "on"),
    ("enable_mergejoin", "on"),
    ("enable_nestloop", "on"),
    ("enable_seqscan", "on"),
    ("enable_sort", "on"),
];

/// What nothing sets otherwise. The limits are zero, which is none: transactions get those of pgcreds.
const PINS: [(&str, &str); 25] = [
    ("search_path", "pg_catalog,pg_temp"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read\\ committed"),
    ("default_transaction_deferrable", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("tcp_user_timeout", "0"),
    ("exit_on_error", "off"),
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("quote_all_identifiers", "off"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("row_security", "on"),
    ("check_function_bodies", "on"),
    ("xmloption", "content"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("debug_print_parse", "off"),
    ("debug_print_rewritten", "off"),
    ("debug_print_plan", "off"),
    ("plpgsql.extra_errors", "none"),
    ("plpgsql.extra_warnings", "none"),
    ("IntervalStyle", "iso_8601"),
];

/// The server reports this one: it shows that the server took the options of the start. No other setting takes any text.
const PROOF: &str = "TimeZone";

/// What transactions set it to, and sessions that start without options.
const TIME_ZONE: (&str, &str) = (PROOF, "UTC");

/// Libraries that are loaded into the session. Only at its start can it be said that there are none.
const LIBRARIES: (&str, &str) = ("local_preload_libraries", "");

/// The server ends a session that is idle for that long. It may strike before the first request arrives, so it has to be in
/// the options of the start, where PostgreSQL 13, which does not know it, refuses it.
const IDLE: (&str, &str) = ("idle_session_timeout", "0");

/// The first version that knows [`IDLE`].
const KNOWS_IDLE: u32 = 14;

/// The server ends a transaction that takes longer. Before its first transaction a session can say only here that there is
/// no limit, and only PostgreSQL 17 and later know it.
const TRANSACTION: (&str, &str) = ("transaction_timeout", "0");

/// The first version that knows [`TRANSACTION`].
pub(super) const KNOWS_TRANSACTION: u32 = 17;

/// What the start of a session asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Startup {
    Pinned,
    /// With what PostgreSQL 16 does not know, for a database that limits transactions.
    PinnedFrom17,
    /// Without what PostgreSQL 13 does not know.
    PinnedBefore14,
    /// Nothing: poolers refuse options.
    Bare,
}

impl Startup {
    /// What to try next when the server refuses this with that SQLSTATE. `has_options`: the url has options, which may not
    /// be left out.
    pub(super) fn after(self, sqlstate: &str, has_options: bool) -> Option<Self> {
        match (self, sqlstate) {
            (Self::Bare, _) => None,
            // undefined_object: the server knows no setting of that name.
            (Self::Pinned, "42704") => Some(Self::PinnedBefore14),
            // transaction_timeout: the database's limit struck while the session was starting.
            (Self::Pinned, "25P04") => Some(Self::PinnedFrom17),
            // protocol_violation from PgBouncer, feature_not_supported from others.
            (_, "08P01" | "0A000") if !has_options => Some(Self::Bare),
            // A later version may not know one of the settings.
            (Self::PinnedBefore14, "42704") if !has_options => Some(Self::Bare),
            _ => None,
        }
    }

    /// The value of `options` in the startup message. Of two values for one setting PostgreSQL takes the last. The server
    /// reports `proof` back where it took them.
    pub(super) fn options(self, url: Option<&str>, proof: &str) -> Option<String> {
        let url = url.map(without_open_escape);
        let limits: &[(&str, &str)] = match self {
            Self::Pinned => &[IDLE],
            Self::PinnedFrom17 => &[IDLE, TRANSACTION],
            Self::PinnedBefore14 => &[],
            Self::Bare => return url.map(str::to_owned),
        };
        let option = |(name, value): (&str, &str)| format!("-c {name}={value}");
        let defaults = DEFAULTS.into_iter().map(option);
        let limits = limits.iter().copied();
        let pins = PINS.into_iter().chain([LIBRARIES, (PROOF, proof)]);
        let pins = pins.chain(limits).map(option);
        let all = defaults.chain(url.map(str::to_owned)).chain(pins);
        Some(all.collect::<Vec<_>>().join(" "))
    }
}

/// Options that do not end in the middle of an escape, which would make one word of two.
fn without_open_escape(options: &str) -> &str {
    let backslashes = options.len() - options.trim_end_matches('\\').len();
    &options[..options.len() - backslashes % 2]
}

/// What a server has to report back where it takes the options of a session's start: UTC by a name that the owner of its
/// database cannot have chosen beforehand. (PostgreSQL documentation, "POSIX Time Zone Specifications".)
pub(super) fn new_proof() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    let letters: String = letters.take(20).collect();
    format!("<{}>0", letters.to_uppercase())
}

/// Whether the server took the options of the start, by what it reports.
pub(super) fn is_proven<'a>(
    reported: impl Fn(&'static str) -> Option<&'a str>,
    proof: &str,
) -> bool {
    reported(PROOF) == Some(proof)
}

/// The same as SQL, for the first request where the start of the session took no options.
pub(super) fn statements(version: u32, has_options: bool) -> String {
    let idle = (version >= KNOWS_IDLE).then_some(IDLE);
    let defaults = DEFAULTS.into_iter().filter(|_| !has_options);
    let settings = defaults.chain(PINS).chain([TIME_ZONE]).chain(idle);
    let set = settings.map(|(name, value)| match name {
        "search_path" => OWN_SEARCH_PATH.to_owned(),
        _ => format!("SET {name} = {};", literal(&value.replace('\\', ""))),
    });
    set.collect()
}

/// What pgcreds' own SQL runs under.
const OWN_SEARCH_PATH: &str = "SET search_path = pg_catalog, pg_temp;";

/// What a transaction sets by itself, because only later versions know it: rights that a new role's creator would get with
/// it (16), and a limit for whole transactions (17).
pub(super) fn for_transaction(version: u32) -> &'static str {
    match version {
        ..16 => "",
        16 => "SET LOCAL createrole_self_grant = ''; ",
        17.. => "SET LOCAL transaction_timeout = 0; SET LOCAL createrole_self_grant = ''; ",
    }
}

/// The path that an administrator's statements run under: PostgreSQL's own objects are found first, since the path does not
/// name their schema (PostgreSQL documentation, "search_path"), what a session makes for itself last, and what the
/// statements create goes into the first schema that is named.
pub(super) fn statements_path(schemas: &[String]) -> String {
    let schemas: String = schemas
        .iter()
        .map(|schema| format!("{}, ", identifier(schema)))
        .collect();
    format!("SET LOCAL search_path = {schemas}pg_temp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_options_stand_between_what_they_may_change_and_what_they_may_not() {
        let options = Startup::Pinned
            .options(Some("-c role=owner \\"), "p")
            .unwrap();
        let place = |text| options.find(text).unwrap();
        assert!(place("role=none") < place("role=owner"));
        assert!(place("role=owner") < place("search_path=pg_catalog"));
        assert!(options.contains("-c role=owner  -c search_path="));
        assert!(options.contains("idle_session_timeout"));
        assert!(!options.contains("transaction_timeout"));
        let limited = Startup::Pinned.after("25P04", false).unwrap();
        assert!(
            limited
                .options(None, "p")
                .unwrap()
                .contains("transaction_timeout=0")
        );
        let older = Startup::PinnedBefore14.options(None, "p").unwrap();
        assert!(!older.contains("idle_session_timeout"));
        assert_eq!(Startup::Bare.options(None, "p"), None);
    }

    #[test]
    fn an_escaped_backslash_stays() {
        assert_eq!(without_open_escape("a\\\\"), "a\\\\");
        assert_eq!(without_open_escape("a\\\\\\"), "a\\\\");
    }
}
