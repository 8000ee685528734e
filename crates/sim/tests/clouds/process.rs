//! The fakes as a process of their own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use abide_sim::{Call, OPENAI_KEY};
use serde_json::{Value, json};

use crate::client::{receive, send, user};

#[tokio::test]
async fn the_process_prints_its_addresses_serves_logs_and_ends_with_its_parent() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_fakeclouds"))
        .args(["--openai", "0", "--aws", "127.0.0.1:0", "--until-stdin-closes", "--keep-requests", "--log"])
        .arg(log.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let urls: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(urls.as_object().unwrap().keys().collect::<Vec<_>>(), ["aws", "openai"]);
    let url = urls["openai"].as_str().unwrap();
    let addr = url.strip_prefix("http://").and_then(|url| url.strip_suffix("/v1")).unwrap().parse().unwrap();
    let headers = [("authorization".to_owned(), format!("Bearer {OPENAI_KEY}"))];
    let body = json!({ "model": "m", "messages": [user("count to 3")] }).to_string();
    let reply = receive(send(addr, "POST", "/v1/chat/completions", &headers, body.as_bytes()).await).await;
    assert_eq!(reply.unwrap().json()["usage"]["completion_tokens"], 3);
    let logged: Call = serde_json::from_str(std::fs::read_to_string(log.path()).unwrap().trim()).unwrap();
    assert_eq!((logged.cloud.as_str(), logged.output_tokens), ("openai", 3));
    assert_eq!(logged.request.unwrap()["messages"][0], user("count to 3"));
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}

#[test]
fn an_argument_that_is_none_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_fakeclouds")).args(["--opennai", "0"]).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "fakeclouds: there is no argument `--opennai`\n");
}
