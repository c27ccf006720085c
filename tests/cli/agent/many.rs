//! Many files of one server.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::app_role::App;
use crate::harness::Signal;

#[test]
fn two_hundred_files_need_one_connection_at_a_time() {
    let app = App::new();
    let names: Vec<String> = (0..200).map(|number| format!("file{number}")).collect();
    let mut state = app.sandbox.state();
    for name in &names {
        let path = app.path(name);
        state += &format!(
            "\n[files.{name}]\nrole = \"app-role\"\npath = \"{}\"\nformat = \"json\"\n",
            path.display()
        );
    }
    app.sandbox.write_state(&state);
    let stop = AtomicBool::new(false);
    let (agent, most) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vaultadmin'";
            let mut most = 0;
            while !stop.load(Ordering::Relaxed) {
                most = most.max(app.cluster.value(sql).parse::<u32>().unwrap());
                std::thread::sleep(Duration::from_millis(20));
            }
            most
        });
        let agent = app.agent(&[]);
        stop.store(true, Ordering::Relaxed);
        (agent, watcher.join().unwrap())
    });
    assert_eq!(most, 1);
    let users: BTreeSet<String> = names.iter().map(|name| app.user(name)).collect();
    assert_eq!(users.len(), 200);
    assert_eq!(users, app.logins().into_iter().collect());
    assert_eq!(app.log_in("file7"), Ok(()));
    agent.running.signal(Signal::TERM);
    assert_eq!(agent.running.wait().success().stdout, "");
    assert_eq!(app.logins(), Vec::<String>::new());
    assert!(names.iter().all(|name| !app.path(name).exists()));
}
