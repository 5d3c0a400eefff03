//! The middleware between a typed request and its transport, outermost first:
//! [`Trace`], [`PathDeprecation`], [`Deadline`], [`Retry`], [`AttemptTimeout`], [`BaseUri`], [`Auth`], [`RequestId`].
//!
//! What is above [`Retry`] runs once per request, what is below once per attempt. Each layer is useful alone; the
//! [`ClientBuilder`](crate::ClientBuilder) stacks all but [`Deadline`], which the client stamps itself, before the stack
//! is asked whether it is ready. [`RateLimit`] is there only if asked for, next to the transport.

mod attempt_timeout;
mod auth;
mod base_uri;
mod deadline;
mod path_deprecation;
mod plan;
mod rate_limit;
mod request_id;
mod retry;
mod retry_after;
mod trace;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use auth::{Auth, AuthLayer};
pub use base_uri::{BaseUri, BaseUriLayer, InvalidTarget};
pub use deadline::{Deadline, DeadlineLayer};
pub use path_deprecation::{DeprecatedPath, DeprecationPolicy, PathDeprecation, PathDeprecationLayer};
pub use rate_limit::{RateLimit, RateLimitLayer};
pub use request_id::{RequestId, RequestIdLayer};
pub use retry::{Retry, RetryLayer};
pub use retry_after::retry_after;
pub(crate) use retry_after::says_when;
pub use trace::{Trace, TraceLayer};
