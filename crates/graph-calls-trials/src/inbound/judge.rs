//! What must hold when all is over, by the service's books and by what was committed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use graph_calls_bot::{
    CallRef,
    model::{AppId, CallId, TenantId},
};
use serde::Deserialize;

use super::{
    handler::Notes,
    ledger::{Delivered, Mail},
    plan::KEEP_ALIVE,
    stage::{Stage, State},
    store::short,
};

/// What a take-over, a restart and an outage of the store may add to the two keep-alive periods.
const DELAY: Duration = Duration::from_secs(45);

/// Two things that come at once are handled in some order.
const MOMENT: Duration = Duration::from_millis(100);

/// What is read of a mailbox's last state.
#[derive(Deserialize)]
struct Kept {
    record: Record,
    #[serde(default)]
    memory: Option<Notes>,
    #[serde(default)]
    orphans: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    id: Option<String>,
}

/// Looks at everything and says what does not hold.
pub(super) fn judge(stage: &Stage) {
    let mut books = stage.lock();
    let books = &mut *books;
    let kept: BTreeMap<CallRef, Kept> = books
        .ledger
        .mails
        .iter()
        .filter_map(|(key, mail)| Some((*key, serde_json::from_slice(mail.states.last()?).ok()?)))
        .collect();
    let mut wrong = Vec::new();
    effects(books, &kept, &mut wrong);
    calls(books, &kept, &mut wrong);
    for (key, mail) in &books.ledger.mails {
        let mut of_mail = Vec::new();
        mailbox(stage, mail, kept.get(key), &mut of_mail);
        wrong.extend(of_mail.into_iter().map(|why| format!("{}: {why}", short(key))));
    }
    deliveries(stage, books, &kept, &mut wrong);
    letters(books, &kept, &mut wrong);
    for key in &books.ledger.dialled {
        if !books.ledger.mails.contains_key(key) {
            wrong.push(format!("{} was placed and is not there", short(key)));
        }
    }
    if stage.plan().calm {
        for trouble in ["in doubt", "take-overs", "fenced", "orphans", "events given up"] {
            let often = books.counts.get(trouble).copied().unwrap_or_default();
            if often > 0 {
                wrong.push(format!("nothing went wrong, and yet {trouble}: {often}"));
            }
        }
    }
    let dead: u64 = books.ledger.mails.values().map(|mail| mail.dead).sum();
    *books.counts.entry("dead letters").or_default() += dead;
    books.broken.extend(wrong);
}

/// No effect that may come once came twice, and none that nobody decided.
fn effects(books: &mut State, kept: &BTreeMap<CallRef, Kept>, wrong: &mut Vec<String>) {
    let (mut doubled, mut effects) = (0, 0);
    for (key, times) in books.world.applied() {
        let (path, named) = key.rsplit_once(' ').unwrap_or((key, ""));
        let once = ["/playPrompt", "/recordResponse", "/sendDtmfTones", "/invite", "/startHoldMusic"];
        let allowed = if once.iter().any(|end| path.ends_with(end)) {
            let mailbox = named.get(4..36).and_then(|key| key.parse().ok());
            let notes = mailbox.and_then(|key: CallRef| kept.get(&key)?.memory.as_ref());
            let found = notes.and_then(|notes| {
                let decided = notes.of_context(named)?;
                let again = notes.redone.iter().filter(|name| **name == decided.name).count();
                Some(1 + again as u64)
            });
            found.unwrap_or(0)
        } else if key.ends_with("/transfer") {
            let call = key.trim_end_matches("/transfer").rsplit('/').next().unwrap_or_default();
            let of_call = kept.values().find(|kept| kept.record.id.as_deref() == Some(call));
            let notes = of_call.and_then(|kept| kept.memory.as_ref());
            notes.map_or(0, |notes| {
                let is = |name: &str| name.starts_with("transfer");
                let decided = notes.decided.iter().filter(|decided| is(&decided.name)).count();
                (decided + notes.redone.iter().filter(|name| is(name)).count()) as u64
            })
        } else if path == "POST /v1.0/communications/calls" {
            1
        } else {
            continue;
        };
        effects += times;
        if *times > allowed {
            doubled += times - allowed;
            wrong.push(format!("{key} had its effect {times} times, and {allowed} were decided"));
        }
    }
    *books.counts.entry("effects").or_default() += effects;
    *books.counts.entry("doubled").or_default() += doubled;
}

/// Every call that a bot knew of came to its end there, in time.
fn calls(books: &mut State, kept: &BTreeMap<CallRef, Kept>, wrong: &mut Vec<String>) {
    for call in books.world.calls() {
        let Some(over) = books.ledger.over.get(&call.id) else { continue };
        let mut known = kept.iter().filter(|(_, kept)| kept.record.id.as_ref() == Some(&call.id));
        if let Some((key, _)) = known.next() {
            let latest = *over + KEEP_ALIVE * 2 + DELAY;
            match books.ledger.mails.get(key).and_then(|mail| mail.ended.as_ref()) {
                Some((at, _)) if *at <= latest => {}
                Some((at, _)) => wrong.push(format!(
                    "{} was over at {over:?}, and its record knew it at {at:?}",
                    short(&call.id)
                )),
                None => wrong.push(format!("{} is over, and its record does not know it", short(&call.id))),
            }
            continue;
        }
        let folded = call.id.replace('-', "").to_ascii_lowercase();
        let is_orphan = kept
            .values()
            .any(|kept| kept.orphans.iter().any(|one| one.replace('-', "").eq_ignore_ascii_case(&folded)));
        let heard_of = books.ledger.delivered.iter().any(|one| one.call == call.id);
        if is_orphan || !heard_of {
            *books.counts.entry("calls unheard of").or_default() += u64::from(!is_orphan);
        } else {
            wrong.push(format!("{} was told of, and no record knows it", short(&call.id)));
        }
    }
}

/// One mailbox: its end, its items, what its handler was told and what became of what it decided.
fn mailbox(stage: &Stage, mail: &Mail, kept: Option<&Kept>, wrong: &mut Vec<String>) {
    if !mail.is_over {
        wrong.push("it is no tombstone".to_owned());
    }
    if mail.accepted != mail.taken + mail.dropped {
        let (accepted, taken, dropped) = (mail.accepted, mail.taken, mail.dropped);
        wrong.push(format!("{accepted} items came in, {taken} were taken and {dropped} came too late"));
    }
    let Some(notes) = kept.and_then(|kept| kept.memory.as_ref()) else {
        return wrong.push("nobody was told anything".to_owned());
    };
    let ids: BTreeSet<&str> = notes.told.iter().map(|(id, _)| id.as_str()).collect();
    if ids.len() != notes.told.len() {
        wrong.push("an event was committed twice".to_owned());
    }
    let words: Vec<&str> = notes.told.iter().map(|(_, told)| told.as_str()).collect();
    let ends = words.iter().filter(|told| told.starts_with("terminated")).count();
    // An item that killed five processes is buried, and what it said with it.
    if ends != 1 && mail.dead == 0 {
        wrong.push(format!("its end was told {ends} times"));
    }
    let after = words.iter().skip_while(|told| !told.starts_with("terminated")).skip(1);
    for told in after {
        if !["done ", "failed ", "in_doubt "].iter().any(|kind| told.starts_with(kind)) {
            wrong.push(format!("after its end was told: {told}"));
        }
    }
    commands(stage, mail, notes, &words, wrong);
}

/// Every decided command ended once, or is in doubt and was told to be.
fn commands(stage: &Stage, mail: &Mail, notes: &Notes, words: &[&str], wrong: &mut Vec<String>) {
    let names: BTreeSet<&str> = notes.decided.iter().map(|decided| decided.name.as_str()).collect();
    let count = |kind: &str, name: &str| {
        words.iter().filter(|told| told.strip_prefix(kind).is_some_and(|rest| rest == name)).count()
    };
    for name in &names {
        let decided = notes.decided.iter().filter(|decided| decided.name == *name).count();
        let redone = notes.redone.iter().filter(|again| again == name).count();
        let ended = count("done ", name) + count("failed ", name);
        // The bot may have rejected the call by itself beside.
        let own = usize::from(*name == "reject" && stage.plan().rejects);
        if ended > decided + redone + own {
            wrong.push(format!("{name} was decided {decided} times and ended {ended} times"));
        }
        if ended + count("in_doubt ", name) < decided && mail.dead == 0 {
            wrong
                .push(format!("{name} was decided {decided} times and ended {ended} times, without a doubt"));
        }
    }
    for told in words {
        let ended = ["done ", "failed ", "in_doubt "].iter().find_map(|kind| told.strip_prefix(kind));
        let own = ended == Some("reject") && stage.plan().rejects;
        if let Some(name) = ended.filter(|name| !names.contains(name) && !own) {
            wrong.push(format!("{name} ended and was not decided"));
        }
    }
}

/// What was acknowledged was told, or was no news any more.
fn deliveries(stage: &Stage, books: &State, kept: &BTreeMap<CallRef, Kept>, wrong: &mut Vec<String>) {
    let caller = stage.caller();
    let app = AppId::new(&caller.app_id).expect("a GUID");
    let tenant = TenantId::new(&caller.tenant_id).expect("a GUID");
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for one in &books.ledger.delivered {
        let first = met.insert(&one.call);
        let of_call = || CallRef::of_incoming(&app, &tenant, &CallId::new(&one.call).expect("an id"));
        let key = one.to.unwrap_or_else(of_call);
        let Some(kept) = kept.get(&key) else {
            wrong.push(format!("{} was told something of {} and is not there", short(&key), one.call));
            continue;
        };
        let mail = &books.ledger.mails[&key];
        // What was buried is kept for people. What is about another attempt's call is no news of this one.
        if mail.dead > 0 || kept.record.id.as_ref() != Some(&one.call) {
            continue;
        }
        let of_call = books.ledger.delivered.iter().filter(|end| end.is_end && end.call == one.call);
        let ends = of_call.map(|end| end.at).chain(mail.ended.iter().map(|(at, _)| *at));
        // What came with the end may have come after it.
        let is_late = ends.min().is_some_and(|end| one.at + MOMENT >= end);
        let missing = kept.memory.as_ref().and_then(|notes| untold(one, first, is_late, notes));
        if let Some(missing) = missing {
            wrong.push(format!("{} was acknowledged and never told: {missing}", short(&key)));
        }
    }
}

/// What a delivered notification says that the handler was not told.
fn untold(one: &Delivered, first: bool, is_late: bool, notes: &Notes) -> Option<String> {
    let told = |wanted: &str| notes.told.iter().any(|(_, told)| told == wanted);
    if one.is_incoming && first && !is_late && !told("incoming") {
        return Some("that it rang".to_owned());
    }
    if let Some(tone) = one.tone.filter(|_| !is_late)
        && !told(&format!("tone {tone}"))
    {
        return Some(format!("tone {tone}"));
    }
    let context = one.finished.as_ref()?;
    let decided = notes.of_context(context)?;
    let name = &decided.name;
    let is_told = told(&format!("done {name}")) || told(&format!("failed {name}"));
    (!is_told).then(|| format!("the end of {name}"))
}

/// Every message arrived once and in order, unless it came to a call that was over.
fn letters(books: &State, kept: &BTreeMap<CallRef, Kept>, wrong: &mut Vec<String>) {
    for (from, sender) in kept {
        let Some(notes) = &sender.memory else { continue };
        let others: BTreeSet<CallRef> = notes.letters.iter().map(|(to, _)| *to).collect();
        for to in others {
            let sent = notes.letters.iter().filter(|(one, number)| *one == to && *number > 0);
            let sent: Vec<u64> = sent.map(|(_, number)| *number).collect();
            let words = format!("message {from} ");
            let receiver = kept.get(&to).and_then(|kept| kept.memory.as_ref());
            let got: Vec<u64> = receiver
                .map(|notes| {
                    notes.told.iter().filter_map(|(_, told)| told.strip_prefix(&words)?.parse().ok())
                })
                .into_iter()
                .flatten()
                .collect();
            let over = books.ledger.mails.get(&to).is_none_or(|mail| mail.ended.is_some());
            // Whoever has it placed first finds it there.
            let placed = notes.letters.contains(&(to, 0));
            let early = books.ledger.early.contains(&to) && !placed;
            let in_order =
                got.windows(2).all(|two| two[0] < two[1]) && got.iter().all(|one| sent.contains(one));
            let complete = sent.starts_with(&got) || early;
            if !in_order || !complete || (got.len() < sent.len() && !over && !early) {
                wrong.push(format!("{} told {} {sent:?}, and {got:?} came", short(from), short(&to)));
            }
        }
    }
}
