//! README tells the truth: its sessions are run and compared, its tables are held against the program.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::harness::{Admin, Cluster, Sandbox, normalize};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The fenced blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let opening = format!("\n```{language}\n");
    let tails = text.split(&opening).skip(1);
    tails
        .map(|tail| tail.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

/// The commands of a session with the output that README shows for each.
fn session(block: &str) -> Vec<(String, String)> {
    let block = block.replace("\\\n", " ");
    let commands = block.strip_prefix("$ ").unwrap().split("\n$ ");
    let with_output = commands.map(|part| part.split_once('\n').unwrap_or((part, "")));
    with_output
        .map(|(command, output)| (command.to_owned(), output.to_owned()))
        .collect()
}

/// The ids of leases in a text, in their order.
fn ids(text: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_word(character));
    words.filter(|word| word.starts_with("pgc_")).collect()
}

/// A server and a home in which README's sessions can be run.
struct Reader {
    cluster: Cluster,
    sandbox: Sandbox,
    /// README's ids, and those that they are here.
    leases: HashMap<String, String>,
}

impl Reader {
    fn new() -> Self {
        let cluster = Cluster::start();
        cluster.create_admin(Admin::CreateRole);
        let sandbox = Sandbox::new();
        fs::write(sandbox.home().join("admin.password"), "admin-secret\n").unwrap();
        Self {
            cluster,
            sandbox,
            leases: HashMap::new(),
        }
    }

    /// Runs a command as README has it, and compares what it prints.
    fn run(&mut self, command: &str, expected: &str) {
        let address = format!("127.0.0.1:{}", self.cluster.port());
        let mut here = command.replace("db.example.com:5432", &address);
        for (theirs, ours) in &self.leases {
            here = here.replace(theirs, ours);
        }
        let program = Path::new(env!("CARGO_BIN_EXE_pgcreds")).parent().unwrap();
        let script = format!("PATH={}:$PATH; {{ {here}\n}} 2>&1", program.display());
        let run = self
            .sandbox
            .program("sh", ["-c", &script])
            .cwd(self.sandbox.home())
            .run()
            .success();
        let theirs = ids(expected).into_iter().map(str::to_owned);
        self.leases
            .extend(theirs.zip(ids(&run.stdout).into_iter().map(str::to_owned)));
        let mut found = self.as_in_readme(&run.stdout);
        if !command.contains("--out") {
            // README shows a terminal, where the credentials say it all.
            found = found
                .lines()
                .filter(|line| !line.starts_with("issued lease"))
                .collect::<Vec<_>>()
                .join("\n");
        }
        assert_eq!(smooth(&found), smooth(expected), "{command}\n{run}");
    }

    fn as_in_readme(&self, output: &str) -> String {
        let text = |program: &str, argument: &str| {
            let run = self.sandbox.program(program, [argument]).run().success();
            run.stdout.trim().to_owned()
        };
        let (user, host) = (text("id", "-un"), text("uname", "-n"));
        output
            .replace(
                &format!("127.0.0.1:{}", self.cluster.port()),
                "db.example.com:5432",
            )
            .replace("127.0.0.1", "db.example.com")
            .replace(&self.cluster.port().to_string(), "5432")
            .replace(&self.sandbox.home().display().to_string(), "~")
            .replace(&format!("{user}@{host}"), "alice@host")
            .replace(&format!("pgc_app_role_{user}_"), "pgc_app_role_alice_")
            .replace(&format!(" {user} "), " alice ")
    }
}

/// A text without what differs from run to run, and without the width of columns.
fn smooth(text: &str) -> String {
    let text = normalize(text).replace('─', "");
    let lines = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn its_sessions_run_as_shown() {
    let mut reader = Reader::new();
    let sessions = blocks("console");
    assert!(sessions.len() >= 3, "{sessions:?}");
    for (command, output) in sessions.iter().flat_map(|block| session(block)) {
        reader.run(&command, &output);
    }
    let left = reader
        .cluster
        .value("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgc\\_%'");
    assert_eq!(left, "0");
}

#[test]
fn its_commands_are_those_of_the_program() {
    let text = readme();
    let (_, section) = text.split_once("\n## Commands\n").unwrap();
    let (table, _) = section.split_once("\nEverywhere:").unwrap();
    let sandbox = Sandbox::new();
    for noun in ["", "connection", "role", "lease"] {
        let arguments = noun.split_whitespace().chain(["--help"]);
        let help = sandbox.pgcreds(arguments).run().success().stdout;
        let (_, list) = help.split_once("Commands:\n").unwrap();
        let (list, _) = list.split_once("\n\n").unwrap();
        let words = list
            .lines()
            .map(|line| line.split_whitespace().next().unwrap());
        for word in words.filter(|word| *word != "help") {
            let is_shown = table.lines().any(|row| {
                row.contains(&format!("pgcreds {noun}").trim_end().to_owned())
                    && (row.contains(&format!(" {word} "))
                        || row.contains(&format!(" {word}`"))
                        || row.contains(&format!("`{word} ")))
            });
            assert!(is_shown, "pgcreds {noun} {word}");
        }
    }
}

#[test]
fn its_exit_codes_are_those_of_the_help() {
    let text = readme();
    let (_, section) = text.split_once("| Exit code | |\n|---|---|\n").unwrap();
    let (table, _) = section.split_once("\n\n").unwrap();
    let codes: Vec<&str> = table
        .lines()
        .map(|row| row.split('|').nth(1).unwrap().trim())
        .collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "130"]);
    let help = Sandbox::new().pgcreds(["--help"]).run().success().stdout;
    for code in &codes[..5] {
        assert!(help.contains(&format!("{code} ")), "{code}");
    }
}
