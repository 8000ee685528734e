//! The stored form of a closing: one JSON object, with amounts as text.

use super::{Closing, Figure, Owed};
use crate::figure::minor;
use crate::working::Step;
use abide_model::Date;
use abide_model::money::{Currency, Exact};
use serde::{Deserialize, Serialize};

/// The form written now. Forms written before are read for ever.
const VERSION: u32 = 2;

/// Why a closing cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the JSON of a closing.
    #[error("this is no closing: {0}")]
    Json(String),
    /// Written by a later version.
    #[error("this closing is of form {0}, and the latest known is {VERSION}")]
    Version(u32),
    /// A name, day or amount that is none.
    #[error("`{0}` in this closing is no name, day or amount")]
    Word(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    period: String,
    /// None for the first closing. Form 1 had the first day of the calendar there.
    from: Option<String>,
    through: String,
    figures: Vec<StoredFigure>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFigure {
    clause: String,
    stretch: String,
    closes: String,
    payer: String,
    payee: String,
    amount: String,
    currency: String,
    /// Not kept by form 1.
    #[serde(default)]
    working: Vec<StoredStep>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredStep {
    what: String,
    is: String,
}

/// The closing as JSON, with a line end.
#[must_use]
pub fn encode(closing: &Closing) -> String {
    let figure = |figure: &Figure| StoredFigure {
        clause: figure.of.clause.to_string(),
        stretch: figure.of.stretch.clone(),
        closes: figure.of.closes.to_string(),
        payer: figure.of.payer.to_string(),
        payee: figure.of.payee.to_string(),
        amount: minor(figure.minor, figure.of.currency),
        currency: figure.of.currency.to_string(),
        working: figure
            .working
            .iter()
            .map(|step| StoredStep { what: step.what.clone(), is: step.is.clone() })
            .collect(),
    };
    let stored = Stored {
        version: VERSION,
        period: closing.period.clone(),
        from: (closing.from != Date::MIN).then(|| closing.from.to_string()),
        through: closing.through.to_string(),
        figures: closing.figures.iter().map(figure).collect(),
    };
    let text = serde_json::to_string_pretty(&stored);
    assert!(text.is_ok(), "texts and whole numbers have a JSON form");
    text.unwrap_or_default() + "\n"
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When it is not the JSON of a closing, is of a later form, or holds a name, day or amount that is none.
pub fn decode(text: &str) -> Result<Closing, DecodeError> {
    let stored: Stored = serde_json::from_str(text).map_err(|error| DecodeError::Json(error.to_string()))?;
    if stored.version > VERSION {
        return Err(DecodeError::Version(stored.version));
    }
    let figures = stored.figures.iter().map(figure).collect::<Result<_, _>>()?;
    let from = stored.from.as_deref().map_or(Ok(Date::MIN), word)?;
    Ok(Closing { from, through: word(&stored.through)?, period: stored.period, figures })
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T, DecodeError> {
    text.parse().map_err(|_| DecodeError::Word(text.to_owned()))
}

fn figure(stored: &StoredFigure) -> Result<Figure, DecodeError> {
    let wrong = || DecodeError::Word(stored.amount.clone());
    let currency =
        Currency::parse(&stored.currency).map_err(|_| DecodeError::Word(stored.currency.clone()))?;
    let amount = Exact::decimal(&stored.amount).map_err(|_| wrong())?;
    Ok(Figure {
        of: Owed {
            closes: word::<Date>(&stored.closes)?,
            clause: word(&stored.clause)?,
            payer: word(&stored.payer)?,
            payee: word(&stored.payee)?,
            currency,
            stretch: stored.stretch.clone(),
        },
        minor: amount.to_minor(currency).ok_or_else(wrong)?,
        working: stored.working.iter().map(|step| Step::new(&*step.what, &*step.is)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_reads_back_as_it_was_written() {
        let currency = Currency::parse("USD").unwrap();
        let of = Owed {
            closes: "2026-03-31".parse().unwrap(),
            clause: "share".parse().unwrap(),
            payer: "lab".parse().unwrap(),
            payee: "cloud".parse().unwrap(),
            currency,
            stretch: "2026-Q1".to_owned(),
        };
        let closing = Closing {
            period: "2026-Q1".to_owned(),
            from: Date::MIN,
            through: "2026-03-31".parse().unwrap(),
            figures: vec![Figure { of, minor: -12_345, working: vec![Step::new("20% of", "60.00 USD")] }],
        };
        let text = encode(&closing);
        assert_eq!(decode(&text), Ok(closing));
        let later = text.replace("\"version\": 2", "\"version\": 3");
        assert_eq!(decode(&later).unwrap_err(), DecodeError::Version(3));
        assert!(decode(&text.replace("USD", "usd")).is_err());
    }
    #[test]
    fn what_was_closed_before_workings_were_kept_still_reads() {
        let first = r#"{
            "version": 1, "period": "2026-Q1", "from": "-009999-01-01", "through": "2026-03-31",
            "figures": [{
                "clause": "share", "stretch": "2026-Q1", "closes": "2026-03-31", "payer": "lab", "payee": "cloud",
                "amount": "6.00", "currency": "USD"
            }]
        }"#;
        let closing = decode(first).unwrap();
        let [figure] = closing.figures.as_slice() else { panic!("{closing:?}") };
        assert_eq!((closing.from, figure.minor, figure.working.as_slice()), (Date::MIN, 600, &[][..]));
    }
}
