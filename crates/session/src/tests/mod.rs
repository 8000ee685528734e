//! The machine driven from outside: stories told line by line, laws over random inputs, and stored bytes.

mod arbitrary;
mod edits;
mod endings;
mod fixtures;
mod laws;
mod lines;
mod rows;
mod stage;
mod stories;
