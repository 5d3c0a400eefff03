use std::sync::{Arc, Mutex};

use futures_util::future::join_all;

use super::*;
use crate::store::Renewed;

/// What one instance holds, no other gets.
pub async fn a_claim_is_for_one_at_a_time<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert!(claim(&store, &two(), 1, long(subject)).await.is_none());
    assert!(claim_any(&store, &two(), 9, long(subject)).await.is_empty());
    assert!(claim_any(&store, &one(), 9, long(subject)).await.is_empty());
    assert!(claim(&store, &one(), 2, long(subject)).await.is_none());
    // Whoever dropped a claim of its own need not wait for the lease.
    let again = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert!(again.this.epoch > first.this.epoch);
    assert_eq!(again.failures, 0);
    assert_eq!(again.items, first.items);
    assert!(is_fenced(&store, first.this).await);
    assert!(!is_fenced(&store, again.this).await);
}

/// Of many that claim at the same time, one gets the mailbox.
pub async fn one_of_many_gets_a_claim<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, (0..20).map(|mailbox| note(mailbox, "a")).collect()).await;
    let instances: Vec<_> = (0..8).map(|_| InstanceId::random()).collect();
    let claims = join_all(instances.iter().map(|by| store.claim(by, Want::Any(20), long(subject)))).await;
    let mut keys: Vec<_> = claims.iter().flatten().flatten().map(|claim| claim.this.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, (0..20).map(key).collect::<Vec<_>>());
    put(&store, vec![note(50, "a")]).await;
    let claims =
        join_all(instances.iter().map(|by| store.claim(by, Want::This(key(50)), long(subject)))).await;
    assert_eq!(claims.iter().flatten().flatten().count(), 1);
}

/// Several at once accept, claim and commit: each item is handled once, in its order.
pub async fn many_together_handle_each_item_once<S: Subject>(subject: &S) {
    const ITEMS: usize = 60;
    let store = Arc::new(subject.fresh().await);
    let handled = Arc::new(Mutex::new(Vec::new()));
    let accepting = (0..3).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in (task..ITEMS).step_by(3) {
                put(&*store, vec![note((number % 6) as u128, &number.to_string())]).await;
            }
        })
    });
    let accepting: Vec<_> = accepting.collect();
    let (lease, nap) = (long(subject), subject.lease() / 8);
    let handling = (0..4).map(|_| {
        let (store, handled) = (store.clone(), handled.clone());
        tokio::spawn(async move {
            let by = InstanceId::random();
            while handled.lock().unwrap().len() < ITEMS {
                for mut claim in store.claim(&by, Want::Any(2), lease).await.unwrap() {
                    while !claim.items.is_empty() {
                        let arrived = store.commit(&claim.this, all_taken(&claim)).await.unwrap();
                        let done = claim.items.iter().map(|stored| (claim.this.key, stored.clone()));
                        handled.lock().unwrap().extend(done);
                        claim.items = arrived;
                    }
                    store.release(&[claim.this]).await.unwrap();
                }
                store.work(nap).await;
            }
        })
    });
    let handling: Vec<_> = handling.collect();
    for task in accepting.into_iter().chain(handling) {
        task.await.unwrap();
    }
    let handled = handled.lock().unwrap();
    assert_eq!(handled.len(), ITEMS);
    for mailbox in 0..6 {
        let of_one: Vec<_> =
            handled.iter().filter(|(of, _)| *of == key(mailbox)).map(|(_, stored)| stored).collect();
        assert_eq!(of_one.len(), ITEMS / 6);
        assert!(of_one.is_sorted_by(|a, b| a.number < b.number), "{of_one:?}");
    }
}

/// Anybody gets mailboxes with something in the inbox, at most so many; a certain one can be claimed without.
pub async fn only_mailboxes_with_work_are_claimed_by_anybody<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, (1..=5).map(|mailbox| note(mailbox, "a")).collect()).await;
    let idle = claim(&store, &one(), 1, long(subject)).await.unwrap();
    store.commit(&idle.this, all_taken(&idle)).await.unwrap();
    store.release(&[idle.this]).await.unwrap();
    assert!(claim_any(&store, &two(), 0, long(subject)).await.is_empty());
    let mut got = claim_any(&store, &two(), 3, long(subject)).await;
    assert_eq!(got.len(), 3);
    got.extend(claim_any(&store, &two(), 3, long(subject)).await);
    got.sort_unstable();
    assert_eq!(got, [2, 3, 4, 5].map(key));
    assert!(claim_any(&store, &two(), 3, long(subject)).await.is_empty());
    let idle = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert!(idle.items.is_empty());
    assert_eq!(idle.state.as_deref(), Some(&b"taken"[..]));
}

/// After its lease a mailbox is another's, by a larger epoch.
pub async fn a_lease_that_ended_lets_others_take_over<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(2, "b")]).await;
    let died = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    let idle = claim(&store, &one(), 2, subject.lease()).await.unwrap();
    store.commit(&idle.this, all_taken(&idle)).await.unwrap();
    pass(subject).await;
    let claims = store.claim(&two(), Want::Any(9), long(subject)).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].this.key, key(1));
    assert!(claims[0].this.epoch > died.this.epoch);
    assert!(claims[0].now >= died.now + subject.lease());
    assert_eq!(claims[0].items, died.items);
    let idle_again = claim(&store, &two(), 2, long(subject)).await.unwrap();
    assert!(idle_again.this.epoch > idle.this.epoch);
    assert!(is_fenced(&store, died.this).await && is_fenced(&store, idle.this).await);
}

/// What is given back can be claimed at once, and its claim is worth nothing any more.
pub async fn a_claim_given_back_is_free_at_once<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    store.release(&[first.this]).await.unwrap();
    assert!(is_fenced(&store, first.this).await);
    assert_eq!(store.renew(&[first.this], long(subject)).await.unwrap().lost, [key(1)]);
    let second = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert!(second.this.epoch > first.this.epoch);
    assert_eq!(second.failures, 0);
    // Giving back once more, or what is not there, takes nothing from the new owner.
    let nowhere = ClaimRef { key: key(9), epoch: 1 };
    store.release(&[first.this, nowhere]).await.unwrap();
    assert!(claim(&store, &one(), 1, long(subject)).await.is_none());
    assert!(!is_fenced(&store, second.this).await);
    assert!(is_fenced(&store, nowhere).await);
}

/// Claims that ended by their lease, and without a commit, are counted until one commits.
pub async fn claims_that_end_without_a_commit_are_counted<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    for failures in 0..3 {
        let died = claim(&store, &one(), 1, subject.lease()).await.unwrap();
        assert_eq!(died.failures, failures);
        pass(subject).await;
    }
    // A claim that is given back neither counts nor starts over.
    let back = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert_eq!(back.failures, 3);
    store.release(&[back.this]).await.unwrap();
    let good = claim(&store, &two(), 1, subject.lease()).await.unwrap();
    assert_eq!(good.failures, 3);
    store.commit(&good.this, change("better", 0)).await.unwrap();
    pass(subject).await;
    let next = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    assert_eq!(next.failures, 0);
    pass(subject).await;
    assert_eq!(claim(&store, &two(), 1, long(subject)).await.unwrap().failures, 1);
}

/// A lease that ended may be renewed, and its claim may commit, as long as nobody else has claimed.
pub async fn a_late_renewal_is_good_while_nobody_else_claims<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(2, "b")]).await;
    let first = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    let second = claim(&store, &one(), 2, subject.lease()).await.unwrap();
    pass(subject).await;
    assert!(!is_fenced(&store, first.this).await);
    assert!(store.renew(&[first.this], long(subject)).await.unwrap().lost.is_empty());
    assert_eq!(claim_any(&store, &two(), 9, long(subject)).await, [key(2)]);
    assert!(claim(&store, &two(), 1, long(subject)).await.is_none());
    let renewed = store.renew(&[first.this, second.this], long(subject)).await.unwrap();
    assert_eq!(renewed.lost, [key(2)]);
    // Renewed in time, a lease goes on.
    let third = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    store.renew(&[third.this], long(subject)).await.unwrap();
    pass(subject).await;
    assert!(claim(&store, &two(), 1, long(subject)).await.is_none());
}

/// Renewing says what is lost and where something waits.
pub async fn renewal_says_where_something_waits<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(2, "b")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let second = claim(&store, &one(), 2, long(subject)).await.unwrap();
    store.commit(&second.this, all_taken(&second)).await.unwrap();
    let claims = [first.this, second.this, ClaimRef { key: key(3), epoch: 1 }];
    let renewed = store.renew(&claims, long(subject)).await.unwrap();
    assert_eq!(renewed, Renewed { lost: vec![key(3)], waiting: vec![key(1)] });
    put(&store, vec![note(2, "c")]).await;
    let renewed = store.renew(&[second.this], long(subject)).await.unwrap();
    assert_eq!(renewed, Renewed { lost: vec![], waiting: vec![key(2)] });
}

/// A mailbox that always has work takes no other one's turn.
pub async fn mailboxes_have_their_turn<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, (0..12).map(|mailbox| note(mailbox, "a")).collect()).await;
    let mut seen = std::collections::BTreeSet::new();
    // Nobody commits: each of them goes on having work.
    for _ in 0..3 * 12 {
        let claims = store.claim(&one(), Want::Any(1), long(subject)).await.unwrap();
        assert_eq!(claims.len(), 1);
        seen.insert(claims[0].this.key);
        store.release(&[claims[0].this]).await.unwrap();
        // So that one moment is told from the next.
        subject.advance(Duration::from_millis(1)).await;
    }
    assert_eq!(seen.len(), 12);
}

/// Waiting for work ends when something arrives, when something was given back, and when a time has come.
pub async fn work_is_heard_of<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    // It returns at once where work is there, which without paused time would be seen by the test's own time-out.
    put(&store, vec![note(1, "a")]).await;
    store.work(long(subject)).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let heard = async {
        let mut claims = Vec::new();
        while claims.is_empty() {
            store.work(long(subject)).await;
            claims = claim_any(&store, &two(), 9, long(subject)).await;
        }
        claims
    };
    let arrives = async {
        // After the other one has begun to wait.
        tokio::task::yield_now().await;
        put(&store, vec![note(2, "b")]).await;
    };
    assert_eq!(tokio::join!(heard, arrives).0, [key(2)]);
    let heard = async {
        let mut claims = Vec::new();
        while claims.is_empty() {
            store.work(long(subject)).await;
            claims = claim_any(&store, &two(), 9, subject.lease()).await;
        }
        claims
    };
    let given_back = async {
        tokio::task::yield_now().await;
        store.release(&[first.this]).await.unwrap();
    };
    assert_eq!(tokio::join!(heard, given_back).0, [key(1)]);
    // The lease ends: nothing but the time says so.
    store.work(long(subject)).await;
    pass(subject).await;
    store.work(long(subject)).await;
    assert_eq!(claim_any(&store, &one(), 9, long(subject)).await, [key(1)]);
    // And it ends without any work.
    store.work(subject.lease()).await;
}
