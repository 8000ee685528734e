//! The guide: each command in `docs/guide` is run, and what the page says it prints is what it prints.
//!
//! `UPDATE_EXPECT=1` writes the outputs anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What a command of the guide prints, without colours and spaces at the ends of lines.
fn output(command: &str) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("abide"), "{command}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_abide"));
    let done = program.args(words).current_dir(root()).env_clear().output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The page with every console block as it would be printed now, and how many commands it has.
fn run(page: &str) -> (String, usize) {
    let mut out = String::new();
    let mut commands = 0;
    let mut inside = false;
    for line in page.lines() {
        let fence = line.starts_with("```");
        if fence {
            inside = line == "```console";
        }
        if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            out += &format!("{line}\n{}", output(command));
            commands += 1;
        } else if !inside || fence {
            out += &format!("{line}\n");
        }
    }
    (out, commands)
}

fn check(name: &str) {
    let path = root().join("docs/guide").join(name);
    let page = fs::read_to_string(&path).unwrap();
    let (now, commands) = run(&page);
    assert!(commands > 5, "{name} has {commands} commands");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    for (at, (said, is)) in page.lines().zip(now.lines()).enumerate() {
        assert_eq!(said, is, "{name}, line {}; UPDATE_EXPECT=1 writes the page anew", at + 1);
    }
    assert_eq!(page, now, "{name}");
}

#[test]
fn the_story_of_three_companies_prints_what_it_says() {
    check("openai-clouds.md");
}

#[test]
fn the_story_of_a_reseller_chain_prints_what_it_says() {
    check("fernhill-chain.md");
}
