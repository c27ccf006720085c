//! GitHub Actions: masks, so that no later log line shows a secret, and then the environment of later steps.
//! (GitHub documentation, "Workflow commands")

use super::lines;
use crate::model::credentials::Credentials;

/// Everything on stdout, where there is no `$GITHUB_ENV`.
pub(super) fn render(credentials: &Credentials) -> String {
    masks(credentials) + &assignments(credentials)
}

/// The commands that hide the password and everything that contains it.
pub(crate) fn masks(credentials: &Credentials) -> String {
    let secrets = [&credentials.password, &credentials.url];
    secrets
        .map(|secret| format!("::add-mask::{}\n", escape(secret.expose())))
        .concat()
}

/// The lines for `$GITHUB_ENV`.
pub(crate) fn assignments(credentials: &Credentials) -> String {
    lines(credentials, |name, value| format!("{name}={value}"))
}

/// The data of a workflow command is percent-encoded where it could end it.
fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
