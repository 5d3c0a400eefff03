//! The webhook: where the service's notifications come in.

mod answer;
mod body;
mod headers;
mod intake;
mod limits;
mod path;
mod service;
mod stats;
mod stream;
#[cfg(test)]
mod tests;
mod witness;

pub(crate) use self::{
    intake::{Arrival, Intake, IntakeError, Taken},
    path::CallbackPath,
};
pub use self::{
    limits::Limits,
    service::Webhook,
    stats::WebhookStats,
    stream::{Notifications, Received},
    witness::{Answered, Witness},
};
