//! A waker for things that one task polls together.
//!
//! What they do to each other while they are polled (a request handed over, a piece taken out) would wake the task that
//! is at work on them anyway, for a turn in which nothing is left to do. A bell hears it instead, and they are polled
//! once more at once.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Turns in a row after which others get the core: what still rings then may ring for ever.
const TURNS_MAX: usize = 8;

/// Nobody polls: who rings wakes the listener.
const QUIET: u8 = 0;
/// Somebody polls, and will hear.
const POLLED: u8 = 1;
/// It rang meanwhile.
const RUNG: u8 = 2;

/// See the module.
pub(crate) struct Bell {
    inner: Arc<Inner>,
    waker: Waker,
}

struct Inner {
    state: AtomicU8,
    /// Whoever waits for what is polled; nobody, once it was ready.
    listener: Mutex<Option<Waker>>,
}

impl Bell {
    pub(crate) fn new() -> Self {
        let inner = Arc::new(Inner { state: AtomicU8::new(QUIET), listener: Mutex::new(None) });
        Self { waker: Waker::from(inner.clone()), inner }
    }

    /// What is polled with it while nobody waits wakes nobody.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Polls, and again when it rang meanwhile. While it is pending, the bell wakes the task of `cx`.
    pub(crate) fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.inner.listen(cx.waker());
        for _ in 0..TURNS_MAX {
            self.inner.state.store(POLLED, Ordering::Release);
            let polled = poll(&mut Context::from_waker(&self.waker));
            let rung = self.inner.state.swap(QUIET, Ordering::AcqRel) == RUNG;
            if polled.is_ready() {
                self.inner.forget();
                return polled;
            }
            if !rung {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Inner {
    fn listen(&self, waker: &Waker) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *listener {
            Some(known) => known.clone_from(waker),
            None => *listener = Some(waker.clone()),
        }
    }

    fn forget(&self) {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let heard = self.state.compare_exchange(POLLED, RUNG, Ordering::AcqRel, Ordering::Acquire);
        if heard == Err(QUIET) {
            let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(listener) = listener {
                listener.wake();
            }
        }
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls what is pending for `turns` turns and rings in each, and says how often it was polled, what came of it,
    /// how often its task was woken, and how often one ring after it wakes the task.
    fn check(turns: usize, expected: (usize, bool, usize, usize)) {
        let task = Arc::new(Task::default());
        let bell = Bell::new();
        let (mut polls, mut ringer) = (0, None);
        let waker = Waker::from(task.clone());
        let polled = bell.poll(&Context::from_waker(&waker), |cx| {
            polls += 1;
            ringer = Some(cx.waker().clone());
            if polls > turns {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        let during = task.0.load(Ordering::Relaxed);
        ringer.unwrap().wake();
        let after = task.0.load(Ordering::Relaxed) - during;
        assert_eq!((polls, polled.is_ready(), during, after), expected);
    }

    #[test]
    fn what_rings_while_it_is_polled_is_polled_again_and_wakes_nobody() {
        check(0, (1, true, 0, 0));
        check(2, (3, true, 0, 0));
    }

    #[test]
    fn what_never_stops_to_ring_gives_the_core_away() {
        check(usize::MAX, (TURNS_MAX, false, 1, 1));
    }

    #[test]
    fn what_rings_while_nobody_polls_wakes_whoever_waits() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let bell = Bell::new();
        let mut ringer = None;
        let polled = bell.poll(&Context::from_waker(&waker), |cx| {
            ringer = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        ringer.unwrap().wake();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
    }
}
