//! What never gets into a trace.

use serde_json::Value;

const REDACTED: &str = "[redacted]";

/// Members whose value is a secret wherever they stand, in lower case.
const SECRET_MEMBERS: [&str; 14] = [
    "client_secret",
    "client_assertion",
    "assertion",
    "access_token",
    "id_token",
    "refresh_token",
    "password",
    "passcode",
    "token",
    "recordingaccesstoken",
    "recordresourceaccesstoken",
    "blob",
    "replacescontext",
    "replacementlink",
];

/// Headers whose value is a secret, in lower case.
const SECRET_HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

pub(crate) fn is_secret(member: &str) -> bool {
    SECRET_MEMBERS.iter().any(|secret| member.eq_ignore_ascii_case(secret))
}

/// Takes out of a body what never gets into a [trace](crate::Exchange): the values of tokens, passcodes, media blobs,
/// and of the queries of URLs. The names of the members stay.
pub fn body(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if !is_secret(name) {
                    body(member);
                } else if !member.is_null() {
                    *member = Value::from(REDACTED);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(body),
        // Callbacks and prompts may carry a key in their query.
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => query(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn headers(headers: &mut [(String, String)]) {
    for (name, value) in headers {
        if SECRET_HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
            let scheme = value.split_once(' ').map(|(scheme, _)| scheme.to_owned());
            *value = scheme.map_or_else(|| REDACTED.to_owned(), |scheme| format!("{scheme} {REDACTED}"));
        }
    }
}

/// Takes the values out of a query; its names may stay.
pub(crate) fn query(url: &mut String) {
    let Some((path, query)) = url.split_once('?') else { return };
    let names: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={REDACTED}"),
            None => REDACTED.to_owned(),
        })
        .collect();
    *url = format!("{path}?{}", names.join("&"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_at_any_depth_and_in_any_case() {
        let mut value = json!({
            "value": [{ "meetingInfo": { "Token": "t", "passcode": null }, "recordingAccessToken": "r" }],
            "mediaConfig": { "blob": { "a": 1 } },
            "callbackUri": "https://bot.example/calls?code=s3cret",
            "state": "established",
        });
        body(&mut value);
        assert_eq!(
            value,
            json!({
                "value": [{
                    "meetingInfo": { "Token": "[redacted]", "passcode": null },
                    "recordingAccessToken": "[redacted]",
                }],
                "mediaConfig": { "blob": "[redacted]" },
                "callbackUri": "https://bot.example/calls?code=[redacted]",
                "state": "established",
            })
        );
    }

    #[test]
    fn the_scheme_of_a_credential_stays_and_the_rest_goes() {
        let mut list = vec![("Authorization".to_owned(), "Bearer abc".to_owned())];
        headers(&mut list);
        assert_eq!(list[0].1, "Bearer [redacted]");
    }

    #[test]
    fn a_query_keeps_its_names() {
        let mut url = "http://bot/calls?code=s3cret&x".to_owned();
        query(&mut url);
        assert_eq!(url, "http://bot/calls?code=[redacted]&[redacted]");
    }
}
