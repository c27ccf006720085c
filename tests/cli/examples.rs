//! What users copy from `examples/` is checked by the programs that read it, and its command lines by pgcreds.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app_role::python;
use crate::harness::{Run, Sandbox};

/// The version of Kubernetes whose schemas the manifests must fit.
const KUBERNETES: &str = "1.30";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// All files of the examples with their text, the folder's name before that of the file.
fn files() -> Vec<(String, String)> {
    let mut folders = vec![examples()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(examples()).unwrap().display().to_string();
            files.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The documents of a YAML file, as python's parser reads them.
fn yaml(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    let script = "import json, sys, yaml\n\
                  print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')))))";
    let path = examples().join(name).display().to_string();
    let run = sandbox.program(python(), ["-c", script, &path]).run();
    let Value::Array(documents) = run.success().json() else {
        panic!("{name} has no documents")
    };
    documents
}

/// The arguments of every pgcreds command line in a text.
pub(crate) fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') {
            continue;
        }
        if let Some((_, array)) = line.split_once("command: [\"pgcreds\",") {
            let words: Vec<String> = serde_json::from_str(&format!("[{array}")).unwrap();
            commands.push(words.join(" "));
            continue;
        }
        let starts = line.match_indices("pgcreds ").filter(|(at, _)| {
            let before = line[..*at].chars().next_back();
            before.is_none_or(|character| " '(/".contains(character))
        });
        for (at, word) in starts {
            let rest = &line[at + word.len()..];
            // Where the shell's own command goes on, or another program's begins.
            let ends = [" -- ", ")\"", "' EXIT", "; "];
            let end = ends.iter().filter_map(|end| rest.find(end)).min();
            commands.push(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    commands
}

/// Whether pgcreds understands a command line: what is wrong in it comes before the help that it ends with.
pub(crate) fn understand(sandbox: &Sandbox, arguments: &str) -> Run {
    let script = format!("exec \"$PROGRAM\" {arguments} --help");
    let invocation = sandbox.program("sh", ["-c", &script]);
    let label = [
        "GITHUB_JOB",
        "GITHUB_RUN_ID",
        "CI_JOB_NAME",
        "CI_JOB_ID",
        "PGCREDS_LEASE",
    ];
    let invocation = label
        .iter()
        .fold(invocation, |run, name| run.env(name, "x1"));
    invocation
        .env("PROGRAM", env!("CARGO_BIN_EXE_pgcreds"))
        .run()
}

#[test]
fn every_command_line_is_understood() {
    let sandbox = Sandbox::new();
    let mut count = 0;
    for (name, text) in files() {
        let found = commands(&text);
        let is_alone =
            ["kubernetes/state.yaml", "systemd/pgcreds-sweep.timer"].contains(&name.as_str());
        assert_eq!(found.is_empty(), is_alone, "{name}");
        for arguments in found {
            count += 1;
            let run = understand(&sandbox, &arguments);
            let is_understood = run.code == 0 && run.stdout.contains("Usage: pgcreds ");
            assert!(is_understood, "{name}: pgcreds {arguments}\n{run}");
        }
    }
    assert!(count >= 11, "only {count} command lines found");
    for wrong in [
        "sweep --no-such-flag",
        "issue app-role --format nothing",
        "nonsense",
        "issue x --ttl never",
    ] {
        assert_eq!(understand(&sandbox, wrong).code, 2, "{wrong}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_takes_the_units_and_finds_them_hardened() {
    use crate::app_role::program;

    let sandbox = Sandbox::new();
    let analyze = program("systemd-analyze", "systemd");
    let mut units = Vec::new();
    for (name, text) in files() {
        if let Some(unit) = name.strip_prefix("systemd/") {
            // It looks whether the program is there.
            let text = text.replace("/usr/local/bin/pgcreds", env!("CARGO_BIN_EXE_pgcreds"));
            fs::write(sandbox.home().join(unit), text).unwrap();
            units.push(unit.to_owned());
        }
    }
    assert_eq!(
        units,
        [
            "pgcreds-agent.service",
            "pgcreds-sweep.service",
            "pgcreds-sweep.timer"
        ]
    );
    let paths = units.iter().map(|unit| format!("./{unit}"));
    let run = sandbox
        .program(&analyze, ["verify".to_owned()].into_iter().chain(paths))
        .run();
    assert_eq!(run.to_string(), "[exit 0]\n");
    for unit in units.iter().filter(|unit| unit.ends_with(".service")) {
        // 100 is no protection at all.
        let options = ["security", "--offline=true", "--threshold=20", "--no-pager"];
        let path = format!("./{unit}");
        let run = sandbox
            .program(&analyze, options.iter().copied().chain([path.as_str()]))
            .run();
        assert_eq!(run.code, 0, "{run}");
    }
}

#[test]
fn kubernetes_takes_the_manifests() {
    let sandbox = Sandbox::new();
    let script = "import sys, yaml, kubernetes_validate\n\
                  for name in sys.argv[2:]:\n  \
                    for data in yaml.safe_load_all(open(name, encoding='utf-8')):\n    \
                      kubernetes_validate.validate(data, sys.argv[1], strict=True)\n    \
                      print(data['kind'])";
    let names = files().into_iter().map(|(name, _)| name);
    let manifests: Vec<String> = names
        .filter(|name| name.starts_with("kubernetes/"))
        .collect();
    let paths = manifests
        .iter()
        .map(|name| examples().join(name).display().to_string());
    let line = ["-c", script, KUBERNETES].map(str::to_owned);
    let run = sandbox
        .program(python(), line.into_iter().chain(paths))
        .run()
        .success();
    let mut kinds: Vec<&str> = run.stdout.lines().collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["ConfigMap", "CronJob", "Deployment", "Job", "Secret"]
    );

    // What no schema knows: names that lead somewhere.
    let shared = yaml(&sandbox, "kubernetes/state.yaml");
    let names: Vec<&str> = shared
        .iter()
        .filter_map(|found| found["metadata"]["name"].as_str())
        .collect();
    assert_eq!(names, ["pgcreds", "pgcreds-admin"]);
    for name in manifests
        .iter()
        .filter(|name| !name.ends_with("state.yaml"))
    {
        let text = fs::read_to_string(examples().join(name)).unwrap();
        assert!(
            text.contains("name: pgcreds\n") && text.contains("secretName: pgcreds-admin\n"),
            "{name}"
        );
    }
}

#[test]
fn the_state_file_of_kubernetes_is_one() {
    let sandbox = Sandbox::new();
    let shared = yaml(&sandbox, "kubernetes/state.yaml");
    let text = shared[0]["data"]["pgcreds.toml"].as_str().unwrap();
    for file in ["app-db", "app-shell"] {
        assert!(text.contains(&format!("[files.{file}]")), "{text}");
    }
    sandbox.write_state(text);
    let roles = sandbox
        .pgcreds(["role", "list", "--format", "json"])
        .run()
        .success();
    assert_eq!(roles.json()[0]["role"], "app-role");
    let connections = sandbox
        .pgcreds(["connection", "list", "--format", "json"])
        .run();
    assert_eq!(
        connections.success().json()[0]["connection"],
        "my-postgres-db"
    );
}

#[test]
fn the_jobs_of_github_and_gitlab_have_what_a_job_needs() {
    let sandbox = Sandbox::new();
    let github = yaml(&sandbox, "github-actions.yml").remove(0);
    let jobs = github["jobs"].as_object().unwrap();
    for (name, job) in jobs {
        assert!(job["runs-on"].is_string(), "{name}");
        let steps = job["steps"].as_array().unwrap();
        assert!(
            steps
                .iter()
                .all(|step| step["run"].is_string() != step["uses"].is_string()),
            "{name}"
        );
        let is_cleaned_up = |step: &&Value| {
            step["if"]
                .as_str()
                .is_some_and(|when| when.starts_with("always()"))
        };
        let last = steps.iter().find(is_cleaned_up).unwrap();
        assert_eq!(last["run"], "pgcreds lease revoke \"$PGCREDS_LEASE\"");
    }
    let gitlab = yaml(&sandbox, "gitlab-ci.yml").remove(0);
    for name in ["migrate", "report"] {
        let script = gitlab[name]["script"].as_array().unwrap();
        assert!(
            script.iter().all(Value::is_string),
            "{name}: a colon made a map of a line"
        );
        let lines: Vec<&str> = script.iter().filter_map(Value::as_str).collect();
        let run = sandbox.program("sh", ["-nc", &lines.join("\n")]).run();
        assert_eq!(run.to_string(), "[exit 0]\n", "{name}");
    }
}

#[test]
fn the_crontab_is_one() {
    let text = fs::read_to_string(examples().join("crontab")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let (settings, jobs): (Vec<&str>, Vec<&str>) =
        lines.partition(|line| line.split(' ').next().unwrap().contains('='));
    assert!(settings.contains(&"PGCREDS_STATE=/etc/pgcreds/pgcreds.toml"));
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let fields: Vec<&str> = job.split(' ').collect();
        let is_time = |field: &&str| {
            field
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b"*/,-".contains(&byte))
        };
        assert!(fields[..5].iter().all(is_time), "{job}");
        assert_eq!(fields[5], "pgcreds", "{job}");
        // cron takes % for a line end.
        assert!(!job.contains('%'), "{job}");
    }
}
