//! Laws over random records and random histories. What must hold after every input stands in the stage.

use super::arbitrary;
use super::stage::{Stage, asked, planned};
use crate::effect::Input;
use crate::fold::fold;
use crate::record::{self, Blobs, Record, Stamped};
use crate::snapshot::{self, TAIL_RECORDS_MIN};
use crate::{Opening, Session};
use abide_model::call::{Delta, ItemStart};
use abide_model::event::RunError;
use abide_model::fault::{Fault, FaultKind};
use abide_model::id::ItemId;
use abide_model::item::{Item, Json, Part, Role, ToolCall, ToolResult};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

/// One random step of a history.
#[derive(Debug, Clone)]
enum Step {
    Ask { items: Vec<Item>, splices: bool },
    Plan(&'static str),
    Refuse,
    Hear(Vec<Delta>),
    End,
    Fault(FaultKind),
    Cancel,
    Kill,
    Recover,
    Add(Vec<Item>),
    Remove(u32),
    Label(Option<Json>),
    Erase(u32),
    Fork(u32),
}

fn play(stage: &mut Stage, step: Step) {
    let input = match step {
        Step::Ask { items, splices } => asked(items, splices),
        Step::Plan(cloud) => planned(cloud),
        Step::Refuse => {
            let code = "no_target".to_owned();
            let error = RunError { message: code.clone(), code, fault: None, retry_after_ms: None };
            Input::Planned { plan: Default::default(), choice: Err(error) }
        }
        Step::Hear(deltas) => Input::Heard(deltas),
        Step::End => Input::CallEnded(Ok(())),
        Step::Fault(kind) => Input::CallEnded(Err(Fault::new(kind, "words"))),
        Step::Cancel => Input::Cancel,
        Step::Kill => return stage.kill(),
        Step::Recover => Input::Recovered,
        Step::Add(items) => Input::AddItems(items),
        Step::Remove(n) => Input::RemoveItem(ItemId { session: stage.session.id(), n }),
        Step::Label(labels) => Input::SetMetadata(labels),
        Step::Erase(n) => Input::EraseRun(n),
        Step::Fork(n) => return stage.fork(n),
    };
    drop(stage.step(input));
}

/// Few call ids, so that results find their calls.
fn talk() -> impl Strategy<Value = Item> {
    let result = |call_id| Item::ToolResult(ToolResult { call_id, parts: vec![Part::Text("r".to_owned())] });
    let call =
        |call_id| Item::ToolCall(ToolCall { call_id, name: "f".to_owned(), arguments: "{}".to_owned() });
    prop_oneof![
        3 => "[a-z]{0,5}".prop_map(|text| Item::text(Role::User, text)),
        1 => "c[0-3]".prop_map(call),
        3 => "c[0-3]".prop_map(result),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let items = || vec(talk(), 0..3);
    let splices = prop::bool::weighted(0.8);
    let label = || Json::from_parsed("{\"a\":1}");
    prop_oneof![
        8 => (items(), splices).prop_map(|(items, splices)| Step::Ask { items, splices }),
        8 => select(vec!["azure", "aws"]).prop_map(Step::Plan),
        1 => Just(Step::Refuse),
        12 => vec(arbitrary::delta(), 0..5).prop_map(Step::Hear),
        4 => Just(Step::End),
        4 => arbitrary::fault_kind().prop_map(Step::Fault),
        1 => Just(Step::Cancel),
        1 => Just(Step::Kill),
        2 => Just(Step::Recover),
        1 => items().prop_map(Step::Add),
        1 => (1u32..12).prop_map(Step::Remove),
        1 => any::<bool>().prop_map(move |some| Step::Label(some.then(label))),
        1 => (1u32..4).prop_map(Step::Erase),
        1 => (1u32..4).prop_map(Step::Fork),
    ]
}

fn history(steps: impl IntoIterator<Item = Step>, kept: bool) -> Stage {
    let mut stage = Stage::new(kept);
    steps.into_iter().for_each(|step| play(&mut stage, step));
    stage
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn any_record_reads_back_as_it_was_written(stamped in arbitrary::stamped()) {
        let mut blobs = Blobs::new();
        let bytes = record::encode(&stamped, true, &mut blobs);
        prop_assert_eq!(record::decode(&bytes, &blobs).unwrap(), stamped);
        let references = record::references(&bytes).unwrap();
        prop_assert_eq!(references.iter().collect::<BTreeSet<_>>(), blobs.keys().collect());
        for hash in references {
            let mut without = blobs.clone();
            without.remove(&hash);
            prop_assert_eq!(record::decode(&bytes, &without), Err(record::DecodeError::MissingBody(hash)));
        }
    }

    #[test]
    fn what_was_encoded_lately_changes_no_byte(
        records in vec(arbitrary::stamped(), 1..24),
        order in vec((any::<prop::sample::Index>(), any::<bool>()), 1..48),
    ) {
        let mut lately = record::Lately::default();
        for (at, content) in order {
            let (stamped, mut blobs, mut expected) = (at.get(&records), Blobs::new(), Blobs::new());
            let bytes = lately.encode(stamped, content, &mut blobs);
            prop_assert_eq!(bytes, record::encode(stamped, content, &mut expected));
            prop_assert_eq!(blobs, expected);
        }
    }

    #[test]
    fn bodies_are_content_exactly_when_they_are_left_out_with_it(stamped in arbitrary::stamped()) {
        let (mut all, mut without) = (Blobs::new(), Blobs::new());
        let _ = record::encode(&stamped, true, &mut all);
        let _ = record::encode(&stamped, false, &mut without);
        let left = if stamped.record.bodies_are_content() { Blobs::new() } else { all };
        prop_assert_eq!(without, left);
    }

    #[test]
    fn damaged_bytes_are_an_error_and_nothing_worse(
        stamped in arbitrary::stamped(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        noise in vec(any::<u8>(), 0..64),
    ) {
        let mut blobs = Blobs::new();
        let bytes = record::encode(&stamped, true, &mut blobs);
        let cut = &bytes[..place.index(bytes.len())];
        prop_assert!(record::decode(cut, &blobs).is_err());
        prop_assert!(record::decode(&[bytes.as_slice(), &[byte]].concat(), &blobs).is_err());
        let mut changed = bytes.clone();
        changed[place.index(bytes.len())] = byte;
        drop(record::decode(&changed, &blobs));
        drop(record::decode(&noise, &blobs));
        drop(snapshot::read(&noise, &blobs));
    }

    #[test]
    fn a_later_format_says_that_it_is_later(stamped in arbitrary::stamped(), format in 2u8..) {
        let mut bytes = record::encode(&stamped, true, &mut Blobs::new());
        bytes[0] = format;
        let newer = Err(record::DecodeError::Newer { found: format, known: 1 });
        prop_assert_eq!(record::decode(&bytes, &Blobs::new()), newer);
    }

    #[test]
    fn any_journal_can_be_replayed(records in vec(arbitrary::stamped(), 0..12)) {
        let numbered = (1..).zip(&records);
        let session = Session::replay(super::stage::HOME, Vec::new(), numbered);
        prop_assert_eq!(session.head(), records.len() as u64);
    }

    #[test]
    fn the_laws_hold_after_every_input_of_a_kept_session(steps in vec(step(), 0..40)) {
        history(steps, true);
    }

    #[test]
    fn the_laws_hold_after_every_input_of_a_session_that_is_not_kept(steps in vec(step(), 0..40)) {
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Fork(_)));
        history(steps, false);
    }

    #[test]
    fn a_folded_journal_tells_the_same_session(steps in vec(step(), 0..40), cut in any::<prop::sample::Index>()) {
        let stage = history(steps, true);
        let journal = stage.journal();
        prop_assert_eq!(stage.replay(&fold(journal.clone())), stage.replay(&journal));
        let (front, tail) = journal.split_at(cut.index(journal.len() + 1));
        let folded_front = [fold(front.to_vec()), tail.to_vec()].concat();
        prop_assert_eq!(stage.replay(&folded_front), stage.replay(&journal));
        prop_assert_eq!(fold(folded_front), fold(journal.clone()));
    }
}

#[test]
fn a_snapshot_and_the_rows_after_it_tell_the_same_session() {
    let talk = Step::Ask { items: vec![Item::text(Role::User, "x".repeat(5_000))], splices: true };
    let start = Delta::ItemStarted { index: 0, start: ItemStart::Message };
    let mut stage = history([talk, Step::Plan("azure"), Step::Hear(vec![start])], true);
    // Past the stage, which would read the whole journal back after each of so many words.
    for n in 0..TAIL_RECORDS_MIN + 20 {
        let deltas = vec![Delta::Text { index: 0, text: format!("{n} ") }];
        let stamped = Stamped { at: stage.now, record: Record::Heard { deltas } };
        stage.session.apply(stage.session.head() + 1, &stamped);
        stage.rows.push(record::encode(&stamped, true, &mut stage.blobs));
    }
    let journal = stage.journal();
    let (front, tail) = journal.split_at(TAIL_RECORDS_MIN + 4);
    let mut blobs = Blobs::new();
    let bytes = snapshot::take(front.to_vec(), &mut blobs).unwrap();
    let references = snapshot::references(&bytes).unwrap();
    assert_eq!(references.len(), 2, "the long message and the decision");
    assert!(references.iter().all(|hash| blobs.contains_key(hash)));
    let mut records = snapshot::read(&bytes, &blobs).unwrap();
    assert_eq!(records.len(), 4, "opened, run started, call started, heard");
    assert_eq!(records.last().unwrap().0, TAIL_RECORDS_MIN as u64 + 4);
    records.extend(tail.to_vec());
    assert_eq!(stage.replay(&records), stage.session);
    assert!(snapshot::read(&bytes[..bytes.len() - 1], &blobs).is_err());
    assert!(snapshot::take(journal[..TAIL_RECORDS_MIN - 1].to_vec(), &mut Blobs::new()).is_none());
}

#[test]
fn nothing_that_was_said_is_stored_of_a_session_that_is_not_kept() {
    let mut stage = Stage::new(false);
    let labels = || Some(Json::from_parsed("{\"secret\":1}"));
    let mut opened = stage.session.opened().clone();
    opened.metadata = labels();
    stage.session = Session::open(stage.session.id(), Opening { opened, inherited: Vec::new() });
    let mut input = asked(vec![Item::text(Role::User, "secret ".repeat(2_000))], true);
    if let Input::Asked(asked) = &mut input {
        asked.preface = Some("secret ".repeat(2_000).into());
        asked.wanted.params.instructions = Some("secret ".repeat(2_000));
        asked.wanted.metadata = labels();
    }
    let start = Delta::ItemStarted { index: 0, start: ItemStart::Message };
    let words = Delta::Text { index: 0, text: "secret".to_owned() };
    let inputs = [
        input,
        planned("azure"),
        Input::Heard(vec![start, words]),
        Input::AddItems(vec![Item::text(Role::User, "secret")]),
        Input::SetMetadata(labels()),
        Input::CallEnded(Err(Fault::new(FaultKind::BadRequest, "you said secret"))),
    ];
    inputs.into_iter().for_each(|input| drop(stage.step(input).unwrap()));
    let record = Record::Heard { deltas: vec![Delta::Text { index: 0, text: "secret".to_owned() }] };
    let heard = Stamped { at: stage.now, record };
    stage.rows.push(record::encode(&heard, false, &mut stage.blobs));
    let stored = stage.rows.iter().chain(stage.blobs.values());
    assert!(stored.clone().all(|bytes| !bytes.windows(6).any(|word| word == b"secret")));
    assert_eq!(stored.count(), 9, "eight records, and a body for the decision");
}

#[test]
fn a_snapshot_of_a_session_that_is_not_kept_holds_nothing_that_was_said() {
    let mut opened = Stage::new(false).session.opened().clone();
    opened.metadata = Some(Json::from_parsed("{\"secret\":1}"));
    let stamp = |record| Stamped { at: abide_model::Time::UNIX_EPOCH, record };
    let secret = || Delta::Text { index: 0, text: "secret".to_owned() };
    let mut records = vec![(1, stamp(Record::Opened(opened)))];
    let heard =
        (2..TAIL_RECORDS_MIN as u64 + 2).map(|n| (n, stamp(Record::Heard { deltas: vec![secret()] })));
    records.extend(heard);
    let bytes = snapshot::take(records, &mut Blobs::new()).unwrap();
    assert!(!bytes.windows(6).any(|word| word == b"secret"));
}

#[test]
fn folding_joins_only_words_that_continue_each_other() {
    let word = |index, text: &str| Delta::Text { index, text: text.to_owned() };
    let args = |index, json: &str| Delta::Arguments { index, json: json.to_owned() };
    let thought = |index, text: &str| Delta::Reasoning { index, text: text.to_owned() };
    let said = [
        vec![thought(0, "h"), thought(0, "m")],
        vec![thought(1, "!"), word(0, "a")],
        vec![word(0, "b"), word(1, "c"), word(1, "d")],
        vec![args(1, "{"), args(1, "}"), args(2, "[]"), word(1, "e")],
    ];
    let at = abide_model::Time::UNIX_EPOCH;
    let heard = said.into_iter().map(|deltas| Stamped { at, record: Record::Heard { deltas } });
    let folded = fold((5..).zip(heard).collect());
    let deltas = vec![
        thought(0, "hm"),
        thought(1, "!"),
        word(0, "ab"),
        word(1, "cd"),
        args(1, "{}"),
        args(2, "[]"),
        word(1, "e"),
    ];
    assert_eq!(folded, [(8, Stamped { at, record: Record::Heard { deltas } })]);
}
