//! Traffic kept in a file, without its secrets.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use graph_calls_bot::Answered;
use serde::Serialize;
use serde_json::Value;

use super::Date;
use crate::exit::Failure;

/// A file that POSTs are added to, one JSON object per line.
#[derive(Debug)]
pub(super) struct Record {
    file: Mutex<File>,
    name: String,
}

#[derive(Serialize)]
struct Line<'r> {
    time: String,
    status: u16,
    reason: Option<&'r str>,
    method: &'r str,
    path: &'r str,
    headers: BTreeMap<&'r str, Vec<String>>,
    /// What came, with its secrets replaced; none where nothing was read, or what was read is no JSON: nobody could
    /// say what is secret in it.
    body: Option<Value>,
    body_bytes: Option<usize>,
}

impl Record {
    /// Opens a file that only its owner may read, new or with what it has.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| Failure::failed(format!("{name} cannot be written: {error}"));
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(path).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
                let what = format!("{name} is there already, and others may read it: chmod 600 {name}");
                return Err(Failure::failed(what));
            }
        }
        Ok(Self { file: Mutex::new(file), name })
    }

    pub(super) fn add(&self, time: &Date, post: &Answered<'_>) -> Result<(), Failure> {
        let mut headers = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in post.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.as_str()).or_default().push(value);
        }
        let body = post.body().and_then(|body| serde_json::from_slice(body).ok()).map(|mut body: Value| {
            graph_calls_emulator::redact(&mut body);
            body
        });
        let line = Line {
            time: time.to_string(),
            status: post.status().as_u16(),
            reason: post.reason(),
            method: post.method().as_str(),
            path: post.path(),
            headers,
            body,
            body_bytes: post.body().map(<[u8]>::len),
        };
        let failed = |error: std::io::Error| {
            Failure::failed(format!("{} cannot be written any more: {error}", self.name))
        };
        let mut text = serde_json::to_vec(&line).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        // One write for a line: whoever reads along sees whole lines.
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text).map_err(failed)
    }
}
