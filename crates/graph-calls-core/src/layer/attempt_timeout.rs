//! How long one attempt may take.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::{Either, Ready, ready};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{Layer, Service};

use super::deadline::after;
use crate::{BoxError, Repeat, RequestInfo, TransportError, info::HandOver};

/// Bounds every attempt with an [`AttemptTimeout`].
#[derive(Debug, Clone, Copy)]
pub struct AttemptTimeoutLayer {
    limit: Duration,
}

impl AttemptTimeoutLayer {
    /// An attempt takes at most this long.
    pub fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;
    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, limit: self.limit }
    }
}

/// Ends an attempt at its limit or at the request's deadline.
///
/// Whether the transport had handed the request over by then decides how sure the failure is.
#[derive(Debug, Clone)]
pub struct AttemptTimeout<S> {
    inner: S,
    limit: Duration,
}

impl<S, B> Service<http::Request<B>> for AttemptTimeout<S>
where
    S: Service<http::Request<B>, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Either<AttemptTimeoutFuture<S::Future>, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let info = request.extensions_mut().get_mut::<RequestInfo>();
        let now = Instant::now();
        let ends = ends_at(now, self.limit, info.as_deref());
        if ends <= now {
            return Either::Right(ready(Err(TransportError::timed_out(false).into())));
        }
        let handed_over = info.map(|info| {
            info.attempt_ends = Some(ends);
            info.hand_over_flag()
        });
        Either::Left(AttemptTimeoutFuture { inner: self.inner.call(request), sleep: None, ends, handed_over })
    }
}

/// A request that is only good while a call rings gets a third of what is left, so that a lost one can be repeated
/// twice before the ringing ends.
fn ends_at(now: Instant, limit: Duration, info: Option<&RequestInfo>) -> Instant {
    let ends = after(now, limit);
    match info.and_then(|info| info.expires.map(|expires| (info.repeat, expires))) {
        Some((Repeat::WhileIncoming, expires)) => ends.min(now + expires.saturating_duration_since(now) / 3),
        Some((_, expires)) => ends.min(expires),
        None => ends,
    }
}

pin_project! {
    /// An attempt with an end.
    #[derive(Debug)]
    pub struct AttemptTimeoutFuture<F> {
        #[pin]
        inner: F,
        // An attempt that never waits needs no timer.
        #[pin]
        sleep: Option<Sleep>,
        ends: Instant,
        handed_over: Option<HandOver>,
    }
}

impl<F, R> Future for AttemptTimeoutFuture<F>
where
    F: Future<Output = Result<R, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(answered) = this.inner.poll(cx) {
            return Poll::Ready(answered);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(sleep_until(*this.ends)));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => {
                let handed_over = this.handed_over.as_ref().is_none_or(HandOver::has_happened);
                Poll::Ready(Err(TransportError::timed_out(handed_over).into()))
            }
            _ => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, Certainty};

    fn expiring(repeat: Repeat, expires: Instant) -> RequestInfo {
        let mut info = RequestInfo::new("test", repeat, ApiVersion::Any);
        info.expires = Some(expires);
        info
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_ends_at_its_limit_at_the_deadline_or_after_a_third_of_the_ringing() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let limit = seconds(10);
        let late = expiring(Repeat::Always, now + seconds(30));
        assert_eq!(ends_at(now, limit, Some(&late)), now + seconds(10));
        let soon = expiring(Repeat::Always, now + seconds(4));
        assert_eq!(ends_at(now, limit, Some(&soon)), now + seconds(4));
        let ringing = expiring(Repeat::WhileIncoming, now + seconds(12));
        assert_eq!(ends_at(now, limit, Some(&ringing)), now + seconds(4));
    }

    #[tokio::test(start_paused = true)]
    async fn the_flag_of_the_transport_decides_how_sure_a_time_out_is() {
        for (hands_over, certainty) in [(false, Certainty::Unsent), (true, Certainty::Unknown)] {
            let silent = tower::service_fn(move |request: http::Request<()>| async move {
                if hands_over {
                    crate::transport::info(&request).unwrap().hand_over();
                }
                std::future::pending::<Result<(), BoxError>>().await
            });
            let mut service = AttemptTimeoutLayer::new(Duration::from_secs(10)).layer(silent);
            let mut request = http::Request::new(());
            let info = expiring(Repeat::Always, Instant::now() + Duration::from_secs(30));
            request.extensions_mut().insert(info);
            let before = Instant::now();
            let error = service.call(request).await.unwrap_err();
            assert_eq!(crate::transport::certainty_of(&error), certainty);
            assert_eq!(before.elapsed(), Duration::from_secs(10));
        }
    }
}
