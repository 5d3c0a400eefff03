use super::*;

/// Only a notification and a begin open a mailbox.
pub async fn only_a_notification_or_a_begin_opens<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    for kind in [ItemKind::Outcome, ItemKind::Message] {
        assert_eq!(accept(&store, vec![arrival(1, kind, "x")]).await, [Accepted::Ended]);
    }
    assert!(claim(&store, &one(), 1, long(subject)).await.is_none());
    put(&store, vec![arrival(1, ItemKind::Begin, "begin")]).await;
    put(&store, vec![note(2, "incoming")]).await;
    put(&store, vec![arrival(1, ItemKind::Outcome, "sent"), arrival(2, ItemKind::Message, "hello")]).await;
    let claim = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&claim.items), ["begin", "sent"]);
    let kinds: Vec<_> = claim.items.iter().map(|stored| stored.item.kind()).collect();
    assert_eq!(kinds, [ItemKind::Begin, ItemKind::Outcome]);
    assert!(claim.state.is_none());
    assert_eq!(claim.tenant, tenant());
    // In one batch, each counts only for those behind it.
    let batch = vec![arrival(3, ItemKind::Message, "early"), note(3, "incoming")];
    assert_eq!(accept(&store, batch).await, [Accepted::Ended, Accepted::New]);
}

/// An item with a dedup key is taken in once: also within one batch, and after it was taken out.
pub async fn an_item_is_taken_in_once<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let batch = vec![marked(1, "a"), marked(1, "a"), note(1, "c"), note(1, "c"), marked(2, "a")];
    let expected = [Accepted::New, Accepted::Repeated, Accepted::New, Accepted::New, Accepted::New];
    assert_eq!(accept(&store, batch).await, expected);
    assert_eq!(accept(&store, vec![marked(1, "a")]).await, [Accepted::Repeated]);
    let claim = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&claim.items), ["a", "c", "c"]);
    store.commit(&claim.this, all_taken(&claim)).await.unwrap();
    assert_eq!(accept(&store, vec![marked(1, "a")]).await, [Accepted::Repeated]);
    store.release(&[claim.this]).await.unwrap();
    assert_eq!(accept(&store, vec![marked(1, "a")]).await, [Accepted::Repeated]);
}

/// At least the last 1,024 dedup keys of a mailbox are remembered.
pub async fn the_last_1024_dedup_keys_are_remembered<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let batch =
        |from: usize| (from..from + 512).map(|number| marked(1, &number.to_string())).collect::<Vec<_>>();
    for from in [0, 512, 1_024, 1_536] {
        put(&store, batch(from)).await;
        let claim = claim(&store, &one(), 1, long(subject)).await.unwrap();
        store.commit(&claim.this, all_taken(&claim)).await.unwrap();
    }
    for from in [1_536, 1_024] {
        assert_eq!(accept(&store, batch(from)).await, vec![Accepted::Repeated; 512]);
    }
}

/// The first item binds a mailbox to its tenant.
pub async fn a_mailbox_belongs_to_one_tenant<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let foreign = |data| Arrival { tenant: TenantId::new("fabrikam.example").unwrap(), ..marked(1, data) };
    put(&store, vec![marked(1, "a")]).await;
    let answers = accept(&store, vec![foreign("b"), marked(1, "c"), foreign("a")]).await;
    assert_eq!(answers, [Accepted::OtherTenant, Accepted::New, Accepted::OtherTenant]);
    // What was not taken in is not remembered either.
    put(&store, vec![marked(1, "b")]).await;
    let claim = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&claim.items), ["a", "c", "b"]);
    assert_eq!(claim.tenant, tenant());
}

/// So many notifications may wait, all of a batch or none of it; none other is limited.
pub async fn only_notifications_are_limited<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let notes = |mailbox, count| (0..count).map(|_| note(mailbox, "n")).collect::<Vec<_>>();
    // A mailbox in which no notification waits takes all of a batch.
    assert_eq!(store.accept(notes(1, 5), 2).await.unwrap(), vec![Accepted::New; 5]);
    put(&store, vec![arrival(2, ItemKind::Begin, "begin")]).await;
    assert_eq!(store.accept(notes(2, 5), 2).await.unwrap(), vec![Accepted::New; 5]);
    assert_eq!(store.accept(notes(3, 1), 2).await.unwrap(), [Accepted::New]);
    assert_eq!(store.accept(notes(3, 2), 2).await.unwrap(), vec![Accepted::Full; 2]);
    assert_eq!(store.accept(notes(3, 1), 2).await.unwrap(), [Accepted::New]);
    let mixed = vec![
        marked(3, "later"),
        arrival(3, ItemKind::Outcome, "o"),
        arrival(3, ItemKind::Message, "m"),
        arrival(3, ItemKind::Begin, "b"),
        note(4, "other"),
    ];
    let expected = [Accepted::Full, Accepted::New, Accepted::New, Accepted::New, Accepted::New];
    assert_eq!(store.accept(mixed, 2).await.unwrap(), expected);
    let claim = claim(&store, &one(), 3, long(subject)).await.unwrap();
    assert_eq!(texts(&claim.items), ["n", "n", "o", "m", "b"]);
    // Room is made by taking, and what was refused is not remembered.
    store.commit(&claim.this, Change { taken: vec![claim.items[0].number], ..change("s", 0) }).await.unwrap();
    assert_eq!(store.accept(vec![marked(3, "later")], 2).await.unwrap(), [Accepted::New]);
    assert_eq!(
        store.accept(vec![marked(3, "later"), note(3, "n")], 2).await.unwrap(),
        [Accepted::Repeated, Accepted::Full]
    );
    // A repeated one needs no room.
    store.commit(&claim.this, Change { taken: vec![claim.items[1].number], ..change("s", 0) }).await.unwrap();
    let batch = vec![marked(3, "later"), marked(3, "last"), marked(3, "last")];
    let expected = [Accepted::Repeated, Accepted::New, Accepted::Repeated];
    assert_eq!(store.accept(batch, 2).await.unwrap(), expected);
}

/// Items are handed out in the order in which they were taken in, by growing numbers.
pub async fn items_stay_in_order<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let mut expected = Vec::new();
    for batch in 0..5 {
        let names: Vec<_> = (0..50).map(|number| format!("{batch}.{number}")).collect();
        put(&store, names.iter().map(|name| note(1, name)).collect()).await;
        expected.extend(names);
    }
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert_eq!(texts(&first.items), expected);
    assert!(first.items.is_sorted_by(|a, b| a.number < b.number));
    let taken: Vec<_> =
        first.items.iter().map(|stored| stored.number).filter(|number| number % 2 == 0).collect();
    let rest: Vec<_> = first.items.into_iter().filter(|stored| !taken.contains(&stored.number)).collect();
    store.commit(&first.this, Change { taken, ..change("half", u64::MAX) }).await.unwrap();
    store.release(&[first.this]).await.unwrap();
    assert_eq!(claim(&store, &two(), 1, long(subject)).await.unwrap().items, rest);
}

/// One batch may be for many mailboxes.
pub async fn a_batch_is_for_many_mailboxes<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let batch = (0..400).map(|number| note(number % 40, &number.to_string())).collect();
    put(&store, batch).await;
    for mailbox in 0..40 {
        let claim = claim(&store, &one(), mailbox, long(subject)).await.unwrap();
        let expected: Vec<_> = (0..10).map(|number| (number * 40 + mailbox).to_string()).collect();
        assert_eq!(texts(&claim.items), expected);
    }
    assert_eq!(accept(&store, Vec::new()).await, []);
}

/// An item and a state of 1 MiB come back byte for byte, empty ones too.
pub async fn large_items_come_back<S: Subject>(subject: &S) {
    let store = subject.fresh().await;
    let mut random = fastrand::Rng::with_seed(7);
    let large: Bytes = std::iter::repeat_with(|| random.u8(..)).take(1 << 20).collect();
    let with =
        |data: &Bytes| Arrival { item: Item::new(ItemKind::Notification, data.clone()), ..note(1, "") };
    put(&store, vec![with(&large), with(&Bytes::new())]).await;
    let first = claim(&store, &one(), 1, long(subject)).await.unwrap();
    assert!(first.items[0].item.data() == &large);
    assert!(first.items[1].item.data().is_empty());
    let dead = vec![letter(&first.items[0], first.now)];
    store.commit(&first.this, Change { state: large.clone(), dead, ..all_taken(&first) }).await.unwrap();
    let entry = look(&store, 1).await.unwrap();
    assert!(entry.state.unwrap() == large);
    assert!(entry.dead[0].item.data() == &large);
    store.commit(&first.this, Change { state: Bytes::new(), ..change("", u64::MAX) }).await.unwrap();
    store.release(&[first.this]).await.unwrap();
    assert_eq!(claim(&store, &two(), 1, long(subject)).await.unwrap().state, Some(Bytes::new()));
}
