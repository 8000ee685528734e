//! Identities that say where to look: a run's and an item's id hold their session's, so no index is needed to
//! find them. The 128 random-and-time bits of a session id arrive from the shell (UUID version 7, RFC 9562).

use crate::digits::Digits;
use std::fmt;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {kind} id")]
pub struct IdError {
    text: String,
    kind: &'static str,
}

fn hex128(text: &str) -> Option<u128> {
    (text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

fn hex32(text: &str) -> Option<u32> {
    (text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
        .then(|| u32::from_str_radix(text, 16).ok())
        .flatten()
}

fn pair(text: &str) -> Option<(SessionId, u32)> {
    let (session, n) = text.split_at_checked(32)?;
    Some((SessionId(hex128(session)?), hex32(n)?))
}

/// A durable conversation: `conv_…` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

impl SessionId {
    /// Reads the text form.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        text.strip_prefix("conv_")
            .and_then(hex128)
            .map(Self)
            .ok_or_else(|| IdError { text: text.to_owned(), kind: "a conversation" })
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("conv_")?;
        f.write_str(Digits::<32>::of(self.0).as_str())
    }
}

/// One request worked to a stop: `resp_…`, the session's digits and eight of the run's number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// Where it ran.
    pub session: SessionId,
    /// Counts runs of the session from 1.
    pub n: u32,
}

impl RunId {
    /// Reads the text form.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        text.strip_prefix("resp_")
            .and_then(pair)
            .map(|(session, n)| Self { session, n })
            .ok_or_else(|| IdError { text: text.to_owned(), kind: "a response" })
    }

    /// Writes the digits alone, which other formats put behind a prefix of their own.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_digits(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str(Digits::<32>::of(self.session.0).as_str())?;
        out.write_str(Digits::<8>::of(u128::from(self.n)).as_str())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("resp_")?;
        self.write_digits(f)
    }
}

/// A part of a conversation. Its text form is prefixed by what it is (`msg_…`, `fc_…`), which the item knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// The session that made it; a fork's inherited items keep their first home.
    pub session: SessionId,
    /// Counts items of the session from 1.
    pub n: u32,
}

impl ItemId {
    /// Reads the text form, whatever its prefix.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        text.split_once('_')
            .filter(|(prefix, _)| matches!(*prefix, "msg" | "fc" | "fco" | "rs"))
            .and_then(|(_, rest)| pair(rest))
            .map(|(session, n)| Self { session, n })
            .ok_or_else(|| IdError { text: text.to_owned(), kind: "an item" })
    }

    /// The text form under `prefix`, one of `msg`, `fc`, `fco`, `rs`.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> String {
        let (session, n) = (Digits::<32>::of(self.session.0), Digits::<8>::of(u128::from(self.n)));
        [prefix, "_", session.as_str(), n.as_str()].concat()
    }
}

/// One model call of a session, counted from 1 over all its runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNo(pub u32);

impl fmt::Display for CallNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

macro_rules! debug_as_display {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
debug_as_display!(SessionId, RunId, CallNo);

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_prefix("item"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_leads_back_to_its_session() {
        let run = RunId { session: SessionId(0x0190_f3a1), n: 7 };
        assert_eq!(RunId::parse(&run.to_string()), Ok(run));
        assert_eq!(run.session.to_string(), "conv_0000000000000000000000000190f3a1");
    }

    #[test]
    fn ids_of_another_kind_length_or_case_are_refused() {
        for text in ["", "resp_", "conv_1", "resp_0000000000000000000000000190f3a1", "resp_é", "msg_x"] {
            assert!(RunId::parse(text).is_err(), "{text}");
            assert!(ItemId::parse(text).is_err(), "{text}");
        }
        assert!(SessionId::parse("conv_0000000000000000000000000190F3A1").is_err());
    }
}
