//! Recordings of what a caller said: fetched from where the service put them, with a token of their own.

mod answer;
mod download;
mod error;
mod location;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use graph_calls_core::model::{CommsOperation, OperationKind, OperationStatus, SecretText};
use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

pub use download::{Download, RecordingDownload};
pub use error::{DownloadError, DownloadErrorKind};
pub use settings::DownloadSettings;

use DownloadErrorKind::NoRecording;

/// Where a recording lies, and the token that fetches it. `Debug` prints neither.
///
/// A recording that `recordResponse` made: 16 kHz, 16 bits, mono, at most 120 seconds. The service discards it shortly
/// after the call, so fetch it at once, with [`Connection::download`](crate::Connection::download).
///
/// Graph reference: [`recordOperation`](https://learn.microsoft.com/graph/api/resources/recordoperation).
///
/// # Examples
///
/// ```
/// use graph_calls_core::model::CommsOperation;
/// use graph_calls_http::{DownloadErrorKind, Recording};
///
/// let operation: CommsOperation<'_> = serde_json::from_str(
///     r##"{"@odata.type": "#microsoft.graph.recordOperation", "status": "completed",
///         "recordingLocation": "https://file.location/17e3b46c", "recordingAccessToken": "<token>"}"##,
/// )?;
/// let recording = Recording::of(&operation)?;
/// assert_eq!(format!("{recording:?}"), "Recording([redacted])");
///
/// let cancelled: CommsOperation<'_> = serde_json::from_str(
///     r##"{"@odata.type": "#microsoft.graph.recordOperation", "status": "failed",
///         "recordingLocation": "", "recordingAccessToken": "", "resultInfo": {"code": 400, "subcode": 8508}}"##,
/// )?;
/// assert_eq!(Recording::of(&cancelled).unwrap_err().kind(), DownloadErrorKind::NoRecording);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recording {
    location: SecretString,
    authorization: HeaderValue,
}

impl Recording {
    /// The recording that an operation made.
    ///
    /// # Errors
    ///
    /// [`DownloadErrorKind::NoRecording`] when it is another operation, has not completed, or names no location or no
    /// token.
    pub fn of(operation: &CommsOperation<'_>) -> Result<Self, DownloadError> {
        match &operation.kind {
            None | Some(OperationKind::Record) => {}
            Some(other) => {
                return Err(DownloadError::new(NoRecording, format!("a {} records nothing", other.name())));
            }
        }
        match &operation.status {
            Some(OperationStatus::Completed) => {}
            Some(OperationStatus::Failed) => {
                let message = match &operation.result_info {
                    Some(info) => format!("nothing was recorded: the operation failed with {}", codes(info)),
                    None => "nothing was recorded: the operation failed".to_owned(),
                };
                return Err(DownloadError::new(NoRecording, message));
            }
            _ => return Err(DownloadError::new(NoRecording, "its operation has not completed yet")),
        }
        let told =
            |text: Option<&SecretText<'_>>| text.map(|text| text.expose().to_owned()).unwrap_or_default();
        Self::new(&told(operation.recording_location()), &told(operation.recording_access_token()))
    }

    /// A recording by its location and its token, kept from an operation.
    ///
    /// # Errors
    ///
    /// [`DownloadErrorKind::NoRecording`] when one of them is empty, or no header can carry the token.
    pub fn new(location: &str, token: &str) -> Result<Self, DownloadError> {
        if location.is_empty() {
            return Err(DownloadError::new(NoRecording, "its operation names no location"));
        }
        if token.is_empty() {
            return Err(DownloadError::new(NoRecording, "its operation has no access token"));
        }
        let unfit = || DownloadError::new(NoRecording, "no header can carry its access token");
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unfit());
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| unfit())?;
        authorization.set_sensitive(true);
        Ok(Self { location: location.into(), authorization })
    }

    /// The name of the host it lies at, where that can be read: what
    /// [`with_allowed_hosts`](DownloadSettings::with_allowed_hosts) asks for.
    pub fn host(&self) -> Option<String> {
        let url = url::Url::parse(self.location.expose_secret()).ok()?;
        url.host_str().map(str::to_owned)
    }

    /// What tells it from recordings that lie elsewhere, and does not tell where: the SHA-256 of its location, in
    /// Base64url.
    ///
    /// To be kept beside [`validator`](RecordingDownload::validator), which tells the recording of one place from
    /// others of that place only.
    pub fn fingerprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.location.expose_secret().as_bytes()))
    }
}

fn codes(info: &graph_calls_core::model::ResultInfo<'_>) -> String {
    let code = info.number().map_or_else(|| "no code".to_owned(), |code| code.to_string());
    match info.subcode_number() {
        Some(subcode) => format!("{code}/{subcode}"),
        None => code,
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording([redacted])")
    }
}
