use bytes::Bytes;
use graph_calls_model::{CallId, ParticipantId, ReportSyntheticMediaBody, Segment};
use http::Method;

use super::{ApiRequest, ApiVersion, with_json};
use crate::{Error, Repeat, Result};

/// Reports a faked voice or face. For certified detection bots. Beta.
///
/// One report a minute for each participant, and only of what changes; the roster then tells it to everybody. The bot
/// has to be admitted to the call, and takes the permission `Calls.ReportSyntheticMedia.All`.
///
/// Graph reference:
/// [`participant-reportsyntheticmedia`](https://learn.microsoft.com/graph/api/participant-reportsyntheticmedia?view=graph-rest-beta).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_core::{
///     ApiRequest, ReportSyntheticMedia,
///     model::{
///         CallId, ContentModality, MediaMetadata, ParticipantId, ReportSyntheticMediaBody,
///         SyntheticMediaDetectionDetail,
///     },
/// };
///
/// let clip = MediaMetadata::recorded(ContentModality::Audio, "audio/wav", Duration::from_secs(15), 480_000);
/// let found = SyntheticMediaDetectionDetail::new("detector-2", ContentModality::Audio, 0.95);
/// let id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
/// let body = ReportSyntheticMediaBody::new(id, "2026-03-13T21:00:00Z", clip)
///     .with_overall_confidence(0.92)
///     .with_detection(found);
/// let request = ReportSyntheticMedia::new(CallId::new("57dab8b1")?, ParticipantId::new("7e1b")?, body);
/// assert_eq!(request.to_http()?.uri(), "/communications/calls/57dab8b1/participants/7e1b/reportSyntheticMedia");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ReportSyntheticMedia {
    call_id: CallId,
    participant_id: ParticipantId,
    body: ReportSyntheticMediaBody,
}

impl ReportSyntheticMedia {
    /// Reports what was found out about this participant of this call.
    pub fn new(call_id: CallId, participant_id: ParticipantId, body: ReportSyntheticMediaBody) -> Self {
        Self { call_id, participant_id, body }
    }
}

impl ApiRequest for ReportSyntheticMedia {
    type Output = ();
    const NAME: &'static str = "participant-reportsyntheticmedia";
    // The service merges no reports: a second one would be another.
    const REPEAT: Repeat = Repeat::OnlyIfNoEffect;
    const VERSION: ApiVersion = ApiVersion::Beta;

    fn to_http(&self) -> Result<http::Request<Bytes>> {
        self.body.validate().map_err(|error| Error::request(Self::NAME, error))?;
        with_json(
            Self::NAME,
            Method::POST,
            format_args!(
                "/communications/calls/{}/participants/{}/reportSyntheticMedia",
                Segment(self.call_id.as_str()),
                Segment(self.participant_id.as_str())
            ),
            &self.body,
        )
    }

    fn read(&self, _response: http::Response<Bytes>) -> Result<()> {
        Ok(())
    }

    fn call_id(&self) -> Option<&CallId> {
        Some(&self.call_id)
    }
}
