//! A Kubernetes `Secret` in YAML. Its strings are JSON strings, which YAML reads the same way.

use serde_json::json;

use crate::model::credentials::Credentials;

pub(super) fn render(credentials: &Credentials) -> String {
    let mut yaml = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\n  annotations:\n    pgcreds/lease: {}\n    pgcreds/expires-at: {}\ntype: Opaque\nstringData:\n",
        json!(object_name(credentials.role.as_str())),
        json!(credentials.lease_id),
        json!(credentials.expires_at),
    );
    for (name, value) in credentials.variables() {
        yaml.push_str(&format!("  {name}: {}\n", json!(value.expose())));
    }
    yaml
}

/// The role's name as the name of an object: lower case letters, digits and `-`. (RFC 1123)
fn object_name(role: &str) -> String {
    let name = role.to_ascii_lowercase().replace(['_', '.'], "-");
    name.trim_matches('-').to_owned()
}
