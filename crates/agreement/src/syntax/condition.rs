//! Reads conditions: `and or not ( )`, names, calls such as `after(agi-verified, "90d")`, and amounts such as
//! `spend(openai, azure) >= "250_000_000_000 USD"`.
//!
//! Names are not looked up here. The grammar, loosest first:
//!
//! ```text
//! any  = all { "or" all }        all  = one { "and" one }        one = "not" one | "(" any ")" | term [ order text ]
//! term = name [ "(" args ")" ]   args = arg { "," arg }          arg = term | text in double quotes
//! order = ">=" | ">" | "<=" | "<"
//! ```

use crate::diagnostic::{At, Sink, Spot, Word};

/// What a condition looks like.
const FORM_HELP: &str = "write it like this: one-question and not (some-event or before(2030-01-01))";
/// What makes a condition shorter and flatter.
const PART_HELP: &str = "let a question or an event of its own stand for a part of it";

/// The longest condition, in bytes.
pub(crate) const CONDITION_BYTES_MAX: usize = 4096;
/// How deep parentheses, `not` and calls may nest, in levels.
pub(crate) const CONDITION_LEVELS_MAX: usize = 32;

/// A condition as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    Any(Vec<Expr>),
    All(Vec<Expr>),
    Not(Box<Expr>),
    /// A name, or a call when there are arguments.
    Term(Term),
    /// What was measured, how it is compared, and the amount it is compared with.
    Amount(Term, Order, Word),
}

/// How a measured amount lies to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl Order {
    fn as_str(self) -> &'static str {
        match self {
            Order::AtLeast => ">=",
            Order::Above => ">",
            Order::AtMost => "<=",
            Order::Below => "<",
        }
    }
}

impl Expr {
    /// Every name in it, in the order of the text.
    pub(crate) fn names<'e>(&'e self, found: &mut Vec<&'e str>) {
        match self {
            Expr::Any(parts) | Expr::All(parts) => parts.iter().for_each(|part| part.names(found)),
            Expr::Not(inner) => inner.names(found),
            Expr::Term(term) | Expr::Amount(term, _, _) => term.names(found),
        }
    }
}

impl Term {
    fn names<'e>(&'e self, found: &mut Vec<&'e str>) {
        found.push(&self.name.value);
        for arg in self.args.iter().flatten() {
            match arg {
                Arg::Term(term) => term.names(found),
                Arg::Text(_) => {}
            }
        }
    }
}

/// A name with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) name: Word,
    /// `None` without parentheses.
    pub(crate) args: Option<Vec<Arg>>,
    /// Name and arguments together.
    pub(crate) spot: Spot,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Arg {
    Term(Term),
    Text(Word),
}

/// Parses a whole condition; `None` after an error that is in the sink.
pub(crate) fn parse(text: &Word, sink: &mut Sink) -> Option<Expr> {
    whole(text, sink, Parser::any)
}

/// Parses one name with or without arguments, such as `launched(openai/frontier, azure)`.
pub(crate) fn parse_term(text: &Word, sink: &mut Sink) -> Option<Term> {
    whole(text, sink, |parser, _| {
        let token = parser.next();
        match token.name() {
            Some(name) => parser.term(name, 0),
            None => Err(parser.wanted(&token, "the name of an event")),
        }
    })
}

struct Wrong {
    spot: Spot,
    message: String,
    help: Option<&'static str>,
}

type Parsed<T> = Result<T, Wrong>;

fn whole<T>(text: &Word, sink: &mut Sink, read: fn(&mut Parser, usize) -> Parsed<T>) -> Option<T> {
    let parsed = tokens(text).and_then(|tokens| {
        let mut parser = Parser { tokens, at: 0, end: Spot { start: text.spot.end, ..text.spot } };
        let value = read(&mut parser, 0)?;
        let rest = parser.next();
        match rest.kind == Kind::End {
            true => Ok(value),
            false => Err(parser.wanted(&rest, "`and`, `or`, or the end")),
        }
    });
    parsed
        .map_err(|wrong| {
            sink.error("condition", wrong.spot, wrong.message).hint(wrong.help.map(str::to_owned));
        })
        .ok()
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Name(String),
    Text(String),
    Open,
    Close,
    Comma,
    Order(Order),
    End,
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    spot: Spot,
}

fn tokens(text: &Word) -> Parsed<Vec<Token>> {
    if text.value.len() > CONDITION_BYTES_MAX {
        let message =
            format!("this condition is {} bytes long, the most is {CONDITION_BYTES_MAX}", text.value.len());
        return Err(Wrong { spot: text.spot, message, help: Some(PART_HELP) });
    }
    // Where the text stands letter by letter, an offset in it is an offset in the file.
    let verbatim = text.spot.end - text.spot.start == text.value.len();
    let spot = |start: usize, end: usize| match verbatim {
        true => Spot { start: text.spot.start + start, end: text.spot.start + end, ..text.spot },
        false => text.spot,
    };
    let mut found = Vec::new();
    let mut rest = text.value.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        let kind = match c {
            _ if c.is_whitespace() => continue,
            '(' => Kind::Open,
            ')' => Kind::Close,
            ',' => Kind::Comma,
            '>' | '<' => {
                let equal = rest.next_if(|(_, c)| *c == '=').is_some();
                end += usize::from(equal);
                Kind::Order(match (c, equal) {
                    ('>', true) => Order::AtLeast,
                    ('>', false) => Order::Above,
                    (_, true) => Order::AtMost,
                    (_, false) => Order::Below,
                })
            }
            '"' => {
                let Some((close, _)) = rest.by_ref().find(|(_, c)| *c == '"') else {
                    return Err(Wrong {
                        spot: spot(start, text.value.len()),
                        message: "this text has no closing `\"`".to_owned(),
                        help: Some("end it with another `\"`"),
                    });
                };
                end = close + 1;
                Kind::Text(text.value.get(start + 1..close).unwrap_or("").to_owned())
            }
            _ if name_part(c) => {
                while let Some((at, c)) = rest.next_if(|(_, c)| name_part(*c)) {
                    end = at + c.len_utf8();
                }
                Kind::Name(text.value.get(start..end).unwrap_or("").to_owned())
            }
            _ => return Err(stray(c, spot(start, end))),
        };
        found.push(Token { kind, spot: spot(start, end) });
    }
    Ok(found)
}

fn stray(c: char, spot: Spot) -> Wrong {
    let (message, help) = match c {
        '=' => (
            "`=` is not used in conditions".to_owned(),
            "a measured amount is compared with `>=`, `>`, `<=` or `<`",
        ),
        '!' => ("`!` is not used in conditions".to_owned(), "write `not`"),
        '&' => ("`&` is not used in conditions".to_owned(), "write `and`"),
        '|' => ("`|` is not used in conditions".to_owned(), "write `or`"),
        _ => (
            format!("`{c}` is not used in conditions"),
            "names hold letters, digits, `-`, `_`, `.` and `/`; text stands in double quotes",
        ),
    };
    Wrong { spot, message, help: Some(help) }
}

fn name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')
}

impl Token {
    fn name(&self) -> Option<Word> {
        match &self.kind {
            Kind::Name(name) => Some(At { value: name.clone(), spot: self.spot }),
            Kind::Text(_) | Kind::Open | Kind::Close | Kind::Comma | Kind::Order(_) | Kind::End => None,
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    end: Spot,
}

impl Parser {
    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token { kind: Kind::End, spot: self.end })
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek().kind == *kind;
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Name(name) if name == word);
        self.at += usize::from(found);
        found
    }

    fn wanted(&self, token: &Token, wanted: &str) -> Wrong {
        let found = match &token.kind {
            Kind::Name(name) => format!("`{name}`"),
            Kind::Text(text) => format!("\"{text}\""),
            Kind::Open => "`(`".to_owned(),
            Kind::Close => "`)`".to_owned(),
            Kind::Comma => "`,`".to_owned(),
            Kind::Order(order) => format!("`{}`", order.as_str()),
            Kind::End => "the end".to_owned(),
        };
        Wrong {
            spot: token.spot,
            message: format!("{found} stands where {wanted} is wanted"),
            help: Some(FORM_HELP),
        }
    }

    fn any(&mut self, level: usize) -> Parsed<Expr> {
        let mut parts = vec![self.all(level)?];
        while self.take_word("or") {
            parts.push(self.all(level)?);
        }
        Ok(alone(parts, Expr::Any))
    }

    fn all(&mut self, level: usize) -> Parsed<Expr> {
        let mut parts = vec![self.one(level)?];
        while self.take_word("and") {
            parts.push(self.one(level)?);
        }
        Ok(alone(parts, Expr::All))
    }

    fn one(&mut self, level: usize) -> Parsed<Expr> {
        let token = self.next();
        self.shallow(level, token.spot)?;
        if let Some(name) = token.name().filter(|name| name.value != "and" && name.value != "or") {
            return match name.value == "not" {
                true => Ok(Expr::Not(Box::new(self.one(level + 1)?))),
                false => self.term(name, level).and_then(|term| self.compared(term)),
            };
        }
        if token.kind != Kind::Open {
            return Err(self.wanted(&token, "a question, an event, `not` or `(`"));
        }
        let inner = self.any(level + 1)?;
        self.close()?;
        Ok(inner)
    }

    /// The term alone, or with the amount it is compared with.
    fn compared(&mut self, term: Term) -> Parsed<Expr> {
        let Kind::Order(order) = self.peek().kind else { return Ok(Expr::Term(term)) };
        self.at += 1;
        let token = self.next();
        match &token.kind {
            Kind::Text(text) => {
                let amount = At { value: text.clone(), spot: inside(token.spot) };
                Ok(Expr::Amount(term, order, amount))
            }
            Kind::Name(_) | Kind::Open | Kind::Close | Kind::Comma | Kind::Order(_) | Kind::End => {
                let help = Some("write an amount with its currency: spend(lab, blue) >= \"250_000 USD\"");
                Err(Wrong { help, ..self.wanted(&token, "an amount in double quotes") })
            }
        }
    }

    fn term(&mut self, name: Word, level: usize) -> Parsed<Term> {
        self.shallow(level, name.spot)?;
        if !self.take(&Kind::Open) {
            return Ok(Term { spot: name.spot, name, args: None });
        }
        let mut args = Vec::new();
        loop {
            let token = self.next();
            match (token.name(), &token.kind) {
                (Some(name), _) => args.push(Arg::Term(self.term(name, level + 1)?)),
                (None, Kind::Text(text)) => {
                    args.push(Arg::Text(At { value: text.clone(), spot: token.spot }))
                }
                (None, _) => return Err(self.wanted(&token, "an argument")),
            }
            if !self.take(&Kind::Comma) {
                break;
            }
        }
        let end = self.close()?.end;
        Ok(Term { spot: Spot { end: end.max(name.spot.end), ..name.spot }, name, args: Some(args) })
    }

    fn close(&mut self) -> Parsed<Spot> {
        let token = self.next();
        if token.kind == Kind::Close { Ok(token.spot) } else { Err(self.wanted(&token, "`)`")) }
    }

    fn shallow(&self, level: usize, spot: Spot) -> Parsed<()> {
        let message = format!("this condition nests deeper than {CONDITION_LEVELS_MAX} levels");
        (level < CONDITION_LEVELS_MAX).then_some(()).ok_or(Wrong { spot, message, help: Some(PART_HELP) })
    }
}

/// A text without its quotes.
fn inside(quoted: Spot) -> Spot {
    let whole = quoted.end - quoted.start > 2;
    if whole { Spot { start: quoted.start + 1, end: quoted.end - 1, ..quoted } } else { quoted }
}

fn alone(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Files;
    use expect_test::{Expect, expect};

    fn show(expr: &Expr) -> String {
        let many = |parts: &[Expr], word: &str| {
            let shown: Vec<_> = parts.iter().map(show).collect();
            format!("({})", shown.join(word))
        };
        match expr {
            Expr::Any(parts) => many(parts, " | "),
            Expr::All(parts) => many(parts, " & "),
            Expr::Not(inner) => format!("!{}", show(inner)),
            Expr::Term(term) => show_term(term),
            Expr::Amount(term, order, amount) => {
                format!("({} {} {:?})", show_term(term), order.as_str(), amount.value)
            }
        }
    }

    fn show_term(term: &Term) -> String {
        let Some(args) = &term.args else { return term.name.value.clone() };
        let shown: Vec<_> = args
            .iter()
            .map(|arg| match arg {
                Arg::Term(term) => show_term(term),
                Arg::Text(text) => format!("{:?}", text.value),
            })
            .collect();
        format!("{}[{}]", term.name.value, shown.join(" "))
    }

    fn check(conditions: &[&str], expected: Expect) {
        let mut out = String::new();
        for text in conditions {
            let mut sink = Sink::default();
            let spot = Spot { file: 0, start: 0, end: text.len() };
            let parsed = parse(&At { value: (*text).to_owned(), spot }, &mut sink);
            let sources = [crate::Source { path: "c".to_owned(), text: (*text).to_owned() }];
            match parsed {
                Some(expr) => out += &format!("{text}  =>  {}\n", show(&expr)),
                None => {
                    out += &sink
                        .finish(&Files::new(&sources))
                        .iter()
                        .map(|d| d.render(false))
                        .collect::<String>()
                }
            }
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tighter_than_both() {
        check(
            &[
                "a or b and not c",
                "(a or b) and not (c)",
                "cannot_support(azure, product) and declines(microsoft, product)",
                r#"after(launched(openai/frontier, azure), "90d")"#,
                "before(2030-01-01)",
                r#"not spend(openai, azure) >= "250 USD" and revenue(openai)<"1 USD""#,
            ],
            expect![[r#"
                a or b and not c  =>  (a | (b & !c))
                (a or b) and not (c)  =>  ((a | b) & !c)
                cannot_support(azure, product) and declines(microsoft, product)  =>  (cannot_support[azure product] & declines[microsoft product])
                after(launched(openai/frontier, azure), "90d")  =>  after[launched[openai/frontier azure] "90d"]
                before(2030-01-01)  =>  before[2030-01-01]
                not spend(openai, azure) >= "250 USD" and revenue(openai)<"1 USD"  =>  (!(spend[openai azure] >= "250 USD") & (revenue[openai] < "1 USD"))
            "#]],
        );
    }

    #[test]
    fn what_does_not_parse_points_at_the_word() {
        check(
            &["a and", "a b", "(a or b", "a = b", "spend(a, b) >= 5", "a && b", "f(", "f(\"x", "and a"],
            expect![[r#"
                error[condition]: the end stands where a question, an event, `not` or `(` is wanted
                 --> c:1:6
                  |
                1 | a and
                  |      ^
                  = help: write it like this: one-question and not (some-event or before(2030-01-01))
                error[condition]: `b` stands where `and`, `or`, or the end is wanted
                 --> c:1:3
                  |
                1 | a b
                  |   ^
                  = help: write it like this: one-question and not (some-event or before(2030-01-01))
                error[condition]: the end stands where `)` is wanted
                 --> c:1:8
                  |
                1 | (a or b
                  |        ^
                  = help: write it like this: one-question and not (some-event or before(2030-01-01))
                error[condition]: `=` is not used in conditions
                 --> c:1:3
                  |
                1 | a = b
                  |   ^
                  = help: a measured amount is compared with `>=`, `>`, `<=` or `<`
                error[condition]: `5` stands where an amount in double quotes is wanted
                 --> c:1:16
                  |
                1 | spend(a, b) >= 5
                  |                ^
                  = help: write an amount with its currency: spend(lab, blue) >= "250_000 USD"
                error[condition]: `&` is not used in conditions
                 --> c:1:3
                  |
                1 | a && b
                  |   ^
                  = help: write `and`
                error[condition]: the end stands where an argument is wanted
                 --> c:1:3
                  |
                1 | f(
                  |   ^
                  = help: write it like this: one-question and not (some-event or before(2030-01-01))
                error[condition]: this text has no closing `"`
                 --> c:1:3
                  |
                1 | f("x
                  |   ^^
                  = help: end it with another `"`
                error[condition]: `and` stands where a question, an event, `not` or `(` is wanted
                 --> c:1:1
                  |
                1 | and a
                  | ^^^
                  = help: write it like this: one-question and not (some-event or before(2030-01-01))
            "#]],
        );
    }

    #[test]
    fn a_hostile_condition_is_refused_before_it_overflows_the_stack() {
        let deep = "(".repeat(4_000);
        let mut sink = Sink::default();
        let word = At { spot: Spot { file: 0, start: 0, end: deep.len() }, value: deep };
        assert_eq!(parse(&word, &mut sink), None);
        let long = "a".repeat(CONDITION_BYTES_MAX + 1);
        let word = At { spot: Spot { file: 0, start: 0, end: long.len() }, value: long };
        assert_eq!(parse(&word, &mut sink), None);
        assert!(sink.failed());
    }
}
