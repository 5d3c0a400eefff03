//! Whom to call or invite, as the command line names them.

use std::{fmt, str::FromStr};

use graph_calls_core::model::{IdentitySet, InvitationParticipantInfo, ParticipantId, PhoneNumber};

/// `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Callee {
    User(String),
    Phone(PhoneNumber),
    App(String),
    Instance(String),
}

impl Callee {
    pub(crate) fn identity(&self) -> IdentitySet<'static> {
        match self {
            Callee::User(id) => IdentitySet::of_user(id.clone()),
            Callee::Phone(number) => IdentitySet::of_phone(number.clone()),
            Callee::App(id) => IdentitySet::of_application(id.clone()),
            Callee::Instance(id) => IdentitySet::of_application_instance(id.clone()),
        }
    }

    pub(crate) fn invitation(&self) -> InvitationParticipantInfo<'static> {
        InvitationParticipantInfo::new(self.identity())
    }
}

impl FromStr for Callee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, id) = text.split_once(':').ok_or("say user:ID, phone:+NUMBER, app:ID or instance:ID")?;
        match kind {
            "user" => object_id(id).map(Callee::User),
            "phone" => PhoneNumber::new(id).map(Callee::Phone).map_err(|error| error.to_string()),
            "app" => object_id(id).map(Callee::App),
            "instance" => object_id(id).map(Callee::Instance),
            other => Err(format!("`{other}` is none of user, phone, app and instance")),
        }
    }
}

fn object_id(id: &str) -> Result<String, String> {
    if id.contains('@') {
        return Err("give the object id, not the user name".to_owned());
    }
    // What no path could carry is no id here either.
    ParticipantId::new(id).map_err(|error| error.to_string().replace("participant id", "id"))?;
    Ok(id.to_owned())
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Callee::User(id) => write!(f, "user:{id}"),
            Callee::Phone(number) => write!(f, "phone:{number}"),
            Callee::App(id) => write!(f, "app:{id}"),
            Callee::Instance(id) => write!(f, "instance:{id}"),
        }
    }
}

/// Several, for a question.
pub(crate) fn list(callees: &[Callee]) -> String {
    callees.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callees_are_read_and_mistakes_are_named() {
        for good in ["user:8d1e6ab6", "phone:+15550100001", "app:2f1a", "instance:c0000000"] {
            assert_eq!(good.parse::<Callee>().unwrap().to_string(), good);
        }
        for bad in [
            "8d1e6ab6",
            "room:1",
            "user:",
            "user:a/b",
            "user:adele@contoso.example",
            "phone:555",
            "phone:+1a23",
        ] {
            assert!(bad.parse::<Callee>().is_err(), "{bad}");
        }
    }
}
