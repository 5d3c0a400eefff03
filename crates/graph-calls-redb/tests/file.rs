//! What the file promises: it survives kill -9, belongs to one process, and says when it is damaged.

#![allow(clippy::unwrap_used, reason = "the helpers are tests too")]

mod folder;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::join_all};
use graph_calls_bot::{
    CallRef,
    model::TenantId,
    store::{
        Accepted, Arrival, Browse, CallStore, Change, Claim, DedupKey, InstanceId, Item, ItemKind, Phase,
        Want,
    },
};
use graph_calls_redb::{OpenError, RedbStore};

use self::folder::Folder;

const LEASE: Duration = Duration::from_secs(3_600);
const MAILBOXES: u64 = 5;

fn key(mailbox: u64) -> CallRef {
    CallRef::from_bytes(u128::from(mailbox).to_be_bytes())
}

/// Notification `number`, for one of the mailboxes.
fn note(number: u64) -> Arrival {
    Arrival {
        key: key(number % MAILBOXES),
        tenant: TenantId::new("contoso.example").unwrap(),
        dedup: Some(DedupKey::of(&[&number.to_be_bytes()])),
        item: Item::new(ItemKind::Notification, number.to_string()),
    }
}

/// The first `most` items of a claim move into its state.
fn moved(claim: &Claim, most: usize) -> Change {
    let mut state = claim.state.clone().unwrap_or_default().to_vec();
    for stored in claim.items.iter().take(most) {
        state.extend_from_slice(stored.item.data());
        state.push(b' ');
    }
    Change {
        state: Bytes::from(state),
        taken: claim.items.iter().take(most).map(|stored| stored.number).collect(),
        seen: u64::MAX,
        wake: None,
        phase: Phase::Live,
        dead: Vec::new(),
        undead: Vec::new(),
        requeue: Vec::new(),
    }
}

/// All numbers that a store keeps, in states and in inboxes.
async fn kept(store: &RedbStore) -> Vec<u64> {
    let mut kept = Vec::new();
    for mailbox in 0..MAILBOXES {
        for claim in store.claim(&InstanceId::from("looks"), Want::This(key(mailbox)), LEASE).await.unwrap() {
            let state = String::from_utf8(claim.state.unwrap_or_default().to_vec()).unwrap();
            kept.extend(state.split_whitespace().map(|number| number.parse::<u64>().unwrap()));
            let item = |item: &Item| str::from_utf8(item.data()).unwrap().parse::<u64>().unwrap();
            let items: Vec<_> = claim.items.iter().map(|stored| item(&stored.item)).collect();
            kept.extend(items);
            store.release(&[claim.this]).await.unwrap();
        }
    }
    kept.sort_unstable();
    kept
}

const CHILD: &str = "GRAPH_CALLS_REDB_TEST_FILE";
const FIRST: &str = "GRAPH_CALLS_REDB_TEST_FIRST";

/// Accepts and commits until it is killed, and says each number once it was told that it is kept.
async fn accept_until_killed(path: &Path) {
    let store = Arc::new(RedbStore::open(path).unwrap());
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let said = std::io::stdout();
    let accepting = (0..8).map(async |task| {
        for number in (first + task..).step_by(8) {
            assert_eq!(store.accept(vec![note(number)], 1 << 20).await.unwrap(), [Accepted::New]);
            writeln!(&said, "kept {number}").unwrap();
        }
    });
    let handling = async {
        let by = InstanceId::random();
        loop {
            for claim in store.claim(&by, Want::Any(2), LEASE).await.unwrap() {
                store.commit(&claim.this, moved(&claim, 2)).await.unwrap();
                store.release(&[claim.this]).await.unwrap();
            }
        }
    };
    tokio::join!(join_all(accepting), handling);
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_or_doubled_by_kill_9() {
    if let Some(path) = std::env::var_os(CHILD) {
        return accept_until_killed(Path::new(&path)).await;
    }
    let folder = Folder::new();
    let path = folder.path("calls");
    let mut acknowledged = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    let kills = 10;
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nothing_acknowledged_is_lost_or_doubled_by_kill_9", "--nocapture"])
            .env(CHILD, &path)
            .env(FIRST, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut kept = lines
            .filter_map(|line| line.rsplit_once("kept ").and_then(|(_, number)| number.parse::<u64>().ok()));
        acknowledged.extend(kept.by_ref().take(random.usize(1..60)));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(kept);
    }
    let store = RedbStore::open(&path).unwrap();
    let kept = kept(&store).await;
    assert!(kept.is_sorted_by(|a, b| a < b), "doubled: {kept:?}");
    let lost: Vec<_> = acknowledged.iter().filter(|number| kept.binary_search(number).is_err()).collect();
    println!("{kills} kills: {} acknowledged, {} kept, lost {lost:?}", acknowledged.len(), kept.len());
    assert!(lost.is_empty() && acknowledged.len() >= kills);
    // Who was not told that it is kept sends it again.
    let newest = kept.iter().rev().take(20).map(|number| note(*number));
    let again = store.accept(newest.collect(), 1 << 20).await.unwrap();
    assert!(again.iter().all(|accepted| *accepted == Accepted::Repeated), "{again:?}");
}

#[tokio::test]
async fn what_the_last_process_held_is_claimed_at_once_by_larger_epochs() {
    let folder = Folder::new();
    let path = folder.path("calls");
    let store = RedbStore::open(&path).unwrap();
    store.accept((0..4).map(note).collect(), 9).await.unwrap();
    let old = store.claim(&InstanceId::from("old"), Want::Any(2), LEASE).await.unwrap();
    store.commit(&old[0].this, moved(&old[0], 0)).await.unwrap();
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    let late = store.commit(&old[0].this, moved(&old[0], 0)).await;
    assert!(late.is_err(), "{late:?}");
    let new = store.claim(&InstanceId::from("new"), Want::Any(9), LEASE).await.unwrap();
    assert_eq!(new.len(), 4);
    assert!(new.iter().all(|new| old.iter().all(|old| new.this.epoch > old.this.epoch)));
    // The one that had committed did not die of its item.
    let failures = |old: &Claim| new.iter().find(|new| new.this.key == old.this.key).unwrap().failures;
    assert_eq!((failures(&old[0]), failures(&old[1])), (0, 1));
}

#[test]
fn a_second_process_is_refused_with_the_name_of_the_file() {
    let folder = Folder::new();
    let path = folder.path("calls");
    let store = RedbStore::open(&path).unwrap();
    let refused = RedbStore::open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }));
    let says = refused.to_string();
    assert!(says.contains(path.to_str().unwrap()) && says.contains("in use"), "{says}");
    drop(store);
    RedbStore::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path("calls");
    let _store = RedbStore::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_of_another_version_or_program_is_refused() {
    let folder = Folder::new();
    let path = folder.path("calls");
    drop(RedbStore::open(&path).unwrap());
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("meta");
    transaction.open_table(meta).unwrap().insert("version", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = RedbStore::open(&path).unwrap_err();
    assert!(matches!(refused, OpenError::Unsupported { found: 2, known: 1, .. }), "{refused}");

    let path = folder.path("other");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("theirs");
    transaction.open_table(table).unwrap().insert(1, 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(RedbStore::open(&path), Err(OpenError::Damaged { .. })));

    fs::write(folder.path("text"), "dear diary").unwrap();
    assert!(matches!(RedbStore::open(folder.path("text")), Err(OpenError::Damaged { .. })));
    assert!(matches!(RedbStore::open(folder.path("no/such/folder")), Err(OpenError::Io { .. })));
}

#[tokio::test]
async fn a_damaged_file_is_reported_or_whole() {
    let folder = Folder::new();
    let path = folder.path("calls");
    let store = RedbStore::open(&path).unwrap();
    store.accept((0..300).map(note).collect(), 1 << 20).await.unwrap();
    for claim in store.claim(&InstanceId::from("one"), Want::Any(3), LEASE).await.unwrap() {
        store.commit(&claim.this, moved(&claim, 20)).await.unwrap();
        store.release(&[claim.this]).await.unwrap();
    }
    let whole = kept(&store).await;
    assert_eq!(whole.len(), 300);
    drop(store);
    let good = fs::read(&path).unwrap();
    let written: Vec<_> = (0..good.len()).filter(|at| good[*at] != 0).collect();
    let mut random = fastrand::Rng::with_seed(7);
    let damaged = folder.path("damaged");
    let (flips, mut reported) = (30, 0);
    for flip in 0..flips {
        let mut bytes = good.clone();
        // The first ones hit the head of the file.
        let at = if flip < 10 { random.usize(..320) } else { written[random.usize(..written.len())] };
        bytes[at] ^= 1 << random.u8(..8);
        fs::write(&damaged, bytes).unwrap();
        match RedbStore::open(&damaged) {
            Ok(store) => assert_eq!(kept(&store).await, whole, "flipped at {at}"),
            Err(error) => {
                assert!(error.to_string().contains(damaged.to_str().unwrap()), "{error}");
                reported += 1;
            }
        }
    }
    println!("{reported} of {flips} flipped bits reported, the others without effect");
    assert!(reported > 0);
    // A bit in each page hits what is in use.
    let mut bytes = good.clone();
    written.iter().filter(|at| **at > 4_096 && **at % 512 == 77).for_each(|at| bytes[*at] ^= 1);
    fs::write(&damaged, bytes).unwrap();
    let error = RedbStore::open(&damaged).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    for length in [1, 100, 4_096, good.len() / 2, good.len() - 1] {
        fs::write(&damaged, &good[..length]).unwrap();
        match RedbStore::open(&damaged) {
            Ok(store) => assert_eq!(kept(&store).await, whole, "cut at {length}"),
            Err(error) => assert!(matches!(error, OpenError::Damaged { .. }), "cut at {length}: {error}"),
        }
    }
}

#[tokio::test]
async fn what_waits_together_is_written_together() {
    let folder = Folder::new();
    let store = RedbStore::open(folder.path("calls")).unwrap();
    let answers = join_all((0..800).map(|number| store.accept(vec![note(number)], 1 << 20))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == [Accepted::New]));
    let stats = store.stats();
    println!("{} accepts at once, {} commits", stats.steps, stats.commits);
    assert_eq!(stats.steps, 800);
    assert!(stats.commits <= 16, "{stats:?}");
    // Looking and renewing write nothing.
    let claims = store.claim(&InstanceId::from("one"), Want::Any(9), LEASE).await.unwrap();
    let before = store.stats().commits;
    let claims: Vec<_> = claims.iter().map(|claim| claim.this).collect();
    assert_eq!(store.renew(&claims, LEASE).await.unwrap().waiting.len(), 5);
    assert_eq!(store.browse(&Browse::default()).await.unwrap().len(), 5);
    assert_eq!(store.check().await.unwrap().calls, 5);
    assert_eq!(store.stats().commits, before);
}

#[tokio::test]
async fn what_was_handed_in_before_the_end_is_kept() {
    let folder = Folder::new();
    let path = folder.path("calls");
    let store = RedbStore::open(&path).unwrap();
    // Handed in, but nobody waits for the answer any more.
    let _ = store.accept(vec![note(1)], 9).now_or_never();
    drop(store);
    assert_eq!(kept(&RedbStore::open(&path).unwrap()).await, [1]);
}
