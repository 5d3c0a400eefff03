//! Whom to call or invite, as the command line names them.

use std::{fmt, str::FromStr};

use graph_calls_core::model::{IdentitySet, InvitationParticipantInfo, ParticipantId};

/// `user:ID`, `phone:+E164`, `app:ID` or `instance:ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callee {
    kind: Kind,
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Phone,
    App,
    Instance,
}

impl Callee {
    pub(crate) fn identity(&self) -> IdentitySet<'static> {
        let id = self.id.clone();
        match self.kind {
            Kind::User => IdentitySet::user(id),
            Kind::Phone => IdentitySet::phone(id),
            Kind::App => IdentitySet::application(id),
            Kind::Instance => IdentitySet::application_instance_of(id),
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
        let kind = match kind {
            "user" => Kind::User,
            "phone" => Kind::Phone,
            "app" => Kind::App,
            "instance" => Kind::Instance,
            other => return Err(format!("`{other}` is none of user, phone, app and instance")),
        };
        if kind == Kind::Phone {
            let digits = id.strip_prefix('+').filter(|digits| (3..=15).contains(&digits.len()));
            if !digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_digit())) {
                return Err("a phone number is + and 3 to 15 digits, such as phone:+15550100001".to_owned());
            }
        } else if id.contains('@') {
            return Err("give the object id, not the user name".to_owned());
        } else {
            // What no path could carry is no id here either.
            ParticipantId::new(id).map_err(|error| error.to_string().replace("participant id", "id"))?;
        }
        Ok(Self { kind, id: id.to_owned() })
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::User => "user",
            Kind::Phone => "phone",
            Kind::App => "app",
            Kind::Instance => "instance",
        };
        write!(f, "{kind}:{}", self.id)
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
