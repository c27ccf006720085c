//! Everything that speaks to PostgreSQL. It knows no state file, no flags and no printing.

mod acl;
mod answers;
mod attempt;
mod auth_guard;
mod code;
mod comments;
pub(crate) mod connect;
pub(crate) mod cut;
pub(crate) mod defaults;
pub(crate) mod dependencies;
pub(crate) mod error;
mod expressions;
mod grants;
mod handshake;
pub(crate) mod identity;
pub(crate) mod ledger;
mod ledger_sql;
pub(crate) mod left_roles;
pub(crate) mod loads;
pub(crate) mod locks;
pub(crate) mod login;
mod negotiation;
mod notices;
pub(crate) mod one_by_one;
mod opening;
mod owned_databases;
mod passed_on;
pub(crate) mod passfile;
mod password;
mod pinned;
mod policies;
pub(crate) mod portions;
mod powerless;
pub(crate) mod powers;
pub(crate) mod privileges;
mod reassignment;
pub(crate) mod refusal;
pub(crate) mod rehearsal;
pub(crate) mod renewal;
pub(crate) mod retry;
pub(crate) mod revocation;
pub(crate) mod rotation;
mod service;
pub(crate) mod session;
pub(crate) mod slots;
pub(crate) mod starting;
mod successor;
pub(crate) mod survey;
mod text;
mod tls;
mod turn;
mod verdict;

use postgres_protocol::escape::{escape_identifier, escape_literal};

/// A name as an SQL identifier, whatever characters it has.
pub(crate) fn identifier(name: &str) -> String {
    escape_identifier(name)
}

/// Names as a comma-separated list of SQL identifiers.
pub(crate) fn identifiers<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names
        .into_iter()
        .map(escape_identifier)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A text as an SQL literal, whatever characters it has.
pub(crate) fn literal(text: &str) -> String {
    escape_literal(text)
}

/// The SQL of a file in `sql/`, without the lines that explain it.
fn statement(file: &str) -> String {
    let lines = file.lines().map(str::trim_start);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("--")).collect();
    lines.join("\n")
}
