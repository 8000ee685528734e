//! How a stored response is to be read: the query of `GET /v1/responses/{id}`.

use crate::client::error::{Problem, code};

/// What the query asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retrieve {
    /// Whether as a stream.
    pub stream: bool,
    /// The last `sequence_number` the client has seen.
    pub starting_after: Option<u64>,
}

/// Reads the decoded pairs of a query.
///
/// # Errors
/// A value that is not what the name takes, or a name nobody knows.
pub fn decode_retrieve<'q>(pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> Result<Retrieve, Problem> {
    let mut asked = Retrieve::default();
    for (name, value) in pairs {
        let refuse = |message: String, code| Problem { message, param: Some(name.to_owned()), code };
        match name {
            "stream" => {
                asked.stream = value.parse().map_err(|_| {
                    refuse(format!("`stream` must be `true` or `false`, not `{value}`"), code::INVALID_TYPE)
                })?;
            }
            "starting_after" => {
                let number = value.parse().map_err(|_| {
                    refuse(format!("`starting_after` must be a number, not `{value}`"), code::INVALID_TYPE)
                })?;
                asked.starting_after = Some(number);
            }
            "include" | "include[]" | "include_obfuscation" => {}
            _ => return Err(refuse(format!("unknown field `{name}`"), code::UNKNOWN)),
        }
    }
    if asked.starting_after.is_some() && !asked.stream {
        return Err(Problem {
            message: "`starting_after` needs `stream=true`".to_owned(),
            param: Some("starting_after".to_owned()),
            code: code::INVALID_VALUE,
        });
    }
    Ok(asked)
}
