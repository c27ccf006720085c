//! A connection that breaks at any message: it is done, or said what works, and nothing is lost.

use super::{
    ROTATED, Source, assert_recovers, assert_works, cluster, count_messages, reset, rotate,
    wait_for_sessions,
};
use crate::harness::{Cluster, Direction, Fault, Proxy};

/// Rotates on a connection that breaks; then everything works again.
fn rotate_through(cluster: &Cluster, source: Source, fault: Fault) {
    let proxy = Proxy::start(cluster.port());
    let sandbox = source.sandbox(proxy.port());
    proxy.set_fault(fault);
    let run = rotate(&sandbox);
    let what = format!("{source:?}, {fault:?}\n{run}");
    assert_works(&sandbox, &what);
    if run.code == 0 {
        assert_eq!(run.to_string(), ROTATED, "{what}");
    } else {
        assert!([3, 4].contains(&run.code), "{what}");
        assert!(run.stderr.contains("could not "), "{what}");
    }
    proxy.set_fault(Fault::None);
    wait_for_sessions(cluster);
    assert_recovers(cluster, &sandbox, source, &what);
    reset(cluster);
}

fn at_every_message(source: Source) {
    let cluster = cluster();
    for (direction, messages) in count_messages(&cluster, source) {
        for count in 1..=messages {
            rotate_through(&cluster, source, Fault::CutBefore { direction, count });
            rotate_through(&cluster, source, Fault::CutAfter { direction, count });
        }
    }
}

#[test]
fn at_every_message_with_a_file() {
    at_every_message(Source::File);
}

#[test]
fn at_every_message_with_a_literal() {
    at_every_message(Source::Literal);
}

#[test]
fn at_every_message_with_a_command() {
    at_every_message(Source::Command);
}

/// The change is the last request before the login with the new password.
#[test]
fn a_change_whose_answer_is_lost_is_found_out() {
    let cluster = cluster();
    let [_, (direction, count)] = count_messages(&cluster, Source::File);
    // ReadyForQuery of the change, and then that of the login, are the last two that the client gets.
    for count in [count - 1, count] {
        let proxy = Proxy::start(cluster.port());
        let sandbox = Source::File.sandbox(proxy.port());
        proxy.set_fault(Fault::CutBefore { direction, count });
        assert_eq!(rotate(&sandbox).to_string(), ROTATED, "{count}");
        reset(&cluster);
    }
}

#[test]
fn a_server_that_is_gone_after_the_change_leaves_both() {
    let cluster = cluster();
    let [_, (_, count)] = count_messages(&cluster, Source::File);
    let proxy = Proxy::start(cluster.port());
    let sandbox = Source::File.sandbox(proxy.port());
    proxy.set_fault(Fault::StallAt {
        direction: Direction::ToClient,
        count,
    });
    let running = sandbox.pgcreds(super::ROTATE).spawn();
    proxy.wait_for_stall(super::PATIENCE);
    let port = proxy.port().to_string();
    drop(proxy);
    let run = running.wait().exits(3);
    let text = run.normalized(&sandbox, Some(&cluster));
    assert_eq!(
        text.replace(&port, "PORT"),
        "--- stderr ---\n\
         error: could not log in with the new password of \"vaultadmin\" on connection \"my-postgres-db\"; whether the old one works is not known\n\
         caused by: connection closed\n\
         hint: Both are kept, the new one in \"~/admin.password.pending\", and every command tries both. Run it again: pgcreds connection rotate my-postgres-db\n\
         [exit 3]\n"
    );
    assert_eq!(Source::File.stored(&sandbox).unwrap(), "admin-secret");
    assert!(Source::File.pending(&sandbox).exists());
}
