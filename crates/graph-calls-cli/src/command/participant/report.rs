//! `participant report-synthetic-media`: whose voice or face seems faked.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use graph_calls_core::{
    ReportSyntheticMedia,
    model::{
        CallId, ContentModality, DetectionSeverity, MediaMetadata, MediaSegment, ParticipantId,
        ReportSyntheticMediaBody, StreamingMetadata, SyntheticMediaDetectionDetail,
    },
};

use crate::{
    command::{call, values},
    exit::Failure,
    output::{Output, note},
    report::Effect,
    target::Target,
};

/// Reports a faked voice or face; for certified detection bots, one report a minute for each participant. Beta.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true).args(["live", "bytes"]))]
pub(crate) struct Report {
    /// The call.
    call: CallId,
    /// The participant.
    participant: ParticipantId,
    /// When it was found out, such as `2026-03-13T21:00:00Z`.
    #[arg(long, value_name = "TIME")]
    detected: String,
    /// The model that found it out.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// What the model looked at.
    #[arg(long)]
    modality: Modality,
    /// How sure the model is that it is synthetic: 0.0 to 1.0.
    #[arg(long, value_name = "PART")]
    confidence: f64,
    /// What the model looked for, such as `faceSwap` or `voiceClone`; given once for each.
    #[arg(long, value_name = "TASK")]
    task: Vec<String>,
    /// How sure the bot is, all in all; as sure as the model unless told otherwise.
    #[arg(long, value_name = "PART")]
    overall_confidence: Option<f64>,
    /// How grave it is.
    #[arg(long)]
    severity: Option<Severity>,
    /// Says that harm is meant.
    #[arg(long)]
    malicious: bool,
    /// The media's type, such as `audio/pcm`.
    #[arg(long, value_name = "TYPE")]
    mime_type: String,
    /// How much media was looked at, such as `15s`.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    duration: Duration,
    /// It was a live stream.
    #[arg(long)]
    live: bool,
    /// It was a file of so many bytes.
    #[arg(long, value_name = "COUNT")]
    bytes: Option<u64>,
    /// The stream's delay, such as `50ms`.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, requires = "live")]
    latency: Option<Duration>,
    /// The stream's jitter, such as `10ms`.
    #[arg(long, value_name = "DURATION", value_parser = values::duration, requires = "live")]
    jitter: Option<Duration>,
    /// The part of the stream's frames that was lost: 0.0 to 1.0.
    #[arg(long, value_name = "PART", requires = "live")]
    frame_drop_rate: Option<f64>,
    /// The report's id, a GUID; made up where none is given.
    #[arg(long = "report-id", value_name = "GUID")]
    id: Option<String>,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Modality {
    Audio,
    Video,
    Image,
    Text,
    Multimodal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Severity {
    Low,
    Medium,
    High,
}

impl From<Modality> for ContentModality<'static> {
    fn from(modality: Modality) -> Self {
        match modality {
            Modality::Audio => ContentModality::Audio,
            Modality::Video => ContentModality::Video,
            Modality::Image => ContentModality::Image,
            Modality::Text => ContentModality::Text,
            Modality::Multimodal => ContentModality::Multimodal,
        }
    }
}

impl From<Severity> for DetectionSeverity<'static> {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Low => DetectionSeverity::Low,
            Severity::Medium => DetectionSeverity::Medium,
            Severity::High => DetectionSeverity::High,
        }
    }
}

impl Report {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let made_up = self.id.is_none().then(call::made_up_guid);
        let body = self.body(self.id.as_deref().or(made_up.as_deref()).unwrap_or_default())?;
        let line = self.target.open(output).await?;
        if let Some(id) = &made_up {
            note(format_args!("report {id}"));
        }
        let request = ReportSyntheticMedia::new(self.call, self.participant, body);
        let sent = line.send(request, Effect::Some).await?;
        call::done(&line, sent.as_ref(), "reported")
    }

    fn body(&self, id: &str) -> Result<ReportSyntheticMediaBody, Failure> {
        let (modality, mime_type) = (self.modality.into(), self.mime_type.as_str());
        let content = if let Some(bytes) = self.bytes {
            MediaMetadata::recorded(modality, mime_type, self.duration, bytes)
        } else {
            let stream = StreamingMetadata {
                latency: self.latency.unwrap_or_default(),
                frame_drop_rate: self.frame_drop_rate.unwrap_or_default(),
                network_jitter: self.jitter.unwrap_or_default(),
            };
            MediaMetadata::live(modality, mime_type, self.duration, stream)
        };
        // Where a file is looked at, both ends stay 0.
        let end_time = if self.live { self.duration } else { Duration::ZERO };
        let found =
            SyntheticMediaDetectionDetail::new(self.model.as_str(), self.modality.into(), self.confidence)
                .with_tasks(self.task.iter().map(String::as_str))
                .with_segment(MediaSegment { end_time, ..MediaSegment::default() });
        let mut body = ReportSyntheticMediaBody::new(id, self.detected.clone(), content)
            .with_overall_confidence(self.overall_confidence.unwrap_or(self.confidence))
            .with_detection(found)
            .with_is_malicious(self.malicious);
        if let Some(severity) = self.severity {
            body = body.with_severity(severity.into());
        }
        let overall = if self.overall_confidence.is_some() { "--overall-confidence" } else { "--confidence" };
        body.validate().map_err(values::bad(&[
            ("id", "--report-id"),
            ("overallConfidence", overall),
            ("detections.confidence", "--confidence"),
            ("detections.segment.endTimeSec", "--duration"),
            ("contentMetadata.duration", "--duration"),
            ("contentMetadata.streamingMetadata.latencyMs", "--latency"),
            ("contentMetadata.streamingMetadata.networkJitterMs", "--jitter"),
        ]))?;
        Ok(body)
    }
}
