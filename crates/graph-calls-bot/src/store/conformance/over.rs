use super::*;

/// Ends the mailbox, with a dead letter left.
async fn end<S: Subject>(subject: &S, store: &S::Store, wait: Duration) -> Claim {
    put(store, vec![marked(1, "a"), note(1, "b")]).await;
    let last = claim(store, &one(), 1, long(subject)).await.unwrap();
    put(store, vec![note(1, "late")]).await;
    let over = Change {
        dead: vec![letter(&last.items[0], last.now)],
        wake: Some(last.now),
        phase: Phase::Over { forget: last.now + wait },
        ..all_taken(&last)
    };
    // What nobody has seen is not lost without a word.
    assert_eq!(texts(&store.commit(&last.this, over).await.unwrap()), ["late"]);
    last
}

/// A tombstone takes nothing in, cannot be claimed, and keeps its dead letters and dedup keys.
pub async fn a_tombstone_takes_nothing_in<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let last = end(subject, &store, long(subject)).await;
    let batch = vec![
        marked(1, "a"),
        note(1, "b"),
        arrival(1, ItemKind::Begin, "begin"),
        arrival(1, ItemKind::Message, "m"),
        note(2, "other"),
    ];
    let expected = [Accepted::Repeated, Accepted::Ended, Accepted::Ended, Accepted::Ended, Accepted::New];
    assert_eq!(accept(&store, batch).await, expected);
    for by in [one(), two()] {
        assert!(claim(&store, &by, 1, long(subject)).await.is_none());
    }
    assert_eq!(claim_any(&store, &two(), 9, long(subject)).await, [key(2)]);
    assert!(is_fenced(&store, last.this).await);
    assert_eq!(store.renew(&[last.this], long(subject)).await.unwrap().lost, [key(1)]);
    store.release(&[last.this]).await.unwrap();
    let entry = look(&store, 1).await.unwrap();
    assert!(matches!(entry.phase, Phase::Over { .. }), "{entry:?}");
    assert_eq!((entry.inbox, entry.state, entry.wake), (0, None, None));
    assert!(entry.owner.is_none());
    assert_eq!(entry.dead, [letter(&last.items[0], last.now)]);
}

/// A tombstone is forgotten at its time, with all it kept; then its key opens a new mailbox, by larger epochs.
pub async fn a_tombstone_is_forgotten_at_its_time<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let last = end(subject, &store, subject.lease()).await;
    pass(subject).await;
    assert!(look(&store, 1).await.is_none());
    assert_eq!(store.check().await.unwrap().dead, 0);
    assert_eq!(accept(&store, vec![arrival(1, ItemKind::Message, "m")]).await, [Accepted::Ended]);
    put(&store, vec![marked(1, "a")]).await;
    let new = claim(&store, &two(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&new.items), ["a"]);
    assert!(new.state.is_none());
    assert!(new.this.epoch > last.this.epoch);
    assert!(is_fenced(&store, last.this).await);
    assert_eq!(look(&store, 1).await.unwrap().dead, []);
}
