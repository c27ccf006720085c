//! Bringing the lists of hosts, addresses and ports together.

use super::{Host, InvalidUrl};

/// libpq's default port.
const DEFAULT_PORT: u16 = 5432;

/// Brings hosts, addresses and ports together: one port serves all hosts, else each has its own.
pub(super) fn pair_hosts(
    names: &str,
    addresses: &str,
    ports: &str,
) -> Result<Vec<Host>, InvalidUrl> {
    // As in libpq, an address without a name is its own name.
    let names: Vec<&str> = if names.is_empty() { addresses } else { names }
        .split(',')
        .collect();
    let addresses: Vec<&str> = addresses.split(',').collect();
    let ports: Vec<&str> = ports.split(',').collect();
    let fits = |list: &[&str]| list.len() == 1 || list.len() == names.len();
    if !fits(&ports) || (addresses != [""] && addresses.len() != names.len()) {
        return Err(InvalidUrl::PortCount);
    }
    let mut hosts = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let address = match addresses.get(at) {
            None | Some(&"") => None,
            Some(text) => Some(text.parse().map_err(|_| InvalidUrl::Value("hostaddr"))?),
        };
        let port = match ports[if ports.len() == 1 { 0 } else { at }] {
            "" => DEFAULT_PORT,
            text => text
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(InvalidUrl::Value("port"))?,
        };
        hosts.push(Host {
            name: (*name).to_owned(),
            address,
            port,
        });
    }
    Ok(hosts)
}
