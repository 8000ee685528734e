//! Which of the facts that may come true do, in which future.

use super::chance::{self, Run};
use super::next_month;
use abide_model::Date;
use abide_model::money::Exact;
use abide_model::scenario::{Chance, Scenario, When};
use std::collections::BTreeMap;

/// For each chance of a scenario, in its order: the day on which it comes true, or `None`. The answer to a question,
/// which counts for every day, is given the scenario's first.
pub type World = Vec<Option<Date>>;

/// All futures, each in its world.
pub(super) struct Futures {
    /// That of the future in the middle first, then by the first future that has them.
    pub(super) worlds: Vec<World>,
    pub(super) runs: Vec<(Run, usize)>,
}

/// The worlds that a scenario's futures come to, that of the future in the middle first.
#[must_use]
pub fn worlds(scenario: &Scenario) -> Vec<World> {
    Futures::of(scenario).worlds
}

impl Futures {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let runs: Vec<Run> = match scenario.is_random() {
            true => {
                (0..scenario.draws.max(1)).map(|number| Run::Drawn { seed: scenario.seed, number }).collect()
            }
            false => vec![Run::Middle],
        };
        let middle = world(scenario, Run::Middle);
        let mut places: BTreeMap<World, usize> = BTreeMap::from([(middle.clone(), 0)]);
        let mut worlds = vec![middle];
        let placed = |run| {
            let world = world(scenario, run);
            let next = worlds.len();
            let place = *places.entry(world.clone()).or_insert(next);
            if place == next {
                worlds.push(world);
            }
            (run, place)
        };
        let runs = runs.into_iter().map(placed).collect();
        Self { worlds, runs }
    }
}

fn world(scenario: &Scenario, run: Run) -> World {
    scenario.chances.iter().map(|chance| day(chance, scenario.from, run)).collect()
}

/// The day on which it comes true in this future. It does in those in which its draw is highest, the earlier the
/// higher it is.
fn day(chance: &Chance, first: Date, run: Run) -> Option<Date> {
    // How far below the highest the draw is, as a part of all: above 0 and below 1.
    let below = Exact::whole(1) - chance::place(run, &chance.draw);
    if below >= chance.odds {
        return None;
    }
    match chance.when {
        When::Always => Some(first),
        When::On(day) => Some(day),
        When::By(last) => {
            let days = days(first, last);
            let count = i128::try_from(days.len()).unwrap_or(i128::MAX);
            let part = (&below / &chance.odds).unwrap_or_default();
            let place = (0..days.len()).rev().find(|place| {
                let begins = i128::try_from(*place).ok().and_then(|place| Exact::ratio(place, count));
                begins.is_some_and(|begins| begins <= part)
            });
            place.and_then(|place| days.get(place)).copied()
        }
    }
}

/// The first day, and that of every month after it up to the last.
fn days(first: Date, last: Date) -> Vec<Date> {
    let next = |day: &Date| Some(next_month(*day)).filter(|next| next > day && *next <= last);
    std::iter::successors(Some(first), next).collect()
}
