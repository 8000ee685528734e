//! `abide demo`: what it prints is true, and what it keeps is there the next time.

use crate::stage::{Stage, ended};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A demo at work.
struct Demo {
    child: Child,
    said: Value,
}

impl Demo {
    fn start(stage: &Stage) -> Self {
        let mut command = stage.command(&["demo", "--port", "0", "--folder", "demo", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap_or_default();
        Self { child, said }
    }

    fn text(&self, field: &str) -> &str {
        self.said[field].as_str().unwrap()
    }

    /// A request over a connection of its own: the status and the body.
    fn ask(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let address = self.text("url").strip_prefix("http://").unwrap();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    fn chat(&self, model: &str, words: &str) -> (u16, Value) {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": words }] });
        self.ask("POST", "/v1/chat/completions", self.text("key"), Some(body))
    }

    fn respond(&self, body: Value) -> (u16, Value) {
        self.ask("POST", "/v1/responses", self.text("key"), Some(body))
    }

    /// Ends it as Ctrl-C does.
    fn stop(self) {
        let told = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let done = ended(self.child.wait_with_output().unwrap());
        assert_eq!(done.status, 0, "{}", done.err);
    }
}

#[test]
fn the_demo_chats_decides_and_settles() {
    let stage = Stage::new(&[]);
    let demo = Demo::start(&stage);
    let (status, answer) = demo.chat("demo", "count to 3");
    assert_eq!((status, &answer["choices"][0]["message"]["content"]), (200, &json!("1 2 3")), "{answer}");
    let (status, answer) = demo.chat("frontier", "hello");
    assert!(status == 200 && answer.to_string().contains("This is aws"), "{answer}");
    let (status, answer) = demo.chat("frontier-azure", "hello");
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("refused_by_agreement")), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("`feb26.frontier-exclusive`"), "{answer}");

    let config = demo.text("config").to_owned();
    let words = ["ledger", "statement", "--party", "microsoft", "--period", &quarter(), "--config", &config];
    let shown = stage.run(&words);
    assert!(shown.status == 0 && shown.out.contains("Share apr27.revenue-share"), "{}", shown.text());
    assert!(!shown.out.contains("Share jan23.share"), "a share that ended years ago: {}", shown.out);
    let statement = stage.run(&[&words[..], &["--json"]].concat()).json();
    let calls: u64 =
        statement["totals"].as_array().unwrap().iter().map(|one| one["calls"].as_u64().unwrap()).sum();
    assert_eq!(calls, 2, "{statement}");
    let export =
        stage.run(&["ledger", "export", "--format", "hledger", "--config", &config, "--out", "book.journal"]);
    assert_eq!(export.text(), "exit 0\n");
    assert!(std::fs::read_to_string(stage.path().join("book.journal")).unwrap().contains("apr27"));
    let wrong =
        stage.run(&["ledger", "statement", "--party", "microsft", "--period", "2026", "--config", &config]);
    assert!(wrong.status == 2 && wrong.err.contains("did you mean `microsoft`?"), "{}", wrong.text());
    demo.stop();
}

#[test]
fn recorded_decisions_are_put_to_a_draft() {
    let stage = Stage::new(&[]);
    let demo = Demo::start(&stage);
    for model in ["demo", "demo", "frontier"] {
        assert_eq!(demo.chat(model, "hello").0, 200);
    }
    let config = demo.text("config").to_owned();
    let book = "demo/agreements/openai-clouds";
    let replay = |against: &str| {
        stage.run(&["agreement", "replay", book, "--against", against, "--config", &config, "--json"])
    };
    let same = replay(book);
    assert_eq!((same.status, same.json()), (0, json!({ "decisions": 3, "same": 3, "changed": [] })));
    copy(&stage.path().join(book), &stage.path().join("draft"));
    stage.write(
        "draft/draft.toml",
        "instrument = \"amazon-openai\"\namendment = 99\nparties = [\"openai\", \"amazon\"]\nsigned = 2026-01-01\n\
         [[exclusive]]\nid = \"draft.alone\"\nfrom = \"openai\"\nto = \"amazon\"\nproducts = [\"openai/frontier\"]\n",
    );
    let done = replay("draft");
    let found = done.json();
    assert_eq!((done.status, &found["same"]), (3, &json!(2)), "{}", done.text());
    let turn = &found["changed"][0];
    assert_eq!((&turn["kind"], &turn["decisions"]), (&json!("newly_forbidden"), &json!(1)), "{turn}");
    assert_eq!(
        (&turn["toward"], &turn["product"]),
        (&json!(["amazon"]), &json!("openai/frontier")),
        "{turn}"
    );
    demo.stop();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn a_transcript_says_what_came_from_where_and_under_which_clause() {
    let stage = Stage::new(&[]);
    let demo = Demo::start(&stage);
    let (_, first) = demo.respond(json!({ "model": "agent/concierge", "input": "my room is 12" }));
    let failing = "what is my room? [[sim:azure:429]]";
    let (_, second) = demo.respond(
        json!({ "model": "agent/concierge", "input": failing, "previous_response_id": first["id"] }),
    );
    assert!(second.to_string().contains("Your room is 12"), "{second}");
    let config = demo.text("config").to_owned();
    let shown = stage.run(&["session", "show", second["id"].as_str().unwrap(), "--config", &config]);
    for part in [
        "azure/gpt-5 failed: rate_limited",
        "from aws/openai.gpt-oss-120b-1:0",
        "apr27.any-cloud",
        "listed first",
    ] {
        assert!(shown.out.contains(part), "{part}: {}", shown.text());
    }
    let listed = stage.run(&["session", "list", "--all", "--json", "--config", &config]).json();
    let conversation = listed[0]["id"].as_str().unwrap();
    let whole = stage.run(&["session", "show", conversation, "--json", "--config", &config]).json();
    assert_eq!(whole["runs"].as_array().unwrap().len(), 2);
    assert_eq!(whole["runs"][1]["calls"][0]["fault"]["code"], "rate_limited");
    assert_eq!(whole["runs"][1]["output"][0]["from"], "aws/openai.gpt-oss-120b-1:0");
    let absent =
        stage.run(&["session", "show", "conv_00000000000000000000000000000001", "--config", &config]);
    assert_eq!(absent.status, 2, "{}", absent.text());
    demo.stop();
}

#[test]
fn a_second_demo_remembers_takes_a_new_key_and_is_refused_while_the_first_runs() {
    let stage = Stage::new(&[]);
    let demo = Demo::start(&stage);
    let old_key = demo.text("key").to_owned();
    let (_, first) = demo.respond(json!({ "model": "demo", "input": "my cat is Tibbles" }));
    let beside = stage.run(&["demo", "--port", "0", "--folder", "demo"]);
    assert!(beside.status == 1 && beside.err.contains("in use"), "{}", beside.text());
    assert_eq!(demo.ask("GET", "/v1/models", &old_key, None).0, 200);
    demo.stop();

    let again = Demo::start(&stage);
    assert_eq!(again.ask("GET", "/v1/models", &old_key, None).0, 401);
    let (_, second) = again
        .respond(json!({ "model": "demo", "input": "what is my cat?", "previous_response_id": first["id"] }));
    assert!(second.to_string().contains("Your cat is Tibbles"), "{second}");
    again.stop();
}

#[test]
fn edits_of_the_configuration_outlive_a_demo() {
    let stage = Stage::new(&[]);
    let demo = Demo::start(&stage);
    let config = stage.path().join("demo/abide.toml");
    assert_eq!(demo.chat("demo", "hello").0, 200);
    demo.stop();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}\n[model.mine]\nproduct = \"openai/api/responses\"\ntargets = [\"azure/gpt-5\"]\n"),
    )
    .unwrap();
    let again = Demo::start(&stage);
    let (status, answer) = again.chat("mine", "count to 3");
    assert_eq!((status, &answer["model"]), (200, &"mine".into()), "{answer}");
    again.stop();
}

#[test]
fn a_configuration_that_no_demo_wrote_is_left_alone() {
    let stage = Stage::new(&[("demo/abide.toml", "listen = \"127.0.0.1:1\"\n")]);
    let done = stage.run(&["demo", "--port", "0", "--folder", "demo"]);
    assert!(done.status == 2 && done.err.contains("not a demo's"), "{}", done.text());
    let kept = std::fs::read_to_string(stage.path().join("demo/abide.toml")).unwrap();
    assert_eq!(kept, "listen = \"127.0.0.1:1\"\n");
    assert!(!stage.path().join("demo/agents").exists());
}

#[test]
fn a_json_log_line_names_the_target_that_failed() {
    let stage = Stage::new(&[]);
    let mut command = stage.command(&["demo", "--port", "0", "--folder", "demo", "--json", "--log", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let demo = Demo { child, said: serde_json::from_str(&line).unwrap() };
    assert_eq!(demo.chat("demo", "[[sim:azure:drop]] hello").0, 200);
    let told = Command::new("kill").args(["-INT", &demo.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    let done = ended(demo.child.wait_with_output().unwrap());
    let failed = done.err.lines().find(|line| line.contains("call failed")).unwrap();
    assert_eq!(failed.matches("\"target\"").count(), 1, "{failed}");
    assert_eq!(serde_json::from_str::<Value>(failed).unwrap()["target"], "azure/gpt-5");
}

#[test]
fn the_lines_to_paste_work_from_any_folder_whatever_the_demo_is_in() {
    let stage = Stage::new(&[]);
    let folder = "it's a demo";
    let mut command = stage.command(&["demo", "--port", "0", "--folder", folder]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let said: Vec<String> = said.map(Result::unwrap).take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let line = |number: &str| {
        let at = said.iter().position(|line| line.starts_with(number)).unwrap();
        said[at + 1].clone()
    };
    let body = line("1. ");
    let body = body.split_once("-d '").unwrap().1.trim_end_matches('\'');
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["model"], "demo");
    assert!(line("2. ").contains("previous_response_id"));
    let paste = |number: &str| {
        let output = Command::new("/bin/sh").args(["-c", &line(number)]).current_dir("/").output().unwrap();
        ended(output)
    };
    let asked = paste("3. ");
    assert!(asked.status == 3 && asked.out.starts_with("contested"), "{}", asked.text());
    let stated = paste("4. ");
    assert!(
        stated.status == 0 && stated.out.starts_with("Statement for Microsoft (microsoft)"),
        "{}",
        stated.text()
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The quarter that holds today where the example's book counts days.
fn quarter() -> String {
    let zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap();
    let today = jiff::Timestamp::now().to_zoned(zone).date();
    format!("{}-Q{}", today.year(), (today.month() + 2) / 3)
}
