//! One model call under way, as a future that yields what the cloud says next.

use abide_model::Time;
use abide_model::call::Delta;
use abide_model::fault::{Fault, FaultKind};
use abide_model::target::Target;
use abide_upstream::{Answer, Client, Endpoint, More, Waits};
use abide_wire::provider::Outgoing;
use std::pin::Pin;
use std::sync::Arc;

/// What a call says next, and the call itself while it goes on.
pub(super) struct Heard {
    pub(super) deltas: Vec<Delta>,
    /// Set when nothing follows.
    pub(super) end: Option<Result<(), Fault>>,
    answer: Option<Box<Answer>>,
}

/// A call under way. Dropping it lets go of the call.
pub(super) struct Flight {
    next: Pin<Box<dyn Future<Output = Heard> + Send>>,
    pub(super) target: Arc<Target>,
    /// `CLOUD/MODEL`.
    pub(super) name: Arc<str>,
}

impl Flight {
    pub(super) fn start(
        (client, endpoint, waits): (Client, Arc<Endpoint>, Waits),
        outgoing: Outgoing,
        stream: bool,
        (target, name): (Arc<Target>, Arc<str>),
        now: Time,
    ) -> Self {
        let next = Box::pin(async move {
            match client.call(&endpoint, outgoing, stream, &waits, now).await {
                Ok(answer) => listen(Box::new(answer)).await,
                Err(fault) => Heard { deltas: Vec::new(), end: Some(Err(fault)), answer: None },
            }
        });
        Self { next, target, name }
    }

    /// A call that cannot be sent.
    pub(super) fn grounded((target, name): (Arc<Target>, Arc<str>), field: &str, reason: &str) -> Self {
        let fault = Fault::new(FaultKind::Unsupported, format!("`{field}`: {reason}"));
        let heard = Heard { deltas: Vec::new(), end: Some(Err(fault)), answer: None };
        Self { next: Box::pin(std::future::ready(heard)), target, name }
    }

    /// Waits for what comes next. May be cancelled and called again.
    pub(super) async fn next(&mut self) -> Heard {
        let mut heard = self.next.as_mut().await;
        if let Some(answer) = heard.answer.take() {
            self.next = Box::pin(listen(answer));
        } else {
            // Nobody waits for a call that has ended.
            self.next = Box::pin(std::future::pending());
        }
        heard
    }
}

async fn listen(mut answer: Box<Answer>) -> Heard {
    let mut deltas = Vec::new();
    match answer.next(&mut deltas).await {
        Ok(More::Yes) => Heard { deltas, end: None, answer: Some(answer) },
        Ok(More::End) => Heard { deltas, end: Some(Ok(())), answer: None },
        Err(fault) => Heard { deltas, end: Some(Err(fault)), answer: None },
    }
}
