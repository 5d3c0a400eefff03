//! Random steps of three instances, against a store so simple that it is right.

use std::collections::BTreeMap;

use super::*;

const STEPS: usize = 400;
const MAILBOXES: u128 = 4;
const QUEUE: usize = 6;

/// One of the model's mailboxes. What is kept of an item is its text.
#[derive(Debug, Default)]
struct Mailbox {
    next: u64,
    inbox: Vec<(u64, ItemKind, String)>,
    seen: Vec<String>,
    dead: Vec<(u64, ItemKind, String)>,
    state: Option<String>,
    phase: Phase,
    /// Whether its wake time has come.
    awake: bool,
    /// The newest claim and who has it, unless it was given back.
    claim: Option<(InstanceId, u64)>,
    /// Whether nobody may take that claim over.
    is_leased: bool,
    has_committed: bool,
    failures: u32,
}

impl Mailbox {
    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over { .. })
    }

    fn has_work(&self) -> bool {
        !self.is_leased
            && !self.is_over()
            && (self.awake || (self.phase == Phase::Live && !self.inbox.is_empty()))
    }

    fn is_free_for(&self, by: &InstanceId) -> bool {
        let holder = self.claim.as_ref().filter(|_| self.is_leased);
        !self.is_over() && holder.is_none_or(|(owner, _)| owner == by)
    }

    fn holds(&self, claim: ClaimRef) -> bool {
        self.claim.as_ref().is_some_and(|(_, epoch)| *epoch == claim.epoch)
    }
}

/// Does random things to a fresh store and to a model of it, and compares them after each step. The same seed does the
/// same things.
pub async fn model<S: Subject>(subject: &S, seed: u64) {
    let mut run = Run {
        subject,
        store: subject.fresh().await,
        random: fastrand::Rng::with_seed(seed),
        instances: ["one", "two", "three"].map(InstanceId::from),
        mailboxes: BTreeMap::new(),
        claims: Vec::new(),
        epoch: 0,
        texts: 0,
        at: String::new(),
    };
    for step in 0..STEPS {
        run.at = format!("seed {seed}, step {step}");
        match run.random.u8(..100) {
            0..35 => run.accept().await,
            35..50 => run.claim_one().await,
            50..60 => run.claim_any().await,
            60..85 => run.commit().await,
            85..89 => run.renew().await,
            89..94 => run.release().await,
            94..98 => run.expire().await,
            _ => run.look().await,
        }
    }
    run.look().await;
}

struct Run<'a, S: Subject> {
    subject: &'a S,
    store: S::Store,
    random: fastrand::Rng,
    instances: [InstanceId; 3],
    mailboxes: BTreeMap<CallRef, Mailbox>,
    /// All there ever were, as their owners remember them, with the largest number they know.
    claims: Vec<(ClaimRef, u64)>,
    epoch: u64,
    texts: usize,
    at: String,
}

impl<S: Subject> Run<'_, S> {
    fn key(&mut self) -> CallRef {
        key(self.random.u128(0..MAILBOXES))
    }

    /// Mostly a claim that may be good.
    fn any_claim(&mut self) -> Option<usize> {
        let newest = self.claims.len().checked_sub(1)?;
        let oldest = if self.random.u8(..10) == 0 { 0 } else { newest.saturating_sub(6) };
        Some(self.random.usize(oldest..=newest))
    }

    async fn accept(&mut self) {
        let mut batch = Vec::new();
        for _ in 0..self.random.usize(1..5) {
            let key = self.key();
            let kind = match self.random.u8(..10) {
                0 => ItemKind::Begin,
                1 => ItemKind::Outcome,
                2 => ItemKind::Message,
                _ => ItemKind::Notification,
            };
            self.texts += 1;
            let mut text = self.texts.to_string();
            let dedup = self.random.bool();
            let seen = self.mailboxes.get(&key).map_or(&[][..], |mailbox| &mailbox.seen);
            if dedup && self.random.u8(..4) == 0 && !seen.is_empty() {
                text.clone_from(&seen[self.random.usize(..seen.len())]);
            }
            let dedup = dedup.then(|| DedupKey::of(&[text.as_bytes()]));
            batch.push(Arrival { key, tenant: tenant(), dedup, item: Item::new(kind, text) });
        }
        let mut fits = BTreeMap::new();
        let mut expected = Vec::new();
        for (at, arrival) in batch.iter().enumerate() {
            let text = String::from_utf8(arrival.item.data().to_vec()).unwrap();
            let kind = arrival.item.kind();
            if kind.opens() {
                self.mailboxes.entry(arrival.key).or_default();
            }
            let Some(mailbox) = self.mailboxes.get_mut(&arrival.key) else {
                expected.push(Accepted::Ended);
                continue;
            };
            let is_new = |arrival: &Arrival, behind: &[Arrival], mailbox: &Mailbox| {
                let text = String::from_utf8(arrival.item.data().to_vec()).unwrap();
                arrival.dedup.is_none()
                    || !(mailbox.seen.contains(&text)
                        || behind
                            .iter()
                            .any(|other| other.key == arrival.key && other.dedup == arrival.dedup))
            };
            let fits = *fits.entry(arrival.key).or_insert_with(|| {
                let waiting = mailbox.inbox.iter().filter(|(_, kind, _)| kind.is_limited()).count();
                let more = (at..batch.len())
                    .filter(|at| batch[*at].key == arrival.key && batch[*at].item.kind().is_limited())
                    .filter(|at| is_new(&batch[*at], &batch[..*at], mailbox))
                    .count();
                waiting == 0 || waiting + more <= QUEUE
            });
            expected.push(if arrival.dedup.is_some() && mailbox.seen.contains(&text) {
                Accepted::Repeated
            } else if mailbox.is_over() {
                Accepted::Ended
            } else if kind.is_limited() && !fits {
                Accepted::Full
            } else {
                if arrival.dedup.is_some() {
                    mailbox.seen.push(text.clone());
                }
                mailbox.next += 1;
                mailbox.inbox.push((mailbox.next, kind, text));
                Accepted::New
            });
        }
        let answers = self.store.accept(batch, QUEUE).await.unwrap();
        assert_eq!(answers, expected, "{}", self.at);
    }

    async fn claim_one(&mut self) {
        let (key, by) = (self.key(), self.random.usize(..3));
        let by = self.instances[by].clone();
        let is_free = self.mailboxes.get(&key).is_some_and(|mailbox| mailbox.is_free_for(&by));
        let claims = self.store.claim(&by, Want::This(key), long(self.subject)).await.unwrap();
        assert_eq!(claims.len(), usize::from(is_free), "{}", self.at);
        for claim in claims {
            self.claimed(&by, &claim);
        }
    }

    async fn claim_any(&mut self) {
        let (most, by) = (self.random.usize(..4), self.random.usize(..3));
        let by = self.instances[by].clone();
        let with_work = self.mailboxes.values().filter(|mailbox| mailbox.has_work()).count();
        let claims = self.store.claim(&by, Want::Any(most), long(self.subject)).await.unwrap();
        assert_eq!(claims.len(), with_work.min(most), "{}", self.at);
        for claim in claims {
            assert!(self.mailboxes[&claim.this.key].has_work(), "{}", self.at);
            self.claimed(&by, &claim);
        }
    }

    /// Compares a new claim with the model: nothing is missing, nothing is there twice, and nobody else has it.
    fn claimed(&mut self, by: &InstanceId, claim: &Claim) {
        let at = &self.at;
        let mailbox = self.mailboxes.get_mut(&claim.this.key).unwrap();
        assert!(claim.this.epoch > self.epoch, "{at}");
        self.epoch = claim.this.epoch;
        if mailbox.claim.is_some() && !mailbox.is_leased && !mailbox.has_committed {
            mailbox.failures += 1;
        }
        let state = claim.state.as_ref().map(|state| String::from_utf8(state.to_vec()).unwrap());
        assert_eq!((&claim.tenant, &state), (&tenant(), &mailbox.state), "{at}");
        assert_eq!(claim.failures, mailbox.failures, "{at}");
        same_items(&claim.items, &mailbox.inbox, at);
        mailbox.claim = Some((by.clone(), claim.this.epoch));
        mailbox.is_leased = true;
        mailbox.has_committed = false;
        // The numbers are the store's own: from here on the model knows them by theirs.
        mailbox.inbox.iter_mut().zip(&claim.items).for_each(|(item, stored)| item.0 = stored.number);
        mailbox.next = mailbox.next.max(claim.items.last().map_or(0, |stored| stored.number));
        self.claims.push((claim.this, claim.items.last().map_or(0, |stored| stored.number)));
    }

    async fn commit(&mut self) {
        let Some(at) = self.any_claim() else { return };
        let (claim, seen) = self.claims[at];
        let holds = self.mailboxes.get(&claim.key).is_some_and(|mailbox| mailbox.holds(claim));
        let none = Mailbox::default();
        let before = self.mailboxes.get(&claim.key).unwrap_or(&none);
        let random = &mut self.random;
        let known: Vec<_> = before.inbox.iter().filter(|item| item.0 <= seen).cloned().collect();
        let taken: Vec<_> = known.into_iter().filter(|_| random.u8(..3) > 0).collect();
        let dies: Vec<_> = taken.iter().filter(|_| random.u8(..4) == 0).cloned().collect();
        let mut letters: Vec<_> = before.dead.iter().map(|letter| letter.0).collect();
        let mut some = || {
            let mut some = Vec::new();
            letters.retain(|number| {
                let goes = random.u8(..5) == 0;
                some.extend(goes.then_some(*number));
                !goes
            });
            some
        };
        let (undead, requeue) = (some(), some());
        let now = SystemTime::UNIX_EPOCH;
        let awake = random.u8(..4) == 0;
        let is_forgotten = random.bool();
        let phase = match random.u8(..12) {
            0 => Phase::Over {
                forget: if is_forgotten { now } else { now + Duration::from_secs(200 * 365 * 24 * 3_600) },
            },
            1..3 => Phase::Parked,
            _ => Phase::Live,
        };
        let state = self.at.clone();
        let dead = dies.iter().map(|(number, kind, text)| DeadLetter {
            number: *number,
            item: Item::new(*kind, text.clone()),
            why: "the model wants it".to_owned(),
            at: now,
        });
        let change = Change {
            taken: taken.iter().map(|item| item.0).collect(),
            wake: awake.then_some(now),
            phase,
            dead: dead.collect(),
            undead: undead.clone(),
            requeue: requeue.clone(),
            ..change(&state, seen)
        };
        let done = self.store.commit(&claim, change).await;
        if !holds {
            assert!(matches!(done, Err(crate::store::StoreError::Fenced)), "{}: {done:?}", self.at);
            return;
        }
        let arrived = done.unwrap();
        let mailbox = self.mailboxes.get_mut(&claim.key).unwrap();
        mailbox.inbox.retain(|item| !taken.contains(item));
        mailbox.dead.retain(|letter| !undead.contains(&letter.0));
        for number in requeue {
            let at = mailbox.dead.iter().position(|letter| letter.0 == number).unwrap();
            let (_, kind, text) = mailbox.dead.remove(at);
            mailbox.next += 1;
            mailbox.inbox.push((mailbox.next, kind, text));
        }
        mailbox.dead.extend(dies);
        mailbox.dead.sort_by_key(|letter| letter.0);
        mailbox.state = Some(state);
        mailbox.phase = phase;
        mailbox.awake = awake;
        mailbox.failures = 0;
        mailbox.has_committed = true;
        let unseen = mailbox.inbox.iter_mut().filter(|item| item.0 > seen);
        let unseen: Vec<_> = unseen
            .zip(arrived.iter().map(Some).chain(std::iter::repeat(None)))
            .map(|(item, stored)| {
                item.0 = stored.map_or(item.0, |stored| stored.number);
                item.clone()
            })
            .collect();
        same_items(&arrived, &unseen, &self.at);
        if let Some(last) = arrived.last() {
            mailbox.next = mailbox.next.max(last.number);
            self.claims[at].1 = last.number;
        }
        if mailbox.is_over() {
            mailbox.inbox.clear();
            mailbox.state = None;
            mailbox.claim = None;
            mailbox.is_leased = false;
            if is_forgotten {
                self.mailboxes.remove(&claim.key);
            }
        }
    }

    async fn renew(&mut self) {
        let some: Vec<_> = (0..3).filter_map(|_| self.any_claim()).collect();
        let claims: Vec<_> = some.into_iter().map(|at| self.claims[at].0).collect();
        let renewed = self.store.renew(&claims, long(self.subject)).await.unwrap();
        let (mut lost, mut waiting) = (Vec::new(), Vec::new());
        for claim in claims {
            match self.mailboxes.get_mut(&claim.key).filter(|mailbox| mailbox.holds(claim)) {
                Some(mailbox) => {
                    mailbox.is_leased = true;
                    if !mailbox.inbox.is_empty() {
                        waiting.push(claim.key);
                    }
                }
                None => lost.push(claim.key),
            }
        }
        assert_eq!((renewed.lost, renewed.waiting), (lost, waiting), "{}", self.at);
    }

    async fn release(&mut self) {
        let Some(at) = self.any_claim() else { return };
        let claim = self.claims[at].0;
        self.store.release(&[claim]).await.unwrap();
        if let Some(mailbox) = self.mailboxes.get_mut(&claim.key).filter(|mailbox| mailbox.holds(claim)) {
            mailbox.claim = None;
            mailbox.is_leased = false;
        }
    }

    /// Somebody does not renew in time.
    async fn expire(&mut self) {
        let Some(at) = self.any_claim() else { return };
        let claim = self.claims[at].0;
        self.store.renew(&[claim], self.subject.lease()).await.unwrap();
        pass(self.subject).await;
        if let Some(mailbox) = self.mailboxes.get_mut(&claim.key).filter(|mailbox| mailbox.holds(claim)) {
            mailbox.is_leased = false;
        }
    }

    async fn look(&mut self) {
        let entries = self.store.browse(&Browse { over: true, ..Browse::default() }).await.unwrap();
        let at = &self.at;
        assert_eq!(entries.len(), self.mailboxes.len(), "{at}");
        for (entry, (key, mailbox)) in entries.iter().zip(&self.mailboxes) {
            assert_eq!(
                (entry.key, entry.phase, entry.inbox),
                (*key, mailbox.phase, mailbox.inbox.len()),
                "{at}"
            );
            let dead = entry.dead.iter().map(|letter| (letter.number, letter.item.data().as_ref()));
            let expected = mailbox.dead.iter().map(|(number, _, text)| (*number, text.as_bytes()));
            assert!(dead.eq(expected), "{at}: {entry:?}, {mailbox:?}");
            let owner = entry.owner.as_ref().map(|(owner, _)| owner);
            assert_eq!(owner, mailbox.claim.as_ref().map(|(owner, _)| owner), "{at}");
        }
        let counts = self.store.check().await.unwrap();
        let sum = |of: fn(&Mailbox) -> usize| self.mailboxes.values().map(of).sum::<usize>() as u64;
        assert_eq!(counts.calls, sum(|mailbox| usize::from(!mailbox.is_over())), "{at}");
        assert_eq!(counts.parked, sum(|mailbox| usize::from(mailbox.phase == Phase::Parked)), "{at}");
        assert_eq!(counts.dead, sum(|mailbox| mailbox.dead.len()), "{at}");
    }
}

fn same_items(items: &[Stored], expected: &[(u64, ItemKind, String)], at: &str) {
    assert!(items.is_sorted_by(|a, b| a.number < b.number), "{at}: {items:?}");
    let found: Vec<_> =
        items.iter().map(|stored| (stored.item.kind(), stored.item.data().as_ref())).collect();
    let expected: Vec<_> = expected.iter().map(|(_, kind, text)| (*kind, text.as_bytes())).collect();
    assert_eq!(found, expected, "{at}");
}
