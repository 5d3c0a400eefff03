//! The machine in a small world with a clock, against a model that looks at everything from above.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select};

use super::*;

/// All times are in milliseconds. What begins with a key gets that key's own last two digits, so that no two things ever
/// happen at the same time.
const FINE: u64 = 100;

#[derive(Debug, Clone)]
struct Press {
    gap: u64,
    key: char,
    lost: bool,
    delay: u64,
    repeated: Option<u64>,
}

#[derive(Debug, Clone)]
struct Scenario {
    question: Collect,
    /// How long the prompt and the one after a failed try play.
    lengths: (u64, u64),
    first: i64,
    /// Whether keys were told before, so that the number of the last one is known.
    subscribed: bool,
    media: u64,
    presses: Vec<Press>,
    interrupted: Option<(u64, Input)>,
}

/// A key as it reaches the bot.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: u64,
    key: char,
    number: i64,
    late: bool,
}

impl Scenario {
    /// What the record makes of what arrives: each key once, and whether it is late.
    fn told(&self) -> Vec<Told> {
        let mut arriving = Vec::new();
        let mut pressed = 0;
        for ((own, number), press) in (1..).zip(self.first..).zip(&self.presses) {
            pressed += press.gap * FINE;
            if !press.lost {
                let at = pressed + press.delay * FINE + own;
                arriving.push((at, number, press.key));
                arriving.extend(press.repeated.map(|after| (at + after * FINE, number, press.key)));
            }
        }
        arriving.sort_unstable();
        let mut seen = BTreeSet::new();
        let mut highest = self.subscribed.then_some(self.first - 1);
        let mut told = Vec::new();
        for (at, number, key) in arriving {
            if seen.insert(number) {
                told.push(Told { at, key, number, late: highest.is_some_and(|highest| number < highest) });
                highest = highest.max(Some(number));
            }
        }
        told
    }

    fn length(&self, attempt: u32) -> Option<u64> {
        let played =
            if attempt > 1 && self.question.reprompt.is_some() { self.lengths.1 } else { self.lengths.0 };
        self.question.prompt_of(attempt).map(|_| played * FINE)
    }
}

/// How it should end: looking from above, try by try.
fn expected(scenario: &Scenario) -> (String, DigitsEnd) {
    let question = &scenario.question;
    let (first_within, between) = (millis(question.first_within), millis(question.between));
    let (interruption, interruption_end) = match &scenario.interrupted {
        Some((at, Input::Failed(_, why))) => (*at, DigitsEnd::Impossible(why.clone())),
        Some((at, _)) => (*at, DigitsEnd::Interrupted),
        None => (u64::MAX, DigitsEnd::Interrupted),
    };
    let told = scenario.told();
    let mut begun = 0;
    let mut before = scenario.subscribed.then_some(scenario.first - 1);
    for attempt in 1.. {
        let mut keys = BTreeMap::new();
        let mut gap = false;
        // Prompts wait for the notification about the audio; a key before it shows that the audio flows already.
        let flows = begun.max(scenario.media);
        let heard = if told.iter().any(|one| one.at <= begun) { begun } else { flows };
        let ended = scenario.length(attempt).map(|length| flows + length);
        let mut held = ended.filter(|_| !question.barge_in);
        let mut deadline = ended.unwrap_or(heard) + first_within;
        let mut coming = told.iter().filter(|one| one.at > begun).peekable();
        let (end, at) = loop {
            let arrival = coming.peek().map_or(u64::MAX, |one| one.at);
            let due = held.unwrap_or(deadline);
            let now = interruption.min(arrival).min(due);
            if now == interruption {
                return (taken(&keys, before, question).0, interruption_end);
            }
            if now == arrival {
                let Some(one) = coming.next() else { unreachable!() };
                if before.is_some_and(|before| one.number <= before) {
                    continue;
                }
                keys.insert(one.number, one.key);
                if held.is_some() {
                    continue;
                }
            } else if held.take().is_some() {
                if keys.is_empty() {
                    deadline = now + first_within;
                    continue;
                }
            } else {
                break (at_the_end(taken(&keys, before, question), question), now);
            }
            match taken(&keys, before, question) {
                (_, None) => {
                    gap = false;
                    deadline = now + between;
                }
                (_, Some(DigitsEnd::Lost)) if gap => {}
                (_, Some(DigitsEnd::Lost)) => {
                    gap = true;
                    deadline = now + between;
                }
                decided => break (at_the_end(decided, question), now),
            }
        };
        if end.is_answer() || attempt >= question.tries {
            return (taken(&keys, before, question).0, end);
        }
        before = before.max(told.iter().filter(|one| one.at <= at).map(|one| one.number).max());
        begun = at;
    }
    unreachable!("the last try ends it")
}

/// The keys of an answer, and what decides it: `Full`, `Finished`, `Wrong`, or `Lost` as far as that goes.
fn taken(keys: &BTreeMap<i64, char>, before: Option<i64>, question: &Collect) -> (String, Option<DigitsEnd>) {
    let mut all = String::new();
    let mut next = before.map(|before| before + 1);
    for (number, key) in keys {
        if next.is_some_and(|next| next != *number) {
            return (all, Some(DigitsEnd::Lost));
        }
        next = Some(number + 1);
        if question.finish_on == Some(*key) {
            return (all, Some(DigitsEnd::FinishKey));
        }
        if !question.accepts(*key) {
            return (all, Some(DigitsEnd::Wrong));
        }
        all.push(*key);
        if all.len() == question.most as usize {
            return (all, Some(DigitsEnd::Complete));
        }
    }
    (all, None)
}

fn at_the_end((keys, decided): (String, Option<DigitsEnd>), question: &Collect) -> DigitsEnd {
    match decided {
        None | Some(DigitsEnd::FinishKey) if keys.is_empty() => DigitsEnd::Nothing,
        None | Some(DigitsEnd::FinishKey) if keys.len() < question.least as usize => DigitsEnd::TooFew,
        None => DigitsEnd::Pause,
        Some(end) => end,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

/// Runs the machine in a world that does what its acts say, and returns how it ended.
fn run(scenario: &Scenario) -> Result<Digits, TestCaseError> {
    let mut world =
        World { scenario, coming: BTreeMap::new(), timer: None, playing: None, media: false, finished: None };
    for one in scenario.told() {
        world.coming.insert(one.at, Input::Tone { key: one.key, number: Some(one.number), late: one.late });
    }
    if let Some((at, input)) = &scenario.interrupted {
        world.coming.insert(*at, input.clone());
    }
    world.media = scenario.media == 0;
    if !world.media {
        world.coming.insert(scenario.media, Input::MediaActive);
    }
    let facts = Facts {
        subscribed: scenario.subscribed,
        group: false,
        media_active: world.media,
        last_key: Some(scenario.first - 1),
    };
    let (mut machine, acts) = Collecting::begin(scenario.question.clone(), facts);
    prop_assert_eq!(acts.contains(&Act::Subscribe), !scenario.subscribed);
    world.obey(0, acts)?;
    while let Some((now, input)) = world.next() {
        // It is kept between any two things that happen.
        let kept = serde_json::to_string(&machine).unwrap();
        let read: Collecting = serde_json::from_str(&kept).unwrap();
        prop_assert_eq!(&read, &machine);
        machine = read;
        let acts = machine.on(input);
        prop_assert!(world.finished.is_none() || acts.is_empty(), "acts after the end: {:?}", acts);
        prop_assert!(!acts.contains(&Act::Subscribe), "a second subscription");
        world.obey(now, acts)?;
    }
    world.finished.ok_or_else(|| TestCaseError::fail("it never finished"))
}

struct World<'a> {
    scenario: &'a Scenario,
    coming: BTreeMap<u64, Input>,
    timer: Option<u64>,
    /// The try whose prompt plays or waits for the audio, and when it ends.
    playing: Option<(u32, Option<u64>)>,
    media: bool,
    finished: Option<Digits>,
}

impl World<'_> {
    fn next(&mut self) -> Option<(u64, Input)> {
        let coming = self.coming.first_key_value().map(|(at, _)| *at);
        let prompt = self.playing.and_then(|(_, end)| end);
        let now = [coming, self.timer, prompt].into_iter().flatten().min()?;
        if self.timer == Some(now) {
            self.timer = None;
            return Some((now, Input::Timer));
        }
        if prompt == Some(now) {
            let attempt = self.playing.take()?.0;
            let part = Part::Play(attempt);
            // Whether it was heard makes no difference.
            let heard = now % 200 < 100;
            return Some((
                now,
                if heard { Input::Done(part) } else { Input::Failed(part, "404".to_owned()) },
            ));
        }
        let input = self.coming.remove(&now)?;
        if input == Input::MediaActive {
            self.media = true;
            if let Some((attempt, end @ None)) = &mut self.playing {
                *end = Some(now + self.scenario.length(*attempt)?);
            }
        }
        Some((now, input))
    }

    fn obey(&mut self, now: u64, acts: Vec<Act>) -> Result<(), TestCaseError> {
        for act in acts {
            prop_assert!(self.finished.is_none(), "{:?} after the end", act);
            match act {
                Act::Subscribe => {}
                Act::Play(prompt, attempt) => {
                    prop_assert_eq!(self.scenario.question.prompt_of(attempt), Some(&prompt));
                    prop_assert!(self.playing.is_none(), "two prompts at once");
                    let length = self.scenario.length(attempt).unwrap();
                    self.playing = Some((attempt, self.media.then_some(now + length)));
                }
                Act::CancelMedia => {
                    prop_assert!(self.playing.is_some(), "nothing plays");
                    let attempt = self.playing.take().map_or(0, |(attempt, _)| attempt);
                    // Its notification comes when something else may be going on.
                    let cancelled = Input::Failed(Part::Play(attempt), "8508".to_owned());
                    self.coming.insert(now + 3 * FINE, cancelled);
                }
                Act::SetTimer(time) => self.timer = Some(now + millis(time)),
                Act::CancelTimer => prop_assert!(self.timer.take().is_some(), "no timer is set"),
                Act::Finish(answered) => {
                    prop_assert_eq!(self.timer, None, "a timer is left");
                    self.finished = Some(answered);
                }
            }
        }
        Ok(())
    }
}

fn question() -> impl Strategy<Value = Collect> {
    let keys = (0_u32..3, 1_u32..5).prop_map(|(kind, keys)| match kind {
        0 => Collect::one(),
        1 => Collect::exactly(keys),
        _ => Collect::up_to(keys),
    });
    let options = (1_u32..4, 5_u64..80, 5_u64..40, any::<[bool; 5]>());
    (keys, options).prop_map(|(mut question, (tries, first, between, flags))| {
        let [prompt, reprompt, barge_in, finish, accept] = flags;
        question = question
            .tries(tries)
            .first_within(Duration::from_millis(first * FINE))
            .between(Duration::from_millis(between * FINE))
            .barge_in(barge_in)
            .named("pin");
        if prompt {
            question = question.prompt(Prompt::file("pin"));
        }
        if reprompt {
            question = question.reprompt(Prompt::file("again").then_url("https://bot.example/pin.wav"));
        }
        if finish {
            question = question.finish_on('#');
        }
        if accept {
            question = question.accept("123");
        }
        question
    })
}

fn press() -> impl Strategy<Value = Press> {
    let delay = prop_oneof![4 => Just(0), 1 => 0_u64..30];
    let repeated = proptest::option::weighted(0.2, 0_u64..30);
    (
        0_u64..40,
        select(vec!['1', '1', '2', '2', '3', '4', '#']),
        proptest::bool::weighted(0.15),
        delay,
        repeated,
    )
        .prop_map(|(gap, key, lost, delay, repeated)| Press { gap, key, lost, delay, repeated })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let interrupted = proptest::option::weighted(
        0.3,
        (
            0_u64..300,
            select(vec![Input::Ended, Input::Superseded, Input::Failed(Part::Subscribe, "403".to_owned())]),
        ),
    );
    let presses = proptest::collection::vec(press(), 0..20);
    let media = prop_oneof![3 => Just(0), 1 => 0_u64..40];
    (question(), (0_u64..60, 0_u64..60), -5_i64..100, any::<bool>(), media, presses, interrupted).prop_map(
        |(question, lengths, first, subscribed, media, presses, interrupted)| Scenario {
            question,
            lengths,
            first,
            subscribed,
            media: if media == 0 { 0 } else { media * FINE + 98 },
            presses,
            interrupted: interrupted.map(|(at, input)| (at * FINE + 99, input)),
        },
    )
}

fn any_input() -> impl Strategy<Value = Input> {
    let part = prop_oneof![Just(Part::Subscribe), (0_u32..4).prop_map(Part::Play)];
    let number = proptest::option::of(prop_oneof![8 => 0_i64..12, 1 => any::<i64>()]);
    prop_oneof![
        4 => (select("01239*#ABCDx".chars().collect::<Vec<_>>()), number, any::<bool>())
            .prop_map(|(key, number, late)| Input::Tone { key, number, late }),
        2 => part.clone().prop_map(Input::Done),
        1 => part.clone().prop_map(|part| Input::Failed(part, "why".to_owned())),
        1 => part.prop_map(Input::InDoubt),
        3 => Just(Input::Timer),
        1 => Just(Input::MediaActive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn whatever_is_lost_late_or_repeated_it_ends_once_and_as_the_model_does(scenario in scenario()) {
        let answered = run(&scenario)?;
        let (keys, end) = expected(&scenario);
        prop_assert_eq!(answered, Digits { name: "pin".to_owned(), keys, end });
    }

    #[test]
    fn inputs_that_make_no_sense_do_no_harm(
        question in question(),
        flags in any::<[bool; 3]>(),
        last_key in proptest::option::of(-2_i64..6),
        inputs in proptest::collection::vec(any_input(), 0..60),
    ) {
        let [subscribed, group, media_active] = flags;
        let facts = Facts { subscribed, group, media_active, last_key };
        let (mut machine, mut acts) = Collecting::begin(question.clone(), facts);
        let (mut timer, mut plays, mut finished) = (false, 0, 0);
        for input in inputs.into_iter().chain([Input::Ended, Input::Timer, Input::Superseded]) {
            for act in acts {
                prop_assert_eq!(finished, 0, "{:?} after the end", act);
                match act {
                    Act::SetTimer(_) => timer = true,
                    Act::CancelTimer => timer = false,
                    Act::Play(_, attempt) => {
                        plays += 1;
                        prop_assert!(attempt <= question.tries && plays <= question.tries);
                    }
                    Act::Finish(answered) => {
                        finished += 1;
                        prop_assert!(!timer, "a timer is left");
                        prop_assert!(answered.keys.len() <= question.most as usize);
                        prop_assert!(!answered.end.is_answer() || answered.keys.len() >= question.least as usize);
                    }
                    Act::Subscribe | Act::CancelMedia => {}
                }
            }
            timer &= input != Input::Timer;
            acts = machine.on(input);
        }
        prop_assert_eq!((acts, finished, machine.is_over()), (Vec::new(), 1, true));
    }
}
