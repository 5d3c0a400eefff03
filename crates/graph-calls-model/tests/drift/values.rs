//! Whatever the model's types can hold is read, written and read again without a loss.
//!
//! The values are made from what [`reader`](crate::reader) learnt of the types, so that a new type or member is tested
//! by being there.

use std::collections::BTreeMap;

use graph_calls_model::{
    Call, CommsOperation, DeltaParticipants, ErrorBody, Participant, ParticipantJoiningNotification,
    ParticipantLeftNotification, TeleconferenceDeviceQuality,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::kind::{Kind, Model};
use crate::reader;

/// How deep the values go: a call, its participants, who they are.
const DEPTH: usize = 5;

/// Makes JSON that a type reads.
struct Maker {
    model: Model,
    made: BTreeMap<(String, usize), BoxedStrategy<Value>>,
}

impl Maker {
    fn of(&mut self, kind: &Kind, depth: usize) -> Option<BoxedStrategy<Value>> {
        Some(match kind {
            Kind::Text => ".{0,12}".prop_map(Value::from).boxed(),
            Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
            Kind::Integer => prop_oneof![
                any::<i64>().prop_map(Value::from),
                any::<i64>().prop_map(|number| Value::from(number.to_string())),
            ]
            .boxed(),
            Kind::Double => {
                (-4_000_i32..4_000).prop_map(|number| Value::from(f64::from(number) / 8.0)).boxed()
            }
            Kind::Raw => Just(Value::from(7)).boxed(),
            Kind::List(of) => prop::collection::vec(self.of(of, depth)?, 0..3).prop_map(Value::from).boxed(),
            Kind::Enum(name) => {
                let known = select(self.model.enums[name].clone());
                prop_oneof![
                    known.clone().prop_map(Value::from),
                    known.prop_map(|word| Value::from(word.to_uppercase())),
                    "[a-z]{13}".prop_map(Value::from),
                ]
                .boxed()
            }
            Kind::Object(name) if depth > 0 => self.object(name, depth),
            Kind::Object(_) => Just(Value::Object(Map::new())).boxed(),
            Kind::Word(_) | Kind::Typed(_) | Kind::Untyped | Kind::Unknown(_) => return None,
        })
    }

    fn object(&mut self, name: &str, depth: usize) -> BoxedStrategy<Value> {
        let key = (name.to_owned(), depth);
        if let Some(made) = self.made.get(&key) {
            return made.clone();
        }
        let members = self.model.types[name].clone();
        let mut values = Vec::new();
        for member in members.into_iter().filter(|member| member.listed) {
            let value = if member.name == "@odata.type" {
                select(TAGS).prop_map(Value::from).boxed()
            } else {
                match self.of(&member.kind, depth - 1) {
                    Some(value) => value,
                    None => continue,
                }
            };
            let value = prop_oneof![4 => Just(None), 1 => Just(Some(Value::Null)), 3 => value.prop_map(Some)];
            values.push(value.prop_map(move |value| (member.name.clone(), value)).boxed());
        }
        let object = values.prop_map(|members| {
            Value::Object(members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
        });
        self.made.insert(key, object.clone().boxed());
        object.boxed()
    }
}

/// What sorts the kinds that are told apart by their type; one of them nobody knows.
const TAGS: &[&str] = &[
    "#microsoft.graph.tokenMeetingInfo",
    "#microsoft.graph.joinMeetingIdMeetingInfo",
    "#Microsoft.Graph.organizerMeetingInfo",
    "#microsoft.graph.appHostedMediaConfig",
    "#microsoft.graph.serviceHostedMediaConfig",
    "#microsoft.graph.outgoingCallOptions",
    "#microsoft.graph.playPromptOperation",
    "#microsoft.graph.unheardOf",
];

fn values<T: Deserialize<'static>>() -> BoxedStrategy<Value> {
    let mut model = Model::default();
    reader::add::<T>(&mut model, &|_| Vec::new());
    let (name, _) = std::any::type_name::<T>().split_once('<').unwrap_or((std::any::type_name::<T>(), ""));
    let name = name.rsplit("::").next().unwrap_or(name).to_owned();
    Maker { model, made: BTreeMap::new() }.object(&name, DEPTH)
}

/// Writes JSON with the members of all objects in an order of its own, an unknown one among them.
fn write(value: &Value, order: &[Index], step: &mut usize, text: &mut String) {
    match value {
        Value::Object(members) => {
            let unknown = Value::from(vec![1]);
            let mut members: Vec<_> = members.iter().collect();
            let name = "nobodyKnowsThis".to_owned();
            members.push((&name, &unknown));
            text.push('{');
            while !members.is_empty() {
                let at = order[*step % order.len()].index(members.len());
                *step += 1;
                let (name, value) = members.swap_remove(at);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(" :\n");
                write(value, order, step, text);
                if !members.is_empty() {
                    text.push(',');
                }
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                write(item, order, step, text);
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// What two spellings of one value have in common: nulls, empty lists and types aside, numbers and words in one form.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.iter().filter(|(name, _)| *name != "@odata.type");
            let said = said.map(|(name, value)| (name.clone(), plain(value)));
            let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            Value::Object(said.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => Value::from(number.to_string()),
            Err(_) => Value::from(text.to_lowercase()),
        },
        Value::Number(number) => Value::from(number.to_string()),
        other => other.clone(),
    }
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `$same` says whether all that is made can be written back: the kinds that are told apart by their type drop what
/// their kind has not.
macro_rules! round_trips {
    ($($name:ident: $type:ident, $same:literal;)*) => { $(
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(200))]

            #[test]
            fn $name(value in values::<$type<'static>>(), order in prop::collection::vec(any::<Index>(), 16)) {
                let text = value.to_string();
                let once: $type<'_> = read(&text);
                let written = serde_json::to_string(&once).expect("what was read can be written");
                prop_assert_eq!(&read::<$type<'_>>(&written), &once);
                prop_assert_eq!(&once.clone().into_owned(), &once);

                let mut shuffled = String::new();
                write(&value, &order, &mut 0, &mut shuffled);
                prop_assert_eq!(&read::<$type<'_>>(&shuffled), &once);

                if $same {
                    let written: Value = read(&written);
                    prop_assert_eq!(plain(&written), plain(&value));
                }
            }
        }
    )* };
}

round_trips! {
    a_call_is_read_and_written: Call, false;
    a_participant_is_read_and_written: Participant, true;
    a_delta_roster_is_read_and_written: DeltaParticipants, true;
    an_operation_is_read_and_written: CommsOperation, false;
    somebody_who_wants_to_join_is_read_and_written: ParticipantJoiningNotification, false;
    somebody_who_left_is_read_and_written: ParticipantLeftNotification, false;
    a_report_on_quality_is_read_and_written: TeleconferenceDeviceQuality, true;
    an_error_body_is_read_and_written: ErrorBody, true;
}
