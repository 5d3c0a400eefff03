//! A connection that is cut when it is silent for too long.
//!
//! hyper's own time-out for heads also runs between requests, so that it would cut a proxy's idle connection in the very
//! moment a notification comes over it. This one knows the difference.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long each side of a connection may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// From a connection's beginning, or a head's first byte, to the head's end.
    pub(super) head: Duration,
    /// Between an answer and the next head.
    pub(super) idle: Duration,
    /// While an answer is not read.
    pub(super) write: Duration,
}

/// What a connection is doing, told by the service to the timers.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

const HEAD: u8 = 0;
const WORKING: u8 = 1;
const ANSWERED: u8 = 2;
const IDLE: u8 = 3;

impl Phase {
    /// A head was read; bodies have a limit of their own.
    pub(super) fn working(&self) {
        self.0.store(WORKING, Ordering::Release);
    }

    /// The answer is on its way.
    pub(super) fn answered(&self) {
        self.0.store(ANSWERED, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, phase: u8) {
        self.0.store(phase, Ordering::Release);
    }
}

/// A stream with timers.
#[derive(Debug)]
pub(super) struct Timed<S> {
    stream: S,
    phase: Phase,
    silence: Silence,
    reading: Pin<Box<Sleep>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    pub(super) fn new(stream: S, phase: Phase, silence: Silence) -> Self {
        Self { stream, phase, silence, reading: Box::pin(sleep(silence.head)), writing: None }
    }

    /// Whether the other side has been silent for too long.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        match self.phase.get() {
            WORKING => return Poll::Pending,
            ANSWERED => {
                self.phase.set(IDLE);
                self.reading.as_mut().reset(Instant::now() + self.silence.idle);
            }
            _ => {}
        }
        ready!(self.reading.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn poll_unread(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.silence.write;
        let writing = self.writing.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(writing.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    fn written<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.writing = None;
            return polled;
        }
        self.poll_unread(cx).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if buf.filled().len() > before && matches!(self.phase.get(), IDLE | ANSWERED) {
                self.phase.set(HEAD);
                let head = self.silence.head;
                self.reading.as_mut().reset(Instant::now() + head);
            }
            return Poll::Ready(read);
        }
        self.poll_silence(cx).map(Err)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        // An answer may take longer than the other side may be idle: a prompt has megabytes.
        if matches!(polled, Poll::Ready(Ok(1..))) && self.phase.get() == IDLE {
            self.phase.set(ANSWERED);
        }
        self.written(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const SILENCE: Silence = Silence {
        head: Duration::from_secs(5),
        idle: Duration::from_secs(60),
        write: Duration::from_secs(10),
    };

    fn connected() -> (Timed<DuplexStream>, DuplexStream, Phase) {
        let (near, far) = duplex(8);
        let phase = Phase::default();
        (Timed::new(near, phase.clone(), SILENCE), far, phase)
    }

    async fn cut_after(timed: &mut Timed<DuplexStream>) -> Duration {
        let began = Instant::now();
        let mut buf = [0; 8];
        loop {
            match timed.read(&mut buf).await {
                Ok(0) => panic!("the other side is there"),
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return began.elapsed();
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_and_a_slow_head_are_cut_after_the_time_of_a_head() {
        let (mut timed, mut far, _) = connected();
        far.write_all(b"POST").await.unwrap();
        assert_eq!(cut_after(&mut timed).await, SILENCE.head);
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_it_may_be_silent_for_longer_and_the_next_head_has_its_own_time() {
        let (mut timed, mut far, phase) = connected();
        phase.working();
        phase.answered();
        let writer = tokio::spawn(async move {
            sleep(Duration::from_secs(50)).await;
            far.write_all(b"POST").await.unwrap();
            far
        });
        assert_eq!(cut_after(&mut timed).await, Duration::from_secs(50) + SILENCE.head);
        drop(writer.await.unwrap());

        let (mut timed, _far, phase) = connected();
        phase.answered();
        assert_eq!(cut_after(&mut timed).await, SILENCE.idle);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_service_works_nothing_is_cut() {
        let (mut timed, _far, phase) = connected();
        phase.working();
        let mut buf = [0; 8];
        let read = tokio::time::timeout(Duration::from_secs(3600), timed.read(&mut buf)).await;
        assert!(read.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_answer_that_is_read_slowly_is_not_cut() {
        let (timed, mut far, phase) = connected();
        phase.working();
        phase.answered();
        let (mut reading, mut writing) = tokio::io::split(timed);
        // hyper reads while it writes, to see the other side leave.
        let watching = tokio::spawn(async move { (reading.read(&mut [0; 8]).await, Instant::now()) });
        let writer = tokio::spawn(async move { writing.write_all(&[0; 200]).await.map(|()| Instant::now()) });
        let mut part = [0; 8];
        for _ in 0..25 {
            sleep(SILENCE.write / 2).await;
            far.read_exact(&mut part).await.unwrap();
        }
        let written = writer.await.unwrap().unwrap();
        let (cut, at) = watching.await.unwrap();
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(written < at && at - written <= 2 * SILENCE.idle, "written at {written:?}, cut at {at:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_no_answer_is_cut() {
        let (mut timed, _far, _) = connected();
        let began = Instant::now();
        let error = timed.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed()), (io::ErrorKind::TimedOut, SILENCE.write));
    }
}
