//! The middleware between a typed request and its transport, outermost first:
//! [`Trace`], [`PathDeprecation`], [`Deadline`], [`Retry`], [`AttemptTimeout`], [`BaseUri`], [`Auth`], [`RequestId`].
//!
//! What is above [`Retry`] runs once per request, what is below once per attempt. Each layer is useful alone; the
//! [`ClientBuilder`](crate::ClientBuilder) stacks them all.

mod attempt_timeout;
mod auth;
mod base_uri;
mod deadline;
mod path_deprecation;
mod request_id;
mod retry;
mod trace;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use auth::{Auth, AuthLayer};
pub use base_uri::{BaseUri, BaseUriLayer, InvalidTarget};
pub use deadline::{Deadline, DeadlineLayer};
pub use path_deprecation::{DeprecatedPath, DeprecationPolicy, PathDeprecation, PathDeprecationLayer};
pub use request_id::{RequestId, RequestIdLayer};
pub(crate) use retry::says_when;
pub use retry::{Retry, RetryLayer};
pub use trace::{Trace, TraceLayer};
