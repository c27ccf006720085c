//! `Sandbox::refusal`: runs a command that must fail and leave everything as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::cluster::Cluster;
use super::run::Invocation;
use super::sandbox::Sandbox;

/// Kind and mode of a file, and its content.
type Entry = (u32, Vec<u8>);

impl Sandbox {
    /// The normalized output of a command that must fail. Panics when it succeeds, when it changes anything beside the state file but the
    /// lock, or when it leaves a login on the server, where one is given.
    #[track_caller]
    pub(crate) fn refusal(&self, cluster: Option<&Cluster>, invocation: Invocation) -> String {
        let before = (self.files(), cluster.map(logins));
        let run = invocation.run();
        assert_ne!(run.code, 0, "it was to fail:\n{run}");
        let after = (self.files(), cluster.map(logins));
        assert_eq!(after, before, "it left something behind:\n{run}");
        run.normalized(self, cluster)
    }

    /// The files beside the state file, without its lock.
    pub(crate) fn files(&self) -> BTreeMap<String, Entry> {
        let mut files = BTreeMap::new();
        let folder = self.state_path().parent().unwrap().to_owned();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let mode = fs::symlink_metadata(&path).unwrap().mode();
            files.insert(
                name.into_string().unwrap(),
                (mode, fs::read(path).unwrap_or_default()),
            );
        }
        files.remove("pgcreds.toml.lock");
        files
    }
}

/// The logins that pgcreds has made.
fn logins(cluster: &Cluster) -> Vec<Vec<String>> {
    cluster.rows("SELECT rolname FROM pg_roles WHERE rolname LIKE 'pgc\\_%' ORDER BY 1")
}
