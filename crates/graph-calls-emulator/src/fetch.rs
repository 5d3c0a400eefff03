//! Prompts, fetched and checked.

use std::time::Duration;

use crate::{http_client::describe, wav};

/// The most bytes of a prompt.
const LIMIT: usize = 20 << 20;

/// The length of the prompt at a URL, or why it cannot be played.
pub(crate) async fn prompt(client: &reqwest::Client, url: &str) -> Result<Duration, String> {
    let mut response = client.get(url).send().await.map_err(|error| describe(&error.without_url()))?;
    if !response.status().is_success() {
        return Err(format!("the answer was {}", response.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error.without_url()))? {
        if bytes.len() + chunk.len() > LIMIT {
            return Err(format!("it has more than {LIMIT} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    wav::check(&bytes)
}
