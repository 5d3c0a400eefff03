use super::*;

/// State, items, dead letters, wake time and phase change together, and all of it is there for the next claim.
pub async fn a_commit_changes_all_at_once<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(1, "b"), note(1, "c")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let [a, b, c] = [0, 1, 2].map(|at| first.items[at].number);
    let wake = first.now + long(subject) * 2;
    let whole = Change {
        taken: vec![c, a, b, 99],
        wake: Some(wake),
        phase: Phase::Parked,
        dead: vec![letter(&first.items[1], first.now)],
        ..change("state 1", c)
    };
    assert_eq!(store.commit(&first.this, whole).await.unwrap(), []);
    let entry = look(&store, 1).await.unwrap();
    assert_eq!(entry.state.as_deref(), Some(&b"state 1"[..]));
    assert_eq!((entry.phase, entry.inbox, entry.wake), (Phase::Parked, 0, Some(wake)));
    assert_eq!(entry.dead, [letter(&first.items[1], first.now)]);
    assert_eq!(entry.epoch, first.this.epoch);
    assert_eq!(entry.owner.unwrap().0, one());
    // The same claim commits again; what is not said is gone.
    store.commit(&first.this, change("state 2", c)).await.unwrap();
    store.release(&[first.this]).await.unwrap();
    let entry = look(&store, 1).await.unwrap();
    assert_eq!((entry.phase, entry.wake, entry.dead.len()), (Phase::Live, None, 1));
    assert!(entry.owner.is_none());
    let second = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert_eq!(second.state.as_deref(), Some(&b"state 2"[..]));
    assert!(second.items.is_empty());
}

/// A commit returns what the claim does not know yet, and nothing else.
pub async fn a_commit_returns_what_arrived_meanwhile<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(1, "b")]).await;
    let claim = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let [a, b] = [claim.items[0].number, claim.items[1].number];
    put(&store, vec![note(1, "c"), note(2, "other")]).await;
    put(&store, vec![arrival(1, ItemKind::Message, "d")]).await;
    let arrived = store.commit(&claim.this, Change { taken: vec![a], ..change("1", b) }).await.unwrap();
    assert_eq!(texts(&arrived), ["c", "d"]);
    let d = arrived[1].number;
    put(&store, vec![note(1, "e")]).await;
    let arrived = store.commit(&claim.this, Change { taken: vec![b], ..change("2", d) }).await.unwrap();
    assert_eq!(texts(&arrived), ["e"]);
    assert_eq!(store.commit(&claim.this, change("3", arrived[0].number)).await.unwrap(), []);
    assert_eq!(look(&store, 1).await.unwrap().inbox, 3);
}

/// A claim can ask for what it does not know yet, without changing anything.
pub async fn a_claim_fetches_what_arrived_meanwhile<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    let first = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    let a = first.items[0].number;
    assert_eq!(store.fetch(&first.this, a).await.unwrap(), []);
    put(&store, vec![note(1, "b"), note(2, "other")]).await;
    assert_eq!(texts(&store.fetch(&first.this, a).await.unwrap()), ["b"]);
    assert_eq!(texts(&store.fetch(&first.this, 0).await.unwrap()), ["a", "b"]);
    assert_eq!(store.fetch(&first.this, u64::MAX).await.unwrap(), []);
    pass(subject).await;
    let second = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&second.items), ["a", "b"]);
    assert!(matches!(store.fetch(&first.this, a).await, Err(crate::store::StoreError::Fenced)));
}

/// A claim that is not the newest is fenced, whatever it asks for.
pub async fn an_old_claim_changes_nothing<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    let old = claim(&store, &one(), 1, subject.lease()).await.unwrap();
    store.commit(&old.this, change("old", 0)).await.unwrap();
    pass(subject).await;
    let new = claim(&store, &two(), 1, long(subject)).await.unwrap();
    for phase in [Phase::Live, Phase::Parked, Phase::Over { forget: old.now }] {
        let late = Change { phase, wake: Some(old.now), ..all_taken(&old) };
        let late = store.commit(&old.this, late).await;
        assert!(matches!(late, Err(crate::store::StoreError::Fenced)), "{late:?}");
    }
    assert_eq!(store.renew(&[old.this], Duration::ZERO).await.unwrap().lost, [key(1)]);
    store.release(&[old.this]).await.unwrap();
    let future = ClaimRef { epoch: new.this.epoch + 1, ..new.this };
    assert!(is_fenced(&store, future).await);
    let entry = look(&store, 1).await.unwrap();
    assert_eq!(entry.state.as_deref(), Some(&b"old"[..]));
    assert_eq!((entry.phase, entry.inbox, entry.wake), (Phase::Live, 1, None));
    assert_eq!((entry.epoch, entry.owner.unwrap().0), (new.this.epoch, two()));
    assert!(!is_fenced(&store, new.this).await);
}

/// A wake time that has come makes a mailbox claimable, until a commit says otherwise.
pub async fn a_wake_time_makes_work<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(2, "b")]).await;
    for (mailbox, wait) in [(1, subject.lease()), (2, long(subject))] {
        let first = claim(&store, &one(), mailbox, long(subject)).await.unwrap();
        let wake = Some(first.now + wait);
        store.commit(&first.this, Change { wake, ..all_taken(&first) }).await.unwrap();
        store.release(&[first.this]).await.unwrap();
    }
    pass(subject).await;
    let claims = store.claim(&two(), Want::Any(9), subject.lease()).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].this.key, key(1));
    assert!(claims[0].items.is_empty());
    // Whoever woke for it may die of it.
    pass(subject).await;
    let claims = store.claim(&one(), Want::Any(9), long(subject)).await.unwrap();
    assert_eq!((claims.len(), claims[0].failures), (1, 1));
    store.commit(&claims[0].this, change("woken", 0)).await.unwrap();
    store.release(&[claims[0].this]).await.unwrap();
    assert!(claim_any(&store, &two(), 9, long(subject)).await.is_empty());
}

/// Items do not make a parked mailbox work; they wait.
pub async fn a_parked_mailbox_works_only_by_its_wake_time<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let parked = Change { phase: Phase::Parked, ..change("unreadable", 0) };
    store.commit(&first.this, parked.clone()).await.unwrap();
    store.release(&[first.this]).await.unwrap();
    put(&store, vec![note(1, "b")]).await;
    assert!(claim_any(&store, &two(), 9, long(subject)).await.is_empty());
    let second = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&second.items), ["a", "b"]);
    store.commit(&second.this, Change { wake: Some(second.now), ..parked }).await.unwrap();
    store.release(&[second.this]).await.unwrap();
    let claims = store.claim(&one(), Want::Any(9), long(subject)).await.unwrap();
    assert_eq!(texts(&claims[0].items), ["a", "b"]);
    // Somebody can read it again.
    store.commit(&claims[0].this, change("readable", 0)).await.unwrap();
    store.release(&[claims[0].this]).await.unwrap();
    assert_eq!(claim_any(&store, &two(), 9, long(subject)).await, [key(1)]);
}

/// Dead letters are removed, or go back to the end of the inbox.
pub async fn dead_letters_are_dropped_or_requeued<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    put(&store, vec![note(1, "a"), note(1, "b"), note(1, "c")]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    let dead = first.items.iter().map(|stored| letter(stored, first.now)).collect();
    store.commit(&first.this, Change { dead, ..all_taken(&first) }).await.unwrap();
    put(&store, vec![note(1, "d")]).await;
    let [a, b, c] = [0, 1, 2].map(|at| first.items[at].number);
    let sorted = Change { undead: vec![a, 99], requeue: vec![b, 98], ..change("sorted", c) };
    let arrived = store.commit(&first.this, sorted).await.unwrap();
    assert_eq!(texts(&arrived), ["d", "b"]);
    assert!(c < arrived[0].number && arrived[0].number < arrived[1].number);
    let entry = look(&store, 1).await.unwrap();
    assert_eq!(entry.dead, [letter(&first.items[2], first.now)]);
    store.release(&[first.this]).await.unwrap();
    assert_eq!(claim(&store, &two(), 1, long(subject)).await.unwrap().items, arrived);
}
