//! Where Graph is: the public cloud, the national ones, an emulator.

use std::{error, fmt, sync::Arc};

use url::{Host, Url};

/// Where Graph and its login are. Tokens are not interchangeable between clouds.
///
/// Graph reference: [national clouds](https://learn.microsoft.com/graph/deployments).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    graph: Url,
    login: Url,
    scope: Arc<str>,
    emulator: bool,
}

impl Cloud {
    /// The public cloud.
    pub fn global() -> Self {
        Self::https("graph.microsoft.com", "login.microsoftonline.com")
    }

    /// US Government L4 (GCC High).
    pub fn us_gov() -> Self {
        Self::https("graph.microsoft.us", "login.microsoftonline.us")
    }

    /// US Government L5 (Department of Defense).
    pub fn us_gov_dod() -> Self {
        Self::https("dod-graph.microsoft.us", "login.microsoftonline.us")
    }

    /// An emulator on this machine: the only way to plain http.
    ///
    /// # Errors
    ///
    /// When the URL is none, has no host, or is not this machine's.
    pub fn emulator(url: &str) -> Result<Self, InvalidCloud> {
        let cloud = Self::remote_emulator(url)?;
        let loopback = match cloud.graph.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        if loopback {
            Ok(cloud)
        } else {
            Err(InvalidCloud::new(url, "an emulator is on this machine unless told otherwise"))
        }
    }

    /// An emulator on another machine. Tokens go there in the clear.
    ///
    /// # Errors
    ///
    /// When the URL is none or has no host.
    pub fn remote_emulator(url: &str) -> Result<Self, InvalidCloud> {
        let root = parse(url, &["http", "https"])?;
        Ok(Self { scope: scope_of(&root), login: root.clone(), graph: root, emulator: true })
    }

    /// Another Graph root, over https.
    ///
    /// # Errors
    ///
    /// When the URL is no https URL.
    pub fn with_graph(mut self, url: &str) -> Result<Self, InvalidCloud> {
        self.graph = parse(url, &["https"])?;
        self.scope = scope_of(&self.graph);
        Ok(self)
    }

    /// Another login root, over https.
    ///
    /// # Errors
    ///
    /// When the URL is no https URL.
    pub fn with_login(mut self, url: &str) -> Result<Self, InvalidCloud> {
        self.login = parse(url, &["https"])?;
        Ok(self)
    }

    /// The root that requests go to, without a version.
    pub fn graph(&self) -> &Url {
        &self.graph
    }

    /// The root of the login.
    pub fn login(&self) -> &Url {
        &self.login
    }

    /// The scope to ask a token for.
    pub fn scope(&self) -> &Arc<str> {
        &self.scope
    }

    /// Whether it is an emulator.
    pub fn is_emulator(&self) -> bool {
        self.emulator
    }

    fn https(graph: &str, login: &str) -> Self {
        #[expect(clippy::expect_used, reason = "the constants above are host names")]
        let root = |host: &str| Url::parse(&format!("https://{host}/")).expect("a host name");
        let graph = root(graph);
        Self { scope: scope_of(&graph), graph, login: root(login), emulator: false }
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::global()
    }
}

fn scope_of(graph: &Url) -> Arc<str> {
    Arc::from(format!("{}/.default", graph.as_str().trim_end_matches('/')))
}

fn parse(url: &str, schemes: &[&str]) -> Result<Url, InvalidCloud> {
    let parsed = Url::parse(url).map_err(|_| InvalidCloud::new(url, "it is no absolute URL"))?;
    if !schemes.contains(&parsed.scheme()) {
        return Err(InvalidCloud::new(url, "it is not https"));
    }
    if !parsed.has_host() || !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(InvalidCloud::new(url, "it needs a host and no user"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(InvalidCloud::new(url, "it must end with its path"));
    }
    Ok(parsed)
}

/// Why an address cannot be where Graph is. Of the address it has no more than host and port: the rest may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCloud {
    host: Option<String>,
    why: &'static str,
}

impl InvalidCloud {
    fn new(url: &str, why: &'static str) -> Self {
        let host = Url::parse(url).ok().and_then(|url| {
            let host = url.host_str().filter(|host| !host.is_empty())?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        Self { host, why }
    }
}

impl fmt::Display for InvalidCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "the URL with host `{host}` cannot be used: {}", self.why),
            None => write!(f, "the URL cannot be used: {}", self.why),
        }
    }
}

impl error::Error for InvalidCloud {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_follows_the_graph_root() {
        assert_eq!(&**Cloud::global().scope(), "https://graph.microsoft.com/.default");
        let cloud = Cloud::emulator("http://127.0.0.1:8080").unwrap();
        assert_eq!(&**cloud.scope(), "http://127.0.0.1:8080/.default");
    }

    #[test]
    fn plain_http_leads_to_an_emulator_on_this_machine_only() {
        assert!(Cloud::emulator("http://localhost:1").is_ok());
        assert!(Cloud::emulator("http://[::1]:1").is_ok());
        assert!(Cloud::emulator("http://10.0.0.1:1").is_err());
        assert!(Cloud::remote_emulator("http://emulator.example:1").is_ok());
        assert!(Cloud::global().with_graph("http://graph.example").is_err());
        for bad in ["", "graph", "ftp://x", "http://user@localhost/", "http://localhost/?a"] {
            assert!(Cloud::emulator(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_named_by_its_host_only() {
        for (bad, named) in [
            ("https://s3cret:s3cret@graph.example/", true),
            ("https:s3cret@graph.example", true),
            ("http://graph.example:8080/s3cret", true),
            ("https://graph.example/?code=s3cret", true),
            ("https://graph.example/#s3cret", true),
            ("ftp://s3cret@graph.example", true),
            ("https://s3cret@graph.example:port/", false),
            ("s3cret:s3cret@graph.example", false),
            ("s3cret@graph.example", false),
            ("s3cret", false),
            ("", false),
        ] {
            for error in [Cloud::global().with_graph(bad), Cloud::global().with_login(bad)] {
                let error = error.unwrap_err();
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains("s3cret"), "{shown}");
                assert_eq!(shown.contains("graph.example"), named, "{bad}: {shown}");
            }
        }
        let error = Cloud::emulator("http://10.0.0.1:8080/s3cret").unwrap_err().to_string();
        assert!(error.starts_with("the URL with host `10.0.0.1:8080` cannot be used: "), "{error}");
    }
}
