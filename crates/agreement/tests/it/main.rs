//! Tests of the agreement engine from outside: files in, answers and messages out, as rows of text.

#[cfg(test)]
mod amounts;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod conflicts;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod duties;
#[cfg(test)]
mod example;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod format;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod open;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod slips;
#[cfg(test)]
mod unkept;
#[cfg(test)]
mod verdicts;
#[cfg(test)]
mod windows;
