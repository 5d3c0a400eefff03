//! The HTTP client: a call placed, kept alive, looked at and hung up, with credentials from the login.
//!
//! `cargo run -p examples --example http_client`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use graph_calls_core::{
    CreateCall, DeleteCall, GetCall, KeepAlive, ListParticipants,
    model::{CallbackUri, CreateCallBody, InvitationParticipantInfo},
};
use graph_calls_emulator::Emulator;
use graph_calls_http::Config;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::builder().port(0).start().await?;
    // On a real tenant: `Config::from_env()`.
    let connection = Config::emulator(emulator.url())?.connect().await?;
    let client = connection.client();

    let callback = CallbackUri::emulated("http://127.0.0.1:9/nobody-listens-here")?;
    let tenant = connection.tenant().cloned().ok_or("the emulator names its tenant")?;
    let people = ["b0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000008"];
    let people = people.map(InvitationParticipantInfo::user);
    let body = CreateCallBody::to_group(people, callback)?.with_tenant_id(tenant);
    let call = client.send(CreateCall::new(body)).await?.id;

    // Notifications would say when they have joined; here we look.
    let mut participants = Vec::new();
    while participants.len() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        participants = client.send(ListParticipants::new(call.clone())).await?.participants;
    }
    client.send(KeepAlive::new(call.clone())).await?;
    let state = client.send(GetCall::new(call.clone())).await?.state.ok_or("a call has a state")?;
    println!("{state} with {} participants", participants.len());
    client.send(DeleteCall::new(call.clone())).await?;
    println!("hung up {call}; {:?}", client.stats());
    emulator.shutdown().await;
    Ok(())
}
