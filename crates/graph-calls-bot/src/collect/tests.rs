use super::*;

const LIVE: Facts = Facts { subscribed: true, group: false, media_active: true, last_key: Some(10) };

fn menu() -> Collect {
    Collect::one().prompt(Prompt::file("menu")).accept("12").named("menu")
}

fn key(key: char, number: i64) -> Input {
    Input::Tone { key, number: Some(number), late: false }
}

fn finish(name: &str, keys: &str, end: DigitsEnd) -> Act {
    Act::Finish(Digits { name: name.to_owned(), keys: keys.to_owned(), end })
}

fn play(name: &str, attempt: u32) -> Act {
    Act::Play(Prompt::file(name), attempt)
}

fn seconds(time: u64) -> Act {
    Act::SetTimer(Duration::from_secs(time))
}

const GUARD: Act = Act::SetTimer(LONGEST_PROMPT);

#[test]
fn a_menu_is_played_and_the_first_key_ends_it() {
    let (mut menu, acts) = Collecting::begin(menu(), Facts { subscribed: false, ..LIVE });
    assert_eq!(acts, [Act::Subscribe, play("menu", 1), GUARD]);
    assert_eq!(menu.on(Input::Done(Part::Subscribe)), []);
    let acts = menu.on(key('1', 11));
    assert_eq!(acts, [Act::CancelMedia, Act::CancelTimer, finish("menu", "1", DigitsEnd::Complete)]);
    assert!(menu.is_over());
    assert_eq!(menu.on(Input::Failed(Part::Play(1), "cancelled".to_owned())), []);
    assert_eq!(menu.on(Input::Ended), []);
}

#[test]
fn who_says_nothing_is_asked_again_and_then_no_more() {
    let question = menu().tries(2).reprompt(Prompt::file("again"));
    let (mut menu, acts) = Collecting::begin(question, LIVE);
    assert_eq!(acts, [play("menu", 1), GUARD]);
    assert_eq!(menu.on(Input::Done(Part::Play(1))), [seconds(10)]);
    assert_eq!(menu.on(Input::Timer), [play("again", 2), GUARD]);
    assert_eq!(menu.on(Input::Done(Part::Play(1))), [], "of the try before");
    assert_eq!(menu.on(Input::Done(Part::Play(2))), [seconds(10)]);
    assert_eq!(menu.on(Input::Timer), [finish("menu", "", DigitsEnd::Nothing)]);
}

#[test]
fn a_wrong_key_begins_the_next_try_at_once() {
    let (mut menu, _) = Collecting::begin(menu().tries(2), LIVE);
    assert_eq!(menu.on(key('9', 11)), [Act::CancelMedia, play("menu", 2), GUARD]);
    assert_eq!(menu.on(Input::Failed(Part::Play(1), "cancelled".to_owned())), []);
    let late = Input::Tone { key: '1', number: Some(10), late: true };
    assert_eq!(menu.on(late), [], "pressed before the question");
    assert_eq!(
        menu.on(key('9', 12)),
        [Act::CancelMedia, Act::CancelTimer, finish("menu", "", DigitsEnd::Wrong)]
    );
}

#[test]
fn without_a_prompt_the_time_starts_at_once_or_when_the_audio_flows() {
    let (_, acts) = Collecting::begin(Collect::one(), LIVE);
    assert_eq!(acts, [seconds(10)]);
    let silent = Facts { media_active: false, ..LIVE };
    let (mut one, acts) = Collecting::begin(Collect::one(), silent);
    assert_eq!(acts, []);
    assert_eq!(one.on(Input::Timer), [], "stale");
    assert_eq!(one.on(Input::MediaActive), [seconds(10)]);
    assert_eq!(one.on(Input::MediaActive), [], "after a hold");
    let (mut menu, acts) = Collecting::begin(menu(), silent);
    assert_eq!(acts, [play("menu", 1)]);
    assert_eq!(menu.on(Input::MediaActive), [GUARD]);
}

#[test]
fn a_key_shows_that_the_audio_flows() {
    let silent = Facts { media_active: false, ..LIVE };
    let (mut one, _) = Collecting::begin(Collect::one().accept("12").tries(2), silent);
    assert_eq!(one.on(key('9', 11)), [seconds(10)]);
    assert_eq!(one.on(Input::MediaActive), []);
    assert_eq!(one.on(Input::Timer), [finish("collect", "", DigitsEnd::Nothing)]);
}

#[test]
fn a_pin_ends_with_its_last_key_its_finishing_key_or_a_pause() {
    let pin = Collect::up_to(4).finish_on('#').between(Duration::from_secs(3)).named("pin");
    let typed = |question: &Collect, keys: &str| {
        let (mut pin, _) = Collecting::begin(question.clone(), LIVE);
        let mut acts = Vec::new();
        for (number, pressed) in (11..).zip(keys.chars()) {
            acts = if pressed == '.' { pin.on(Input::Timer) } else { pin.on(key(pressed, number)) };
        }
        acts
    };
    assert_eq!(typed(&pin, "12"), [seconds(3)]);
    assert_eq!(typed(&pin, "1234"), [Act::CancelTimer, finish("pin", "1234", DigitsEnd::Complete)]);
    assert_eq!(typed(&pin, "12#"), [Act::CancelTimer, finish("pin", "12", DigitsEnd::FinishKey)]);
    assert_eq!(typed(&pin, "12."), [finish("pin", "12", DigitsEnd::Pause)]);
    assert_eq!(typed(&pin, "#"), [Act::CancelTimer, finish("pin", "", DigitsEnd::Nothing)]);
    let exact = Collect::exactly(4).finish_on('#').named("pin");
    assert_eq!(typed(&exact, "12#"), [Act::CancelTimer, finish("pin", "12", DigitsEnd::TooFew)]);
    assert_eq!(typed(&exact, "12."), [finish("pin", "12", DigitsEnd::TooFew)]);
    assert_eq!(typed(&exact.accept("12#"), "13"), [Act::CancelTimer, finish("pin", "1", DigitsEnd::Wrong)]);
}

#[test]
fn a_prompt_that_may_not_be_interrupted_is_heard_first() {
    let (mut menu, _) = Collecting::begin(menu().barge_in(false), LIVE);
    assert_eq!(menu.on(key('2', 11)), []);
    let acts = menu.on(Input::Done(Part::Play(1)));
    assert_eq!(acts, [Act::CancelTimer, finish("menu", "2", DigitsEnd::Complete)]);
}

#[test]
fn a_lost_key_is_waited_for_and_further_ones_do_not_prolong_it() {
    let question = Collect::exactly(3).named("pin");
    let (mut pin, _) = Collecting::begin(question.clone(), LIVE);
    assert_eq!(pin.on(key('1', 11)), [seconds(5)]);
    assert_eq!(pin.on(key('3', 13)), [seconds(5)]);
    let mut lost = pin.clone();
    let late = Input::Tone { key: '2', number: Some(12), late: true };
    assert_eq!(pin.on(late), [Act::CancelTimer, finish("pin", "123", DigitsEnd::Complete)]);
    assert_eq!(lost.on(key('4', 14)), []);
    assert_eq!(lost.on(Input::Timer), [finish("pin", "1", DigitsEnd::Lost)]);
}

#[test]
fn a_prompt_that_fails_or_is_in_doubt_still_collects() {
    let (mut failed, _) = Collecting::begin(menu(), LIVE);
    assert_eq!(failed.on(Input::Failed(Part::Play(1), "404".to_owned())), [seconds(10)]);
    assert_eq!(failed.on(key('1', 11)), [Act::CancelTimer, finish("menu", "1", DigitsEnd::Complete)]);

    let (mut doubtful, _) = Collecting::begin(menu(), LIVE);
    assert_eq!(doubtful.on(Input::InDoubt(Part::Play(1))), [seconds(10)]);
    let mut silent = doubtful.clone();
    assert_eq!(doubtful.on(Input::Done(Part::Play(1))), [seconds(10)], "from its end");
    assert_eq!(silent.on(Input::Timer), [finish("menu", "", DigitsEnd::Nothing)]);

    let (mut forgotten, _) = Collecting::begin(menu(), LIVE);
    assert_eq!(forgotten.on(Input::Timer), [seconds(10)]);

    let (mut unmade, _) = Collecting::begin(menu(), Facts { media_active: false, ..LIVE });
    assert_eq!(unmade.on(Input::Failed(Part::Play(1), "no such prompt".to_owned())), []);
    assert_eq!(unmade.on(Input::MediaActive), [seconds(10)]);
}

#[test]
fn keys_that_cannot_be_had_end_the_question() {
    let (mut menu, _) = Collecting::begin(menu(), Facts { subscribed: false, ..LIVE });
    let why = "403".to_owned();
    let acts = menu.on(Input::Failed(Part::Subscribe, why.clone()));
    assert_eq!(acts, [Act::CancelMedia, Act::CancelTimer, finish("menu", "", DigitsEnd::Impossible(why))]);
}

#[test]
fn a_group_is_asked_only_when_it_does_not_matter_who_answers() {
    let group = Facts { group: true, subscribed: false, ..LIVE };
    let (refused, acts) = Collecting::begin(menu(), group);
    assert_eq!(acts, [finish("menu", "", DigitsEnd::Impossible(WHOSE.to_owned()))]);
    assert!(refused.is_over());
    let (_, acts) = Collecting::begin(menu().any_participant(), group);
    assert_eq!(acts, [Act::Subscribe, play("menu", 1), GUARD]);
}

#[test]
fn the_next_question_and_the_calls_end_interrupt_it_once() {
    let question = Collect::up_to(4).prompt(Prompt::file("pin")).named("pin");
    let (asked, _) = Collecting::begin(question, LIVE);
    let acts = asked.clone().on(Input::Superseded);
    assert_eq!(acts, [Act::CancelMedia, Act::CancelTimer, finish("pin", "", DigitsEnd::Interrupted)]);
    let mut typing = asked;
    assert_eq!(typing.on(key('1', 11)), [Act::CancelMedia, seconds(5)]);
    assert_eq!(typing.on(Input::Ended), [Act::CancelTimer, finish("pin", "1", DigitsEnd::Interrupted)]);
    assert_eq!(typing.on(Input::Superseded), []);
}

#[test]
fn counts_that_make_no_sense_are_brought_into_their_range() {
    for (question, least, most) in
        [(Collect::exactly(0), 1, 1), (Collect::up_to(0), 1, 1), (Collect::exactly(1_000), 128, 128)]
    {
        assert_eq!((question.least, question.most), (least, most));
    }
    let (mut never, _) = Collecting::begin(Collect::one().tries(0), LIVE);
    assert_eq!(never.on(Input::Timer), [finish("collect", "", DigitsEnd::Nothing)]);
}
