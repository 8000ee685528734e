//! How much a clause is about, and how it is worked out.

use super::{Teller, words};
use crate::diagnostic::Word;
use crate::syntax::clause::{CapRow, ClauseRow, KindRow};

impl Teller<'_> {
    pub(super) fn money(&self, row: &ClauseRow) -> Vec<String> {
        match &row.kind {
            KindRow::Grant { .. }
            | KindRow::Exclusive { .. }
            | KindRow::First { .. }
            | KindRow::Refusal { .. } => Vec::new(),
            KindRow::Share { rate, every, cap } => {
                let text =
                    |word: &Option<Word>| word.as_ref().map_or("", |word| word.value.as_str()).to_owned();
                let mut texts = vec![format!("The part is {}, worked out each {}.", text(rate), text(every))];
                texts.extend(cap.as_ref().map(cap_said));
                texts
            }
        }
    }
}

fn cap_said(cap: &CapRow) -> String {
    let total = cap.total.as_ref().map_or(String::new(), |total| words::money(&total.value));
    let known = cap.known.as_ref().map_or(String::new(), |day| {
        format!(" That there is a cap was known before; how high it is, since {} only.", day.value)
    });
    format!("In all it is no more than {total}.{known}")
}
