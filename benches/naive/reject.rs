//! Strings put together, and reqwest.

use bytes::Bytes;
use serde_json::json;

/// The request by hand, for whatever carries it.
pub(crate) fn by_hand(root: &str, token: &str, call_id: &str) -> http::Request<Bytes> {
    http::Request::builder()
        .method("POST")
        .uri(format!("{root}/v1.0/communications/calls/{call_id}/reject"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .body(json!({"reason": "busy"}).to_string().into())
        .unwrap()
}

/// The request with reqwest alone.
pub(crate) async fn with_reqwest(
    client: &reqwest::Client,
    root: &str,
    token: &str,
    call_id: &str,
) -> reqwest::Result<()> {
    client
        .post(format!("{root}/v1.0/communications/calls/{call_id}/reject"))
        .bearer_auth(token)
        .header("Content-Type", "application/json")
        .body(json!({"reason": "busy"}).to_string())
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}
