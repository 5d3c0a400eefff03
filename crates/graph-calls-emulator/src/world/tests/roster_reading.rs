use graph_calls_model::{
    CallTranscriptionState, MediaDirection, RecordingStatus, Resource, SyntheticMediaDetectionInfo,
    WebhookBody,
};

use super::*;

/// A report with what is required and no more.
fn report(id: &str) -> Value {
    json!({
        "id": id, "detectionDateTime": "2026-03-13T21:00:00Z", "overallConfidence": 0.5, "isMalicious": false,
        "contentMetadata": { "modality": "video" }, "detections": [{ "confidence": 0.5 }],
    })
}

#[test]
fn the_model_reads_what_rosters_and_calls_tell_beside_who_is_there() {
    const REPORT: &str = "d0000000-0000-4000-8000-000000000001";
    for dialect in Dialect::ALL {
        let mut stage = stage();
        stage.world.config.dialect = dialect;
        let call = stage.group_with(app_hosted());
        let adele = stage.ids(&call)[1].clone();
        let beta = format!("/beta/communications/calls/{call}");
        for (action, body) in [
            ("startTranscription", json!({ "language": "en-us" })),
            ("startRecording", json!({})),
            ("addLargeGalleryView", json!({})),
            ("changeScreenSharingRole", json!({ "role": "sharer" })),
            (&*format!("participants/{adele}/reportSyntheticMedia"), report(REPORT)),
        ] {
            let answer = stage.post(&format!("{beta}/{action}"), &body);
            assert!(matches!(answer.status, 200 | 202), "{action}: {answer:?}");
        }
        stage.wait(Duration::from_secs(1));
        let (mut transcription, mut done) = (None, Vec::new());
        for sent in &stage.sent {
            let text = sent.body.to_string();
            let WebhookBody::Notifications(items) = WebhookBody::parse(text.as_bytes()).unwrap() else {
                panic!("{text} is no notification");
            };
            match items[0].resource().unwrap() {
                Resource::Call(read) => {
                    let told = read.transcription().and_then(|one| one.state.clone());
                    transcription = told.map(|told| told.as_str().to_owned()).or(transcription);
                }
                Resource::Operation(read) => {
                    done.push(read.kind.map(|kind| kind.name().to_owned()).unwrap_or_default());
                }
                Resource::Participants(_) => {}
                other => panic!("{other:?} in {text}"),
            }
        }
        assert_eq!(transcription.as_deref(), Some(CallTranscriptionState::Active.as_str()));
        assert_eq!(
            done,
            ["startTranscriptionOperation", "startRecordingOperation", "addLargeGalleryViewOperation"]
        );

        let last = stage.sent.last().unwrap().body.to_string();
        let WebhookBody::Notifications(items) = WebhookBody::parse(last.as_bytes()).unwrap() else {
            panic!("{last} is no notification");
        };
        let Resource::Participants(roster) = items[0].resource().unwrap() else {
            panic!("{last} is no roster");
        };
        assert_eq!(roster.len(), 5);
        for one in &roster {
            let status = one.recording_info().and_then(|info| info.recording_status.clone());
            assert_eq!(status, Some(RecordingStatus::Recording));
        }
        let sharing = roster[0]
            .media_streams
            .iter()
            .find(|stream| stream.label.as_deref() == Some("applicationsharing-video"));
        assert_eq!(sharing.unwrap().direction, Some(MediaDirection::SendOnly));
        let found: &SyntheticMediaDetectionInfo<'_> = roster[1].synthetic_media_detection().unwrap();
        assert_eq!((found.detection_id.as_deref(), found.synthetic_confidence), (Some(REPORT), Some(0.5)));
        let galleries = roster.iter().filter(|one| {
            let application = one.identity().and_then(|identity| identity.application());
            application
                .and_then(|one| one.application_type())
                .is_some_and(|kind| &**kind == "LargeGallery-V2")
        });
        assert_eq!(galleries.count(), 2);
    }
}
