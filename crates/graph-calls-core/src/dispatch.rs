//! A request on its way through the whole stack.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::Service;

use crate::{BoxError, TransportError, builder::Stack};

type Answered = Result<http::Response<Bytes>, BoxError>;

/// Sends it through the layers. The one box is theirs all together: it keeps their types out of the futures of whoever
/// sends, and has them compiled once and not with every kind of request.
pub(crate) fn dispatch(
    stack: Stack,
    request: http::Request<Bytes>,
    expires: Instant,
) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
    Box::pin(Dispatch { state: State::Waiting { stack, request: Some(request), end: None }, expires })
}

pin_project! {
    struct Dispatch {
        #[pin]
        state: State,
        expires: Instant,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State {
        // A transport that is not ready must not hold a request past its deadline; one that is costs no timer.
        Waiting { stack: Stack, request: Option<http::Request<Bytes>>, end: Option<Pin<Box<Sleep>>> },
        Sent { #[pin] answering: <Stack as Service<http::Request<Bytes>>>::Future },
    }
}

impl Future for Dispatch {
    type Output = Answered;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let mut this = self.project();
        loop {
            let answering = match this.state.as_mut().project() {
                StateProjection::Sent { answering } => return answering.poll(cx),
                StateProjection::Waiting { stack, request, end } => {
                    let is_ready = Service::<http::Request<Bytes>>::poll_ready(stack, cx)?;
                    if is_ready.is_pending() {
                        let end = end.get_or_insert_with(|| Box::pin(sleep_until(*this.expires)));
                        ready!(end.as_mut().poll(cx));
                        return Poll::Ready(Err(TransportError::timed_out(false).into()));
                    }
                    match request.take() {
                        Some(request) => stack.call(request),
                        None => return Poll::Pending,
                    }
                }
            };
            this.state.set(State::Sent { answering });
        }
    }
}
