//! A `TokenProvider` mocked with `mockall`: what a client asks of it when Graph refuses a token.
//!
//! `cargo run -p examples --example mocked_tokens`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use async_trait::async_trait;
use graph_calls_core::{
    AccessToken, Client, GetCall, TokenError, TokenProvider, TokenRequest, model::CallId,
};
use graph_calls_emulator::{Emulator, IncomingCall};
use graph_calls_http::Config;
use mockall::{Sequence, mock};

mock! {
    Vault {}

    #[async_trait]
    impl TokenProvider for Vault {
        async fn token(&self, request: &TokenRequest) -> Result<AccessToken, TokenError>;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emulator =
        Emulator::builder().port(0).webhook("http://127.0.0.1:9/nobody-listens-here").start().await?;
    let connection = Config::emulator(emulator.url())?.connect().await?;
    let good =
        connection.tokens().token(&TokenRequest::new(None, connection.cloud().scope().clone())).await?;
    let stale = AccessToken::new("revoked-an-hour-ago", Duration::from_secs(3600))?;

    let mut vault = MockVault::new();
    let mut order = Sequence::new();
    let first = stale.clone();
    vault.expect_token().times(1).in_sequence(&mut order).returning(move |_| Ok(first.clone()));
    vault
        .expect_token()
        .withf(move |request| request.refused.as_ref() == Some(&stale))
        .times(1)
        .in_sequence(&mut order)
        .returning(move |_| Ok(good.clone()));

    let call = CallId::new(
        emulator.incoming(IncomingCall::from_user("b0000000-0000-4000-8000-000000000001")).await?,
    )?;
    let client =
        Client::builder(connection.transport()).cloud(connection.cloud().clone()).token(vault).build();
    let told = client.send(GetCall::new(call)).await?;
    println!("the call is {:?}, after {} repeat with another token", told.state, client.stats().retries);
    assert_eq!(client.stats().retries, 1);
    emulator.shutdown().await;
    Ok(())
}
