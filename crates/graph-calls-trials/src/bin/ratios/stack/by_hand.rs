//! What a caller does who has a transport and no client: the same bytes on the wire, and nothing else.

use bytes::Bytes;
use fastrand::Rng;
use graph_calls_core::ApiRequest;
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::AUTHORIZATION,
    uri::{Authority, Parts, Scheme},
};
use uuid::{Builder, Uuid};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const SCENARIO_ID: HeaderName = HeaderName::from_static("scenario-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Somebody who writes requests by hand, as one does it at the first go, with `format!`, or sparingly, as our layers do.
///
/// The token is at hand as a header value: to put that together each time would be a cost that nobody has to bear.
pub(super) struct Caller {
    root: String,
    authority: Authority,
    authorization: HeaderValue,
    rng: Rng,
}

impl Caller {
    pub(super) fn new(root: &str, token: &str) -> Self {
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).expect("a header");
        authorization.set_sensitive(true);
        let authority = Uri::try_from(root).expect("a URI").into_parts().authority.expect("a host");
        Self { root: root.to_owned(), authority, authorization, rng: Rng::with_seed(1) }
    }

    /// The request as it goes to the transport.
    pub(super) fn build(&mut self, request: &impl ApiRequest) -> Request<Bytes> {
        let mut built = request.to_http().expect("a request");
        let uri = format!("{}/v1.0{}", self.root, built.uri());
        *built.uri_mut() = Uri::try_from(uri).expect("a URI");
        let (id, scenario) = self.ids(request);
        let trace = format!("00-{}-{:016x}-01", scenario.simple(), id.as_u64_pair().1);
        let value = |text: String| HeaderValue::try_from(text).expect("a header");
        let headers = built.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CLIENT_REQUEST_ID, value(id.to_string()));
        headers.insert(SCENARIO_ID, value(scenario.to_string()));
        headers.insert(TRACEPARENT, value(trace));
        built
    }

    /// The same, with all that can be spared.
    pub(super) fn build_sparingly(&mut self, request: &impl ApiRequest) -> Request<Bytes> {
        let mut built = request.to_http().expect("a request");
        let path = built.uri().path_and_query().expect("a path").as_str();
        let mut parts = Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(joined(&["/v1.0", path]).try_into().expect("a path"));
        *built.uri_mut() = Uri::from_parts(parts).expect("a URI");
        let (id, scenario) = self.ids(request);
        let mut buffers = [Uuid::encode_buffer(); 4];
        let [dashed_id, plain_id, dashed_scenario, plain_scenario] = &mut buffers;
        let (_, span) = id.simple().encode_lower(plain_id).split_at(16);
        let trace = joined(&["00-", scenario.simple().encode_lower(plain_scenario), "-", span, "-01"]);
        let value = |text: &str| HeaderValue::from_str(text).expect("a header");
        let headers = built.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CLIENT_REQUEST_ID, value(id.hyphenated().encode_lower(dashed_id)));
        headers.insert(SCENARIO_ID, value(scenario.hyphenated().encode_lower(dashed_scenario)));
        headers.insert(TRACEPARENT, trace.try_into().expect("a header"));
        built
    }

    /// A new one for the request, and that of its call.
    fn ids(&mut self, request: &impl ApiRequest) -> (Uuid, Uuid) {
        let id = Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid();
        let call = request.call_id().expect("a request of a call");
        (id, Uuid::parse_str(call.as_str()).expect("the id of a call"))
    }
}

fn joined(parts: &[&str]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}
