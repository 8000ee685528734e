//! Work that somebody waits for: done on their task, so that nobody has to be woken, and on a task of its own once
//! they are gone.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Work under way. Dropping it leaves it to a task of its own.
pub(crate) struct Attended {
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    tasks: TaskTracker,
}

impl Attended {
    pub(crate) fn new(tasks: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(tasks.track_future(work))), tasks: tasks.clone() }
    }

    /// Does what can be done now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(work) = &mut self.work else { return };
        // A panic ends the work, as it ends a task, and not whoever waits.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(())) => self.work = None,
            Err(_) => {
                tracing::error!("a run panicked");
                self.work = None;
            }
        }
    }

    /// Waits for `future` while the work goes on.
    pub(crate) async fn until<F: Future + Unpin>(&mut self, mut future: F) -> F::Output {
        poll_fn(|cx| {
            self.poll(cx);
            Pin::new(&mut future).poll(cx)
        })
        .await
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            self.tasks.spawn_on(work, &runtime);
        }
    }
}

impl fmt::Debug for Attended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attended").field("ended", &self.work.is_none()).finish_non_exhaustive()
    }
}
