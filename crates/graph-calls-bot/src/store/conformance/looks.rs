use super::*;
use crate::store::Counts;

/// Mailbox 1 is live, 2 has a dead letter, 3 is parked, 4 is over and has a dead letter, 5 is over.
async fn five_kinds<S: Subject>(subject: &S) -> S::Store {
    let store = subject.fresh().await;
    put(&store, (1..=5).map(|mailbox| note(mailbox, "a")).collect()).await;
    for mailbox in 2..=5 {
        let claim = claim(&store, &one(), mailbox, long(subject)).await.unwrap();
        let phase = match mailbox {
            2 => Phase::Live,
            3 => Phase::Parked,
            _ => Phase::Over { forget: claim.now + long(subject) },
        };
        let dead = if mailbox % 2 == 0 { vec![letter(&claim.items[0], claim.now)] } else { Vec::new() };
        store.commit(&claim.this, Change { phase, dead, ..all_taken(&claim) }).await.unwrap();
    }
    store
}

/// Browsing filters, goes by key, and pages.
pub async fn browsing_filters_and_pages<S: Subject>(subject: &S) {
    let store = five_kinds(subject).await;
    let keys = async |query: Browse| {
        let entries = store.browse(&query).await.unwrap();
        entries.iter().map(|entry| u128::from_be_bytes(entry.key.to_bytes())).collect::<Vec<_>>()
    };
    let all = Browse::default();
    assert_eq!(keys(all).await, [1, 2, 3]);
    assert_eq!(keys(Browse { over: true, ..all }).await, [1, 2, 3, 4, 5]);
    assert_eq!(keys(Browse { dead: true, ..all }).await, [2]);
    assert_eq!(keys(Browse { dead: true, over: true, ..all }).await, [2, 4]);
    assert_eq!(keys(Browse { parked: true, over: true, ..all }).await, [3]);
    assert_eq!(keys(Browse { limit: 2, over: true, ..all }).await, [1, 2]);
    assert_eq!(keys(Browse { limit: 2, over: true, after: Some(key(2)), ..all }).await, [3, 4]);
    assert_eq!(keys(Browse { limit: 2, over: true, after: Some(key(4)), ..all }).await, [5]);
    assert_eq!(keys(Browse { limit: 1, dead: true, over: true, after: Some(key(2)), ..all }).await, [4]);
    assert_eq!(keys(Browse { key: Some(key(4)), ..all }).await, []);
    assert_eq!(keys(Browse::one(key(4))).await, [4]);
    assert_eq!(keys(Browse::one(key(6))).await, []);
    assert_eq!(keys(Browse { limit: 0, ..all }).await, []);
    let entry = look(&store, 1).await.unwrap();
    assert_eq!((entry.tenant, entry.inbox, entry.epoch), (tenant(), 1, 0));
    assert!(entry.owner.is_none() && entry.state.is_none() && entry.wake.is_none());
}

/// Counts are of what is kept now.
pub async fn check_counts<S: Subject>(subject: &S) {
    assert_eq!(subject.fresh().await.check().await.unwrap(), Counts::default());
    let store = five_kinds(subject).await;
    assert_eq!(store.check().await.unwrap(), Counts::new(3, 1, 2));
    let claim = claim(&store, &one(), 3, long(subject)).await.unwrap();
    store.commit(&claim.this, change("read", 0)).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Counts::new(3, 0, 2));
    let gone = Phase::Over { forget: claim.now + subject.lease() };
    store.commit(&claim.this, Change { phase: gone, ..change("over", 0) }).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Counts::new(2, 0, 2));
    pass(subject).await;
    assert_eq!(store.check().await.unwrap(), Counts::new(2, 0, 2));
}
