//! Which connections lead to one server.

use crate::postgres::identity::Identity;

/// Puts together what was found on one server, primaries before their standbys.
pub(super) fn by_server<T>(mut parts: Vec<T>, identity: impl Fn(&T) -> &Identity) -> Vec<Vec<T>> {
    parts.sort_by_key(|part| identity(part).is_standby());
    let mut servers: Vec<Vec<T>> = Vec::new();
    for part in parts {
        let server = servers.iter_mut().find(|server| {
            let mut others = server.iter();
            others.any(|other| identity(other).is_same(identity(&part)))
        });
        match server {
            Some(server) => server.push(part),
            None => servers.push(vec![part]),
        }
    }
    servers
}
