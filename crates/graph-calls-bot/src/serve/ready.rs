//! What a bot must have at hand before it is sent work.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use graph_calls_core::{AccessToken, Client};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::TokenCheck;

/// How long a part may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a part is asked that is ready, and one that is not.
const WHILE_READY: Duration = Duration::from_secs(10);
const WHILE_NOT: Duration = Duration::from_secs(1);

/// A part without which a bot is of no use. A closure that gives a future is one.
#[async_trait]
pub(crate) trait Part: Send + Sync + 'static {
    /// Whether it is ready; if not, why, in words that anybody may read: no secret, no address.
    async fn ready(&self) -> Result<(), String>;
}

#[async_trait]
impl<F, R> Part for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), String>> + Send,
{
    async fn ready(&self) -> Result<(), String> {
        self().await
    }
}

/// The parts, each with its name.
///
/// They are asked in the background: who asks for `/readyz` is a stranger and must not make a bot work.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Vec<(&'static str, Arc<dyn Part>)>);

impl Readiness {
    /// With one more part.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, part: impl Part) -> Self {
        self.0.push((name, Arc::new(part)));
        self
    }

    /// With the keys that callbacks are checked with.
    #[must_use]
    pub(crate) fn with_keys(self, check: TokenCheck) -> Self {
        self.with("keys", move || {
            let check = check.clone();
            async move { check.warm_up().await.map_err(|refusal| refusal.reason().as_str().to_owned()) }
        })
    }

    /// Begins to ask. It ends when the answers are dropped.
    pub(super) fn watch(self) -> Parts {
        let states = self.0.iter().map(|(name, _)| (*name, Err("not asked yet".to_owned()))).collect();
        let states = Arc::new(Mutex::new(states));
        let mut asking = JoinSet::new();
        for (at, (name, part)) in self.0.into_iter().enumerate() {
            asking.spawn(ask(at, name, part, Arc::clone(&states)));
        }
        Parts { states, _asking: asking }
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

type States = Vec<(&'static str, Result<(), String>)>;

/// What the parts said last.
pub(super) struct Parts {
    states: Arc<Mutex<States>>,
    _asking: JoinSet<()>,
}

impl Parts {
    pub(super) fn states(&self) -> States {
        lock(&self.states).clone()
    }
}

async fn ask(at: usize, name: &'static str, part: Arc<dyn Part>, states: Arc<Mutex<States>>) {
    loop {
        let asked = timeout(PATIENCE, part.ready()).await;
        let said = asked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        let pause = if said.is_ok() { WHILE_READY } else { WHILE_NOT };
        if let Some((_, state)) = lock(&states).get_mut(at)
            && *state != said
        {
            match &said {
                Ok(()) => tracing::info!(part = name, "ready"),
                Err(why) => tracing::warn!(part = name, why, "not ready"),
            }
            *state = said;
        }
        sleep(pause).await;
    }
}

/// The token for Graph, and since when it is this one.
#[derive(Clone)]
pub(crate) struct Token(Arc<Inner>);

struct Inner {
    client: Client,
    seen: Mutex<Option<(AccessToken, Instant)>>,
}

impl Token {
    pub(crate) fn of(client: Client) -> Self {
        Self(Arc::new(Inner { client, seen: Mutex::default() }))
    }

    /// Since a token was first seen that is still the one; none while there is none.
    pub(crate) fn age(&self) -> Option<Duration> {
        lock(&self.0.seen).as_ref().map(|(_, since)| since.elapsed())
    }
}

#[async_trait]
impl Part for Token {
    async fn ready(&self) -> Result<(), String> {
        match self.0.client.token().await {
            Ok(token) => {
                let mut seen = lock(&self.0.seen);
                if seen.as_ref().is_none_or(|(known, _)| *known != token) {
                    *seen = Some((token, Instant::now()));
                }
                Ok(())
            }
            Err(error) => {
                // What the login said may name the tenant and the app: it is for the log.
                tracing::debug!(%error, "no token for Graph");
                *lock(&self.0.seen) = None;
                Err("no token for Graph can be had: the log tells more".to_owned())
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_is_asked_again_until_it_is_ready_and_ever_after() {
        let well = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&well);
        let store = move || {
            let well = asked.load(Ordering::Relaxed);
            async move { if well { Ok(()) } else { Err("down".to_owned()) } }
        };
        let parts = Readiness::default()
            .with("store", store)
            .with("silent", std::future::pending::<Result<(), String>>)
            .watch();
        assert_eq!(parts.states()[0], ("store", Err("not asked yet".to_owned())));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(parts.states()[0], ("store", Err("down".to_owned())));
        well.store(true, Ordering::Relaxed);
        sleep(WHILE_NOT).await;
        assert_eq!(parts.states()[0], ("store", Ok(())));
        well.store(false, Ordering::Relaxed);
        sleep(WHILE_READY).await;
        assert_eq!(parts.states()[0], ("store", Err("down".to_owned())));
        assert_eq!(parts.states()[1], ("silent", Err("no answer within 5 s".to_owned())));
    }
}
