//! The decisions that journals keep, read beside a running server.

use crate::load;
use crate::refused::Refused;
use abide_model::decision::{Action, Ask, Verdict};
use abide_model::name::Party;
use abide_store::{Filter, Reader};

/// Sessions read from the store at once.
const PAGE_SESSIONS: usize = 1_000;

/// Calls `each` with the ask and the recorded answer of every model call, the newest session first. `actor` is the
/// party whose Abide it is: who acts in every call.
///
/// Only calls that left have their decision in full; of a target that was refused, the journal keeps the clauses alone.
///
/// # Errors
/// When the store or a journal cannot be read.
pub fn recorded_decisions(
    reader: &mut Reader,
    actor: &Party,
    mut each: impl FnMut(&Ask, &Verdict),
) -> Result<(), Refused> {
    let mut filter = Filter { owner: None, unnamed: true, before: None };
    loop {
        let page = reader.sessions(&filter, PAGE_SESSIONS)?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.before = Some(last.session);
        for listed in &page {
            let Some(session) = load::session_from(reader, listed.session)? else { continue };
            for run in 1..=session.last_run() {
                let Some(asked) = session.asked(run) else { continue };
                for call in session.calls(run) {
                    let started = &call.started;
                    let ask = Ask {
                        actor: actor.clone(),
                        action: Action::Serve,
                        product: started.product.clone(),
                        channel: started.channel.clone(),
                        customer: Some(asked.customer.clone()),
                        segment: asked.segment.clone(),
                        territory: asked.territory.clone(),
                        at: started.decision.at,
                        known: started.decision.known,
                    };
                    each(&ask, &started.decision.verdict);
                }
            }
        }
    }
}
