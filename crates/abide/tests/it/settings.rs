//! `abide init`, `check`, `completion` and the program's own words.

use crate::stage::{Stage, ended};
use expect_test::expect;

#[test]
fn what_init_writes_passes_the_check_as_soon_as_its_secret_is_there() {
    let stage = Stage::new(&[]);
    expect![[r#"
        wrote ./abide.toml
        wrote ./agents/example.md

        Next:
          export OPENAI_API_KEY=…
          abide check
          abide key create me
          abide serve
        exit 0
    "#]]
    .assert_eq(&stage.run(&["init"]).text());
    let without = stage.run(&["check"]);
    assert_eq!(without.status, 2);
    assert!(without.err.contains("`OPENAI_API_KEY` is not set"), "{}", without.err);
    let with = stage.command(&["check"]).env("OPENAI_API_KEY", "sk-test").output().unwrap();
    expect![[r#"
        abide.toml: 1 cloud, 1 model, 1 agent, no agreements; nothing wrong
        exit 0
    "#]]
    .assert_eq(&ended(with).text());
    assert_eq!(stage.run(&["check", "--without-secrets"]).status, 0);
}

#[test]
fn init_overwrites_nothing() {
    let stage = Stage::new(&[("here/agents/example.md", "mine")]);
    expect![[r#"
        error: `here/agents/example.md` is there already; nothing was written
        help: name another folder: abide init DIR
        exit 2
    "#]]
    .assert_eq(&stage.run(&["init", "here"]).text());
    assert_eq!(std::fs::read_to_string(stage.path().join("here/agents/example.md")).unwrap(), "mine");
    assert!(!stage.path().join("here/abide.toml").exists());
}

#[test]
fn the_lines_that_init_leaves_commented_are_a_valid_configuration_too() {
    let stage = Stage::new(&[]);
    stage.run(&["init"]);
    let path = stage.path().join("abide.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, models) = text.split_once("# --- Models").unwrap();
    let (top, clouds) = head.split_once("[cloud.openai]").unwrap();
    // Prose has spaces where a setting has its equals sign.
    let setting = |line: &str| {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is = bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        if is { bare.to_owned() } else { line.to_owned() }
    };
    let clouds: Vec<String> = clouds.lines().map(setting).collect();
    let clouds = clouds.join("\n").replace("key = { env = \"AWS_BEARER_TOKEN_BEDROCK\" }", "");
    std::fs::write(&path, format!("{top}[cloud.openai]{clouds}\n# --- Models{models}")).unwrap();
    let done = stage.run(&["check", "--without-secrets"]);
    assert_eq!(done.text(), "abide.toml: 3 clouds, 1 model, 1 agent, no agreements; nothing wrong\nexit 0\n");
}

#[test]
fn a_serve_with_a_broken_configuration_starts_nothing() {
    let stage = Stage::new(&[("abide.toml", "[cloud.a]\n")]);
    let done = stage.run(&["serve"]);
    assert_eq!(done.status, 2);
    assert!(done.err.contains("[cloud.a] lacks `dialect`"), "{}", done.err);
    assert!(!stage.path().join("abide-data").exists());
}

#[test]
fn every_command_has_help_and_every_shell_a_completion() {
    let stage = Stage::new(&[]);
    for command in [
        "demo",
        "init",
        "check",
        "serve",
        "key create",
        "key list",
        "key revoke",
        "agreement check",
        "agreement ask",
        "agreement terms",
        "ledger statement",
        "ledger close",
        "ledger invoice",
        "ledger export",
        "session list",
        "session show",
        "completion",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let done = stage.run(&words);
        assert_eq!(done.status, 0, "{}", done.text());
        assert!(done.out.contains("Usage: abide"), "{}", done.out);
    }
    for shell in ["bash", "zsh", "fish"] {
        let done = stage.run(&["completion", shell]);
        assert!(done.status == 0 && done.out.contains("statement"), "{shell}");
    }
    let version = stage.run(&["--version"]).out;
    assert_eq!(version, format!("abide {}\n", env!("CARGO_PKG_VERSION")));
}
