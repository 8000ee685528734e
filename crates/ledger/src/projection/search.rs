//! At which level of revenue one draft becomes better for a party than another.
//!
//! The difference between drafts is looked at on an even grid of levels, in the future in which every random number is
//! the one in the middle; where its sign changes between two neighbours, the place is found by bisection, exactly, to
//! the currency unit. A change and a change back between two neighbours of the grid is not seen.

use super::Unprojected;
use super::level::Courses;
use super::outcome::EVEN_MINOR;
use super::run::Plan;
use crate::share::Span;
use abide_model::money::{Amount, Exact};
use abide_model::scenario::Search;

/// Steps of the grid.
const STEPS: i128 = 96;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The levels searched, cut where the answer changes; they follow one another without a gap.
    pub stretches: Vec<Stretch>,
    /// The difference on the grid, by level.
    pub samples: Vec<Sample>,
}

/// Levels at which the answer is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The lowest, in whole currency units.
    pub low: i128,
    /// The highest.
    pub high: i128,
    /// The answer.
    pub side: Side,
}

/// Which draft is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that was asked about.
    Better,
    /// The one it is compared with.
    Worse,
    /// Neither, by as much as a currency unit.
    Even,
    /// That depends on what is not known.
    Open,
}

/// The difference at one level, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The level, in whole currency units.
    pub level: i128,
    /// By how much the draft asked about is better.
    pub difference: Span<i128>,
}

pub(super) fn search(
    search: &Search,
    courses: &Courses<'_>,
    plans: &[Plan<'_>],
) -> Result<Found, Unprojected> {
    let one = |name: &str| plans.iter().find(|plan| plan.name == name);
    let (Some(better), Some(than)) = (one(&search.better), one(&search.than)) else {
        return Ok(Found { stretches: Vec::new(), samples: Vec::new() });
    };
    let look = |level: i128| -> Result<Sample, Unprojected> {
        let future = courses.in_middle(&search.vary, &Exact::whole(level))?;
        let measured = |plan: &Plan<'_>| {
            let sheet = plan.work_out(&future)?;
            plan.measured(&sheet, &search.party, search.measure)
        };
        let (a, b) = (measured(better)?, measured(than)?);
        Ok(Sample { level, difference: Span { low: a.low - b.high, high: a.high - b.low } })
    };
    let (low, high) = (units(&search.low), units(&search.high));
    let mut samples = Vec::new();
    for step in 0..=STEPS {
        let level = low + (high - low) * step / STEPS;
        if samples.last().is_none_or(|last: &Sample| last.level < level) {
            samples.push(look(level)?);
        }
    }
    Ok(Found { stretches: stretches(&samples, look)?, samples })
}

/// Levels with one answer each. Between neighbours with two answers the place is closed in on until they are one unit
/// apart.
fn stretches(
    samples: &[Sample],
    look: impl Fn(i128) -> Result<Sample, Unprojected>,
) -> Result<Vec<Stretch>, Unprojected> {
    let mut all: Vec<Sample> = Vec::new();
    for sample in samples {
        if let Some(before) = all.last().copied() {
            close_in(before, *sample, &look, &mut all)?;
        }
        all.push(*sample);
    }
    let mut found: Vec<Stretch> = Vec::new();
    for sample in &all {
        let side = side(sample);
        match found.last_mut().filter(|last| last.side == side) {
            Some(last) => last.high = sample.level,
            None => found.push(Stretch { low: sample.level, high: sample.level, side }),
        }
    }
    Ok(found)
}

fn close_in(
    near: Sample,
    far: Sample,
    look: &impl Fn(i128) -> Result<Sample, Unprojected>,
    all: &mut Vec<Sample>,
) -> Result<(), Unprojected> {
    if side(&near) == side(&far) || far.level - near.level <= 1 {
        return Ok(());
    }
    let middle = look(near.level + (far.level - near.level) / 2)?;
    close_in(near, middle, look, all)?;
    all.push(middle);
    close_in(middle, far, look, all)
}

fn side(sample: &Sample) -> Side {
    let Span { low, high } = sample.difference;
    if low > -EVEN_MINOR && high < EVEN_MINOR {
        Side::Even
    } else if low >= 0 {
        Side::Better
    } else if high <= 0 {
        Side::Worse
    } else {
        Side::Open
    }
}

/// Whole currency units, toward zero.
fn units(amount: &Amount) -> i128 {
    amount.pico / abide_model::money::PICO
}
