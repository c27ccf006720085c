//! A line of libpq's password file. (PostgreSQL documentation, "The Password File")

use crate::model::credentials::Credentials;

/// The folders that some libpq was built with as its default: there it looks for `localhost` instead of the folder.
const DEFAULT_FOLDERS: [&str; 3] = ["", "/var/run/postgresql", "/tmp"];

/// Renders the line; for a Unix socket that may be the default one, a line for each way in which it is looked for.
pub(super) fn render(credentials: &Credentials) -> String {
    let mut hosts = vec![credentials.host.as_str()];
    if DEFAULT_FOLDERS.contains(&credentials.host.as_str()) {
        hosts.push("localhost");
    }
    let port = credentials.port.to_string();
    let mut lines = String::new();
    for host in hosts.into_iter().filter(|host| !host.is_empty()) {
        let login = [
            &credentials.dbname,
            &credentials.username,
            credentials.password.expose(),
        ];
        lines.push_str(&format!("{}:{port}", escape(host)));
        login
            .iter()
            .for_each(|field| lines.push_str(&format!(":{}", escape(field))));
        lines.push('\n');
    }
    lines
}

fn escape(field: &str) -> String {
    field.replace('\\', r"\\").replace(':', r"\:")
}
