//! The house style, as far as a program can read it: which layer may know which, and who may print.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer of `src/` with the layers that it may know besides itself.
const LAYERS: [(&str, &[&str]); 15] = [
    (
        "commands",
        &[
            "child",
            "context",
            "environment",
            "failure",
            "files",
            "model",
            "ops",
            "postgres",
            "shell",
            "state",
            "ui",
        ],
    ),
    (
        "ops",
        &[
            "audit",
            "core_files",
            "environment",
            "failure",
            "files",
            "model",
            "postgres",
            "shell",
            "state",
            "ui::Bar",
            "ui::Log",
            "ui::credentials",
            "ui::json_line",
            "ui::prompt",
            "ui::warn_once",
        ],
    ),
    ("state", &["audit", "failure", "files", "model", "shell"]),
    ("audit", &["environment", "failure", "files", "model", "ui"]),
    (
        "postgres",
        &["environment", "failure", "files", "model", "shell"],
    ),
    ("ui", &["failure", "model", "terminal"]),
    ("files", &["failure", "shell"]),
    ("child", &["core_files"]),
    ("core_files", &[]),
    ("model", &[]),
    ("environment", &["model::secret"]),
    ("failure", &["terminal", "usage"]),
    ("terminal", &[]),
    ("shell", &[]),
    ("usage", &["model::redaction"]),
];

/// What `model` must not use: it has values and rules only.
const EFFECTS: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::net::Tcp",
    "ToSocketAddrs",
    "std::process",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
];

/// A source file: its path below `src/`, and its text without tests.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The layer: the first folder, or the file where there is none.
    fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// What follows `crate::` wherever it is written, in `use` lines and in the code.
    fn imports(&self) -> impl Iterator<Item = &str> {
        let tails = self.text.split("crate::").skip(1);
        tails.map(|tail| {
            let end = tail.find(|character: char| {
                !(character.is_alphanumeric() || character == '_' || character == ':')
            });
            tail[..end.unwrap_or(tail.len())].trim_end_matches(':')
        })
    }
}

/// All of `src/`.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            found.push(Source {
                path: path.strip_prefix(&root).unwrap().display().to_string(),
                text: code.to_owned(),
            });
        }
    }
    assert!(found.len() > 50, "src/ was not found");
    found
}

/// Whether a path is the module, or lies in it.
fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn imports_go_downwards() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((layer, below)) = LAYERS.iter().find(|(layer, _)| *layer == source.layer()) else {
            // What wires everything together may know everything.
            assert!(
                ["main.rs", "cli.rs", "completion.rs", "context.rs"]
                    .contains(&source.path.as_str()),
                "which layer is src/{}?",
                source.path
            );
            continue;
        };
        for import in source.imports() {
            let is_allowed =
                is_in(import, layer) || below.iter().any(|module| is_in(import, module));
            if !is_allowed {
                wrong.push(format!("src/{}: crate::{import}", source.path));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_command_never_calls_another() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_wiring = source.path.ends_with("mod.rs");
        if source.layer() != "commands" || is_wiring {
            continue;
        }
        for line in source.text.lines() {
            let names_command = line.contains("crate::commands") || line.contains("super::");
            let is_shared = line.contains("::report") || line.contains("view::");
            if names_command && !is_shared {
                wrong.push(format!("src/{}: {}", source.path, line.trim()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_model_has_no_effects() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.layer() == "model") {
        let found = EFFECTS
            .iter()
            .filter(|effect| source.text.contains(*effect));
        wrong.extend(found.map(|effect| format!("src/{}: {effect}", source.path)));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_the_printers_print_and_no_lint_is_silenced() {
    let mut wrong = Vec::new();
    for source in sources() {
        let is_printer = source.layer() == "ui" || source.path == "failure.rs";
        for (number, line) in source.text.lines().enumerate() {
            let macros = [
                "print!",
                "println!",
                "eprint!",
                "eprintln!",
                "dbg!",
                "todo!",
                "#[allow(",
                "#![allow(",
            ];
            let streams = ["io::stdout()", "io::stderr()"];
            let is_wrong = macros.iter().any(|word| line.contains(word))
                || (!is_printer && streams.iter().any(|word| line.contains(word)));
            if is_wrong {
                wrong.push(format!(
                    "src/{}:{}: {}",
                    source.path,
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
