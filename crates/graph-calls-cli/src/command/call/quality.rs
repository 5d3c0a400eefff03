//! `call device-quality`: what a room device has to say of its media.

use clap::Args;
use graph_calls_core::{
    LogTeleconferenceDeviceQuality,
    model::{LogTeleconferenceDeviceQualityBody, TeleconferenceDeviceQuality},
};
use serde::Deserialize;
use serde_json::Value;

use super::done;
use crate::{command::notification, exit::Failure, output::Output, report::Effect, target::Target};

/// Reports the media quality of a room device; for certified video partners.
#[derive(Debug, Args)]
pub(crate) struct DeviceQuality {
    /// The request's body as JSON, `{"quality": {..}}`, as the reference page has it; standard input with `-`.
    #[arg(long, value_name = "FILE")]
    file: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    quality: TeleconferenceDeviceQuality<'a>,
}

impl DeviceQuality {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        let (name, text) = notification::read(&self.file)?;
        let body = read(&text).map_err(|why| Failure::usage(format!("--file: {name}: {why}")))?;
        let line = self.target.open(output).await?;
        let sent = line.send(LogTeleconferenceDeviceQuality::new(body), Effect::Some).await?;
        done(&line, sent.as_ref(), "reported")
    }
}

fn read(text: &[u8]) -> Result<LogTeleconferenceDeviceQualityBody, String> {
    let read: Body<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let body = LogTeleconferenceDeviceQualityBody::new(read.quality.into_owned());
    body.validate().map_err(|error| {
        // What to do is told to programs: they have methods for it.
        let text = error.to_string();
        text.split_once(": give").map_or(text.as_str(), |(what, _)| what).to_owned()
    })?;
    let json = |error: serde_json::Error| error.to_string();
    let (given, sent) =
        (serde_json::from_slice(text).map_err(json)?, serde_json::to_value(&body).map_err(json)?);
    match lost(&given, &sent, "") {
        Some(member) => Err(format!("`{member}` is not documented: take it out, or mend its name")),
        None => Ok(body),
    }
}

/// A member that was given and would not be sent.
fn lost(given: &Value, sent: &Value, place: &str) -> Option<String> {
    match (given, sent) {
        (Value::Object(given), Value::Object(sent)) => given.iter().find_map(|(name, value)| {
            let dot = if place.is_empty() { "" } else { "." };
            let here = format!("{place}{dot}{name}");
            match sent.get(name) {
                Some(kept) => lost(value, kept, &here),
                None => (!value.is_null() && *value != Value::Array(Vec::new())).then_some(here),
            }
        }),
        (Value::Array(given), Value::Array(sent)) => {
            let mut pairs = given.iter().zip(sent).enumerate();
            pairs.find_map(|(at, (given, sent))| lost(given, sent, &format!("{place}[{at}]")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_sent_as_it_was_given_or_not_at_all() {
        let guid = "909c6581-5130-43e9-88f3-fcb3582cde37";
        let mut report = json!({"quality": {
            "callChainId": guid, "participantId": guid, "mediaLegId": guid,
            "deviceName": "Room 4", "deviceDescription": "a video bar", "cloudServiceName": null,
            "mediaQualityList": [{
                "@odata.type": "#microsoft.graph.teleconferenceDeviceAudioQuality",
                "channelIndex": 1, "averageInboundJitter": "PT0.023S",
            }],
        }});
        let sent = serde_json::to_value(read(report.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(sent["quality"]["mediaQualityList"], report["quality"]["mediaQualityList"]);

        report["quality"]["mediaQualityList"][0]["averageJitter"] = json!("PT1S");
        let why = read(report.to_string().as_bytes()).unwrap_err();
        assert!(why.starts_with("`quality.mediaQualityList[0].averageJitter` is not documented"), "{why}");

        report["quality"]["mediaLegId"] = json!("1");
        assert_eq!(read(report.to_string().as_bytes()).unwrap_err(), "`quality.mediaLegId`: it is no GUID");
        assert!(read(b"{}").unwrap_err().contains("quality"));
        assert!(read(b"{").is_err());
    }
}
