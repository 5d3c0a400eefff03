//! Callers and callees: a small directory of people who act.

use serde::{Deserialize, Serialize};

use super::same_id;

/// The tenant that owns the bot's calls unless the builder says otherwise.
pub(crate) const TENANT: &str = "a0000000-0000-4000-8000-000000000001";
/// The bot's app id unless the builder says otherwise.
pub(crate) const APP: &str = "a0000000-0000-4000-8000-000000000002";
/// The bot's secret unless the builder says otherwise.
pub(crate) const SECRET: &str = "emulator-secret";
/// A tenant beside the bot's own.
pub(crate) const OTHER_TENANT: &str = "a0000000-0000-4000-8000-000000000101";
/// An app beside the bot's own.
const OTHER_APP: &str = "a0000000-0000-4000-8000-000000000102";

/// Somebody who can call and be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// An object id, or a number in E.164.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// By what they are reached.
    pub kind: PersonKind,
    /// What they do when they are called.
    pub behaviour: Behaviour,
    /// Their tenant.
    pub tenant_id: String,
}

/// By what a person is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PersonKind {
    /// A Teams user, by object id.
    User,
    /// A phone, by number.
    Phone,
    /// Another bot, by app id.
    Application,
    /// A resource account, by object id.
    Instance,
    /// Somebody without an account, in a meeting.
    Guest,
}

/// What a person does when they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Behaviour {
    /// Picks up and stays.
    Answers,
    /// Is in another call.
    Busy,
    /// Looks at the phone and declines.
    Declines,
    /// Lets it ring.
    NeverAnswers,
    /// Has no phone that is switched on.
    Unreachable,
    /// May not be called privately.
    PrivateCallingOff,
    /// Picks up, listens and hangs up.
    AnswersThenHangsUp,
    /// Picks up and presses keys once the bot listens for them.
    PressesKeys,
}

impl Behaviour {
    /// In words, for a directory.
    pub fn describe(self) -> &'static str {
        match self {
            Behaviour::Answers => "answers",
            Behaviour::Busy => "is busy",
            Behaviour::Declines => "declines",
            Behaviour::NeverAnswers => "never answers",
            Behaviour::Unreachable => "is unreachable",
            Behaviour::PrivateCallingOff => "has private calling off",
            Behaviour::AnswersThenHangsUp => "answers, then hangs up",
            Behaviour::PressesKeys => "answers and presses keys",
        }
    }
}

const PEOPLE: [(&str, Behaviour); 8] = [
    ("Adele Vance", Behaviour::Answers),
    ("Bruno Costa", Behaviour::Busy),
    ("Chidi Okafor", Behaviour::Declines),
    ("Dana Fischer", Behaviour::NeverAnswers),
    ("Elif Kaya", Behaviour::Unreachable),
    ("Farid Haddad", Behaviour::PrivateCallingOff),
    ("Greta Lind", Behaviour::AnswersThenHangsUp),
    ("Hugo Morel", Behaviour::PressesKeys),
];

/// A resource account: which app owns it decides whether its number may be used.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) app_id: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Directory {
    people: Vec<Person>,
    instances: Vec<Instance>,
}

impl Directory {
    pub(crate) fn new(tenant_id: &str, app_id: &str) -> Self {
        let mut people = Vec::new();
        for (number, (name, behaviour)) in (1_u32..).zip(PEOPLE) {
            people.push(Person {
                id: format!("b0000000-0000-4000-8000-{number:012}"),
                name: name.to_owned(),
                kind: PersonKind::User,
                behaviour,
                tenant_id: tenant_id.to_owned(),
            });
        }
        for (number, (name, behaviour)) in (1_u32..).zip(PEOPLE) {
            people.push(Person {
                id: format!("+1555010000{number}"),
                name: format!("{name}'s phone"),
                kind: PersonKind::Phone,
                behaviour,
                tenant_id: tenant_id.to_owned(),
            });
        }
        people.push(Person {
            id: "b0000000-0000-4000-8000-000000000009".to_owned(),
            name: "Echo Bot".to_owned(),
            kind: PersonKind::Application,
            behaviour: Behaviour::Answers,
            tenant_id: tenant_id.to_owned(),
        });
        people.push(Person {
            id: "b0000000-0000-4000-8000-000000000101".to_owned(),
            name: "Ines Duarte".to_owned(),
            kind: PersonKind::User,
            behaviour: Behaviour::Answers,
            tenant_id: OTHER_TENANT.to_owned(),
        });
        let instance = |number: u32, name: &str, app_id: &str| Instance {
            id: format!("c0000000-0000-4000-8000-{number:012}"),
            name: name.to_owned(),
            app_id: app_id.to_owned(),
        };
        let instances =
            vec![instance(1, "Front Desk", app_id), instance(2, "Somebody Else's Desk", OTHER_APP)];
        for one in &instances {
            people.push(Person {
                id: one.id.clone(),
                name: one.name.clone(),
                kind: PersonKind::Instance,
                behaviour: Behaviour::Answers,
                tenant_id: tenant_id.to_owned(),
            });
        }
        Self { people, instances }
    }

    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|one| same_id(&one.id, id))
    }

    pub(crate) fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|one| same_id(&one.id, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_object_id_in_any_spelling_and_by_number() {
        let directory = Directory::new(TENANT, APP);
        let name = |id: &str| directory.find(id).map(|one| one.name.as_str());
        assert_eq!(name("B0000000000040008000000000000003"), Some("Chidi Okafor"));
        assert_eq!(name("+15550100004"), Some("Dana Fischer's phone"));
        assert_eq!(name("b0000000-0000-4000-8000-000000000999"), None);
        assert!(
            directory.instance("c0000000-0000-4000-8000-000000000001").is_some_and(|one| one.app_id == APP)
        );
    }
}
