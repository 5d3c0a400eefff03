//! Synthetic media: what bots find out about faked voices and faces. All of it is beta.

use std::{ops::RangeInclusive, time::Duration};

use serde::Serialize;

use crate::{
    InvalidBody, Text, Timestamp,
    duration::{self, MAX_MILLISECONDS, MAX_SECONDS, Milliseconds, Seconds},
    fold_guid,
    open_enum::open_enum,
    wire::wire_struct,
};

wire_struct! {
    /// The latest that a bot has found out about a participant's media. Beta.
    ///
    /// Graph reference:
    /// [`syntheticMediaDetectionInfo`](https://learn.microsoft.com/graph/api/resources/syntheticmediadetectioninfo?view=graph-rest-beta).
    pub struct SyntheticMediaDetectionInfo<'a> as "#microsoft.graph.syntheticMediaDetectionInfo" {
        /// The id that the bot gave its report.
        pub detection_id: Option<Text<'a>> = "detectionId",
        /// The bot.
        pub detector_bot: Option<Text<'a>> = "detectorBot",
        /// Whether the participant is known and trusted.
        pub is_participant_trusted: Option<bool> = "isParticipantTrusted",
        /// How sure the bot is that the media is synthetic: 0.0 to 1.0.
        pub synthetic_confidence: Option<f64> = "syntheticConfidence",
    }
}

/// What one model found out about one stretch of media. Beta.
///
/// Graph reference:
/// [`syntheticMediaDetectionDetail`](https://learn.microsoft.com/graph/api/resources/syntheticmediadetectiondetail?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntheticMediaDetectionDetail {
    model_name: Text<'static>,
    modality: ContentModality<'static>,
    model_tasks: Vec<Text<'static>>,
    segment: MediaSegment,
    confidence: f64,
}

impl SyntheticMediaDetectionDetail {
    /// What a model found out: how sure it is that what it looked at is synthetic, 0.0 to 1.0.
    pub fn new(model_name: impl Into<String>, modality: ContentModality<'static>, confidence: f64) -> Self {
        Self {
            model_name: Text::from(model_name.into()),
            modality,
            model_tasks: Vec::new(),
            segment: MediaSegment::default(),
            confidence,
        }
    }

    /// What the model looked for, in words of the bot's own: `faceSwap`, `lipSync`, `voiceClone`.
    #[must_use]
    pub fn with_tasks<T: Into<String>>(mut self, tasks: impl IntoIterator<Item = T>) -> Self {
        self.model_tasks = tasks.into_iter().map(|task| Text::from(task.into())).collect();
        self
    }

    /// The stretch it looked at.
    #[must_use]
    pub fn with_segment(mut self, segment: MediaSegment) -> Self {
        self.segment = segment;
        self
    }
}

/// A stretch of media. Both ends are 0 where it was not live. Beta.
///
/// Graph reference:
/// [`mediaSegment`](https://learn.microsoft.com/graph/api/resources/mediasegment?view=graph-rest-beta).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaSegment {
    /// Where it begins in the stream, in whole seconds.
    #[serde(rename = "startTimeSec", serialize_with = "duration::seconds")]
    pub start_time: Duration,
    /// Where it ends in the stream, in whole seconds.
    #[serde(rename = "endTimeSec", serialize_with = "duration::seconds")]
    pub end_time: Duration,
    /// The frames of a video; none for audio.
    pub frame_indices: Vec<u32>,
}

open_enum! {
    /// A kind of content. Beta.
    ///
    /// Graph reference:
    /// [`mediaMetadata`](https://learn.microsoft.com/graph/api/resources/mediametadata?view=graph-rest-beta).
    pub enum ContentModality {
        /// Audio.
        Audio = "audio",
        /// Video.
        Video = "video",
        /// A picture.
        Image = "image",
        /// Text.
        Text = "text",
        /// Several at once.
        Multimodal = "multimodal",
    }
}

open_enum! {
    /// How grave a finding is. Beta.
    ///
    /// Graph reference:
    /// [`participant-reportsyntheticmedia`](https://learn.microsoft.com/graph/api/participant-reportsyntheticmedia?view=graph-rest-beta).
    pub enum DetectionSeverity {
        /// Hardly.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// Very.
        High = "high",
    }
}

/// What a bot looked at. Beta.
///
/// Graph reference:
/// [`mediaMetadata`](https://learn.microsoft.com/graph/api/resources/mediametadata?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediaMetadata {
    modality: ContentModality<'static>,
    is_real_time: bool,
    mime_type: Text<'static>,
    byte_size: u64,
    duration: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_metadata: Option<AudioMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_metadata: Option<VideoMetadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streaming_metadata: Option<StreamingMetadata>,
}

impl MediaMetadata {
    /// A live stream, looked at through a window of whole seconds.
    pub fn live(
        modality: ContentModality<'static>,
        mime_type: impl Into<String>,
        window: Duration,
        stream: StreamingMetadata,
    ) -> Self {
        let streaming_metadata = Some(stream);
        Self { is_real_time: true, streaming_metadata, ..Self::recorded(modality, mime_type, window, 0) }
    }

    /// A file of so many whole seconds and bytes.
    pub fn recorded(
        modality: ContentModality<'static>,
        mime_type: impl Into<String>,
        duration: Duration,
        byte_size: u64,
    ) -> Self {
        Self {
            modality,
            is_real_time: false,
            mime_type: Text::from(mime_type.into()),
            byte_size,
            duration: Seconds(duration),
            audio_metadata: None,
            video_metadata: None,
            streaming_metadata: None,
        }
    }

    /// How its sound is coded.
    #[must_use]
    pub fn with_audio(mut self, audio: AudioMetadata) -> Self {
        self.audio_metadata = Some(audio);
        self
    }

    /// How its picture is coded.
    #[must_use]
    pub fn with_video(mut self, video: VideoMetadata) -> Self {
        self.video_metadata = Some(video);
        self
    }
}

/// How sound is coded. Beta.
///
/// Graph reference:
/// [`audioMetadata`](https://learn.microsoft.com/graph/api/resources/audiometadata?view=graph-rest-beta).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioMetadata {
    /// Samples per second.
    pub sample_rate_hz: u32,
    /// Bits per sample.
    pub bit_depth: u32,
    /// 1 for mono, 2 for stereo.
    pub channels: u32,
}

/// How a picture is coded. Beta.
///
/// Graph reference:
/// [`videoMetadata`](https://learn.microsoft.com/graph/api/resources/videometadata?view=graph-rest-beta).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoMetadata {
    /// The codec, such as `H.264`.
    pub codec: Text<'static>,
    /// Frames per second.
    pub frame_rate: f64,
    /// Kilobits per second.
    pub bitrate_kbps: u32,
}

/// How well a live stream came in. Beta.
///
/// Graph reference:
/// [`streamingMetadata`](https://learn.microsoft.com/graph/api/resources/streamingmetadata?view=graph-rest-beta).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamingMetadata {
    /// The network's delay, in whole milliseconds.
    #[serde(rename = "latencyMs", serialize_with = "duration::milliseconds")]
    pub latency: Duration,
    /// The part of the frames that was lost: 0.0 to 1.0.
    pub frame_drop_rate: f64,
    /// The network's jitter, in whole milliseconds.
    #[serde(rename = "networkJitterMs", serialize_with = "duration::milliseconds")]
    pub network_jitter: Duration,
}

/// The body that reports a faked voice or face. For certified detection bots. Beta.
///
/// Report what changes, at most once a minute for each participant. The roster then tells it to everybody.
///
/// Graph reference:
/// [`participant-reportsyntheticmedia`](https://learn.microsoft.com/graph/api/participant-reportsyntheticmedia?view=graph-rest-beta).
///
/// ```
/// use std::time::Duration;
///
/// use graph_calls_model::{
///     ContentModality, MediaMetadata, ReportSyntheticMediaBody, StreamingMetadata, SyntheticMediaDetectionDetail,
/// };
///
/// let window = Duration::from_secs(15);
/// let heard =
///     MediaMetadata::live(ContentModality::Audio, "audio/pcm", window, StreamingMetadata::default());
/// let id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
/// let body = ReportSyntheticMediaBody::new(id, "2026-03-13T21:00:00Z", heard)
///     .with_overall_confidence(0.92)
///     .with_detection(SyntheticMediaDetectionDetail::new("detector-2", ContentModality::Audio, 0.95));
/// body.validate()?;
/// assert_eq!(serde_json::to_value(body)?["contentMetadata"]["duration"], 15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportSyntheticMediaBody {
    id: Text<'static>,
    detection_date_time: Timestamp<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<DetectionSeverity<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overall_confidence: Option<f64>,
    is_malicious: bool,
    content_metadata: MediaMetadata,
    detections: Vec<SyntheticMediaDetectionDetail>,
}

impl ReportSyntheticMediaBody {
    /// Reports under a GUID of your own what was looked at, and when something was found out.
    ///
    /// How sure the bot is and one detection at least have to follow.
    pub fn new(
        id: impl Into<String>,
        detected: impl Into<Timestamp<'static>>,
        content: MediaMetadata,
    ) -> Self {
        Self {
            id: Text::from(id.into()),
            detection_date_time: detected.into(),
            severity: None,
            overall_confidence: None,
            is_malicious: false,
            content_metadata: content,
            detections: Vec::new(),
        }
    }

    /// How sure the bot is, all in all: 0.0 to 1.0.
    #[must_use]
    pub fn with_overall_confidence(mut self, confidence: f64) -> Self {
        self.overall_confidence = Some(confidence);
        self
    }

    /// One more detection.
    #[must_use]
    pub fn with_detection(mut self, detection: SyntheticMediaDetectionDetail) -> Self {
        self.detections.push(detection);
        self
    }

    /// How grave it is; it should fit the confidence.
    #[must_use]
    pub fn with_severity(mut self, severity: DetectionSeverity<'static>) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Whether harm is meant; no unless told otherwise.
    #[must_use]
    pub fn with_is_malicious(mut self, malicious: bool) -> Self {
        self.is_malicious = malicious;
        self
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For an id that is no GUID, no overall confidence, a confidence outside 0.0 to 1.0, no detection, or a time that
    /// has a part of its unit or more than 2,147,483,647 of it (`Edm.Int32`).
    pub fn validate(&self) -> Result<(), InvalidBody> {
        const SURE: RangeInclusive<f64> = 0.0..=1.0;
        if fold_guid(&self.id).is_none() {
            return Err(InvalidBody::new("id", "it is no GUID: make one for each report"));
        }
        let Some(sure) = self.overall_confidence else {
            let why = "there is none: give it to `with_overall_confidence`";
            return Err(InvalidBody::new("overallConfidence", why));
        };
        let unsure = |sure: f64| format!("{sure} is not taken: give 0.0 to 1.0");
        if !SURE.contains(&sure) {
            return Err(InvalidBody::new("overallConfidence", unsure(sure)));
        }
        if self.detections.is_empty() {
            let why = "there is none: give one at least to `with_detection`";
            return Err(InvalidBody::new("detections", why));
        }
        let seconds = Duration::ZERO..=MAX_SECONDS;
        for (at, one) in self.detections.iter().enumerate() {
            let member = |name| format!("detections[{at}].{name}");
            if !SURE.contains(&one.confidence) {
                return Err(InvalidBody::new(member("confidence"), unsure(one.confidence)));
            }
            Seconds(one.segment.start_time).check(member("segment.startTimeSec"), seconds.clone())?;
            Seconds(one.segment.end_time).check(member("segment.endTimeSec"), seconds.clone())?;
        }
        self.content_metadata.duration.check("contentMetadata.duration", seconds)?;
        if let Some(stream) = &self.content_metadata.streaming_metadata {
            let taken = Duration::ZERO..=MAX_MILLISECONDS;
            let member = |name| format!("contentMetadata.streamingMetadata.{name}");
            Milliseconds(stream.latency).check(member("latencyMs"), taken.clone())?;
            Milliseconds(stream.network_jitter).check(member("networkJitterMs"), taken)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GUID: &str = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

    fn finding() -> SyntheticMediaDetectionDetail {
        SyntheticMediaDetectionDetail::new("DeepfakeDetector-v2", ContentModality::Audio, 0.95)
            .with_tasks(["voiceClone"])
            .with_segment(MediaSegment { end_time: Duration::from_secs(15), ..MediaSegment::default() })
    }

    fn stream() -> MediaMetadata {
        let stream = StreamingMetadata {
            latency: Duration::from_millis(50),
            frame_drop_rate: 0.0,
            network_jitter: Duration::from_millis(10),
        };
        MediaMetadata::live(ContentModality::Audio, "audio/pcm", Duration::from_secs(15), stream)
            .with_audio(AudioMetadata { sample_rate_hz: 16_000, bit_depth: 16, channels: 1 })
    }

    #[test]
    fn a_report_tells_what_was_looked_at_and_what_was_found() {
        let body = ReportSyntheticMediaBody::new(GUID, "2026-03-13T21:00:00Z", stream())
            .with_overall_confidence(0.92)
            .with_detection(finding())
            .with_severity(DetectionSeverity::High)
            .with_is_malicious(true);
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "id": GUID,
                "detectionDateTime": "2026-03-13T21:00:00Z",
                "severity": "high",
                "overallConfidence": 0.92,
                "isMalicious": true,
                "contentMetadata": {
                    "modality": "audio", "isRealTime": true, "mimeType": "audio/pcm", "byteSize": 0, "duration": 15,
                    "audioMetadata": {"sampleRateHz": 16000, "bitDepth": 16, "channels": 1},
                    "streamingMetadata": {"latencyMs": 50, "frameDropRate": 0.0, "networkJitterMs": 10},
                },
                "detections": [{
                    "modelName": "DeepfakeDetector-v2", "modality": "audio", "modelTasks": ["voiceClone"],
                    "segment": {"startTimeSec": 0, "endTimeSec": 15, "frameIndices": []}, "confidence": 0.95,
                }],
            })
        );
    }

    #[test]
    fn a_file_has_a_size_and_no_stream() {
        let video = VideoMetadata { codec: "H.264".into(), frame_rate: 30.0, bitrate_kbps: 512 };
        let file =
            MediaMetadata::recorded(ContentModality::Video, "video/mp4", Duration::from_secs(30), 2_048_000);
        assert_eq!(
            serde_json::to_value(file.with_video(video)).unwrap(),
            json!({
                "modality": "video", "isRealTime": false, "mimeType": "video/mp4", "byteSize": 2_048_000, "duration": 30,
                "videoMetadata": {"codec": "H.264", "frameRate": 30.0, "bitrateKbps": 512},
            })
        );
    }

    #[test]
    fn a_report_that_says_nothing_clear_is_not_sent() {
        let new = |id: &str| ReportSyntheticMediaBody::new(id, "2026-03-13T21:00:00Z", stream());
        let report = |id: &str, sure, findings: Vec<_>| {
            let body = new(id).with_overall_confidence(sure);
            findings.into_iter().fold(body, ReportSyntheticMediaBody::with_detection).validate()
        };
        let wrong = |result: Result<(), InvalidBody>| result.unwrap_err().member().to_owned();
        assert_eq!(report(GUID, 1.0, vec![finding()]), Ok(()));
        assert_eq!(wrong(report("1", 1.0, vec![finding()])), "id");
        assert_eq!(wrong(report(GUID, 1.1, vec![finding()])), "overallConfidence");
        assert_eq!(wrong(report(GUID, f64::NAN, vec![finding()])), "overallConfidence");
        assert_eq!(wrong(report(GUID, 1.0, Vec::new())), "detections");
        let unsure = SyntheticMediaDetectionDetail::new("m", ContentModality::Audio, -0.1);
        assert_eq!(wrong(report(GUID, 1.0, vec![finding(), unsure])), "detections[1].confidence");
        assert_eq!(wrong(new(GUID).with_detection(finding()).validate()), "overallConfidence");
        let start_time = Duration::from_millis(1_500);
        let half = finding().with_segment(MediaSegment { start_time, ..MediaSegment::default() });
        assert_eq!(wrong(report(GUID, 1.0, vec![half])), "detections[0].segment.startTimeSec");
    }

    #[test]
    fn a_stream_is_measured_in_whole_milliseconds() {
        let stream = StreamingMetadata { latency: Duration::from_micros(1), ..StreamingMetadata::default() };
        let media = MediaMetadata::live(ContentModality::Audio, "audio/pcm", Duration::ZERO, stream);
        let body = ReportSyntheticMediaBody::new(GUID, "2026-03-13T21:00:00Z", media)
            .with_overall_confidence(1.0)
            .with_detection(finding());
        assert_eq!(body.validate().unwrap_err().member(), "contentMetadata.streamingMetadata.latencyMs");
    }
}
