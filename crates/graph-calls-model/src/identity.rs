//! Who takes part: identities and the sets they come in.

use crate::{Text, open_enum::open_enum, wire::wire_struct};

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
    }
    rare IdentityRare {
        /// `AAD`, `MSA` or `None`, in older notifications.
        identity_provider / with_identity_provider: Text<'a> = "identityProvider",
        /// Whether the identity is hidden from the roster.
        hidden / with_hidden: bool = "hidden",
        /// The kind of an app identity.
        application_type / with_application_type: Text<'a> = "applicationType",
        /// A guest's mail address.
        email / with_email: Text<'a> = "email",
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
}

wire_struct! {
    /// A set of identities, of which one is normally present.
    ///
    /// `encrypted` alone means that the app lacks every calls permission.
    ///
    /// Graph reference: [`identitySet`](https://learn.microsoft.com/graph/api/resources/identityset).
    pub struct IdentitySet<'a> as "#microsoft.graph.identitySet" {
        /// A user of a directory.
        pub user: Option<Identity<'a>> = "user",
        /// An app.
        pub application: Option<Identity<'a>> = "application",
        /// A phone number.
        pub phone: Option<Identity<'a>> = "phone",
    }
    rare IdentitySetRare {
        /// A resource account of an app.
        application_instance / with_application_instance: Identity<'a> = "applicationInstance",
        /// A guest.
        guest / with_guest: Identity<'a> = "guest",
        /// An identity that the app may not see.
        encrypted / with_encrypted: Identity<'a> = "encrypted",
        /// A device.
        device / with_device: Identity<'a> = "device",
        /// An identity vouched for by the caller's network.
        asserted_identity / with_asserted_identity: Identity<'a> = "assertedIdentity",
        /// A user of Azure Communication Services.
        azure_communication_services_user / with_azure_communication_services_user: Identity<'a>
            = "azureCommunicationServicesUser",
        /// A user of a server on premises.
        on_premises / with_on_premises: Identity<'a> = "onPremises",
        /// The kind of endpoint.
        endpoint_type / with_endpoint_type: EndpointType<'a> = "endpointType",
    }
}

impl<'a> IdentitySet<'a> {
    /// A user of a directory, by object id.
    pub fn user(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet { user: Some(Identity::new(id)), ..IdentitySet::default() }
    }

    /// An app, by app id.
    pub fn application(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet { application: Some(Identity::new(id)), ..IdentitySet::default() }
    }

    /// A phone, by its E.164 number.
    pub fn phone(number: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet { phone: Some(Identity::new(number)), ..IdentitySet::default() }
    }

    /// A resource account, by object id.
    pub fn application_instance_of(id: impl Into<String>) -> IdentitySet<'static> {
        IdentitySet::default().with_application_instance(Identity::new(id))
    }

    /// The kind and the identity of the first one present.
    pub fn principal(&self) -> Option<(&'static str, &Identity<'a>)> {
        None.or_else(|| self.user.as_ref().map(|who| ("user", who)))
            .or_else(|| self.phone.as_ref().map(|who| ("phone", who)))
            .or_else(|| self.application_instance().map(|who| ("applicationInstance", who)))
            .or_else(|| self.application.as_ref().map(|who| ("application", who)))
            .or_else(|| self.guest().map(|who| ("guest", who)))
            .or_else(|| {
                self.azure_communication_services_user().map(|who| ("azureCommunicationServicesUser", who))
            })
            .or_else(|| self.encrypted().map(|who| ("encrypted", who)))
            .or_else(|| self.on_premises().map(|who| ("onPremises", who)))
            .or_else(|| self.asserted_identity().map(|who| ("assertedIdentity", who)))
            .or_else(|| self.device().map(|who| ("device", who)))
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
