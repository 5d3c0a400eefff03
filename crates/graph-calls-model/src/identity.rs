//! Who takes part: identities and the sets they come in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use crate::{
    PhoneNumber, TenantId, Text,
    open_enum::open_enum,
    wire::{wire_struct, wire_value},
};

wire_struct! {
    /// One identity: a user, an app, a phone number.
    ///
    /// Graph reference: [`identity`](https://learn.microsoft.com/graph/api/resources/identity).
    pub struct Identity<'a> as "#microsoft.graph.identity" {
        /// Object id, app id or E.164 number.
        pub id: Option<Text<'a>> = "id",
        /// The name to show. Personal data: keep it out of logs.
        pub display_name: Option<Text<'a>> = "displayName",
        /// The directory the identity lives in.
        pub tenant_id: Option<Text<'a>> = "tenantId",
        /// `AAD`, `MSA` or `None`: who vouches for a user. On the wire only.
        pub identity_provider: Option<Text<'a>> = "identityProvider",
    }
    rare IdentityRare {
        /// Whether the identity is hidden from the roster.
        hidden / with_hidden: bool = "hidden",
        /// The kind of an app identity.
        application_type / with_application_type: Text<'a> = "applicationType" | "ApplicationType",
        /// A guest's mail address.
        email / with_email: Text<'a> = "email",
        /// The resource of a user of Azure Communication Services.
        azure_communication_services_resource_id / with_azure_communication_services_resource_id: Text<'a>
            = "azureCommunicationServicesResourceId",
    }
}

impl Identity<'_> {
    /// An identity with an id and nothing else.
    pub fn new(id: impl Into<String>) -> Identity<'static> {
        Identity { id: Some(Text::from(id.into())), ..Identity::default() }
    }

    /// The same with a name to show.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(Text::from(name.into()));
        self
    }

    /// The same with the directory it lives in.
    #[must_use]
    pub fn with_tenant_id(mut self, tenant: TenantId) -> Self {
        self.tenant_id = Some(tenant.into());
        self
    }
}

/// A set of identities, of which one is normally present.
///
/// `encrypted` alone means that the app lacks every calls permission.
///
/// Graph reference: [`identitySet`](https://learn.microsoft.com/graph/api/resources/identityset).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IdentitySet<'a> {
    /// Ten slots in line would make every participant four times as large. The slots are in their order.
    first: Option<(Slot, Identity<'a>)>,
    more: Option<Box<More<'a>>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct More<'a> {
    identities: Vec<(Slot, Identity<'a>)>,
    endpoint_type: Option<EndpointType<'a>>,
}

macro_rules! slots {
    ($( $(#[$meta:meta])* $slot:ident $get:ident / $with:ident = $wire:literal, )*) => {
        /// What an identity is in its set; the one that names a caller best comes first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Slot { $( $slot, )* }

        impl Slot {
            const FIELDS: &[&str] = &[ $( $wire, )* "endpointType" ];

            fn name(self) -> &'static str {
                match self { $( Slot::$slot => $wire, )* }
            }

            fn of(name: &str) -> Option<Self> {
                match name {
                    $( $wire => Some(Slot::$slot), )*
                    _ => None,
                }
            }
        }

        impl<'a> IdentitySet<'a> {
            $(
                $(#[$meta])*
                pub fn $get(&self) -> Option<&Identity<'a>> {
                    self.get(Slot::$slot)
                }

                #[doc = concat!("Sets `", $wire, "`.")]
                #[must_use]
                pub fn $with(mut self, identity: Identity<'a>) -> Self {
                    self.set(Slot::$slot, identity);
                    self
                }
            )*
        }
    };
}

slots! {
    /// A user of a directory.
    User user / with_user = "user",
    /// A phone number.
    Phone phone / with_phone = "phone",
    /// A resource account of an app.
    ApplicationInstance application_instance / with_application_instance = "applicationInstance",
    /// An app.
    Application application / with_application = "application",
    /// A guest.
    Guest guest / with_guest = "guest",
    /// A user of Azure Communication Services.
    AzureCommunicationServicesUser azure_communication_services_user / with_azure_communication_services_user
        = "azureCommunicationServicesUser",
    /// An identity that the app may not see.
    Encrypted encrypted / with_encrypted = "encrypted",
    /// A user of a server on premises.
    OnPremises on_premises / with_on_premises = "onPremises",
    /// An identity vouched for by the caller's network.
    AssertedIdentity asserted_identity / with_asserted_identity = "assertedIdentity",
    /// A device.
    Device device / with_device = "device",
}

impl<'a> IdentitySet<'a> {
    /// A set of one user of a directory, by object id.
    pub fn of_user(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet::default().with_user(Identity::new(id))
    }

    /// A set of one app, by app id.
    pub fn of_application(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet::default().with_application(Identity::new(id))
    }

    /// A set of one phone, by its number.
    pub fn of_phone(number: PhoneNumber) -> IdentitySet<'static> {
        IdentitySet::default().with_phone(Identity::new(number))
    }

    /// A set of one resource account, by object id.
    pub fn of_application_instance(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet::default().with_application_instance(Identity::new(id))
    }

    /// The kind of endpoint.
    pub fn endpoint_type(&self) -> Option<&EndpointType<'a>> {
        self.more.as_ref()?.endpoint_type.as_ref()
    }

    /// Sets `endpointType`.
    #[must_use]
    pub fn with_endpoint_type(mut self, kind: impl Into<EndpointType<'a>>) -> Self {
        self.more.get_or_insert_default().endpoint_type = Some(kind.into());
        self
    }

    /// The identities with the names of their slots, the one that names a caller best first.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Identity<'a>)> {
        self.slots().map(|(slot, identity)| (slot.name(), identity))
    }

    /// The kind and the identity of the first one present.
    pub fn principal(&self) -> Option<(&'static str, &Identity<'a>)> {
        self.iter().next()
    }

    fn slots(&self) -> impl Iterator<Item = &(Slot, Identity<'a>)> {
        self.first.iter().chain(self.more.iter().flat_map(|more| &more.identities))
    }

    fn get(&self, slot: Slot) -> Option<&Identity<'a>> {
        self.slots().find(|(other, _)| *other == slot).map(|(_, identity)| identity)
    }

    fn set(&mut self, slot: Slot, identity: Identity<'a>) {
        let new = (slot, identity);
        let Some(first) = &mut self.first else {
            self.first = Some(new);
            return;
        };
        if first.0 == slot {
            *first = new;
            return;
        }
        let later = if slot < first.0 { std::mem::replace(first, new) } else { new };
        let rest = &mut self.more.get_or_insert_default().identities;
        match rest.binary_search_by_key(&later.0, |(slot, _)| *slot) {
            Ok(at) => rest.splice(at..=at, [later]).for_each(drop),
            Err(at) => rest.insert(at, later),
        }
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> IdentitySet<'static> {
        let owned = |(slot, identity): (Slot, Identity<'a>)| (slot, identity.into_owned());
        IdentitySet {
            first: self.first.map(owned),
            more: self.more.map(|more| {
                Box::new(More {
                    identities: more.identities.into_iter().map(owned).collect(),
                    endpoint_type: more.endpoint_type.map(EndpointType::into_owned),
                })
            }),
        }
    }
}

wire_value!(IdentitySet);

impl Serialize for IdentitySet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@odata.type", "#microsoft.graph.identitySet")?;
        for (slot, identity) in self.iter() {
            map.serialize_entry(slot, identity)?;
        }
        if let Some(kind) = self.endpoint_type() {
            map.serialize_entry("endpointType", kind)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for IdentitySet<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        enum Key {
            Slot(Slot),
            EndpointType,
            Other,
        }
        struct KeyVisitor;
        impl<'de> de::DeserializeSeed<'de> for KeyVisitor {
            type Value = Key;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
                deserializer.deserialize_identifier(self)
            }
        }
        impl de::Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Key, E> {
                Ok(match Slot::of(name) {
                    Some(slot) => Key::Slot(slot),
                    None if name == "endpointType" => Key::EndpointType,
                    None => Key::Other,
                })
            }
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = IdentitySet<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object (IdentitySet)")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut set = IdentitySet::default();
                while let Some(key) = map.next_key_seed(KeyVisitor)? {
                    match key {
                        Key::Slot(slot) => {
                            if let Some(identity) = map.next_value::<Option<_>>()? {
                                set.set(slot, identity);
                            }
                        }
                        Key::EndpointType => {
                            if let Some(kind) = map.next_value::<Option<EndpointType<'de>>>()? {
                                set = set.with_endpoint_type(kind);
                            }
                        }
                        Key::Other => {
                            map.next_value::<de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(set)
            }
        }
        deserializer.deserialize_struct("IdentitySet", Slot::FIELDS, Visitor)
    }
}

open_enum! {
    /// The kind of endpoint that takes part.
    ///
    /// Graph reference: [`participantInfo`](https://learn.microsoft.com/graph/api/resources/participantinfo).
    pub enum EndpointType {
        /// Anything ordinary.
        Default = "default",
        /// A voicemail box.
        Voicemail = "voicemail",
        /// Skype for Business.
        SkypeForBusiness = "skypeForBusiness",
        /// A Skype for Business phone.
        SkypeForBusinessVoipPhone = "skypeForBusinessVoipPhone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slots_have_one_order_however_they_came() {
        let one: IdentitySet<'_> = serde_json::from_str(
            r#"{"guest":{"id":"g"},"device":null,"user":{"id":"u"},"phone":{"id":"p"}}"#,
        )
        .unwrap();
        let two: IdentitySet<'_> =
            serde_json::from_str(r#"{"phone":{"id":"p"},"user":{"id":"u"},"guest":{"id":"g"}}"#).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["user", "phone", "guest"]);
        assert_eq!(one.principal().and_then(|(_, who)| who.id.as_deref()), Some("u"));
        assert_eq!(one.phone().and_then(|who| who.id.as_deref()), Some("p"));
        assert_eq!(one.device(), None);
        assert_eq!(IdentitySet::default().principal(), None);
    }

    #[test]
    fn a_slot_that_is_set_twice_has_the_last_identity() {
        for slots in [["user", "user"], ["phone", "user"], ["user", "phone"], ["guest", "phone"]] {
            let mut set = IdentitySet::default().with_user(Identity::new("u")).with_phone(Identity::new("p"));
            for name in slots {
                set.set(Slot::of(name).unwrap(), Identity::new(name));
            }
            for name in slots {
                assert_eq!(set.get(Slot::of(name).unwrap()).unwrap().id.as_deref(), Some(name));
            }
            assert!(set.slots().map(|(slot, _)| slot).is_sorted());
        }
    }
}
