//! The deterministic model behind every fake: from a conversation to an answer, with no clock and
//! no chance. It knows only what it is sent, so what it remembers was truly sent.
//!
//! - `count to N` answers `1 2 … N`, one token each; `say: X` answers X.
//! - `what is my X?` answers from an earlier `my X is Y`; `what did I tell you?` lists everything
//!   that was told with `my … is …` or `remember …`.
//! - A text that names a word of a tool's name calls that tool (several, several).
//! - Tool results are quoted. A schema is filled. Anything else is answered with the cloud's name
//!   and the turn.

use serde_json::{Map, Value};

use crate::schema;

const COUNT_MAX: u32 = 100_000;
/// Longer words are split, so that text without spaces streams in several tokens.
const TOKEN_BYTES_MAX: usize = 12;
/// Tool arguments stream in pieces of this size.
const FRAGMENT_BYTES: usize = 8;
/// A subject between `my` and `is` is at most this long.
const SUBJECT_BYTES_MAX: usize = 40;

/// Words of tool names that say nothing about what a tool is for.
const EMPTY_WORDS: [&str; 18] = [
    "get", "set", "the", "tool", "list", "find", "fetch", "create", "make", "run", "call", "use", "for",
    "and", "with", "from", "current", "function",
];

/// One step of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Instructions, under whatever role.
    System(String),
    /// The user's words.
    User(String),
    /// The model's own words.
    Assistant(String),
    /// The result of a call of the named tool.
    Result { tool: String, text: String },
}

/// A tool that may be called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Option<Value>,
}

/// Which tools may or must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Auto,
    Never,
    Any,
    Named(String),
}

/// The shape the answer must have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Text,
    Object,
    Schema(Value),
}

/// All that the model is given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) turns: Vec<Turn>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    pub(crate) parallel: bool,
    pub(crate) shape: Shape,
    pub(crate) tokens_max: Option<u64>,
    pub(crate) stops: Vec<String>,
}

/// One part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Text(String),
    Call { name: String, arguments: String },
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Calls,
    Length,
    StopSequence(String),
    Filter,
}

/// What the model says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<Block>,
    pub(crate) finish: Finish,
    /// Tokens of all blocks.
    pub(crate) tokens: u64,
}

impl Ask {
    /// The newest turn, when it is the user's.
    pub(crate) fn newest_user_text(&mut self) -> Option<&mut String> {
        match self.turns.last_mut() {
            Some(Turn::User(text)) => Some(text),
            Some(Turn::System(_) | Turn::Assistant(_) | Turn::Result { .. }) | None => None,
        }
    }

    fn last_user_text(&self) -> &str {
        let user = |turn: &'_ Turn| match turn {
            Turn::User(_) => true,
            Turn::System(_) | Turn::Assistant(_) | Turn::Result { .. } => false,
        };
        match self.turns.iter().rev().find(|turn| user(turn)) {
            Some(Turn::User(text)) => text,
            Some(Turn::System(_) | Turn::Assistant(_) | Turn::Result { .. }) | None => "",
        }
    }
}

/// Answers a conversation as the cloud of this name.
pub(crate) fn think(cloud: &str, ask: &Ask) -> Answer {
    let blocks = compose(cloud, ask);
    let called = blocks.iter().any(|block| matches!(block, Block::Call { .. }));
    let finish = if called { Finish::Calls } else { Finish::Stop };
    let mut answer = Answer::new(blocks, finish);
    answer.stop_at(&ask.stops);
    if let Some(most) = ask.tokens_max {
        answer.truncate(most, Finish::Length);
    }
    answer
}

impl Block {
    fn tokens(&self) -> u64 {
        self.pieces().count() as u64
    }

    /// The text or arguments in the pieces in which they stream, each one token.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &str> {
        let (mut rest, whole_words) = match self {
            Self::Text(text) => (text.as_str(), true),
            Self::Call { arguments, .. } => (arguments.as_str(), false),
        };
        std::iter::from_fn(move || {
            let end = if whole_words { word_end(rest) } else { fragment_end(rest, FRAGMENT_BYTES) };
            let (piece, after) = rest.split_at_checked(end)?;
            rest = after;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// Where the first word ends, with the spaces before it.
fn word_end(text: &str) -> usize {
    let start = text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len());
    let tail = text.get(start..).unwrap_or_default();
    let word = tail.find(char::is_whitespace).unwrap_or(tail.len());
    if word > TOKEN_BYTES_MAX { start + fragment_end(tail, TOKEN_BYTES_MAX) } else { start + word }
}

fn fragment_end(text: &str, bytes: usize) -> usize {
    (bytes..text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())
}

impl Answer {
    pub(crate) fn new(blocks: Vec<Block>, finish: Finish) -> Self {
        let tokens = blocks.iter().map(Block::tokens).sum();
        Self { blocks, finish, tokens }
    }

    fn stop_at(&mut self, stops: &[String]) {
        for block in &mut self.blocks {
            let Block::Text(text) = block else { continue };
            let first = stops
                .iter()
                .filter(|stop| !stop.is_empty())
                .filter_map(|stop| text.find(stop).map(|place| (place, stop)))
                .min();
            if let Some((place, stop)) = first {
                text.truncate(place);
                self.finish = Finish::StopSequence(stop.clone());
            }
        }
        self.tokens = self.blocks.iter().map(Block::tokens).sum();
    }

    /// Ends the answer after so many tokens, if it is longer, for this reason.
    pub(crate) fn truncate(&mut self, most: u64, finish: Finish) {
        if self.tokens <= most {
            return;
        }
        let mut left = usize::try_from(most).unwrap_or(usize::MAX);
        let mut kept = Vec::new();
        for mut block in std::mem::take(&mut self.blocks) {
            let (pieces, bytes) = block
                .pieces()
                .take(left)
                .fold((0, 0), |(count, bytes), piece| (count + 1, bytes + piece.len()));
            if pieces == 0 {
                break;
            }
            left -= pieces;
            match &mut block {
                Block::Text(text) | Block::Call { arguments: text, .. } => text.truncate(bytes),
            }
            kept.push(block);
        }
        self.blocks = kept;
        self.tokens = most;
        self.finish = finish;
    }
}

fn compose(cloud: &str, ask: &Ask) -> Vec<Block> {
    let said = ask.last_user_text();
    let results = newest_results(&ask.turns);
    let must_call = matches!(ask.choice, Choice::Any | Choice::Named(_));
    if must_call || results.is_empty() {
        let calls = calls(ask, said);
        if !calls.is_empty() {
            return calls;
        }
    }
    let turn = ask.turns.iter().filter(|turn| matches!(turn, Turn::User(_))).count();
    let quoted = || results.iter().map(|(tool, text)| format!("{tool} says: {text}")).collect::<Vec<_>>();
    let text = match &ask.shape {
        Shape::Schema(shape) => {
            let from = if results.is_empty() { said.to_owned() } else { quoted().join(" ") };
            schema::fill(shape, &from).to_string()
        }
        Shape::Object => {
            let answer = if results.is_empty() { reply(cloud, turn, ask, said) } else { quoted().join(" ") };
            Value::Object(Map::from_iter([("answer".to_owned(), Value::String(answer))])).to_string()
        }
        Shape::Text if results.is_empty() => reply(cloud, turn, ask, said),
        Shape::Text => format!("This is {cloud}, turn {turn}. {}", quoted().join(" ")),
    };
    vec![Block::Text(text)]
}

/// The tool results at the end of the conversation.
fn newest_results(turns: &[Turn]) -> Vec<(&str, &str)> {
    let mut results: Vec<(&str, &str)> = turns
        .iter()
        .rev()
        .map_while(|turn| match turn {
            Turn::Result { tool, text } => Some((tool.as_str(), text.as_str())),
            Turn::System(_) | Turn::User(_) | Turn::Assistant(_) => None,
        })
        .collect();
    results.reverse();
    results
}

fn calls(ask: &Ask, said: &str) -> Vec<Block> {
    let fitting = match &ask.choice {
        Choice::Never => Vec::new(),
        Choice::Auto => fitting(&ask.tools, said),
        Choice::Any => {
            let fitting = fitting(&ask.tools, said);
            if fitting.is_empty() { ask.tools.iter().take(1).collect() } else { fitting }
        }
        Choice::Named(name) => ask.tools.iter().filter(|tool| tool.name == *name).collect(),
    };
    let most = if ask.parallel { fitting.len() } else { 1 };
    let call = |tool: &&Tool| {
        let arguments =
            tool.schema.as_ref().map_or_else(|| Value::Object(Map::new()), |s| schema::fill(s, said));
        Block::Call { name: tool.name.clone(), arguments: arguments.to_string() }
    };
    fitting.iter().take(most).map(call).collect()
}

/// The tools whose names the text speaks of, best first; a tool that only matches words which a
/// better one has matched already is left out.
fn fitting<'a>(tools: &'a [Tool], said: &str) -> Vec<&'a Tool> {
    let words = words(said);
    let mut scored: Vec<(Vec<String>, &Tool)> = tools
        .iter()
        .map(|tool| {
            let named = words_of_name(&tool.name).into_iter().filter(|word| words.contains(word)).collect();
            (named, tool)
        })
        .filter(|(named, _): &(Vec<String>, _)| !named.is_empty())
        .collect();
    scored.sort_by_key(|(named, _)| std::cmp::Reverse(named.len()));
    let mut taken: Vec<String> = Vec::new();
    let mut fitting = Vec::new();
    for (named, tool) in scored {
        if named.iter().any(|word| !taken.contains(word)) {
            taken.extend(named);
            fitting.push(tool);
        }
    }
    fitting
}

/// Lower-case words without the plural s.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(singular).collect()
}

fn singular(word: &str) -> String {
    let lower = word.to_lowercase();
    match lower.strip_suffix('s') {
        Some(stem) if stem.len() > 2 => stem.to_owned(),
        Some(_) | None => lower,
    }
}

fn words_of_name(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for c in name.chars() {
        if c.is_uppercase() && lower_before {
            spaced.push(' ');
        }
        lower_before = c.is_lowercase();
        spaced.push(c);
    }
    let told = |word: &String| word.len() > 2 && !EMPTY_WORDS.contains(&word.as_str());
    words(&spaced).into_iter().filter(told).collect()
}

fn reply(cloud: &str, turn: usize, ask: &Ask, said: &str) -> String {
    let lower = said.to_ascii_lowercase();
    if let Some(count) = count_wanted(&lower) {
        return (1..=count).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    }
    if let Some(wanted) = lower.find("say: ").and_then(|place| said.get(place + 5..)) {
        return wanted.trim().to_owned();
    }
    let told = || ask.turns.iter().filter_map(told_text).flat_map(facts).collect::<Vec<_>>();
    let rest = if let Some(subject) = subject_asked(&lower) {
        let found = told().into_iter().rev().find_map(|fact| fact.value_of(&subject));
        match found {
            Some(value) => format!("Your {subject} is {value}."),
            None => format!("You have not told me your {subject}."),
        }
    } else if is_recall(&lower) {
        let told: Vec<String> = told().iter().map(Fact::text).collect();
        if told.is_empty() {
            "You have told me nothing.".to_owned()
        } else {
            format!("You told me: {}.", told.join("; "))
        }
    } else {
        let noted: Vec<String> = facts(said).iter().map(Fact::text).collect();
        if noted.is_empty() { format!("You said: {said}") } else { format!("Noted: {}.", noted.join("; ")) }
    };
    format!("This is {cloud}, turn {turn}. {rest}")
}

/// Facts are told by users and by instructions (which is where a summary of earlier turns stands).
fn told_text(turn: &Turn) -> Option<&str> {
    match turn {
        Turn::System(text) | Turn::User(text) => Some(text),
        Turn::Assistant(_) | Turn::Result { .. } => None,
    }
}

fn count_wanted(lower: &str) -> Option<u32> {
    let (_, after) = lower.split_once("count to ")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(|count: u32| count.min(COUNT_MAX))
}

fn subject_asked(lower: &str) -> Option<String> {
    if lower.contains("who am i") {
        return Some("name".to_owned());
    }
    let asked = ["what is my ", "what's my ", "what was my ", "tell me my "];
    let (_, after) = asked.iter().find_map(|phrase| lower.split_once(phrase))?;
    let subject = after.split(|c: char| !(c.is_alphanumeric() || c == ' ' || c == '-')).next()?.trim();
    (!subject.is_empty() && subject.len() <= SUBJECT_BYTES_MAX).then(|| subject.to_owned())
}

fn is_recall(lower: &str) -> bool {
    let asked = [
        "what did i tell you",
        "what have i told you",
        "what did i ask you to remember",
        "what do you remember",
        "what did i say",
    ];
    asked.iter().any(|phrase| lower.contains(phrase))
}

/// Something the user told about themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fact<'a> {
    Mine { subject: String, value: &'a str },
    Remember(&'a str),
}

impl Fact<'_> {
    fn text(&self) -> String {
        match self {
            Self::Mine { subject, value } => format!("your {subject} is {value}"),
            Self::Remember(text) => (*text).to_owned(),
        }
    }

    fn value_of(&self, asked: &str) -> Option<String> {
        match self {
            Self::Mine { subject, value } if subject == asked => Some((*value).to_owned()),
            Self::Mine { .. } | Self::Remember(_) => None,
        }
    }
}

fn facts(text: &str) -> Vec<Fact<'_>> {
    // ASCII lowering keeps every byte where it was, so places found in one fit the other.
    let lower = text.to_ascii_lowercase();
    let mut facts = Vec::new();
    let mut from = 0;
    while let Some(rest) = lower.get(from..) {
        let remember = rest.find("remember ").map(|place| (place, "remember ".len(), false));
        let mine = ["my ", "user's "]
            .iter()
            .filter_map(|phrase| starts_word(rest, phrase).map(|place| (place, phrase.len(), true)))
            .min();
        let Some((place, length, is_mine)) = [remember, mine].into_iter().flatten().min() else { break };
        let start = from + place + length;
        let (fact, end) = if is_mine { mine_at(text, start) } else { remember_at(text, start) };
        facts.extend(fact);
        from = end;
    }
    facts
}

/// Where a phrase begins that does not continue a word.
fn starts_word(text: &str, phrase: &str) -> Option<usize> {
    let free =
        |place: usize| !text.get(..place).is_some_and(|before| before.ends_with(char::is_alphanumeric));
    text.match_indices(phrase).map(|(place, _)| place).find(|&place| free(place))
}

fn mine_at(text: &str, start: usize) -> (Option<Fact<'_>>, usize) {
    let tail = text.get(start..).unwrap_or_default();
    let Some((subject, value)) = tail.split_once(" is ") else { return (None, start) };
    let plain = |c: char| c.is_alphanumeric() || c == ' ' || c == '-';
    if subject.len() > SUBJECT_BYTES_MAX || subject.is_empty() || !subject.chars().all(plain) {
        return (None, start);
    }
    let value = value.get(..clause_end(value)).unwrap_or(value).trim();
    let end = start + subject.len() + " is ".len() + value.len();
    ((!value.is_empty()).then(|| Fact::Mine { subject: subject.to_lowercase(), value }), end)
}

fn remember_at(text: &str, start: usize) -> (Option<Fact<'_>>, usize) {
    let mut tail = text.get(start..).unwrap_or_default();
    for filler in ["that ", "this: ", "this ", ": "] {
        tail = tail.strip_prefix(filler).unwrap_or(tail);
    }
    if tail.to_ascii_lowercase().starts_with("my ") || tail.trim_start().is_empty() {
        return (None, start);
    }
    let value = tail.get(..sentence_end(tail)).unwrap_or(tail).trim();
    let end = text.len() - tail.len() + value.len();
    ((!value.is_empty() && !value.ends_with('?')).then_some(Fact::Remember(value)), end)
}

/// Where the first sentence ends: a mark with a space or nothing behind it.
fn sentence_end(text: &str) -> usize {
    mark(text, &['.', '!', '?', ';', '\n'])
}

fn clause_end(text: &str) -> usize {
    let sentence = mark(text, &['.', '!', '?', ';', ',', '\n']);
    text.find(" and ").map_or(sentence, |place| place.min(sentence))
}

fn mark(text: &str, marks: &[char]) -> usize {
    let ends = |place: usize| {
        let after = text.get(place + 1..).unwrap_or_default();
        after.is_empty()
            || after.starts_with(char::is_whitespace)
            || text.get(place..).is_some_and(|t| t.starts_with('\n'))
    };
    text.match_indices(marks).map(|(place, _)| place).find(|&place| ends(place)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn ask(turns: Vec<Turn>) -> Ask {
        Ask {
            turns,
            tools: Vec::new(),
            choice: Choice::Auto,
            parallel: true,
            shape: Shape::Text,
            tokens_max: None,
            stops: Vec::new(),
        }
    }

    fn user(text: &str) -> Turn {
        Turn::User(text.to_owned())
    }

    fn tool(name: &str, schema: Value) -> Tool {
        Tool { name: name.to_owned(), schema: Some(schema) }
    }

    fn shown(answer: &Answer) -> String {
        let blocks = answer.blocks.iter().map(|block| {
            let pieces = block.pieces().collect::<Vec<_>>().join("|");
            match block {
                Block::Text(_) => format!("text {pieces}\n"),
                Block::Call { name, .. } => format!("call {name} {pieces}\n"),
            }
        });
        let blocks: String = blocks.collect();
        format!("{blocks}{:?}, {} tokens", answer.finish, answer.tokens)
    }

    fn check(ask: &Ask, expected: &Expect) {
        expected.assert_eq(&shown(&think("azure", ask)));
    }

    #[test]
    fn a_plain_text_is_answered_with_the_cloud_and_the_turn() {
        let turns = vec![user("Hi"), Turn::Assistant("Hello".to_owned()), user("And now?")];
        check(
            &ask(turns),
            &expect![[r#"
                text This| is| azure,| turn| 2.| You| said:| And| now?
                Stop, 9 tokens"#]],
        );
    }

    #[test]
    fn what_was_told_is_recalled_only_when_it_was_sent() {
        let told = user(
            "Hello! My name is Ada Lovelace, and my favourite number is 3.5. Remember that tea is at five.",
        );
        let noted = Turn::Assistant("Noted.".to_owned());
        check(
            &ask(vec![told.clone(), noted.clone(), user("What is my name?")]),
            &expect![[r#"
                text This| is| azure,| turn| 2.| Your| name| is| Ada| Lovelace.
                Stop, 10 tokens"#]],
        );
        check(
            &ask(vec![told.clone(), noted.clone(), user("what's my favourite number")]),
            &expect![[r#"
                text This| is| azure,| turn| 2.| Your| favourite| number| is| 3.5.
                Stop, 10 tokens"#]],
        );
        check(
            &ask(vec![told, noted, user("What did I tell you?")]),
            &expect![[r#"
                text This| is| azure,| turn| 2.| You| told| me:| your| name| is| Ada| Lovelace;| your| favourite| number| is| 3.5;| tea| is| at| five.
                Stop, 22 tokens"#]],
        );
        check(
            &ask(vec![user("What is my name?")]),
            &expect![[r#"
                text This| is| azure,| turn| 1.| You| have| not| told| me| your| name.
                Stop, 12 tokens"#]],
        );
    }

    #[test]
    fn a_named_tool_is_called_and_two_named_tools_both() {
        let place =
            json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
        let mut wanted = ask(vec![user("What are the weather and the local time in Paris?")]);
        wanted.tools = vec![
            tool("send_mail", place.clone()),
            tool("get_weather", place.clone()),
            tool("localTime", place.clone()),
            tool("weather_forecast", place),
        ];
        check(
            &wanted,
            &expect![[r#"
                call localTime {"city":|"Paris"}
                call get_weather {"city":|"Paris"}
                Calls, 4 tokens"#]],
        );
        wanted.parallel = false;
        assert_eq!(think("azure", &wanted).blocks.len(), 1);
        wanted.choice = Choice::Never;
        assert_eq!(think("azure", &wanted).finish, Finish::Stop);
        wanted.choice = Choice::Named("send_mail".to_owned());
        check(
            &wanted,
            &expect![[r#"
                call send_mail {"city":|"Paris"}
                Calls, 2 tokens"#]],
        );
    }

    #[test]
    fn a_result_is_quoted() {
        let mut wanted = ask(vec![
            user("weather in Paris"),
            Turn::Assistant(String::new()),
            Turn::Result { tool: "get_weather".to_owned(), text: "18 degrees".to_owned() },
        ]);
        wanted.tools = vec![tool("get_weather", json!({}))];
        check(
            &wanted,
            &expect![[r#"
                text This| is| azure,| turn| 1.| get_weather| says:| 18| degrees
                Stop, 9 tokens"#]],
        );
    }

    #[test]
    fn length_and_stop_sequences_end_an_answer() {
        let mut wanted = ask(vec![user("Please count to 12")]);
        wanted.tokens_max = Some(4);
        check(
            &wanted,
            &expect![[r#"
                text 1| 2| 3| 4
                Length, 4 tokens"#]],
        );
        wanted.stops = vec![" 4".to_owned()];
        check(
            &wanted,
            &expect![[r#"
                text 1| 2| 3
                StopSequence(" 4"), 3 tokens"#]],
        );
    }

    #[test]
    fn a_structured_answer_is_json_and_streams_in_pieces() {
        let mut wanted = ask(vec![user("Ünïcödé-words-without-a-single-space")]);
        wanted.shape = Shape::Schema(
            json!({ "type": "object", "properties": { "title": { "type": "string" } }, "required": ["title"] }),
        );
        check(
            &wanted,
            &expect![[r#"
                text {"title":"Ü|nïcödé-wo|rds-without-|a-single-spa|ce"}
                Stop, 5 tokens"#]],
        );
    }

    #[test]
    fn an_exact_text_can_be_had() {
        check(
            &ask(vec![user("Say: exactly this")]),
            &expect![[r#"
                text exactly| this
                Stop, 2 tokens"#]],
        );
    }

    proptest! {
        #[test]
        fn pieces_join_to_the_whole_and_each_is_a_token(text in "[ \\n]{0,3}(\\PC{0,20} ?){0,6}") {
            for block in [Block::Text(text.clone()), Block::Call { name: String::new(), arguments: text.clone() }] {
                prop_assert_eq!(block.pieces().collect::<String>(), text.clone());
                let tokens = block.tokens();
                let mut answer = Answer::new(vec![block], Finish::Stop);
                let most = tokens / 2;
                answer.truncate(most, Finish::Length);
                prop_assert_eq!(answer.blocks.iter().map(Block::tokens).sum::<u64>(), most);
            }
        }
    }
}
