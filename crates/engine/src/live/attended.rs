//! Work that somebody waits for: done on their task, so that nobody has to be woken, and on a task of its own once
//! they are gone.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Work under way. Dropping it leaves it to a task of its own.
pub(crate) struct Attended {
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    signal: Arc<Signal>,
    tasks: TaskTracker,
}

/// Raised when the work can go on. Whoever attends to it does much else, and looks at the work only then.
struct Signal {
    raised: AtomicBool,
    attendant: Mutex<Option<Waker>>,
}

impl Signal {
    /// Whether it was raised since this was last asked. When it is next, it wakes the task of `cx`.
    fn take(&self, cx: &Context<'_>) -> bool {
        let mut attendant = self.attendant.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *attendant {
            Some(known) => known.clone_from(cx.waker()),
            None => *attendant = Some(cx.waker().clone()),
        }
        drop(attendant);
        self.raised.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.raised.store(true, Ordering::Release);
        let attendant = self.attendant.lock().unwrap_or_else(PoisonError::into_inner).clone();
        attendant.into_iter().for_each(Waker::wake);
    }
}

impl Attended {
    pub(crate) fn new(tasks: &TaskTracker, work: impl Future<Output = ()> + Send + 'static) -> Self {
        let signal = Arc::new(Signal { raised: AtomicBool::new(true), attendant: Mutex::new(None) });
        Self { work: Some(Box::pin(tasks.track_future(work))), signal, tasks: tasks.clone() }
    }

    /// Does what can be done now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(work) = &mut self.work else { return };
        if !self.signal.take(cx) {
            return;
        }
        let waker = Waker::from(self.signal.clone());
        let mut cx = Context::from_waker(&waker);
        // A panic ends the work, as it ends a task, and not whoever waits.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut cx))) {
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
