//! `call download`: fetches what `call record` recorded.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use graph_calls_core::model::{CommsOperation, OperationKind, OperationStatus, Resource, WebhookBody};
use graph_calls_http::{
    Connection, DownloadError, DownloadErrorKind, DownloadSettings, Recording, RecordingDownload,
};
use http::HeaderValue;
use serde_json::json;

use crate::{
    command::notification,
    dry_run::DryRun,
    exit::{Failure, chain},
    output::{Output, note},
    target::EmulatorUrl,
};

/// What somebody said is nobody else's business.
#[cfg(unix)]
const OWNER_ALONE: u32 = 0o600;

/// Fetches a recording, with the address and the token out of the notification that told of it.
///
/// Both are as good as secrets: they are read from the notification and printed nowhere. What breaks off is kept beside
/// FILE and gone on with by the next run, if the recording is the same still.
#[derive(Debug, Args)]
pub(crate) struct Download {
    /// The body of the webhook request that told of the finished recording; standard input with `-` or without.
    #[arg(default_value = "-", value_name = "NOTIFICATION")]
    notification: String,
    /// Where the recording is written: WAV, mono, 16 bit, 16 kHz.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrites FILE.
    #[arg(long)]
    force: bool,
    /// The only host that it is fetched from, with those below it; given once for each.
    #[arg(long = "allow-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    #[command(flatten)]
    emulator: EmulatorUrl,
    /// Prints the HTTP request instead of sending it, its address but for the host left out.
    #[arg(long)]
    dry_run: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

impl Download {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (name, body) = notification::read(&self.notification)?;
        let recording = recording(&name, &body)?;
        self.check_free()?;
        let place = recording.host().unwrap_or_else(|| "a place without a name".to_owned());
        note(format_args!(
            "recording at {place}{}",
            if self.dry_run { "; a dry run, nothing is sent" } else { "" }
        ));
        let config = self.emulator.config_without_credentials()?;
        if self.dry_run {
            let dry = DryRun::default();
            let token = Arc::new(DryRun::token()?);
            let connection = Connection::new(config.cloud().clone(), dry.transport(), token);
            let began = self.begin(&connection, &recording, None).await;
            return match (dry.take(), began) {
                (Some(request), _) => request.without_path().print(output, self.json),
                (None, Err(error)) => Err(failure(&error, false)),
                (None, Ok(_)) => Ok(()),
            };
        }
        let connection = config.connect().await?;
        let bytes = self.fetch(&connection, &recording).await?;
        if self.json {
            return Ok(output.json(&json!({ "file": self.out.display().to_string(), "bytes": bytes }))?);
        }
        Ok(output.line(format!("{}, {bytes} bytes", self.out.display()))?)
    }

    fn check_free(&self) -> Result<(), Failure> {
        if !self.force && self.out.exists() {
            let out = self.out.display();
            return Err(Failure::failed(format!("{out} is there already (--force overwrites it)")));
        }
        Ok(())
    }

    async fn begin(
        &self,
        connection: &Connection,
        recording: &Recording,
        left: Option<&Left>,
    ) -> Result<RecordingDownload, DownloadError> {
        let settings = DownloadSettings::new().with_allowed_hosts(&self.allowed_hosts);
        let download = connection.download(recording).with_settings(&settings);
        match left {
            Some(left) => download.resume_from(left.received).if_unchanged(left.validator.clone()).await,
            None => download.await,
        }
    }

    /// Fetches it, or what is missing of it; gives the number of its bytes.
    async fn fetch(&self, connection: &Connection, recording: &Recording) -> Result<u64, Failure> {
        let part = Part::of(&self.out, recording);
        let mut left = part.left();
        if left.is_none() && part.file.exists() {
            note(format_args!("{} is no part of it: from the beginning", part.file.display()));
        }
        let mut answer = self.begin(connection, recording, left.as_ref()).await;
        if left.take_if(|_| is_another(&answer)).is_some() {
            note(format_args!("{} is no part of it: from the beginning", part.file.display()));
            answer = self.begin(connection, recording, None).await;
        }
        let mut download = answer.map_err(|error| failure(&error, left.is_some()))?;
        if let Some(left) = &left {
            note(format_args!("goes on behind {} bytes", left.received));
        }
        let mut file = part.open(left.is_some()).map_err(|error| unwritten(&part.file, &error))?;
        // Until the first byte is there it may change.
        let mut marked = left.is_some();
        let mut progress = Progress { total: download.content_length(), told: 0 };
        loop {
            let chunk = download.chunk().await.map_err(|error| failure(&error, part.left().is_some()))?;
            let Some(chunk) = chunk else { break };
            if !std::mem::replace(&mut marked, true) {
                part.mark(download.validator()).map_err(|error| unwritten(&part.mark, &error))?;
            }
            file.write_all(&chunk).map_err(|error| unwritten(&part.file, &error))?;
            progress.tell(download.received());
        }
        file.sync_all().map_err(|error| unwritten(&part.file, &error))?;
        // It may have come about meanwhile.
        self.check_free()?;
        fs::rename(&part.file, &self.out).map_err(|error| unwritten(&self.out, &error))?;
        remove(&part.mark).map_err(|error| unwritten(&part.mark, &error))?;
        Ok(download.received())
    }
}

fn is_another(answer: &Result<RecordingDownload, DownloadError>) -> bool {
    answer.as_ref().is_err_and(|error| error.kind() == DownloadErrorKind::NotResumable)
}

/// The first finished recording that a notification tells of.
fn recording(name: &str, body: &[u8]) -> Result<Recording, Failure> {
    let refused = |why: String| Failure::failed(format!("{name}: {why}"));
    let body = WebhookBody::parse_typed(body).map_err(|error| refused(error.to_string()))?;
    let WebhookBody::Notifications(items) = &body else {
        return Err(refused("it is no notification of Graph".to_owned()));
    };
    let operations: Vec<&CommsOperation<'_>> = items
        .iter()
        .filter_map(|item| match &item.resource {
            Ok(Resource::Operation(operation)) if operation.kind == Some(OperationKind::Record) => {
                Some(&**operation)
            }
            _ => None,
        })
        .collect();
    let finished = operations.iter().find(|operation| operation.status == Some(OperationStatus::Completed));
    match finished.or(operations.last()) {
        Some(operation) => Recording::of(operation).map_err(|error| refused(error.to_string())),
        None => Err(refused("it tells of no recording (a recordOperation)".to_owned())),
    }
}

/// What an earlier run left of a recording, and what recognises it.
#[derive(Debug)]
struct Left {
    received: u64,
    validator: HeaderValue,
}

/// The unfinished file beside the one that is wanted.
struct Part {
    file: PathBuf,
    /// Holds what recognises the recording: the fingerprint of its place, and its validator in a line below.
    mark: PathBuf,
    fingerprint: String,
}

impl Part {
    fn of(out: &Path, recording: &Recording) -> Self {
        let beside = |ending: &str| {
            let mut name = OsString::from(out);
            name.push(ending);
            PathBuf::from(name)
        };
        Self { file: beside(".part"), mark: beside(".part.etag"), fingerprint: recording.fingerprint() }
    }

    /// What was left, where it can be gone on with.
    fn left(&self) -> Option<Left> {
        // Whose file a link leads to, nobody knows.
        let part = fs::symlink_metadata(&self.file).ok().filter(Metadata::is_file)?;
        fs::symlink_metadata(&self.mark).ok().filter(Metadata::is_file)?;
        let mark = fs::read_to_string(&self.mark).ok()?;
        let validator = mark.strip_prefix(&self.fingerprint)?.strip_prefix('\n')?;
        let validator = HeaderValue::try_from(validator).ok()?;
        (part.len() > 0 && !validator.is_empty()).then_some(Left { received: part.len(), validator })
    }

    fn open(&self, append: bool) -> io::Result<File> {
        if !append {
            remove(&self.mark)?;
            return fresh(&self.file);
        }
        let file = OpenOptions::new().append(true).open(&self.file)?;
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(OWNER_ALONE))?;
        Ok(file)
    }

    fn mark(&self, validator: Option<&HeaderValue>) -> io::Result<()> {
        let Some(validator) = validator else { return remove(&self.mark) };
        let line = [self.fingerprint.as_bytes(), b"\n", validator.as_bytes()].concat();
        fresh(&self.mark)?.write_all(&line)
    }
}

/// A file of our own, instead of what is there: links are not followed, and nobody else's rights are kept.
fn fresh(path: &Path) -> io::Result<File> {
    remove(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ALONE);
    options.open(path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Tells each quarter that came, or each MiB where nobody knows how much there is.
struct Progress {
    total: Option<u64>,
    told: u64,
}

impl Progress {
    fn tell(&mut self, received: u64) {
        let step = self.total.map_or(1 << 20, |total| total.div_ceil(4)).max(1);
        if received / step > self.told {
            self.told = received / step;
            match self.total {
                Some(total) => note(format_args!("{received} of {total} bytes")),
                None => note(format_args!("{received} bytes")),
            }
        }
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written: {error}", file.display()))
}

/// What standard error is told, and what to do. A download has no effect, so all of them are certain.
fn failure(error: &DownloadError, resumable: bool) -> Failure {
    let what_to_do = match error.kind() {
        DownloadErrorKind::NoRecording => "give the notification that told that it was completed.",
        DownloadErrorKind::Location => {
            "look where the notification came from; a token is not sent to such a place."
        }
        DownloadErrorKind::Token => "nothing; only the service can give another token.",
        DownloadErrorKind::Gone => "nothing; fetch the next one at once.",
        _ if resumable => "run it again; it goes on where it was.",
        _ => "run it again.",
    };
    Failure::failed(format!(
        "{}.\nIt only asked: nothing was changed.\nWhat to do: {what_to_do}",
        chain(error)
    ))
}
