//! The fakes from outside, over raw HTTP: what they accept, what they refuse, and in which words.

#[cfg(test)]
mod bedrock;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod client;
#[cfg(test)]
mod faults;

#[cfg(test)]
mod process;
