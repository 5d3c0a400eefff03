//! A call's notifications in every order, each with every single repeat.

use super::*;

/// An item of a call's life, in the order of their numbers, and what it tells when nothing later was told before.
struct Told {
    item: Notification<'static>,
    words: &'static [&'static str],
}

fn answered() -> Vec<Told> {
    let ended = json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5001}});
    vec![
        Told { item: incoming(), words: &["incoming"] },
        Told { item: state("establishing"), words: &["establishing"] },
        Told {
            item: item("updated", &json!({"state": "established", "mediaState": {"audio": "active"}})),
            words: &["established", "media active"],
        },
        Told { item: state("terminating"), words: &[] },
        Told { item: item("deleted", &ended), words: &["terminated"] },
    ]
}

fn placed() -> Vec<Told> {
    let ended = json!({"state": "terminated", "resultInfo": {"code": 200, "subcode": 5002}});
    vec![
        Told {
            item: item("updated", &json!({"state": "establishing", "direction": "outgoing"})),
            words: &["establishing"],
        },
        Told { item: state("ringing"), words: &["ringing"] },
        Told {
            item: item("updated", &json!({"state": "established", "mediaState": {"audio": "active"}})),
            words: &["established", "media active"],
        },
        Told { item: state("terminating"), words: &[] },
        Told { item: item("deleted", &ended), words: &["terminated"] },
    ]
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let with_last = |order: Vec<usize>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    };
    orders(last).into_iter().flat_map(with_last).collect()
}

/// What must be told: whatever is later than all that came before it.
fn expected(life: &[Told], order: &[usize]) -> Vec<&'static str> {
    let mut latest = None;
    let mut words = Vec::new();
    for place in order {
        if latest.is_none_or(|latest| *place > latest) {
            latest = Some(*place);
            words.extend(life[*place].words);
        }
    }
    words
}

fn run(start: &CallRecord, life: &[Told], order: &[usize]) -> (CallRecord, Vec<String>) {
    let mut record = start.clone();
    let mut told = Vec::new();
    for place in order {
        let events = record.apply(&life[*place].item, at(7)).unwrap();
        let first_word = |word: String| match word.strip_prefix("terminated") {
            Some(_) => "terminated".to_owned(),
            None => word,
        };
        told.extend(words(&events).into_iter().map(first_word));
    }
    (record, told)
}

fn check(name: &str, start: &CallRecord, life: &[Told]) {
    let orders = orders(life.len());
    let mut repeats = 0;
    let mut differences = 0;
    for order in &orders {
        let (once, told) = run(start, life, order);
        assert_eq!(once.state(), Some(&CallState::Terminated), "{order:?}");
        differences += usize::from(told != expected(life, order));
        for from in 0..order.len() {
            for to in from + 1..=order.len() {
                let mut again = order.clone();
                again.insert(to, order[from]);
                repeats += 1;
                differences += usize::from(run(start, life, &again) != (once.clone(), told.clone()));
            }
        }
    }
    println!("{name}: orders {}, repeats {repeats}, differences {differences}", orders.len());
    assert_eq!((orders.len(), repeats, differences), (120, 1_800, 0));
}

#[test]
fn in_every_order_and_with_every_repeat_an_answered_call_tells_the_same_and_nothing_goes_back_in_time() {
    let mut start = CallRecord::default();
    start.decide(Decided::Answer);
    check("incoming", &start, &answered());
}

#[test]
fn in_every_order_and_with_every_repeat_a_placed_call_tells_the_same_and_nothing_goes_back_in_time() {
    check("outgoing", &CallRecord::outgoing(Vec::new()), &placed());
}

#[test]
fn a_call_that_is_told_in_order_tells_all_of_it_and_how_it_ended() {
    for (life, outcome) in [(answered(), Outcome::Answered), (placed(), Outcome::Answered)] {
        let order: Vec<_> = (0..life.len()).collect();
        let (record, told) = run(&CallRecord::default(), &life, &order);
        let all: Vec<_> = life.iter().flat_map(|item| item.words).collect();
        assert_eq!(told, all.into_iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(record.ended().map(|ended| ended.outcome), Some(outcome));
    }
}
