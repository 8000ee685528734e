//! Everything a running Abide was configured with: a whole that was checked before it is used.

use abide_agreement::Book;
use abide_model::name::{Cloud, ModelName};
use abide_model::target::Target;
use abide_model::{Hash, Time};
use abide_upstream::{Endpoint, Waits};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A checked configuration. Swapped as a whole, never in part.
#[derive(Debug)]
pub struct Setup {
    /// Where calls can go, by cloud.
    pub clouds: BTreeMap<Cloud, Arc<Endpoint>>,
    /// What clients can ask for.
    pub models: BTreeMap<ModelName, Model>,
    /// Agents, by the name they are asked for: `agent/NAME`.
    pub agents: BTreeMap<ModelName, Agent>,
    /// The agreements each call is decided under; `None` when the operator has none.
    pub book: Option<Arc<Book>>,
    /// How long calls wait.
    pub waits: Waits,
    /// What bounds the work.
    pub limits: Limits,
    /// Which answers wait for the disk.
    pub sync: Sync,
    /// Content hash of the files it was read from.
    pub version: Hash,
}

/// Which answers wait for the disk. Whatever it says, everything that is shown is with the kernel first, so that it
/// survives the process; only a power cut tells the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// All of them.
    #[default]
    Always,
    /// Those of what is kept. The usage of what is not kept reaches the disk within a moment after its answer.
    Kept,
}

/// A model as clients name it.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its targets, first choice first; at least one.
    pub targets: Vec<Arc<Target>>,
    /// When it was first offered, for model lists.
    pub created: Time,
}

/// An agent: a model with instructions of its own.
#[derive(Debug, Clone)]
pub struct Agent {
    /// The model it thinks with: a key of [`Setup::models`].
    pub model: ModelName,
    /// What it is for, in a line.
    pub description: String,
    /// Its instructions.
    pub instructions: Arc<str>,
    /// Content hash of its file.
    pub version: Hash,
}

/// Bounds on the engine's work.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most runs at work at once; more are answered with 503.
    pub runs_max: usize,
    /// How long an idle session stays in memory.
    pub idle: Duration,
    /// The most events a client may lag behind before its stream is closed.
    pub lag_events_max: usize,
    /// The most runs that wait for their turn in one session.
    pub queue_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs_max: 4096, idle: Duration::from_secs(5), lag_events_max: 4096, queue_max: 16 }
    }
}

impl Setup {
    /// The model that `name` leads to, and the agent when it is one; `None` when there is neither.
    #[must_use]
    pub fn find(&self, name: &ModelName) -> Option<(&ModelName, &Model, Option<&Agent>)> {
        if let Some(agent) = self.agents.get(name) {
            let (model_name, model) = self.models.get_key_value(&agent.model)?;
            return Some((model_name, model, Some(agent)));
        }
        self.models.get_key_value(name).map(|(model_name, model)| (model_name, model, None))
    }
}
