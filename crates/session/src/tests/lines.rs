//! The script language of the stories: one line, one input.

use super::rows;
use super::stage::{Stage, asked, planned};
use crate::effect::Input;
use crate::{Show, events_of};
use abide_model::call::{Delta, Finish, ItemStart};
use abide_model::event::RunError;
use abide_model::fault::{Fault, FaultKind};
use abide_model::id::{ItemId, SessionId};
use abide_model::item::{Item, Json, Part, Reasoning, Role, ToolCall, ToolResult};
use abide_model::usage::Tokens;
use expect_test::Expect;

/// Plays `script` and compares what the machine asks for and shows with `expect`.
///
/// A line beginning with `.` is played without its output: a setting, not the story.
pub(super) fn check(script: &str, expect: Expect) {
    expect.assert_eq(&play(script).1);
}

/// Plays `script`; the stage as it is left, and the output.
pub(super) fn play(script: &str) -> (Stage, String) {
    let mut stage = Stage::new(!script.contains("not kept"));
    let mut splices = true;
    let mut out = String::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let quiet = line.strip_prefix('.');
        let line = quiet.unwrap_or(line).trim();
        if line == "chat door" {
            splices = false;
        } else {
            let rows = command(&mut stage, line, splices);
            if quiet.is_none() {
                out.push_str(&format!("> {line}\n"));
                rows.into_iter().for_each(|row| out.push_str(&format!("    {}\n", row.trim_end())));
            }
        }
    }
    (stage, out)
}

fn command(stage: &mut Stage, line: &str, splices: bool) -> Vec<String> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let input = match verb {
        "session" => return Vec::new(),
        "kill" => {
            stage.kill();
            return Vec::new();
        }
        "fork" => {
            stage.fork(rest.parse().unwrap());
            return rows::items(&stage.session.items());
        }
        "begin" => return rows::effects(&stage.begin(items(rest))),
        "show" => return show(stage, rest),
        "ask" => asked(items(rest), splices),
        "plan" => planned(rest),
        "refuse" => refused(rest),
        "hear" => Input::Heard(rest.split('|').map(|text| delta(text.trim())).collect()),
        "end" => Input::CallEnded(Ok(())),
        "fault" => Input::CallEnded(Err(Fault::new(FaultKind::parse(rest).unwrap(), "the cloud's words"))),
        "cancel" => Input::Cancel,
        "recover" => Input::Recovered,
        "add" => Input::AddItems(items(rest)),
        "remove" => Input::RemoveItem(item_id(rest, stage)),
        "label" => Input::SetMetadata((!rest.is_empty()).then(|| Json::from_parsed(rest))),
        "erase" => Input::EraseRun(rest.parse().unwrap()),
        unknown => panic!("no such line: {unknown}"),
    };
    match stage.step(input) {
        Ok(effects) => rows::effects(&effects),
        Err(rejection) => vec![format!("rejected: {rejection}")],
    }
}

fn show(stage: &Stage, what: &str) -> Vec<String> {
    let session = &stage.session;
    match what.split_once(' ').unwrap_or((what, "")) {
        ("items", _) => rows::items(&session.items()),
        ("prompt", _) => session.prompt().unwrap().1.iter().map(|item| rows::item(item)).collect(),
        ("run", n) => rows::view(&session.view(n.parse().unwrap(), Show::All)),
        ("standing", n) => rows::view(&session.view(n.parse().unwrap(), Show::Standing)),
        ("calls", n) => rows::calls(session.calls(n.parse().unwrap())),
        ("events", n) => {
            let n = n.parse().unwrap();
            let Some(first) = session.run_begins_at(n) else { return vec!["none".to_owned()] };
            let journal = stage.journal();
            let rows = journal.iter().filter(|(seq, _)| *seq >= first).map(|(seq, one)| (*seq, one));
            events_of(session.id(), n, rows).iter().map(rows::event).collect()
        }
        ("ends", n) => vec![session.ends_with_run(n.parse().unwrap()).to_string()],
        unknown => panic!("nothing to show: {unknown:?}"),
    }
}

fn refused(code: &str) -> Input {
    let message = format!("no: {code}");
    let error = RunError { code: code.to_owned(), message, fault: None, retry_after_ms: None };
    Input::Planned { plan: Default::default(), choice: Err(error) }
}

/// `7`, or `a/7` for item 7 of the session `a`.
fn item_id(text: &str, stage: &Stage) -> ItemId {
    let (session, n) = match text.split_once('/') {
        Some((session, n)) => (SessionId(u128::from_str_radix(session, 16).unwrap()), n),
        None => (stage.session.id(), text),
    };
    ItemId { session, n: n.parse().unwrap() }
}

/// `user hi | call c1 weather {} | result c1 sunny | think deep`.
fn items(text: &str) -> Vec<Item> {
    text.split('|').map(str::trim).filter(|text| !text.is_empty()).map(item).collect()
}

fn item(text: &str) -> Item {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    match kind {
        "user" => Item::text(Role::User, rest),
        "assistant" => Item::text(Role::Assistant, rest),
        "call" => Item::ToolCall(ToolCall {
            call_id: first.to_owned(),
            name: second.to_owned(),
            arguments: "{}".to_owned(),
        }),
        "result" => Item::ToolResult(ToolResult {
            call_id: first.to_owned(),
            parts: vec![Part::Text(second.to_owned())],
        }),
        "think" => Item::Reasoning(Reasoning { text: rest.to_owned(), ..Reasoning::default() }),
        unknown => panic!("no such item: {unknown}"),
    }
}

/// `message 0 | text 0 Hi | done 0 | finish stop | usage 10 2`; `_` stands for a space at either end.
fn delta(text: &str) -> Delta {
    let (kind, rest) = text.split_once(' ').unwrap();
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    let index = first.parse().unwrap_or_default();
    let words = second.replace('_', " ");
    match kind {
        "message" => Delta::ItemStarted { index, start: ItemStart::Message },
        "think" => Delta::ItemStarted { index, start: ItemStart::Reasoning },
        "call" => {
            let (call_id, name) = second.split_once(' ').unwrap();
            let start = ItemStart::ToolCall { call_id: call_id.to_owned(), name: name.to_owned() };
            Delta::ItemStarted { index, start }
        }
        "text" => Delta::Text { index, text: words },
        "refusal" => Delta::Refusal { index, text: words },
        "args" => Delta::Arguments { index, json: words },
        "thought" => Delta::Reasoning { index, text: words },
        "done" => Delta::ItemDone { index },
        "finish" => Delta::Finished(Finish::parse(rest).unwrap()),
        "usage" => Delta::Usage(Tokens {
            input: first.parse().unwrap(),
            output: second.parse().unwrap(),
            ..Tokens::default()
        }),
        unknown => panic!("no such delta: {unknown}"),
    }
}
