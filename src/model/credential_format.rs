//! The forms that credentials come in.

use serde::Deserialize;

/// A form of credentials; its name is the same on the command line and in the state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CredentialFormat {
    /// For people
    Table,
    /// All fields; a contract
    Json,
    /// export lines for a POSIX shell
    Env,
    /// set lines for fish
    Fish,
    /// $env: lines for PowerShell
    Powershell,
    /// A .env file
    Dotenv,
    /// A libpq connection URI
    Url,
    /// A JDBC URL
    Jdbc,
    /// A line of ~/.pgpass
    Pgpass,
    /// A section of pg_service.conf, named after the role
    Service,
    /// GitHub Actions: masks first, then $GITHUB_ENV
    Github,
    /// A Kubernetes Secret, in YAML
    KubernetesSecret,
    /// Nothing but the password
    Password,
}
