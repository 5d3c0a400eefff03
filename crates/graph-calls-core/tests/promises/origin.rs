//! C1 and C4: a token goes to the configured origin, and over plain http to the emulator alone.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use graph_calls_core::{
    ApiRequest, ApiVersion, BoxError, Client, Cloud, CreateCall, FixedToken, GetCall, ListParticipants,
    RawRequest, Repeat, Transport,
    layer::{AuthLayer, BaseUriLayer, DeprecationPolicy},
    model::{CallId, CallbackUri, CreateCallBody, InvitationParticipantInfo},
};
use http::{Method, Uri, header::AUTHORIZATION};
use tower::{Layer as _, ServiceExt as _, service_fn, util::BoxCloneSyncService};
use url::Url;

use crate::{fake::call, figure, targets::TARGETS};

/// What reached the transport: where it would go, and whether it had a token.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(Uri, bool)>>>);

impl Seen {
    fn transport(&self, body: impl Into<Bytes>, location: Option<http::HeaderValue>) -> Transport {
        let (seen, body) = (self.clone(), body.into());
        BoxCloneSyncService::new(service_fn(move |request: http::Request<Bytes>| {
            let has_token = request.headers().contains_key(AUTHORIZATION);
            seen.0.lock().expect("no panic before").push((request.uri().clone(), has_token));
            let mut response = http::Response::new(body.clone());
            if let Some(location) = &location {
                response.headers_mut().insert("location", location.clone());
            }
            async { Ok::<_, BoxError>(response) }
        }))
    }

    fn take(&self) -> Vec<(Uri, bool)> {
        std::mem::take(&mut *self.0.lock().expect("no panic before"))
    }
}

/// Whether it goes there in the eyes of both readers of addresses that a transport may use. What one of them cannot read
/// it cannot send.
fn is_at(cloud: &Cloud, uri: &Uri) -> bool {
    let graph = cloud.graph();
    let port = uri.port_u16().or(if uri.scheme_str() == Some("https") { Some(443) } else { Some(80) });
    let plainly = uri.scheme_str() == Some(graph.scheme())
        && uri.host().is_some_and(|host| Some(host.to_ascii_lowercase().as_str()) == graph.host_str())
        && port == graph.port_or_known_default();
    plainly && Url::parse(&uri.to_string()).map_or(true, |url| url.origin() == graph.origin())
}

fn clouds() -> Vec<Cloud> {
    vec![
        Cloud::global(),
        Cloud::us_gov(),
        Cloud::global().with_graph("https://graph.contoso.example:8443/base").expect("https"),
        Cloud::emulator("http://127.0.0.1:4100").expect("this machine"),
    ]
}

fn client(cloud: &Cloud, transport: Transport, policy: DeprecationPolicy) -> Client {
    let token = FixedToken::new("secret").expect("a token");
    Client::builder(transport).cloud(cloud.clone()).token(token).deprecated_paths(policy).build()
}

/// Takes a hostile target wherever one could come from. What becomes of a request is not the question here.
async fn try_all(cloud: &Cloud, target: &str, seen: &Seen) {
    // A path of the caller.
    for (version, policy) in
        [(ApiVersion::Any, DeprecationPolicy::Rewrite), (ApiVersion::Beta, DeprecationPolicy::Warn)]
    {
        let raw = RawRequest::new(Method::GET, target, Repeat::Always).version(version);
        let _ = client(cloud, seen.transport("{}", None), policy).send(raw).await;
        let below = RawRequest::new(Method::GET, format!("/users/{target}"), Repeat::Always);
        let _ = client(cloud, seen.transport("{}", None), policy).send(below).await;
    }
    // The link to a next page.
    let page = serde_json::json!({"value": [], "@odata.nextLink": target}).to_string();
    let paged = client(cloud, seen.transport(page, None), DeprecationPolicy::Rewrite);
    let first = paged.send(ListParticipants::new(call())).await.expect("a page");
    if let Some(next) = first.next {
        let _ = paged.send(next).await;
    }
    // The place of a new call, and an id.
    let location = http::HeaderValue::from_str(&format!("{target}/communications/calls/{target}")).ok();
    let created = client(cloud, seen.transport("{}", location), DeprecationPolicy::Rewrite);
    let callback = CallbackUri::new("https://bot.example/api/calls").expect("an address");
    let body = CreateCallBody::to(InvitationParticipantInfo::user("8d1e6ab6"), callback);
    if let Ok(call) = created.send(CreateCall::new(body)).await {
        let _ = created.send(GetCall::new(call.id)).await;
    }
    if let Ok(id) = CallId::new(target) {
        let _ = created.send(GetCall::new(id)).await;
    }
    // The layer alone, with what no other layer has looked at.
    if let Ok(uri) = target.parse::<Uri>() {
        let provider = Arc::new(FixedToken::new("secret").expect("a token"));
        let request = |uri: &Uri| http::Request::get(uri.clone()).body(Bytes::new()).expect("a request");
        let auth = AuthLayer::new(provider, cloud, None).layer(seen.transport("{}", None));
        let _ = auth.clone().oneshot(request(&uri)).await;
        let _ = BaseUriLayer::new(cloud, ApiVersion::V1).layer(auth).oneshot(request(&uri)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn c1_no_token_leaves_the_configured_origin() {
    let (mut off, mut sent, mut with_token) = (0, 0, 0);
    let seen = Seen::default();
    for cloud in clouds() {
        for target in TARGETS {
            try_all(&cloud, target, &seen).await;
            for (uri, has_token) in seen.take() {
                sent += 1;
                with_token += usize::from(has_token);
                let is_off = has_token && !is_at(&cloud, &uri);
                off += usize::from(is_off);
                assert!(!is_off, "{target:?} took a token to {uri}");
            }
        }
    }
    // A list that never gets as far as the transport would prove nothing.
    assert!(with_token > TARGETS.len() && sent > with_token, "{sent} sent, {with_token} with a token");
    figure(&format!(
        "C1: {} hostile targets: {off} tokens off the configured origin ({sent} requests, {with_token} with a token)",
        TARGETS.len()
    ));
}

const PLAIN: &[&str] = &[
    "http://graph.microsoft.com",
    "HTTP://graph.microsoft.com",
    " http://graph.microsoft.com",
    "h\nttp://graph.microsoft.com",
    "http:graph.microsoft.com",
    "http:\\\\graph.microsoft.com",
    "http://localhost",
    "http://127.0.0.1:8080",
    "http://[::1]",
    "ws://graph.microsoft.com",
    "ftp://graph.microsoft.com",
    "file:///etc/passwd",
    "//graph.microsoft.com",
    "graph.microsoft.com",
    "https://user@graph.microsoft.com",
    "https://:secret@graph.microsoft.com",
    "https://",
    "",
];

const NOT_THIS_MACHINE: &[&str] = &[
    "http://graph.microsoft.com",
    "https://graph.microsoft.com",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://192.168.1.1:8080",
    "http://169.254.169.254",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.0.0.1@evil.example",
    "http://localhost:1@evil.example",
    "http://evil.example#localhost",
    "http://evil.example?localhost",
    "http://evil.example\\@localhost",
    "http://[::2]",
    "http://[::ffff:10.0.0.1]",
    "http://167772161",
    "http://xn--lcalhost-54a",
    "http://localhost\u{2e}evil.example",
    "http://l\u{f3}calhost",
    "",
];

#[tokio::test(start_paused = true)]
async fn c4_no_token_goes_over_plain_http_except_to_the_emulator() {
    let mut refused = 0;
    let emulator = || Cloud::emulator("http://127.0.0.1:4100").expect("this machine");
    for plain in PLAIN {
        for cloud in [Cloud::global(), Cloud::us_gov(), Cloud::us_gov_dod(), emulator()] {
            assert!(cloud.clone().with_graph(plain).is_err(), "{plain:?}");
            assert!(cloud.with_login(plain).is_err(), "{plain:?}");
            refused += 2;
        }
    }
    for elsewhere in NOT_THIS_MACHINE {
        assert!(Cloud::emulator(elsewhere).is_err(), "{elsewhere:?}");
        refused += 1;
    }
    for cloud in [Cloud::global(), Cloud::us_gov(), Cloud::us_gov_dod(), Cloud::default()] {
        assert!([cloud.graph(), cloud.login()].iter().all(|url| url.scheme() == "https"), "{cloud:?}");
    }

    // And where somebody hands the layer a request over plain http.
    let seen = Seen::default();
    let hosts = [
        "graph.microsoft.com",
        "graph.microsoft.com:443",
        "graph.microsoft.us",
        "127.0.0.1:4101",
        "localhost:4100",
    ];
    for cloud in clouds() {
        for host in hosts {
            let provider = Arc::new(FixedToken::new("secret").expect("a token"));
            let auth = AuthLayer::new(provider, &cloud, None).layer(seen.transport("{}", None));
            let request = http::Request::get(format!("http://{host}/v1.0/x")).body(Bytes::new());
            auth.oneshot(request.expect("a request")).await.expect("an answer");
            assert!(seen.take().iter().all(|(_, has_token)| !has_token), "{host}");
        }
    }
    let over_http = client(&emulator(), seen.transport("{}", None), DeprecationPolicy::Rewrite);
    over_http.send(GetCall::new(call())).await.expect("an answer");
    let [(uri, true)] = &*seen.take() else { panic!("the emulator gets its token") };
    assert_eq!(uri.scheme_str(), Some("http"));
    figure(&format!(
        "C4: {refused} ways to plain http: all refused; the emulator on this machine has its token"
    ));
}

#[test]
fn the_targets_are_different_and_no_request_of_ours_is_among_them() {
    let mut targets = TARGETS.to_vec();
    targets.sort_unstable();
    targets.dedup();
    assert_eq!(targets.len(), TARGETS.len());
    let plain = GetCall::new(call()).to_http().expect("a request");
    assert!(!TARGETS.contains(&plain.uri().path()));
}
