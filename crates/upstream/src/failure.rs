//! What went wrong below HTTP, in the words of `model`, without a credential in it.

use crate::connection::NoAnswer;
use crate::endpoint::Auth;
use abide_model::fault::{Fault, FaultKind, Wait};
use std::error::Error;
use std::time::Duration;

const MESSAGE_CHARS_MAX: usize = 300;

/// A request that came to no answer.
pub(crate) fn no_answer(error: &NoAnswer) -> Fault {
    match error {
        NoAnswer::Connect(error) => Fault::new(FaultKind::Connect, words(&**error)),
        NoAnswer::Broke(error) if error.is_parse() && !cut(error) => {
            Fault::new(FaultKind::Protocol, words(error))
        }
        NoAnswer::Broke(error) => Fault::new(FaultKind::Connect, words(error)),
    }
}

/// A body that broke off, or whose framing is wrong.
pub(crate) fn broken_body(error: &hyper::Error) -> Fault {
    let kind = if error.is_parse() && !cut(error) { FaultKind::Protocol } else { FaultKind::Cut };
    Fault::new(kind, words(error))
}

/// A wait that ran out.
pub(crate) fn timeout(wait: Wait, limit: Duration) -> Fault {
    let what = match wait {
        Wait::Connect => "no connection",
        Wait::FirstToken => "no first token",
        Wait::Between => "nothing more",
        Wait::Total => "no end",
    };
    Fault::new(FaultKind::Timeout(wait), format!("{what} within {} ms", limit.as_millis()))
}

/// Takes the credentials out of a fault: some clouds repeat the key they refuse.
pub(crate) fn redact(mut fault: Fault, auth: &Auth) -> Fault {
    for secret in auth.secrets() {
        let text = secret.expose();
        if !text.is_empty() && fault.message.contains(text) {
            fault.message = fault.message.replace(text, "…");
        }
    }
    fault
}

fn cut(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_closed() || error.is_canceled()
}

/// The innermost cause says most: `Connection refused`, `certificate expired`.
fn words(error: &(dyn Error + 'static)) -> String {
    let innermost = sources(error).last().unwrap_or(error);
    innermost.to_string().chars().take(MESSAGE_CHARS_MAX).collect()
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
