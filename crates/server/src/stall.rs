//! Ends a connection whose client does not take what it asked for.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A connection on which a write may wait only so long for the client to read.
#[derive(Debug)]
pub(crate) struct Stall<T> {
    inner: T,
    time_max: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<T> Stall<T> {
    pub(crate) fn new(inner: T, time_max: Duration) -> Self {
        Self { inner, time_max, timer: None, waiting: false }
    }

    /// Passes on what came of a write, unless the client has let it wait for too long.
    fn waited<R>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.waiting = false;
            return written;
        }
        let time_max = self.time_max;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(time_max)));
        if !std::mem::replace(&mut self.waiting, true) {
            timer.as_mut().reset(Instant::now() + time_max);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for Stall<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: Write + Unpin> Write for Stall<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.waited(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, pieces);
        self.waited(cx, written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::rt::TokioIo;
    use std::future::poll_fn;
    use tokio::io::AsyncReadExt;

    const SOON: Duration = Duration::from_millis(30);

    async fn write(stall: &mut Stall<TokioIo<tokio::io::DuplexStream>>) -> io::Result<usize> {
        poll_fn(|cx| Pin::new(&mut *stall).poll_write(cx, &[7; 16])).await
    }

    #[tokio::test]
    async fn a_write_that_nobody_takes_fails_and_one_that_is_taken_late_does_not() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut stall = Stall::new(TokioIo::new(ours), SOON);
        assert_eq!(write(&mut stall).await.unwrap(), 16);
        let read = tokio::spawn(async move {
            tokio::time::sleep(SOON / 3).await;
            theirs.read_exact(&mut [0; 16]).await.unwrap();
            theirs
        });
        assert_eq!(write(&mut stall).await.unwrap(), 16);
        let _theirs = read.await.unwrap();
        assert_eq!(write(&mut stall).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
