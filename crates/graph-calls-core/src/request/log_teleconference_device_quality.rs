use bytes::Bytes;
use graph_calls_model::LogTeleconferenceDeviceQualityBody;
use http::Method;

use super::{ApiRequest, with_json};
use crate::{Error, Repeat, Result};

/// Reports the media quality of a room device. For certified video partners.
///
/// It is sent for all calls alike; the body names the call. Takes the permission `Calls.AccessMedia.All`.
///
/// Graph reference:
/// [`call-logteleconferencedevicequality`](https://learn.microsoft.com/graph/api/call-logteleconferencedevicequality).
///
/// # Examples
///
/// ```
/// use graph_calls_core::{
///     ApiRequest, LogTeleconferenceDeviceQuality,
///     model::{
///         LogTeleconferenceDeviceQualityBody, ParticipantId, TeleconferenceDeviceMediaQuality,
///         TeleconferenceDeviceQuality,
///     },
/// };
///
/// let me = ParticipantId::new("909c6581-5130-43e9-88f3-fcb3582cde37")?;
/// let quality = TeleconferenceDeviceQuality::new(me)
///     .with_call_chain_id("0ae2b4a9-0f5b-4a1d-a1a3-b3b7d3a2f1c0")
///     .with_media_leg_id("d3f2b7a1-5c9e-4e68-9f5c-1b2a3c4d5e6f")
///     .with_device("Room 4", "a video bar")
///     .with_media(TeleconferenceDeviceMediaQuality::audio(0).with_average_inbound_jitter("PT0.023S"));
/// let request = LogTeleconferenceDeviceQuality::new(LogTeleconferenceDeviceQualityBody::new(quality));
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/logTeleconferenceDeviceQuality");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogTeleconferenceDeviceQuality {
    body: LogTeleconferenceDeviceQualityBody,
}

impl LogTeleconferenceDeviceQuality {
    /// Reports this.
    pub fn new(body: LogTeleconferenceDeviceQualityBody) -> Self {
        Self { body }
    }
}

impl ApiRequest for LogTeleconferenceDeviceQuality {
    type Output = ();
    const NAME: &'static str = "call-logteleconferencedevicequality";
    // The report names its media leg: told twice it is the same report.
    const REPEAT: Repeat = Repeat::Always;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        let path = "/communications/calls/logTeleconferenceDeviceQuality";
        with_json(Self::NAME, Method::POST, path, &self.body)
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }
}
