//! Forecasts, as rows of text, and the laws they keep.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it is wrong")]

mod bought;
mod figures;
mod futures;
mod same;
mod scene;
