//! Credentials in the forms that programs read, one file a form. Each is quoted so that its reader gets back exactly what was
//! issued.

mod dotenv;
mod env;
mod fish;
mod github;
mod jdbc;
mod kubernetes_secret;
mod pgpass;
mod powershell;
mod service;
mod template;

use anyhow::Result;
use zeroize::Zeroizing;

use super::{Format, rendered};
use crate::failure::Failure;
use crate::model::credential_format::CredentialFormat;
use crate::model::credentials::Credentials;

pub(crate) use github::{assignments as github_assignments, masks as github_masks};
pub(crate) use template::fill_in;

/// The failure of a form that cannot carry a value exactly.
fn unrepresentable(problem: &str) -> anyhow::Error {
    Failure::request(problem)
        .hint("Choose another --format.")
        .into()
}

/// The text of credentials.
pub(crate) fn render(
    credentials: &Credentials,
    format: CredentialFormat,
) -> Result<Zeroizing<String>> {
    let text = match format {
        CredentialFormat::Table => rendered(credentials, Format::Table)?,
        CredentialFormat::Json => rendered(credentials, Format::Json)?,
        CredentialFormat::Env => env::render(credentials),
        CredentialFormat::Fish => fish::render(credentials),
        CredentialFormat::Powershell => powershell::render(credentials),
        CredentialFormat::Dotenv => dotenv::render(credentials)?,
        CredentialFormat::Url => format!("{}\n", credentials.url.expose()),
        CredentialFormat::Jdbc => jdbc::render(credentials)? + "\n",
        CredentialFormat::Pgpass => pgpass::render(credentials),
        CredentialFormat::Service => service::render(credentials)?,
        CredentialFormat::Github => github::render(credentials),
        CredentialFormat::KubernetesSecret => kubernetes_secret::render(credentials),
        CredentialFormat::Password => format!("{}\n", credentials.password.expose()),
    };
    Ok(Zeroizing::new(text))
}

/// A line for each variable of the environment.
fn lines(credentials: &Credentials, line: impl Fn(&str, &str) -> String) -> String {
    let variables = credentials.variables();
    variables
        .iter()
        .map(|(name, value)| line(name, value.expose()) + "\n")
        .collect()
}
