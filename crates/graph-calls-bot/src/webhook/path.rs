//! Where a notification was sent to.

/// The longest reference or attempt that is one of ours.
const MAX_PART: usize = 64;

/// What a callback's path says beyond the base path: `/c/<ref>/<attempt>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallbackPath {
    pub(crate) call_ref: String,
    pub(crate) attempt: String,
}

/// A path that no notification is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotACallback;

/// The path that the webhook is registered under; all callbacks lie below it.
#[derive(Debug, Clone)]
pub(super) struct BasePath(Box<str>);

impl BasePath {
    pub(super) fn new(path: &str) -> Self {
        let path = path.trim_matches('/');
        Self(if path.is_empty() { Box::default() } else { format!("/{path}").into() })
    }

    /// Reads the path of a request; `None` is the registered address itself.
    pub(super) fn read(&self, path: &str) -> Result<Option<CallbackPath>, NotACallback> {
        match path.strip_prefix(&*self.0).ok_or(NotACallback)? {
            "" | "/" => Ok(None),
            below => CallbackPath::read(below).map(Some).ok_or(NotACallback),
        }
    }
}

impl CallbackPath {
    fn read(below: &str) -> Option<Self> {
        let (call_ref, attempt) = below.strip_prefix("/c/")?.split_once('/')?;
        let ours = is_ours(call_ref) && is_ours(attempt);
        ours.then(|| Self { call_ref: call_ref.to_owned(), attempt: attempt.to_owned() })
    }
}

fn is_ours(part: &str) -> bool {
    (1..=MAX_PART).contains(&part.len())
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_the_base_path_or_a_reference_and_an_attempt_below_it() {
        for base in ["/api/calls", "/api/calls/", "api/calls"] {
            let base = BasePath::new(base);
            assert_eq!(base.read("/api/calls"), Ok(None));
            assert_eq!(base.read("/api/calls/"), Ok(None));
            let path = CallbackPath { call_ref: "0f1e".to_owned(), attempt: "2".to_owned() };
            assert_eq!(base.read("/api/calls/c/0f1e/2"), Ok(Some(path)));
        }
    }

    #[test]
    fn everything_else_is_not_ours() {
        let base = BasePath::new("/api/calls");
        let long = format!("/api/calls/c/{}/1", "a".repeat(65));
        for bad in [
            "/",
            "/api",
            "/api/callsx",
            "/api/calls//",
            "/api/calls/c",
            "/api/calls/c/1",
            "/api/calls/c//1",
            "/api/calls/c/1/",
            "/api/calls/c/1/2/",
            "/api/calls/c/1/2/3",
            "/api/calls/c/%2e/2",
            "/api/calls/x/1/2",
            "/API/calls",
            &long,
        ] {
            assert_eq!(base.read(bad), Err(NotACallback), "{bad}");
        }
    }

    #[test]
    fn the_root_can_be_the_base() {
        for base in ["", "/"] {
            let base = BasePath::new(base);
            assert_eq!(base.read("/"), Ok(None));
            assert!(base.read("/c/1/2").is_ok_and(|path| path.is_some()));
            assert_eq!(base.read("/x"), Err(NotACallback));
        }
    }
}
