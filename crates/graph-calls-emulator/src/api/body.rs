//! Request bodies, read member by member.

use std::net::{Ipv4Addr, Ipv6Addr};

use graph_calls_model::fold_guid;
use serde_json::{Map, Value};

use super::{Refusal, Request};
use crate::world::{Media, Party, PersonKind, World, is_e164, is_http};

/// The most characters of a `clientContext`.
const CLIENT_CONTEXT: usize = 256;

/// A JSON object that a client sent.
#[derive(Debug)]
pub(crate) struct Body<'a>(&'a Map<String, Value>);

impl Request<'_> {
    /// The body as JSON; an empty object where there is none.
    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        if self.api.body.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        let media_type = self.api.content_type.as_deref().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::wrong_media_type());
        }
        serde_json::from_slice(&self.api.body)
            .map_err(|error| Refusal::bad_request(format!("The body is no JSON: {error}.")))
    }
}

impl<'a> Body<'a> {
    pub(crate) fn new(value: &'a Value) -> Result<Self, Refusal> {
        value.as_object().map(Self).ok_or_else(|| Refusal::bad_request("The body is no JSON object."))
    }

    /// A member of the body that is itself an object.
    fn of(value: &'a Value, name: &str) -> Result<Self, Refusal> {
        value.as_object().map(Self).ok_or_else(|| wrong(name, "an object"))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let read = |value: &'a Value| value.as_str().ok_or_else(|| wrong(name, "a string"));
        self.get(name).map(read).transpose()
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| wrong(name, "a boolean"));
        self.get(name).map_or(Ok(false), read)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let read = |value: &Value| value.as_u64().ok_or_else(|| wrong(name, "a positive number"));
        self.get(name).map(read).transpose()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Body<'a>>, Refusal> {
        self.get(name).map(|value| Body::of(value, name)).transpose()
    }

    /// The items of a collection; none if it is absent.
    pub(crate) fn items(&self, name: &str) -> Result<&'a [Value], Refusal> {
        let read = |value: &'a Value| value.as_array().ok_or_else(|| wrong(name, "an array"));
        Ok(self.get(name).map(read).transpose()?.map_or(&[], Vec::as_slice))
    }

    /// The items of a collection that has at least one and at most so many.
    pub(crate) fn some_items(&self, name: &str, most: usize) -> Result<&'a [Value], Refusal> {
        let items = self.items(name)?;
        if items.is_empty() || items.len() > most {
            return Err(Refusal::bad_request(format!("'{name}' must have 1 to {most} members.")));
        }
        Ok(items)
    }

    /// The items of a collection of strings; none if it is absent.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let read = |item: &Value| item.as_str().map(str::to_owned);
        let texts: Option<Vec<_>> = self.items(name)?.iter().map(read).collect();
        texts.ok_or_else(|| wrong(name, "a collection of strings"))
    }

    /// A member that is one of these words, in any case.
    pub(crate) fn one_of<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let chosen = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        let none = || Refusal::bad_request(format!("'{name}' is none of {}.", words()));
        chosen.map(|(_, choice)| Some(*choice)).ok_or_else(none)
    }

    /// A member that is a number from 0.0 to 1.0 and must be there.
    pub(crate) fn confidence(&self, name: &str) -> Result<f64, Refusal> {
        let value = self.get(name).ok_or_else(|| missing(name))?;
        let number = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
        number.ok_or_else(|| wrong(name, "a number from 0.0 to 1.0"))
    }

    /// A member that is a GUID and must be there.
    pub(crate) fn guid(&self, name: &str) -> Result<(&'a str, u128), Refusal> {
        let text = self.text(name)?.ok_or_else(|| missing(name))?;
        let value = fold_guid(text).ok_or_else(|| wrong(name, "a GUID"))?;
        Ok((text, value))
    }

    /// `clientContext`, at most 256 characters.
    pub(crate) fn client_context(&self) -> Result<Option<String>, Refusal> {
        let context = self.text("clientContext")?;
        if context.is_some_and(|context| context.chars().count() > CLIENT_CONTEXT) {
            let message = format!("'clientContext' is longer than {CLIENT_CONTEXT} characters.");
            return Err(Refusal::bad_request(message));
        }
        Ok(context.map(str::to_owned))
    }

    /// `callbackUri`, which must be https; http is allowed to this machine, where the emulator's bots run.
    pub(crate) fn callback_uri(&self) -> Result<Option<String>, Refusal> {
        let uri = self.text("callbackUri")?;
        match uri {
            Some(uri) if !is_callback_uri(uri) => {
                Err(Refusal::bad_request("'callbackUri' must be an https URL, or http to a loopback host."))
            }
            uri => Ok(uri.map(str::to_owned)),
        }
    }

    pub(crate) fn required_callback_uri(&self) -> Result<String, Refusal> {
        self.callback_uri()?.ok_or_else(|| missing("callbackUri"))
    }

    /// A collection of modalities that must not be empty.
    pub(crate) fn modalities(&self, name: &str) -> Result<Value, Refusal> {
        const KNOWN: [&str; 4] = ["audio", "video", "videoBasedScreenSharing", "data"];
        let items = self.items(name)?;
        if items.is_empty() {
            return Err(missing(name));
        }
        let is_known = |item: &Value| {
            item.as_str().is_some_and(|item| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(item)))
        };
        if !items.iter().all(is_known) {
            return Err(Refusal::bad_request(format!("'{name}' has a member that is no modality.")));
        }
        Ok(Value::from(items))
    }

    /// `mediaConfig`, with who handles the media.
    pub(crate) fn media_config(&self) -> Result<(Media, &'a Value), Refusal> {
        let value = self.get("mediaConfig").ok_or_else(|| missing("mediaConfig"))?;
        let config = Body::of(value, "mediaConfig")?;
        match config.kind()? {
            Some("serviceHostedMediaConfig") => Ok((Media::Service, value)),
            Some("appHostedMediaConfig") => {
                config.text("blob")?.ok_or_else(|| missing("mediaConfig.blob"))?;
                Ok((Media::App, value))
            }
            _ => Err(Refusal::bad_request(
                "'mediaConfig' must be a serviceHostedMediaConfig or an appHostedMediaConfig.",
            )),
        }
    }

    /// The type's name in `@odata.type`, without the namespace.
    pub(crate) fn kind(&self) -> Result<Option<&'a str>, Refusal> {
        let kind = self.text("@odata.type")?;
        Ok(kind.map(|kind| kind.rsplit_once('.').map_or(kind, |(_, name)| name)))
    }

    /// Where a prompt lies, and what the service may keep it by.
    pub(crate) fn media_info(&self) -> Result<(String, Option<String>), Refusal> {
        let info = self.object("mediaInfo")?.ok_or_else(|| missing("mediaInfo"))?;
        let uri = info.text("uri")?.ok_or_else(|| missing("mediaInfo.uri"))?;
        if !is_http(uri) {
            return Err(Refusal::bad_request("'mediaInfo.uri' is no URL that a prompt can be fetched from."));
        }
        Ok((uri.to_owned(), info.text("resourceId")?.map(str::to_owned)))
    }

    /// Who an `identity` member names.
    pub(crate) fn identity(&self, world: &World) -> Result<Party, Refusal> {
        const SLOTS: [(&str, PersonKind); 5] = [
            ("user", PersonKind::User),
            ("phone", PersonKind::Phone),
            ("applicationInstance", PersonKind::Instance),
            ("application", PersonKind::Application),
            ("guest", PersonKind::Guest),
        ];
        let set = self.object("identity")?.ok_or_else(|| missing("identity"))?;
        for (slot, kind) in SLOTS {
            let Some(identity) = set.object(slot)? else { continue };
            let id = identity.text("id")?.filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| missing(&format!("identity.{slot}.id")))?;
            if kind == PersonKind::Phone && !is_e164(id) {
                return Err(Refusal::bad_request("'identity.phone.id' is no number in E.164."));
            }
            return Ok(Party::named(&world.directory, kind, id, identity.text("displayName")?));
        }
        Err(Refusal::bad_request(
            "'identity' names nobody: user, phone, application, applicationInstance, guest.",
        ))
    }
}

fn wrong(name: &str, what: &str) -> Refusal {
    Refusal::bad_request(format!("'{name}' is not {what}."))
}

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::bad_request(format!("'{name}' is required."))
}

/// Whether notifications may be sent there.
pub(crate) fn is_callback_uri(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(url::Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        ("http", Some(url::Host::Ipv4(address))) => Ipv4Addr::is_loopback(&address),
        ("http", Some(url::Host::Ipv6(address))) => Ipv6Addr::is_loopback(&address),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn callbacks_go_to_https_or_to_this_machine() {
        for good in ["https://bot.example/c", "http://127.0.0.1:1/c", "http://localhost/", "http://[::1]:80/"]
        {
            assert!(is_callback_uri(good), "{good}");
        }
        for bad in ["http://bot.example/c", "ftp://127.0.0.1/", "/c", "", "http://127.0.0.1.example/"] {
            assert!(!is_callback_uri(bad), "{bad}");
        }
    }

    #[test]
    fn a_wrong_member_is_named() {
        let value = json!({ "clientContext": "x".repeat(257), "loop": "yes", "prompts": {} });
        let body = Body::new(&value).unwrap();
        assert!(body.client_context().unwrap_err().message.contains("256"));
        assert_eq!(body.flag("loop").unwrap_err().message, "'loop' is not a boolean.");
        assert_eq!(body.items("prompts").unwrap_err().message, "'prompts' is not an array.");
        assert_eq!(body.media_config().unwrap_err().message, "'mediaConfig' is required.");
    }
}
