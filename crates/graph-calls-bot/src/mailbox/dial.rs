//! Calls that the bot places.

use std::{fmt, sync::Arc};

use graph_calls_core::{
    CreateCall,
    model::{
        AppId, CallOptions, CallbackUri, CreateCallBody, Identity, IdentitySet, InvalidBody,
        InvitationParticipantInfo, JoinInfo, MediaConfig, ParticipantInfo, PhoneNumber, TenantId,
    },
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{
    Engine,
    content::{self, Begin, Letter},
    engine::Registered,
};
use crate::{
    CallCommand, CallRef,
    command::Options,
    store::{Accepted, Arrival, DedupKey, Item, StoreError},
};

/// A call to place, or a meeting to join.
///
/// Given a [`key`](Self::key), it is placed once however often it is asked for, on whichever instance, until 24 hours
/// after its end. Its create command is called `dial` in events unless [`named`](Self::named).
///
/// # Examples
///
/// ```
/// use graph_calls_bot::{Dial, model::TenantId};
///
/// let tenant = TenantId::new("2c0de2b1-7e57-4f0e-b1a6-9d6f1e8f3c11")?;
/// let dial = Dial::user("8d1e6ab6-26c5-4e22-a1bc-06ea7343958e").in_tenant(tenant).key("incident-42/7");
/// # let _ = dial;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dial {
    body: Result<CreateCallBody, String>,
    app: Option<AppId>,
    tenant: Option<TenantId>,
    key: Option<String>,
    memory: Option<Result<Box<RawValue>, String>>,
    options: Options,
}

impl Dial {
    /// Calls a user, by object id.
    pub fn user(id: impl Into<String>) -> Self {
        Self::participant(InvitationParticipantInfo::user(id))
    }

    /// Calls a phone. It needs [`from_instance`](Self::from_instance).
    pub fn phone(number: PhoneNumber) -> Self {
        Self::participant(InvitationParticipantInfo::phone(number))
    }

    /// Calls anybody.
    pub fn participant(participant: InvitationParticipantInfo<'static>) -> Self {
        Self::body(CreateCallBody::to(participant, anywhere()))
    }

    /// Calls two to five together, in a new group call.
    pub fn group(participants: impl IntoIterator<Item = InvitationParticipantInfo<'static>>) -> Self {
        Self::new(CreateCallBody::to_group(participants, anywhere()).map_err(|error| error.to_string()))
    }

    /// Joins a meeting.
    pub fn meeting(meeting: impl Into<JoinInfo>) -> Self {
        Self::body(CreateCallBody::join(meeting, anywhere()))
    }

    /// Places the call that this body describes; its callback URI is replaced by the bot's own.
    pub fn body(body: CreateCallBody) -> Self {
        Self::new(Ok(body))
    }

    fn new(body: Result<CreateCallBody, String>) -> Self {
        let tenant = body.as_ref().ok().and_then(|body| body.tenant_id().cloned());
        Self { body, app: None, tenant, key: None, memory: None, options: Options::default() }
    }

    /// The tenant that shall own the call, by its GUID. Without it: that of the call which places it, or the app's own.
    #[must_use]
    pub fn in_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }

    /// From this resource account (application instance), by its object id: phones see its number.
    #[must_use]
    pub fn from_instance(self, id: impl Into<String>) -> Self {
        let identity = IdentitySet::default().with_application_instance(Identity::new(id));
        self.change(|body| body.with_source(ParticipantInfo::new(identity)))
    }

    /// By this app, where the bot is several.
    #[must_use]
    pub fn by_app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// With media handled as this configuration says, instead of by the service.
    #[must_use]
    pub fn media(self, config: impl Into<MediaConfig<'static>>) -> Self {
        self.change(|body| body.with_media_config(config))
    }

    /// With these options.
    #[must_use]
    pub fn call_options(self, options: CallOptions<'static>) -> Self {
        self.change(|body| body.with_call_options(options))
    }

    /// What tells this call from others: another one with the same key rings nobody.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What the handler remembers of the call from the beginning.
    #[must_use]
    pub fn memory(mut self, memory: &impl Serialize) -> Self {
        self.memory = Some(to_raw_value(memory).map_err(|error| error.to_string()));
        self
    }

    /// The name of the create command in events: `dial` unless told otherwise.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    fn change(mut self, change: impl FnOnce(CreateCallBody) -> CreateCallBody) -> Self {
        self.body = self.body.map(change);
        self
    }

    /// The conversation it opens, in this tenant unless it says another. `own` makes a key for one that has none.
    pub(crate) fn open(
        self,
        app: &AppId,
        tenant: &TenantId,
        callback: &CallbackUri,
        own: impl FnOnce() -> CallRef,
    ) -> Result<Opening, DialError> {
        let tenant = self.tenant.as_ref().unwrap_or(tenant).clone();
        if self.app.is_some_and(|wanted| wanted != *app) {
            return Err(DialError::OtherApp);
        }
        let key = self.key.as_deref().map_or_else(own, |key| CallRef::of_dial(app, key));
        let body = self.body.map_err(DialError::Body)?;
        // Only a GUID names an owner; what else a tenant may be called is good for tokens.
        let body = if tenant.guid().is_some() { body.with_tenant_id(tenant.clone()) } else { body };
        body.validate().map_err(|error: InvalidBody| DialError::Body(error.to_string()))?;
        let targets = body.targets().to_vec();
        let mut create = CallCommand::new(&CreateCall::new(body)).named("dial").with_options(self.options);
        create.set_callback(&callback.below(&["c", &key.to_string(), "1"]));
        let memory = self.memory.transpose().map_err(DialError::Memory)?;
        let item = content::begin(&Begin { app: app.clone(), memory, create, targets });
        Ok(Opening { key, tenant, item })
    }
}

/// A conversation that is to be opened.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) key: CallRef,
    pub(crate) tenant: TenantId,
    pub(crate) item: Item,
}

/// Stands for the address that is known once the conversation has its key.
fn anywhere() -> CallbackUri {
    #[expect(clippy::expect_used, reason = "a constant")]
    CallbackUri::new("https://callback.invalid/").expect("a URI")
}

/// What keeps a call from being placed twice.
pub(super) fn once() -> DedupKey {
    DedupKey::of(&[b"begin"])
}

impl Engine {
    /// Places a call, unless one with its key was placed before.
    pub(crate) async fn dial(self: &Arc<Self>, dial: Dial) -> Result<CallRef, DialError> {
        let app = match &dial.app {
            Some(id) => self.app(id),
            None => self.apps.first(),
        };
        let Registered { id, tenant, .. } = app.ok_or(DialError::OtherApp)?;
        let tenant = dial.tenant.as_ref().or(tenant.as_ref()).cloned().ok_or(DialError::NoTenant)?;
        let Opening { key, tenant, item } = dial.open(id, &tenant, &self.config.callback, CallRef::random)?;
        let arrival = Arrival { key, tenant, dedup: Some(once()), item };
        match self.accept(vec![arrival]).await.map_err(DialError::Store)?.first() {
            Some(Accepted::OtherTenant) => Err(DialError::OtherTenant),
            _ => Ok(key),
        }
    }

    /// Tells a call something from outside. Returns whether there is such a call.
    pub(crate) async fn tell_call(
        self: &Arc<Self>,
        to: CallRef,
        tenant: TenantId,
        body: Box<RawValue>,
    ) -> Result<bool, StoreError> {
        let item = content::letter(&Letter::Message { from: None, body });
        let accepted = self.accept(vec![Arrival { key: to, tenant, dedup: None, item }]).await?;
        Ok(accepted.first() == Some(&Accepted::New))
    }
}

/// Why a call was not placed.
#[derive(Debug)]
#[non_exhaustive]
pub enum DialError {
    /// Nobody said in which tenant.
    NoTenant,
    /// What was asked for cannot be sent.
    Body(String),
    /// What the handler shall remember cannot be written as JSON.
    Memory(String),
    /// It is to be placed by an app that this bot is not.
    OtherApp,
    /// A call with this key is another tenant's.
    OtherTenant,
    /// The store did not take it: whether it will be placed is told by placing it again with the same key.
    Store(StoreError),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialError::NoTenant => {
                f.write_str("in which tenant is the call? Say so with `Dial::in_tenant` or `App::in_tenant`")
            }
            DialError::Body(why) => write!(f, "the call cannot be placed like this: {why}"),
            DialError::Memory(why) => write!(f, "the memory cannot be kept: {why}"),
            DialError::OtherApp => f.write_str("the bot is no such app"),
            DialError::OtherTenant => f.write_str("a call with this key belongs to another tenant"),
            DialError::Store(_) => f.write_str("the call could not be stored, so it is not placed"),
        }
    }
}

impl std::error::Error for DialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DialError::Store(error) => Some(error),
            _ => None,
        }
    }
}
