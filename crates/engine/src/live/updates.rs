//! What follows a run gets, from the task that works on it to the one that reads. A reader that works on the run itself
//! is not woken by what comes of its own work: it looks when it has done what it can.

use super::attended::Attended;
use crate::handle::Update;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Both ends of a queue for `room` updates.
pub(super) fn updates(room: usize) -> (Teller, Updates) {
    let queue = Arc::new(Mutex::new(Queue { room, ..Queue::default() }));
    (Teller { queue: queue.clone() }, Updates { incoming: Incoming { queue }, work: None })
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Update>,
    room: usize,
    /// Who waits for the next update.
    reader: Option<Waker>,
    /// Who waits for the reader to leave.
    teller: Option<Waker>,
    reader_left: bool,
    teller_left: bool,
}

/// Where updates go in.
pub(super) struct Teller {
    queue: Arc<Mutex<Queue>>,
}

/// Why an update was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untold {
    /// The reader lags behind by all the room there is.
    Full,
    /// Nobody reads any more.
    Left,
}

impl Teller {
    /// Puts an update behind those that wait.
    pub(super) fn tell(&self, update: Update) -> Result<(), Untold> {
        let mut queue = lock(&self.queue);
        if queue.reader_left {
            return Err(Untold::Left);
        }
        if queue.waiting.len() >= queue.room {
            return Err(Untold::Full);
        }
        queue.waiting.push_back(update);
        let reader = queue.reader.take();
        drop(queue);
        reader.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Says how it ends. There is always room for that.
    pub(super) fn tell_end(self, update: Update) {
        lock(&self.queue).waiting.push_back(update);
    }

    /// Waits until nobody reads any more.
    pub(super) async fn left(&self) {
        poll_fn(|cx| {
            let mut queue = lock(&self.queue);
            if queue.reader_left {
                return Poll::Ready(());
            }
            keep(&mut queue.teller, cx.waker());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.teller_left = true;
        queue.teller = None;
        let reader = queue.reader.take();
        drop(queue);
        reader.into_iter().for_each(Waker::wake);
    }
}

/// What comes of a run, in order.
#[derive(Debug)]
pub struct Updates {
    // Invariant: dropped before `work`, which then finds that nobody follows the run.
    incoming: Incoming,
    work: Option<Attended>,
}

impl Updates {
    /// The next one; `None` at the end.
    pub async fn recv(&mut self) -> Option<Update> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The next one; `None` at the end.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Update>> {
        // What is there is taken before there is more of it.
        if let Some(work) = &mut self.work
            && self.incoming.is_empty_unheard()
        {
            work.poll(cx);
        }
        self.incoming.poll(cx)
    }

    /// Goes on with the run's work whenever an update is waited for.
    pub(crate) fn attend(&mut self, work: Option<Attended>) {
        self.work = work;
    }
}

/// Where updates come out.
struct Incoming {
    queue: Arc<Mutex<Queue>>,
}

impl Incoming {
    /// Whether nothing waits. What comes from now on wakes nobody, until it is polled.
    fn is_empty_unheard(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.reader = None;
        queue.waiting.is_empty()
    }

    fn poll(&self, cx: &Context<'_>) -> Poll<Option<Update>> {
        let mut queue = lock(&self.queue);
        if let Some(update) = queue.waiting.pop_front() {
            return Poll::Ready(Some(update));
        }
        if queue.teller_left {
            return Poll::Ready(None);
        }
        keep(&mut queue.reader, cx.waker());
        Poll::Pending
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.reader_left = true;
        let unread = std::mem::take(&mut queue.waiting);
        let teller = queue.teller.take();
        drop(queue);
        drop(unread);
        teller.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

fn keep(place: &mut Option<Waker>, waker: &Waker) {
    match place {
        Some(known) => known.clone_from(waker),
        None => *place = Some(waker.clone()),
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refused::Refused;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn woken(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    fn no_event() -> Update {
        Update::Events(Vec::new())
    }

    fn end() -> Update {
        Update::Lost(Refused::ShuttingDown)
    }

    #[tokio::test]
    async fn updates_come_in_order_and_end_when_the_teller_leaves() {
        let (teller, mut updates) = updates(1);
        assert_eq!(teller.tell(no_event()), Ok(()));
        assert_eq!(teller.tell(no_event()), Err(Untold::Full));
        teller.tell_end(end());
        assert!(matches!(updates.recv().await, Some(Update::Events(_))));
        assert!(matches!(updates.recv().await, Some(Update::Lost(_))));
        assert!(updates.recv().await.is_none());
    }

    #[test]
    fn a_reader_that_waits_is_woken_by_an_update_and_by_the_end() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        let (teller, mut updates) = updates(4);
        assert!(updates.poll_recv(&mut cx).is_pending());
        assert_eq!(teller.tell(no_event()), Ok(()));
        assert_eq!(task.woken(), 1);
        assert!(updates.poll_recv(&mut cx).is_ready());
        assert!(updates.poll_recv(&mut cx).is_pending());
        drop(teller);
        assert_eq!(task.woken(), 1);
        assert!(matches!(updates.poll_recv(&mut cx), Poll::Ready(None)));
    }

    #[test]
    fn a_reader_is_not_woken_by_its_own_work() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        let (teller, mut updates) = updates(4);
        let mut turns = 0;
        let caller = Arc::new(Mutex::new(None::<Waker>));
        let called = caller.clone();
        let tasks = tokio_util::task::TaskTracker::new();
        let work = poll_fn(move |cx| {
            turns += 1;
            if turns == 1 {
                *called.lock().unwrap() = Some(cx.waker().clone());
                return Poll::Pending;
            }
            teller.tell(no_event()).unwrap();
            Poll::Ready(())
        });
        updates.attend(Some(Attended::new(&tasks, work)));
        assert!(updates.poll_recv(&mut cx).is_pending());
        assert!(updates.poll_recv(&mut cx).is_pending(), "nobody called the work on");
        caller.lock().unwrap().take().unwrap().wake();
        assert_eq!(task.woken(), 1);
        assert!(matches!(updates.poll_recv(&mut cx), Poll::Ready(Some(_))));
        assert_eq!(task.woken(), 0);
    }

    #[test]
    fn a_teller_learns_that_its_reader_left() {
        let task = Arc::new(Task::default());
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        let (teller, updates) = updates(4);
        let mut left = std::pin::pin!(teller.left());
        assert!(left.as_mut().poll(&mut cx).is_pending());
        drop(updates);
        assert_eq!(task.woken(), 1);
        assert!(left.as_mut().poll(&mut cx).is_ready());
        assert_eq!(teller.tell(no_event()), Err(Untold::Left));
    }
}
