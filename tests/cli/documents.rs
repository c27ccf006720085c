//! README, `docs/` and CONTRIBUTING: their links lead somewhere, their command lines are understood, their state files load, and
//! their SQL runs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::examples::{commands, understand};
use crate::harness::{Cluster, Sandbox};

/// The roles that a page may take for granted, and the name of a lease that one of them shows.
const ROLES: [(&str, &str); 4] = [
    ("vaultadmin", "LOGIN CREATEROLE"),
    ("app_owner", "NOLOGIN"),
    ("otheradmin", "LOGIN CREATEROLE"),
    ("pgc_app_role_alice_8xk2m4p0q7rt", "LOGIN"),
];

/// What a page's part of a state file is read with, where the page has none of it.
const STATE: &str = r#"version = 1
[connections.my-postgres-db]
url = "postgresql://{{username}}:{{password}}@db.example.com:5432/mydb"
username = "vaultadmin"
[roles.app-role]
connection = "my-postgres-db"
member_of = ["app_rw"]
"#;

struct Page {
    /// Its path below the project's folder.
    path: String,
    text: String,
}

impl Page {
    /// The fenced blocks of a language.
    fn blocks(&self, language: &str) -> Vec<&str> {
        let fence = format!("\n```{language}\n");
        let tails = self.text.split(&fence).skip(1);
        tails
            .map(|tail| tail.split("\n```").next().unwrap())
            .collect()
    }

    /// The targets of its links.
    fn links(&self) -> Vec<&str> {
        let tails = self.text.split("](").skip(1);
        tails
            .map(|tail| tail.split(')').next().unwrap())
            .filter(|target| !target.contains("://"))
            .collect()
    }

    /// What it shows to be pasted: the lines of its shell blocks without their remarks, and the commands in its prose that
    /// have no words in capitals to fill in.
    fn command_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for block in ["sh", "cron"]
            .map(|language| self.blocks(language))
            .concat()
        {
            let joined = block.replace("\\\n", " ");
            let lines_of_block = joined
                .lines()
                .map(|line| line.split("    #").next().unwrap().to_owned());
            lines.extend(lines_of_block);
        }
        let prose = self.prose();
        let is_pasted = |code: &&str| {
            let to_fill_in =
                |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
            let mut words = code.split(|character: char| {
                !character.is_ascii_alphanumeric() && !"_$".contains(character)
            });
            code.starts_with("pgcreds ") && !code.contains('…') && !words.any(to_fill_in)
        };
        let codes = prose.split('`').skip(1).step_by(2).filter(is_pasted);
        lines.extend(codes.map(str::to_owned));
        lines
    }

    /// Its lines outside of fenced blocks.
    fn prose(&self) -> String {
        let parts = self.text.split("\n```").step_by(2);
        parts.collect::<Vec<_>>().join("\n")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn pages() -> Vec<Page> {
    let mut paths = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name();
        paths.push(format!("docs/{}", name.display()));
    }
    paths.sort();
    assert!(paths.len() > 12, "{paths:?}");
    let page = |path: String| Page {
        text: fs::read_to_string(root().join(&path)).unwrap(),
        path,
    };
    paths.into_iter().map(page).collect()
}

#[test]
fn a_page_answers_one_question_in_few_lines() {
    for page in pages() {
        let most = if page.path == "README.md" { 200 } else { 150 };
        let count = page.text.lines().count();
        assert!(count <= most, "{} has {count} lines", page.path);
        assert!(page.text.starts_with("# "), "{}", page.path);
    }
}

#[test]
fn links_lead_somewhere() {
    let pages = pages();
    let readme = pages.iter().find(|page| page.path == "README.md").unwrap();
    for page in &pages {
        let folder = root().join(&page.path).parent().unwrap().to_owned();
        for link in page.links() {
            let target = link.split('#').next().unwrap();
            assert!(folder.join(target).exists(), "{}: {link}", page.path);
        }
        if page.path.starts_with("docs/") {
            let is_listed = readme.links().contains(&page.path.as_str());
            assert!(is_listed, "README does not lead to {}", page.path);
        }
    }
}

#[test]
fn command_lines_are_understood() {
    let sandbox = Sandbox::new();
    let mut count = 0;
    for page in pages() {
        for line in page.command_lines() {
            for arguments in commands(&line) {
                count += 1;
                let run = understand(&sandbox, &arguments);
                let is_understood = run.code == 0 && run.stdout.contains("Usage: pgcreds ");
                assert!(is_understood, "{}: pgcreds {arguments}\n{run}", page.path);
            }
        }
    }
    assert!(count > 35, "only {count} command lines found");
}

#[test]
fn options_that_prose_names_exist() {
    let sandbox = Sandbox::new();
    let mut help = String::new();
    let nouns = [
        "",
        "issue",
        "exec",
        "agent",
        "sweep",
        "audit",
        "doctor",
        "completions",
        "init",
        "connection add",
        "connection remove",
        "connection rotate",
        "role add",
        "role remove",
        "lease list",
        "lease renew",
        "lease revoke",
    ];
    for noun in nouns {
        let arguments = noun.split_whitespace().chain(["--help"]);
        help.push_str(&sandbox.pgcreds(arguments).run().success().stdout);
    }
    // Of the project's own scripts.
    help.push_str("--matrix --postgres --quick ");
    for page in pages() {
        for code in page.prose().split('`').skip(1).step_by(2) {
            for word in code
                .split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
            {
                let is_option = word.starts_with("--") && word.len() > 2;
                let is_known =
                    help.contains(&format!("{word} ")) || help.contains(&format!("{word}\n"));
                assert!(!is_option || is_known, "{}: {word}", page.path);
            }
        }
    }
}

#[test]
fn state_files_load() {
    let sandbox = Sandbox::new();
    for page in pages() {
        for block in page.blocks("toml") {
            let text = match block.starts_with("version") {
                true => block.to_owned(),
                false => format!("{STATE}{block}"),
            };
            sandbox.write_state(&text);
            let run = sandbox.pgcreds(["role", "list"]).run();
            assert_eq!(run.code, 0, "{}:\n{block}\n{run}", page.path);
        }
    }
}

#[test]
fn sql_runs() {
    for page in pages() {
        let blocks = page.blocks("sql");
        if blocks.is_empty() {
            continue;
        }
        let cluster = Cluster::start();
        cluster.execute("CREATE DATABASE mydb");
        let all = blocks.join("\n").replace('…', "secret");
        for (name, options) in ROLES {
            if !all.contains(&format!("CREATE ROLE {name} ")) {
                cluster.execute(&format!("CREATE ROLE {name} {options}"));
            }
        }
        // Each of them creates its own objects; a failure shows the statement.
        cluster.execute_in("mydb", &all);
    }
}
