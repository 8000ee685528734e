//! What a model call consumed.

/// How a count was obtained. What a cloud did not report is never silently zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The cloud reported it.
    Reported,
    /// The cloud never said (cut, killed, or left out); counted from what was sent and received.
    Estimated,
}

impl Measure {
    /// The word used in JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Reported => "reported",
            Measure::Estimated => "estimated",
        }
    }
}

/// Token counts of one call or one run. Parts are contained in their totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    /// All input tokens, cache reads and writes included.
    pub input: u64,
    /// Input tokens read from a prompt cache.
    pub cache_read: u64,
    /// Input tokens written to a prompt cache.
    pub cache_write: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
}

impl Tokens {
    /// Input and output together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Counts of two calls together.
    #[must_use]
    pub fn plus(&self, other: &Tokens) -> Tokens {
        Tokens {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

/// Token counts and how they were obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The counts.
    pub tokens: Tokens,
    /// Where they come from.
    pub measure: Measure,
}
