//! Why an emulator did not start.

use std::{io, net::IpAddr};

/// Why an emulator did not start, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens on the port.
    #[error("port {port} is in use: stop what listens there, or choose another (0 picks a free one)")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The address may be reached from other machines.
    #[error("{0} is no loopback address: call `exposed_on` if other machines shall reach the emulator")]
    NotLoopback(IpAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// An app id or tenant id is no GUID.
    #[error("the {what} `{text}` is no GUID")]
    NotAGuid {
        /// Which of the two.
        what: &'static str,
        /// What was given.
        text: String,
    },
    /// A URL is none.
    #[error("`{0}` is no http or https URL")]
    BadUrl(String),
    /// No signing key could be made.
    #[error("no signing key could be made")]
    Keys,
    /// The HTTP client that delivers notifications could not be made.
    #[error("the client that delivers notifications could not be made: {0}")]
    Client(String),
}
