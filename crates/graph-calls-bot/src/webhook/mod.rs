//! The webhook: where the service's notifications come in.

mod answer;
mod body;
mod headers;
mod intake;
mod limits;
mod path;
mod service;
mod stats;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    intake::{Arrival, Intake, IntakeError},
    path::CallbackPath,
};
pub use self::{limits::Limits, service::Webhook, stats::WebhookStats};
