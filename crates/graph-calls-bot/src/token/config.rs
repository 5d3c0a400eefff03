//! Whose tokens are good, and for whom.

use std::{error, fmt};

use graph_calls_core::model::{AppId, TenantId};
use url::{Host, Url};

use crate::webhook::Limits;

/// What a [`TokenCheck`](super::TokenCheck) is made of.
#[derive(Debug, Clone)]
pub struct TokenCheckConfig {
    pub(super) apps: Vec<AppId>,
    pub(super) tenants: AllowedTenants,
    pub(super) issuers: Vec<IssuerConfig>,
    pub(super) limits: Limits,
}

/// The tenants whose calls are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllowedTenants {
    /// Every tenant: for an app that is offered to all of them.
    Any,
    /// These, named by GUID as tokens name them.
    These(Vec<TenantId>),
}

/// Who may issue tokens, and where its keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerConfig {
    pub(super) issuer: String,
    pub(super) openid: Url,
    pub(super) key_hosts: Vec<String>,
    emulator: bool,
}

const OPENID: &str = "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration";

impl TokenCheckConfig {
    /// Takes tokens for these apps and from these tenants, issued by `https://api.botframework.com`.
    pub fn new(apps: impl IntoIterator<Item = AppId>, tenants: AllowedTenants) -> Self {
        Self {
            apps: apps.into_iter().collect(),
            tenants,
            issuers: vec![IssuerConfig::bot_framework()],
            limits: Limits::default(),
        }
    }

    /// Takes tokens of these issuers and of no others.
    #[must_use]
    pub fn with_issuers(mut self, issuers: impl IntoIterator<Item = IssuerConfig>) -> Self {
        self.issuers = issuers.into_iter().collect();
        self
    }

    /// Takes tokens of one more issuer.
    #[must_use]
    pub fn with_issuer(mut self, issuer: IssuerConfig) -> Self {
        self.issuers.retain(|known| !known.is(&issuer.issuer));
        self.issuers.push(issuer);
        self
    }

    /// Sets the limits for tokens and key sets.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) fn check(&self) -> Result<(), InvalidTokenConfig> {
        if self.apps.is_empty() {
            return Err(InvalidTokenConfig("no app is named that tokens may be for".to_owned()));
        }
        if self.issuers.is_empty() {
            return Err(InvalidTokenConfig("no issuer is named that tokens may come from".to_owned()));
        }
        match &self.tenants {
            AllowedTenants::Any => Ok(()),
            AllowedTenants::These(tenants) => match tenants.iter().find(|tenant| tenant.guid().is_none()) {
                None => Ok(()),
                Some(named) => Err(InvalidTokenConfig(format!(
                    "the allowed tenant `{named}` is no GUID, and tokens name tenants by GUID"
                ))),
            },
        }
    }
}

impl IssuerConfig {
    /// The issuer of callback tokens in the public cloud: `https://api.botframework.com`.
    pub fn bot_framework() -> Self {
        Self::public("https://api.botframework.com")
    }

    /// The issuer that samples accept beside it: `https://graph.microsoft.com`, with the same keys.
    pub fn graph() -> Self {
        Self::public("https://graph.microsoft.com")
    }

    /// Another issuer, whose keys are announced in an OpenID document over https.
    ///
    /// The keys must be on the host of the document; see [`with_key_host`](Self::with_key_host).
    ///
    /// # Errors
    ///
    /// When the issuer is empty or the address of the document is no https URL.
    pub fn new(issuer: impl Into<String>, openid: &str) -> Result<Self, InvalidTokenConfig> {
        Self::checked(issuer.into(), openid, false)
    }

    /// The issuer of an emulator on this machine: the only way to plain http.
    ///
    /// # Errors
    ///
    /// When the issuer is empty or the address of the document is no URL of this machine.
    pub fn emulator(issuer: impl Into<String>, openid: &str) -> Result<Self, InvalidTokenConfig> {
        let config = Self::checked(issuer.into(), openid, true)?;
        let loopback = match config.openid.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        if loopback {
            Ok(config)
        } else {
            Err(InvalidTokenConfig(format!(
                "`{openid}` is not on this machine, where an emulator is unless told otherwise"
            )))
        }
    }

    /// The issuer of an emulator on another machine. Whoever is on the way can replace its keys.
    ///
    /// # Errors
    ///
    /// When the issuer is empty or the address of the document is no URL.
    pub fn remote_emulator(issuer: impl Into<String>, openid: &str) -> Result<Self, InvalidTokenConfig> {
        Self::checked(issuer.into(), openid, true)
    }

    /// Lets the document name keys on one more host.
    #[must_use]
    pub fn with_key_host(mut self, host: impl AsRef<str>) -> Self {
        self.key_hosts.push(host.as_ref().to_ascii_lowercase());
        self
    }

    /// The issuer, as tokens name it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are announced.
    pub fn openid(&self) -> &Url {
        &self.openid
    }

    /// A trailing slash counts as the same.
    pub(super) fn is(&self, issuer: &str) -> bool {
        bare(&self.issuer) == bare(issuer)
    }

    /// Whether keys may be fetched from there.
    pub(super) fn may_have_keys_at(&self, keys: &Url) -> bool {
        if !keys.username().is_empty() || keys.password().is_some() {
            return false;
        }
        if self.emulator {
            return keys.origin() == self.openid.origin();
        }
        let port = keys.port_or_known_default();
        let host = keys.host_str();
        keys.scheme() == "https"
            && (port == Some(443) || port == self.openid.port_or_known_default())
            && host.is_some_and(|host| {
                self.openid.host_str() == Some(host) || self.key_hosts.iter().any(|known| known == host)
            })
    }

    fn public(issuer: &str) -> Self {
        #[expect(clippy::expect_used, reason = "the constant above is a URL")]
        let openid = Url::parse(OPENID).expect("a URL");
        Self { issuer: issuer.to_owned(), openid, key_hosts: Vec::new(), emulator: false }
    }

    fn checked(issuer: String, openid: &str, emulator: bool) -> Result<Self, InvalidTokenConfig> {
        let refuse = |why: &str| Err(InvalidTokenConfig(format!("`{openid}` cannot announce keys: {why}")));
        if bare(&issuer).is_empty() {
            return Err(InvalidTokenConfig("the issuer is empty".to_owned()));
        }
        let Ok(url) = Url::parse(openid) else { return refuse("it is no absolute URL") };
        if url.scheme() != "https" && !(emulator && url.scheme() == "http") {
            return refuse("it is not https");
        }
        if !url.has_host() || !url.username().is_empty() || url.password().is_some() {
            return refuse("it needs a host and no user");
        }
        Ok(Self { issuer, openid: url, key_hosts: Vec::new(), emulator })
    }
}

fn bare(issuer: &str) -> &str {
    issuer.strip_suffix('/').unwrap_or(issuer)
}

/// Why no token could ever be checked this way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTokenConfig(String);

impl fmt::Display for InvalidTokenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for InvalidTokenConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_announces_keys_of_an_emulator_on_this_machine_only() {
        assert!(IssuerConfig::new("https://issuer", "http://127.0.0.1/openid").is_err());
        assert!(IssuerConfig::emulator("https://issuer", "http://127.0.0.1:1/openid").is_ok());
        assert!(IssuerConfig::emulator("https://issuer", "http://localhost:1/openid").is_ok());
        assert!(IssuerConfig::emulator("https://issuer", "http://10.0.0.1/openid").is_err());
        assert!(IssuerConfig::remote_emulator("https://issuer", "http://10.0.0.1/openid").is_ok());
        assert!(IssuerConfig::new("/", "https://host/openid").is_err());
        assert!(IssuerConfig::new("https://issuer", "https://user@host/openid").is_err());
    }

    #[test]
    fn keys_are_fetched_from_the_host_of_their_document_or_a_named_one() {
        let may = |config: &IssuerConfig, url: &str| config.may_have_keys_at(&Url::parse(url).unwrap());
        let config = IssuerConfig::bot_framework();
        assert!(may(&config, "https://api.aps.skype.com/v1/keys"));
        for bad in [
            "http://api.aps.skype.com/v1/keys",
            "https://api.aps.skype.com:8443/v1/keys",
            "https://api.aps.skype.com.evil.example/v1/keys",
            "https://api.aps.skype.com@evil.example/v1/keys",
            "https://user@api.aps.skype.com/v1/keys",
            "https://login.botframework.com/keys",
        ] {
            assert!(!may(&config, bad), "{bad}");
        }
        assert!(may(&config.with_key_host("Login.BotFramework.com"), "https://login.botframework.com/keys"));

        let emulator = IssuerConfig::emulator("https://issuer", "http://127.0.0.1:81/openid").unwrap();
        assert!(may(&emulator, "http://127.0.0.1:81/keys"));
        assert!(!may(&emulator, "http://127.0.0.1:82/keys"));
        assert!(!may(&emulator, "https://127.0.0.1:81/keys"));
    }

    #[test]
    fn what_could_accept_nothing_is_told_at_once() {
        let app = || [AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b").unwrap()];
        assert!(TokenCheckConfig::new(app(), AllowedTenants::Any).check().is_ok());
        assert!(TokenCheckConfig::new([], AllowedTenants::Any).check().is_err());
        assert!(TokenCheckConfig::new(app(), AllowedTenants::Any).with_issuers([]).check().is_err());
        let named = AllowedTenants::These(vec![TenantId::new("contoso.example").unwrap()]);
        let error = TokenCheckConfig::new(app(), named).check().unwrap_err();
        assert!(error.to_string().contains("contoso.example"), "{error}");
    }
}
