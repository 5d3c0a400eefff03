//! Notifications as a stream, for who wants no orchestration.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::Stream;
use graph_calls_core::model::{AppId, Notification, TenantId};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::{Arrival, Intake, IntakeError, Taken};
use crate::token::Verified;

/// What a sender is told to wait when nobody receives any more: whoever takes over may need a moment to start.
const NOBODY_RECEIVES: Duration = Duration::from_secs(5);

/// One authenticated notification.
///
/// Graph reference: [`commsNotification`](https://learn.microsoft.com/graph/api/resources/commsnotification).
#[derive(Debug)]
#[non_exhaustive]
pub struct Received {
    /// The app that it is for: the token's audience.
    pub app: AppId,
    /// The tenant of the token, whose call it is about.
    pub tenant: TenantId,
    /// The first part behind `/c/` of the path it came to, as the call's callback URI had it: at most 64 letters,
    /// digits, `-` and `_`. None where it came to the registered path itself, as those of incoming calls do.
    pub call_ref: Option<String>,
    /// The second part behind `/c/`.
    pub attempt: Option<String>,
    /// `X-Microsoft-Skype-Message-ID`: the same for all of a POST, and for its repeats.
    pub message_id: Option<String>,
    /// When the head of its POST had been read: deadlines such as the 15 seconds of an incoming call count from here.
    pub received: Instant,
    /// What it says. [`Notification::resource`] reads it.
    pub notification: Notification<'static>,
}

/// The receiving end of [`Webhook::stream`](super::Webhook::stream): a [`Stream`] that ends when no webhook is left.
///
/// Dropped, it makes the webhook answer 503. What had been acknowledged and not yet received is then lost: first stop
/// the server, then receive what is left.
pub struct Notifications {
    batches: UnboundedReceiver<Vec<Received>>,
    current: VecDeque<Received>,
    waiting: Arc<AtomicUsize>,
}

impl Notifications {
    /// The next one; none when no webhook is left. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<Received> {
        std::future::poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        loop {
            if let Some(next) = self.current.pop_front() {
                self.waiting.fetch_sub(1, Ordering::AcqRel);
                return Poll::Ready(Some(next));
            }
            match ready!(self.batches.poll_recv(cx)) {
                Some(batch) => self.current = batch.into(),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for Notifications {
    type Item = Received;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Received>> {
        self.poll_recv(cx)
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

/// The other end.
pub(super) struct Channel {
    batches: UnboundedSender<Vec<Received>>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
}

/// The channel is bounded by a count of its own: a POST is taken whole or not at all, and one that is larger than the
/// capacity is taken when nothing waits, since it would never fit otherwise.
pub(super) fn channel(capacity: usize) -> (Channel, Notifications) {
    let (sender, batches) = unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let receiver = Notifications { batches, current: VecDeque::new(), waiting: Arc::clone(&waiting) };
    (Channel { batches: sender, waiting, capacity }, receiver)
}

#[async_trait]
impl Intake for Channel {
    async fn accept(&self, verified: &Verified, arrivals: Vec<Arrival>) -> Result<Taken, IntakeError> {
        // The webhook lets no notification in without a tenant.
        let tenant = verified.tenant.as_ref().ok_or(IntakeError::OtherTenant)?;
        if self.batches.is_closed() {
            return Err(IntakeError::Unavailable { retry_after: NOBODY_RECEIVES });
        }
        let count = arrivals.len();
        let fits = |waiting: usize| {
            let sum = waiting.saturating_add(count);
            (waiting == 0 || sum <= self.capacity).then_some(sum)
        };
        self.waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, fits)
            .map_err(|_| IntakeError::Full)?;
        let batch = arrivals.into_iter().map(|arrival| {
            let (call_ref, attempt) = arrival.callback.map(|path| (path.call_ref, path.attempt)).unzip();
            Received {
                app: verified.app.clone(),
                tenant: tenant.clone(),
                call_ref,
                attempt,
                message_id: arrival.message_id,
                received: arrival.received,
                notification: arrival.notification,
            }
        });
        self.batches.send(batch.collect()).map(|()| Taken::default()).map_err(|_| {
            self.waiting.fetch_sub(count, Ordering::AcqRel);
            IntakeError::Unavailable { retry_after: NOBODY_RECEIVES }
        })
    }
}

#[cfg(test)]
mod tests {
    use graph_calls_core::model::RawJson;

    use super::*;
    use crate::token::test_issuer::{APP, TENANT};

    async fn post(channel: &Channel, items: std::ops::Range<usize>) -> Result<Taken, IntakeError> {
        let verified =
            Verified { app: AppId::new(APP).unwrap(), tenant: Some(TenantId::new(TENANT).unwrap()) };
        let arrival = |item: usize| Arrival {
            callback: None,
            notification: Notification::from_raw(RawJson::from_string(item.to_string()).unwrap()),
            received: Instant::now(),
            message_id: None,
        };
        channel.accept(&verified, items.map(arrival).collect()).await
    }

    #[tokio::test]
    async fn a_post_is_taken_whole_or_not_at_all() {
        let (channel, mut notifications) = channel(3);
        post(&channel, 0..2).await.unwrap();
        assert_eq!(post(&channel, 2..4).await, Err(IntakeError::Full));
        post(&channel, 2..3).await.unwrap();
        assert_eq!((notifications.waiting(), post(&channel, 3..4).await), (3, Err(IntakeError::Full)));
        for item in 0..3 {
            let received = notifications.recv().await.unwrap();
            assert_eq!(received.notification.raw().as_str(), item.to_string());
        }
        // Larger than the capacity: taken when nothing waits, and only then.
        post(&channel, 0..5).await.unwrap();
        assert_eq!(post(&channel, 0..5).await, Err(IntakeError::Full));
        assert_eq!(notifications.waiting(), 5);
    }

    #[tokio::test]
    async fn without_a_receiver_nothing_is_acknowledged_and_without_a_webhook_nothing_comes() {
        let (sending, notifications) = channel(3);
        post(&sending, 0..3).await.unwrap();
        drop(notifications);
        for _ in 0..5 {
            let error = post(&sending, 0..2).await.unwrap_err();
            assert_eq!(error, IntakeError::Unavailable { retry_after: NOBODY_RECEIVES });
        }
        let (sending, mut notifications) = channel(3);
        post(&sending, 0..1).await.unwrap();
        drop(sending);
        assert!(notifications.recv().await.is_some());
        assert!(notifications.recv().await.is_none());
    }
}
