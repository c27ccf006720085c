//! libpq's service file, `pg_service.conf` (PostgreSQL documentation, "The Connection Service File").

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::environment::{home, variable};
use crate::failure::Failure;

/// Where packages put the file of the whole system: Debian, others, PostgreSQL's own place.
const SYSTEM_FOLDERS: [&str; 3] = ["/etc/postgresql-common", "/etc", "/usr/local/pgsql/etc"];

/// The settings of a service, from `file` or `$PGSERVICEFILE`, else `~/.pg_service.conf`, else the system's file.
pub(super) fn settings(service: &str, file: Option<&str>) -> Result<Vec<(String, String)>> {
    let named = file
        .map(PathBuf::from)
        .or_else(|| variable("PGSERVICEFILE").map(PathBuf::from));
    let own = home().map(|home| home.join(".pg_service.conf"));
    // As in libpq, a file that was named must be there; the others need not.
    let first = named.clone().or_else(|| own.filter(|file| file.exists()));
    let system = match variable("PGSYSCONFDIR") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => SYSTEM_FOLDERS.iter().map(PathBuf::from).collect(),
    };
    let system = system
        .into_iter()
        .map(|folder| folder.join("pg_service.conf"));
    for file in first.into_iter().chain(system.filter(|file| file.exists())) {
        if let Some(settings) = read(&file, service)? {
            return Ok(settings);
        }
    }
    Err(Failure::request(format!("service \"{service}\" not found"))
        .hint(format!(
            "Describe it as [{service}] in ~/.pg_service.conf, or name the file that has it in PGSERVICEFILE."
        ))
        .into())
}

fn read(file: &Path, service: &str) -> Result<Option<Vec<(String, String)>>> {
    let problem = || format!("could not read the service file \"{}\"", file.display());
    let text = fs::read_to_string(file).with_context(problem)?;
    find(&text, service).with_context(problem)
}

/// The settings of the first section with that name. An error names the line, and no value.
fn find(text: &str, service: &str) -> Result<Option<Vec<(String, String)>>> {
    let mut found = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            let name = section.split_once(']').map(|(name, _)| name);
            found = (name == Some(service)).then(Vec::new);
            continue;
        }
        let Some(settings) = &mut found else { continue };
        let number = at + 1;
        if line.starts_with("ldap") {
            bail!("line {number}: pgcreds does not look services up with LDAP");
        }
        match line.split_once('=') {
            Some(("service" | "servicefile", _)) => {
                bail!("line {number}: a service cannot name another one")
            }
            Some((name, value)) => settings.push((name.to_owned(), value.to_owned())),
            None => bail!("line {number} is no name=value"),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "# comment\n[a]\nhost=one\n\n[b c]\n  port=7 \nuser=x=y\n[b c]\nhost=never\n[bad]\nhost\n";

    #[test]
    fn the_first_section_of_the_name_counts() {
        let pairs = |pairs: &[(&str, &str)]| -> Option<Vec<(String, String)>> {
            Some(
                pairs
                    .iter()
                    .map(|(name, value)| ((*name).into(), (*value).into()))
                    .collect(),
            )
        };
        assert_eq!(find(FILE, "a").unwrap(), pairs(&[("host", "one")]));
        assert_eq!(
            find(FILE, "b c").unwrap(),
            pairs(&[("port", "7"), ("user", "x=y")])
        );
        assert_eq!(find(FILE, "b").unwrap(), None);
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text: &str| find(text, "a").unwrap_err().to_string();
        assert_eq!(
            find(FILE, "bad").unwrap_err().to_string(),
            "line 11 is no name=value"
        );
        assert_eq!(
            error("[a]\nservice=b"),
            "line 2: a service cannot name another one"
        );
        assert!(error("[a]\nldap://x/y").starts_with("line 2: pgcreds does not"));
    }
}
