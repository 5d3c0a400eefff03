//! People who call, press keys and hang up, and somebody who has the bot call out.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use graph_calls_bot::{
    CallRef,
    model::{AppId, CallId, TenantId},
};
use graph_calls_emulator::{ControlError, Dialect, Emulator, IncomingCall};
use tokio::time::{Instant, sleep};

use super::{bot::UNWANTED, process::Bots};

/// Who calls.
const CALLER: &str = "b0000000-0000-4000-8000-000000000007";
/// How long a call is waited for that the bot should end. A command in doubt takes 32 s to be told.
const PATIENCE: Duration = Duration::from_secs(80);
/// A caller presses the same key once more.
const IMPATIENCE: Duration = Duration::from_secs(2);
/// Some things the bot cannot do in some calls: then the caller hangs up.
const ENOUGH: Duration = Duration::from_secs(6);

/// What was asked of the bot besides by notifications.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The keys of calls that were to be placed, and those of the mailboxes that they were told to have.
    pub(super) dials: Vec<(String, CallRef)>,
    /// How often that was asked again after it had been answered.
    pub(super) again: u64,
    /// Messages: to whom, what, and whether it was acknowledged.
    pub(super) messages: Vec<(CallRef, String, bool)>,
    /// What was answered otherwise than it should.
    pub(super) wrong: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Callers {
    pub(super) emulator: Arc<Emulator>,
    pub(super) bots: Arc<Bots>,
    pub(super) app: AppId,
    pub(super) tenant: TenantId,
    asked: Mutex<Asked>,
    closing: AtomicBool,
}

impl Callers {
    pub(super) fn new(emulator: Arc<Emulator>, bots: Arc<Bots>, app: AppId, tenant: TenantId) -> Arc<Self> {
        Arc::new(Self {
            emulator,
            bots,
            app,
            tenant,
            asked: Mutex::default(),
            closing: AtomicBool::new(false),
        })
    }

    pub(super) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody begins another call.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// One call after the other.
    pub(super) async fn go_on(self: Arc<Self>, slot: u64, seed: u64) {
        let mut random = Rng::with_seed(seed ^ slot.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for number in 0_u64.. {
            if self.closing.load(Ordering::Relaxed) {
                return;
            }
            if random.u8(..4) == 0 {
                self.have_called(&format!("{slot}-{number}"), &mut random).await;
            } else {
                // One whose call could not be made tries again.
                let _ = self.call(slot, number, &mut random).await;
            }
            pause(20, 200, &mut random).await;
        }
    }

    /// Has the bot call somebody, by key; more than once for some.
    async fn have_called(&self, key: &str, random: &mut Rng) {
        for time in 0..=u64::from(random.u8(..3) == 0) {
            let answer = self.bots.ask(&format!("dial {key}")).await;
            let Ok(call) = answer.parse() else {
                self.asked().wrong.push(format!("dial {key}: {answer}"));
                return;
            };
            let mut asked = self.asked();
            asked.again += time;
            asked.dials.push((key.to_owned(), call));
        }
        pause(200, 1_000, random).await;
    }

    async fn call(&self, slot: u64, number: u64, random: &mut Rng) -> Result<(), ControlError> {
        let unwanted = random.u8(..8) == 0;
        let dialect = Dialect::ALL.get(random.usize(..Dialect::ALL.len())).copied().unwrap_or_default();
        let from = if unwanted { UNWANTED } else { CALLER };
        let call = self.emulator.incoming(IncomingCall::from_user(from).dialect(dialect)).await?;
        if unwanted {
            return Ok(());
        }
        let Ok(id) = CallId::new(call.clone()) else { return Ok(()) };
        let mailbox = CallRef::of_incoming(&self.app, &self.tenant, &id);
        for step in 0..random.u64(3..8) {
            pause(30, 300, random).await;
            match random.u8(..6) {
                0 => self.tell(mailbox, &format!("{slot}-{number}-{step}")).await,
                1 => self.press(&call, "1").await?,
                _ => self.press(&call, "5").await?,
            }
        }
        let last = random.u8(..4);
        let until = match last {
            0 => return self.emulator.hang_up(&call).await,
            // Put through: only a call of two can be.
            1 => Instant::now() + ENOUGH,
            _ => Instant::now() + PATIENCE,
        };
        let key = ["", "2", "3", "9"].get(usize::from(last)).copied().unwrap_or_default();
        while Instant::now() < until {
            self.press(&call, key).await?;
            sleep(IMPATIENCE).await;
        }
        self.emulator.hang_up(&call).await
    }

    /// Presses a key, once there is somebody to hear it.
    async fn press(&self, call: &str, key: &str) -> Result<(), ControlError> {
        match self.emulator.press(call, key).await {
            Err(ControlError::NotEstablished(_)) => Ok(()),
            other => other,
        }
    }

    /// Tells a call something until that is acknowledged. Each time it says something else: it is not the store's to know
    /// that it is meant to be the same.
    async fn tell(&self, call: CallRef, text: &str) {
        for time in 0.. {
            let text = format!("{text}.{time}");
            let answer = self.bots.ask_once(&format!("tell {call} {text}")).await;
            self.asked().messages.push((call, text, answer.as_deref() == Some("true")));
            // A call of which no notification has come yet is told nothing.
            if matches!(answer.as_deref(), Some("true" | "false")) {
                return;
            }
        }
    }
}

async fn pause(from: u64, to: u64, random: &mut Rng) {
    sleep(Duration::from_millis(random.u64(from..to))).await;
}
