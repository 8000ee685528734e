//! A scenario with its books, worked out: the drafts in each world, what the forecast would break, and what open
//! questions move.

mod laid;
mod swings;

pub(super) use laid::{Unpermitted, Unplaced};
pub(super) use swings::Swing;

use crate::cli::failure::Failure;
use crate::cli::when::{self, When};
use crate::config::{self, BookError};
use abide_agreement::{Book, Explanation, Source, Staged, explain, load, stage};
use abide_ledger::projection::{self, Calendar, Outcome, Projection, World};
use abide_model::Time;
use abide_model::name::{Clause, Party};
use abide_model::scenario::{Chance, Draft, Scenario};
use std::collections::BTreeSet;
use std::path::Path;

/// The most ways in which what may happen does: each takes books of its own.
const WORLDS_MAX: usize = 2_000;

/// A scenario, worked out.
pub(super) struct Case {
    pub(super) scenario: Scenario,
    /// Those of the world in the middle.
    pub(super) books: Vec<Book>,
    /// As known at these times, for each draft.
    pub(super) known: Vec<Time>,
    pub(super) worlds: Vec<World>,
    pub(super) projection: Projection,
    /// What the forecast supposes although a draft does not permit it.
    pub(super) unpermitted: Vec<Unpermitted>,
    /// What hangs on a segment or country that revenue does not name.
    pub(super) unplaced: Vec<Unplaced>,
    /// What open questions move, the most first.
    pub(super) swings: Vec<Swing>,
    /// The clauses that the figures rest on, told in sentences, by draft.
    pub(super) told: Vec<Vec<Explanation>>,
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
        let mut staged = stage(&files.own, files.against.as_deref(), &files.scenario)
            .map_err(|found| Failure::from(BookError::Findings(shown(book, scenario, &found))))?;
        let now = when::now();
        let given = |book: &Book| known.map_or(now, |known| known.instant(book));
        let worlds = worlds(&staged.scenario)?;
        let mut laid = Vec::with_capacity(worlds.len());
        for world in worlds.iter().rev() {
            // The first comes last, so that its books are the ones that stay.
            if !world.is_empty() {
                staged.books =
                    staged.books_in(world, None).ok_or_else(|| contradiction(world, &staged.scenario))?;
            }
            laid.push(laid::laid_out(&staged.scenario, &staged.books, &given));
        }
        laid.reverse();
        let calendar = calendar(&staged)?;
        let drafts: Vec<_> = laid.iter().map(|laid| laid.terms.clone()).collect();
        let projection = projection::project(&staged.scenario, &drafts, &calendar)
            .map_err(|error| Failure::input(error.to_string()))?;
        let unpermitted = laid::unpermitted(&laid, &projection.worlds);
        let unplaced = laid::unplaced(&laid);
        let known = laid.first().map_or(Vec::new(), |laid| laid.known.clone());
        let told = files.told(&staged.scenario, &projection);
        let scenario = staged.scenario.clone();
        let books = std::mem::take(&mut staged.books);
        let middle = worlds.first().zip(drafts.first());
        let swings = middle
            .map_or(Vec::new(), |middle| swings::swings(&mut staged, &books, middle, &given, &calendar));
        Ok(Self { scenario, books, known, worlds, projection, unpermitted, unplaced, swings, told })
    }

    pub(super) fn is_random(&self) -> bool {
        self.projection.futures > 1
    }

    pub(super) fn decimals(&self) -> u32 {
        self.scenario.currency.decimals()
    }

    /// What people call a party.
    pub(super) fn called(&self, party: &Party) -> String {
        let named = self.books.iter().find_map(|book| book.names().get(party));
        named.map_or_else(|| party.to_string(), Clone::clone)
    }

    /// Each fact that may come true, and in how many futures it does.
    pub(super) fn chances(&self) -> impl Iterator<Item = (&Chance, u32)> {
        let times = |at: usize| {
            let worlds = self.worlds.iter().zip(&self.projection.worlds);
            let true_in = worlds.filter(|(world, _)| world.get(at).is_some_and(Option::is_some));
            true_in.map(|(_, times)| *times).sum()
        };
        self.scenario.chances.iter().enumerate().map(move |(at, chance)| (chance, times(at)))
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

    /// The clauses of each draft that come to something, in sentences.
    fn told(&self, scenario: &Scenario, projection: &Projection) -> Vec<Vec<Explanation>> {
        let told = |(draft, outcome): (&Draft, &Outcome)| {
            let other = self.against.as_ref().filter(|_| draft.against);
            let files = other.unwrap_or(&self.own);
            let paid = outcome.clauses.iter().map(|one| &one.clause);
            let wanted: BTreeSet<&Clause> =
                paid.chain(outcome.commits.iter().map(|one| &one.clause)).collect();
            let Ok(book) = load(files) else { return Vec::new() };
            let all = explain(files, &book).clauses.into_iter();
            all.filter(|one| wanted.contains(&one.clause)).collect()
        };
        scenario.drafts.iter().zip(&projection.drafts).map(told).collect()
    }
}

/// The worlds of a scenario, where they are not too many.
fn worlds(scenario: &Scenario) -> Result<Vec<World>, Failure> {
    let worlds = projection::worlds(scenario);
    if worlds.len() > WORLDS_MAX {
        let message = format!(
            "what may happen comes about in {} different ways, and at most {WORLDS_MAX} are worked out",
            worlds.len()
        );
        return Err(Failure::input(message)
            .help("give a fact its day in `on` instead of the last of many in `by`, or draw fewer futures"));
    }
    Ok(worlds)
}

fn contradiction(world: &World, scenario: &Scenario) -> Failure {
    let listed = scenario.chances.iter().zip(world).filter_map(|(chance, day)| Some((&chance.text, (*day)?)));
    let listed: Vec<String> = listed.map(|(text, day)| format!("{text} ({day})")).collect();
    Failure::input(format!("facts contradict one another where these come true: {}", listed.join(", ")))
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

fn calendar(staged: &Staged<'_>) -> Result<Calendar, Failure> {
    let book = staged.books.first().ok_or_else(|| Failure::input("the scenario has no draft"))?;
    Ok(Calendar { zone: book.zone().clone(), year: book.year_begins() })
}
