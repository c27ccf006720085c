//! An application that reads its file and connects, again and again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app_role::App;

/// What an application saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) connected: usize,
    pub(super) failures: Vec<String>,
    pub(super) users: BTreeSet<String>,
    pub(super) passwords: BTreeSet<String>,
}

/// Connects with what the file holds until it is told to stop.
pub(super) fn connect_in_a_loop(app: &App, name: &str, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let Some(value) = app.json(name) else {
            seen.failures
                .push("the file is not there, or not whole".into());
            continue;
        };
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        let (user, password) = (text("username"), text("password"));
        match app
            .cluster
            .try_execute_as(&user, &password, "mydb", "SELECT 1")
        {
            Ok(_) => seen.connected += 1,
            Err(error) => seen.failures.push(error),
        }
        seen.users.insert(user);
        seen.passwords.insert(password);
    }
    seen
}
