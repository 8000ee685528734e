//! The built program, run as a user runs it: commands, their output and their exit statuses.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod invoice;
#[cfg(test)]
mod key;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod render;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod stage;
