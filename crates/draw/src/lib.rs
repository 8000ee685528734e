//! Charts as SVG text, for papers that people decide on. Knows nothing of agreements, ledgers or files.
//!
//! Each chart is a struct of what is to be shown with one method, `svg`. The same content gives the same bytes on
//! every machine: no float, no clock, no font is measured. Every chart
//!
//! - has a title and a description that screen readers speak, and tells things apart by more than colour;
//! - follows light and dark (`prefers-color-scheme`) and prints as light; light is written as plain attributes, so
//!   that programs without style sheets show it right;
//! - holds no script, no link and no foreign font, and escapes every text it is given;
//! - can stand in a page beside others, when each has an `id` of its own.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod amount;
pub mod band;
pub mod bars;
mod dates;
mod frame;
pub mod lines;
mod style;
mod svg;
mod text;

pub use amount::{Estimate, Scale, Unit};
pub use band::Bands;
pub use bars::Bars;
pub use frame::Mark;
pub use lines::Lines;
pub use style::Tone;
pub use svg::escaped;
