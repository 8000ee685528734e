//! A scenario with its books, worked out: the drafts, what the forecast would break, and what open questions move.

use crate::cli::failure::Failure;
use crate::cli::when::{self, When};
use crate::config::{self, BookError};
use abide_agreement::{Book, Explanation, Source, Staged, explain, load, stage};
use abide_ledger::Span;
use abide_ledger::projection::{self, Calendar, Outcome, Piece, Projection, Terms};
use abide_model::decision::{Action, Ask, Verdict};
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Holding, Scenario, Stream};
use abide_model::{Date, Time};
use std::collections::BTreeSet;
use std::path::Path;

/// The most pieces of one stream; a book changes no answer more often in practice.
const PIECES_MAX: usize = 10_000;
/// The most open questions that are tried out.
const QUESTIONS_MAX: usize = 16;

/// A scenario, worked out.
pub(super) struct Case {
    pub(super) scenario: Scenario,
    pub(super) books: Vec<Book>,
    /// As known at these times, for each draft.
    pub(super) known: Vec<Time>,
    pub(super) projection: Projection,
    /// What the forecast supposes although a draft does not permit it.
    pub(super) unpermitted: Vec<Unpermitted>,
    /// What open questions move, the most first.
    pub(super) swings: Vec<Swing>,
    /// The clauses that the figures rest on, told in sentences, by draft.
    pub(super) told: Vec<Vec<Explanation>>,
}

/// Revenue that a draft does not permit, or perhaps not.
pub(super) struct Unpermitted {
    pub(super) draft: usize,
    pub(super) stream: usize,
    pub(super) from: Date,
    pub(super) until: Date,
    pub(super) verdict: String,
}

/// What the answer to a question moves, for one party under one draft: its present value on either answer.
pub(super) struct Swing {
    pub(super) question: String,
    pub(super) ask: String,
    pub(super) draft: usize,
    pub(super) party: Party,
    pub(super) yes: Span<i128>,
    pub(super) no: Span<i128>,
}

/// What is read from disk.
struct Files {
    own: Vec<Source>,
    against: Option<Vec<Source>>,
    scenario: Source,
}

impl Case {
    pub(super) fn open(
        book: &Path,
        scenario: &Path,
        against: Option<&Path>,
        known: Option<When>,
    ) -> Result<Self, Failure> {
        let files = Files::read(book, scenario, against)?;
        let staged = files
            .stage(&files.scenario)
            .map_err(|found| Failure::from(BookError::Findings(shown(book, scenario, &found))))?;
        let now = when::now();
        let given = |book: &Book| known.map_or(now, |known| known.instant(book));
        let (terms, unpermitted, times) = laid_out(&staged, &given);
        let calendar = calendar(&staged)?;
        let projection = projection::project(&staged.scenario, &terms, &calendar)
            .map_err(|error| Failure::input(error.to_string()))?;
        let swings = files.swings(&staged, &given);
        let told = files.told(&staged, &projection);
        let Staged { scenario, books } = staged;
        Ok(Self { scenario, books, known: times, projection, unpermitted, swings, told })
    }

    pub(super) fn is_random(&self) -> bool {
        self.projection.futures > 1
    }

    pub(super) fn decimals(&self) -> u32 {
        self.scenario.currency.decimals()
    }
}

impl Files {
    fn read(book: &Path, scenario: &Path, against: Option<&Path>) -> Result<Self, Failure> {
        let own = config::book_files(book)?;
        let against = against.map(config::book_files).transpose()?;
        let text = std::fs::read_to_string(scenario).map_err(|error| {
            Failure::input(format!("`{}` cannot be read: {error}", scenario.display()))
                .help("name a scenario: a TOML file with a key `scenario`")
        })?;
        let path = scenario.display().to_string().replace('\\', "/");
        Ok(Self { own, against, scenario: Source { path, text } })
    }

    fn stage(&self, scenario: &Source) -> Result<Staged, Vec<abide_agreement::Diagnostic>> {
        stage(&self.own, self.against.as_deref(), scenario)
    }

    /// What each open question moves: the same forecast with one answer supposed, and with the other. One that the
    /// scenario or the book answers moves nothing.
    fn swings(&self, staged: &Staged, given: &impl Fn(&Book) -> Time) -> Vec<Swing> {
        let Some(book) = staged.books.first() else { return Vec::new() };
        let mut found = Vec::new();
        for (question, ask) in book.questions().take(QUESTIONS_MAX) {
            let supposed = |answer| self.supposing(question.as_str(), answer, staged.scenario.from, given);
            let (Some(yes), Some(no)) = (supposed(true), supposed(false)) else { continue };
            for (draft, (yes, no)) in yes.iter().zip(&no).enumerate() {
                for one in &yes.parties {
                    let Some(other) = no.parties.iter().find(|other| other.party == one.party) else {
                        continue;
                    };
                    let (yes, no) = (one.present_value.p50, other.present_value.p50);
                    if yes != no {
                        let (question, ask) = (question.to_string(), ask.to_owned());
                        found.push(Swing { question, ask, draft, party: one.party.clone(), yes, no });
                    }
                }
            }
        }
        found.sort_by_key(|swing| std::cmp::Reverse((swing.yes.high - swing.no.high).unsigned_abs()));
        found
    }

    fn supposing(
        &self,
        question: &str,
        answer: bool,
        from: Date,
        given: &impl Fn(&Book) -> Time,
    ) -> Option<Vec<Outcome>> {
        let fact = format!("\n[[fact]]\nquestion = \"{question}\"\nanswer = {answer}\non = {from}\n");
        let text = format!("{}{fact}", self.scenario.text);
        let staged = self.stage(&Source { path: self.scenario.path.clone(), text }).ok()?;
        let (terms, ..) = laid_out(&staged, given);
        projection::middle(&staged.scenario, &terms, &calendar(&staged).ok()?).ok()
    }

    /// The clauses of each draft that come to something, in sentences.
    fn told(&self, staged: &Staged, projection: &Projection) -> Vec<Vec<Explanation>> {
        let told = |draft: &abide_model::scenario::Draft, outcome: &Outcome| {
            let other = self.against.as_ref().filter(|_| draft.against);
            let files = other.unwrap_or(&self.own);
            let wanted: BTreeSet<&Clause> = outcome.clauses.iter().map(|one| &one.clause).collect();
            let Ok(book) = load(files) else { return Vec::new() };
            let all = explain(files, &book).clauses.into_iter();
            all.filter(|one| wanted.contains(&one.clause)).collect()
        };
        staged
            .scenario
            .drafts
            .iter()
            .zip(&projection.drafts)
            .map(|(draft, outcome)| told(draft, outcome))
            .collect()
    }
}

/// Findings with paths that can be opened from here; that of the scenario can already.
fn shown(
    book: &Path,
    scenario: &Path,
    found: &[abide_agreement::Diagnostic],
) -> Vec<abide_agreement::Diagnostic> {
    let path = scenario.display().to_string().replace('\\', "/");
    let one = |one: &abide_agreement::Diagnostic| match one.place.file == path {
        true => vec![one.clone()],
        false => config::shown_findings(book, std::slice::from_ref(one)),
    };
    found.iter().flat_map(one).collect()
}

fn calendar(staged: &Staged) -> Result<Calendar, Failure> {
    let book = staged.books.first().ok_or_else(|| Failure::input("the scenario has no draft"))?;
    Ok(Calendar { zone: book.zone().clone(), year: book.year_begins() })
}

/// Each draft as the projection needs it, what it does not permit, and the time it is known at.
fn laid_out(staged: &Staged, given: &impl Fn(&Book) -> Time) -> (Vec<Terms>, Vec<Unpermitted>, Vec<Time>) {
    let scenario = &staged.scenario;
    let (mut terms, mut unpermitted, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (draft, book)) in scenario.drafts.iter().zip(&staged.books).enumerate() {
        let day = draft.known.or(scenario.known);
        let known = day.map_or_else(|| given(book), |day| book.start_of_day(day));
        let mut pieces = Vec::new();
        for (at, stream) in scenario.streams.iter().enumerate() {
            let (found, wrong) = cut(scenario, stream, book, known);
            pieces.push(found);
            unpermitted.extend(wrong.into_iter().map(|(from, until, verdict)| Unpermitted {
                draft: number,
                stream: at,
                from,
                until,
                verdict,
            }));
        }
        let money = book.terms(known);
        terms.push(Terms { holdings: holdings(scenario, &money), money, pieces });
        times.push(known);
    }
    (terms, unpermitted, times)
}

/// What the scenario supposes about ownership, and what the book says besides, as of the first day.
fn holdings(scenario: &Scenario, money: &abide_model::terms::Terms) -> Vec<Holding> {
    let mut found = scenario.holdings.clone();
    let held = |since: Date, until: Option<Date>| {
        since <= scenario.from && until.is_none_or(|until| scenario.from < until)
    };
    for stake in &money.stakes {
        let supposed =
            scenario.holdings.iter().any(|one| one.owner == stake.holder && one.of == stake.company);
        if let Some(part) = stake.percent.clone().filter(|_| !supposed && held(stake.since, stake.until)) {
            found.push(Holding { owner: stake.holder.clone(), of: stake.company.clone(), part });
        }
    }
    found
}

type Wrong = (Date, Date, String);

/// A stream in pieces that each count toward the same clauses, and the stretches that are not permitted.
fn cut(scenario: &Scenario, stream: &Stream, book: &Book, known: Time) -> (Vec<Piece>, Vec<Wrong>) {
    let until = stream.until.min(scenario.until);
    let mut from = stream.from.max(scenario.from);
    let (mut pieces, mut wrong): (Vec<Piece>, Vec<Wrong>) = (Vec::new(), Vec::new());
    while from < until && pieces.len() < PIECES_MAX {
        let ask = Ask {
            actor: stream.party.clone(),
            action: Action::Sell,
            product: stream.product.clone(),
            channel: stream.channel.clone(),
            customer: stream.customer.clone(),
            segment: stream.segment.clone(),
            territory: stream.territory.clone(),
            at: book.start_of_day(from),
            known,
        };
        let decision = book.decide(&ask);
        let turn = decision.until.map(|at| at.to_zoned(book.zone().clone()).date());
        let next = turn.filter(|turn| *turn > from).map_or(until, |turn| turn.min(until));
        pieces.push(Piece { from, until: next, toward: book.counts(&ask) });
        if let Some(verdict) = not_permitted(&decision.verdict) {
            match wrong.last_mut().filter(|(_, end, same)| *end == from && *same == verdict) {
                Some((_, end, _)) => *end = next,
                None => wrong.push((from, next, verdict)),
            }
        }
        from = next;
    }
    (pieces, wrong)
}

fn not_permitted(verdict: &Verdict) -> Option<String> {
    let listed = |names: Vec<&str>| names.join(", ");
    match verdict {
        Verdict::Permit => None,
        Verdict::NoRight => Some("no right to sell it".to_owned()),
        Verdict::Breach { toward } => {
            Some(format!("a breach toward {}", listed(toward.iter().map(Party::as_str).collect())))
        }
        Verdict::Contested { toward, questions } => {
            let questions = listed(questions.iter().map(|question| question.as_str()).collect());
            let toward = listed(toward.iter().map(Party::as_str).collect());
            let whom = if toward.is_empty() { String::new() } else { format!(" toward {toward}") };
            Some(format!("contested{whom}, on {questions}"))
        }
    }
}
