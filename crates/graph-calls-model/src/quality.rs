//! Media quality, as certified room devices report it.

#![allow(clippy::struct_field_names, reason = "the members are named on the wire")]

use serde::Serialize;

use crate::{Integer, InvalidBody, ParticipantId, Text, fold_guid, open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// The quality of a device's media in one call.
    ///
    /// Graph reference:
    /// [`teleconferenceDeviceQuality`](https://learn.microsoft.com/graph/api/resources/teleconferencedevicequality).
    pub struct TeleconferenceDeviceQuality<'a> as "#microsoft.graph.teleconferenceDeviceQuality" {
        /// The id that ties the call's legs together, a GUID.
        pub call_chain_id: Option<Text<'a>> = "callChainId",
        /// The device's own id in the roster (`myParticipantId` of the call), a GUID.
        pub participant_id: Option<Text<'a>> = "participantId",
        /// The id of the media leg, a GUID.
        pub media_leg_id: Option<Text<'a>> = "mediaLegId",
        /// The device's name.
        pub device_name: Option<Text<'a>> = "deviceName",
        /// What it is.
        pub device_description: Option<Text<'a>> = "deviceDescription",
        /// The quality of each of its media.
        pub media_quality_list: Vec<TeleconferenceDeviceMediaQuality<'a>> = "mediaQualityList",
    }
    rare TeleconferenceDeviceQualityRare {
        /// The service that connects the device.
        cloud_service_name / with_cloud_service_name: Text<'a> = "cloudServiceName",
        /// The instance of that service.
        cloud_service_instance_name / with_cloud_service_instance_name: Text<'a> = "cloudServiceInstanceName",
        /// Where that service is deployed.
        cloud_service_deployment_environment / with_cloud_service_deployment_environment: Text<'a>
            = "cloudServiceDeploymentEnvironment",
        /// The id of that deployment.
        cloud_service_deployment_id / with_cloud_service_deployment_id: Text<'a> = "cloudServiceDeploymentId",
    }
}

impl TeleconferenceDeviceQuality<'_> {
    /// What a device has to say of a call, by the device's own id in the roster (`myParticipantId` of the call).
    ///
    /// The other two ids, the device and one of its media at least have to follow.
    pub fn new(my_participant_id: ParticipantId) -> TeleconferenceDeviceQuality<'static> {
        TeleconferenceDeviceQuality {
            participant_id: Some(my_participant_id.into()),
            ..TeleconferenceDeviceQuality::default()
        }
    }
}

impl<'a> TeleconferenceDeviceQuality<'a> {
    /// The id that ties the call's legs together, a GUID.
    #[must_use]
    pub fn with_call_chain_id(mut self, id: impl Into<Text<'a>>) -> Self {
        self.call_chain_id = Some(id.into());
        self
    }

    /// The id of the media leg, a GUID.
    #[must_use]
    pub fn with_media_leg_id(mut self, id: impl Into<Text<'a>>) -> Self {
        self.media_leg_id = Some(id.into());
        self
    }

    /// The device's name and what it is.
    #[must_use]
    pub fn with_device(mut self, name: impl Into<Text<'a>>, description: impl Into<Text<'a>>) -> Self {
        self.device_name = Some(name.into());
        self.device_description = Some(description.into());
        self
    }

    /// One more of its media.
    #[must_use]
    pub fn with_media(mut self, media: TeleconferenceDeviceMediaQuality<'a>) -> Self {
        self.media_quality_list.push(media);
        self
    }
}

wire_struct! {
    /// The quality of one medium of a device: audio, video or a shared screen.
    ///
    /// Durations are text in the form of ISO 8601, such as `PT0.023S` for 23 milliseconds. Rates of lost packets are
    /// in percent.
    ///
    /// Graph reference:
    /// [`teleconferenceDeviceMediaQuality`](https://learn.microsoft.com/graph/api/resources/teleconferencedevicemediaquality).
    pub struct TeleconferenceDeviceMediaQuality<'a> {
        /// Which medium it is.
        pub kind: Option<MediaQualityKind<'a>> = "@odata.type",
        /// Which of several of its kind.
        pub channel_index: Option<Integer> = "channelIndex",
    }
    rare MediaQualityRare {
        /// How long it lasted; a duration.
        media_duration / with_media_duration: Text<'a> = "mediaDuration",
        /// The link's speed, in bytes per second.
        network_link_speed_in_bytes / with_network_link_speed_in_bytes: Integer = "networkLinkSpeedInBytes",
        /// The device's address.
        local_ip_address / with_local_ip_address: Text<'a> = "localIPAddress",
        /// The device's port.
        local_port / with_local_port: Integer = "localPort",
        /// The other side's address.
        remote_ip_address / with_remote_ip_address: Text<'a> = "remoteIPAddress",
        /// The other side's port.
        remote_port / with_remote_port: Integer = "remotePort",
        /// How many packets came in.
        inbound_packets / with_inbound_packets: Integer = "inboundPackets",
        /// How many packets went out.
        outbound_packets / with_outbound_packets: Integer = "outboundPackets",
        /// The jitter of what came in, on average; a duration.
        average_inbound_jitter / with_average_inbound_jitter: Text<'a> = "averageInboundJitter",
        /// The jitter of what went out, on average; a duration.
        average_outbound_jitter / with_average_outbound_jitter: Text<'a> = "averageOutboundJitter",
        /// The jitter of what came in, at most; a duration.
        maximum_inbound_jitter / with_maximum_inbound_jitter: Text<'a> = "maximumInboundJitter",
        /// The jitter of what went out, at most; a duration.
        maximum_outbound_jitter / with_maximum_outbound_jitter: Text<'a> = "maximumOutboundJitter",
        /// How much of what should have come in was lost, on average.
        average_inbound_packet_loss_rate_in_percentage / with_average_inbound_packet_loss_rate_in_percentage: f64
            = "averageInboundPacketLossRateInPercentage",
        /// How much of what went out was lost, on average.
        average_outbound_packet_loss_rate_in_percentage / with_average_outbound_packet_loss_rate_in_percentage: f64
            = "averageOutboundPacketLossRateInPercentage",
        /// How much of what should have come in was lost, at most.
        maximum_inbound_packet_loss_rate_in_percentage / with_maximum_inbound_packet_loss_rate_in_percentage: f64
            = "maximumInboundPacketLossRateInPercentage",
        /// How much of what went out was lost, at most.
        maximum_outbound_packet_loss_rate_in_percentage / with_maximum_outbound_packet_loss_rate_in_percentage: f64
            = "maximumOutboundPacketLossRateInPercentage",
        /// The round trip of what came in, on average; a duration.
        average_inbound_round_trip_delay / with_average_inbound_round_trip_delay: Text<'a>
            = "averageInboundRoundTripDelay",
        /// The round trip of what went out, on average; a duration.
        average_outbound_round_trip_delay / with_average_outbound_round_trip_delay: Text<'a>
            = "averageOutboundRoundTripDelay",
        /// The round trip of what came in, at most; a duration.
        maximum_inbound_round_trip_delay / with_maximum_inbound_round_trip_delay: Text<'a>
            = "maximumInboundRoundTripDelay",
        /// The round trip of what went out, at most; a duration.
        maximum_outbound_round_trip_delay / with_maximum_outbound_round_trip_delay: Text<'a>
            = "maximumOutboundRoundTripDelay",
        /// The bit rate of the picture that came in, on average; not of audio.
        average_inbound_bit_rate / with_average_inbound_bit_rate: f64 = "averageInboundBitRate",
        /// The bit rate of the picture that went out, on average; not of audio.
        average_outbound_bit_rate / with_average_outbound_bit_rate: f64 = "averageOutboundBitRate",
        /// The frames per second that came in, on average; not of audio.
        average_inbound_frame_rate / with_average_inbound_frame_rate: f64 = "averageInboundFrameRate",
        /// The frames per second that went out, on average; not of audio.
        average_outbound_frame_rate / with_average_outbound_frame_rate: f64 = "averageOutboundFrameRate",
    }
}

impl TeleconferenceDeviceMediaQuality<'_> {
    /// The audio of a channel; the first is 0.
    pub fn audio(channel_index: u16) -> TeleconferenceDeviceMediaQuality<'static> {
        Self::of_kind(MediaQualityKind::Audio, channel_index)
    }

    /// The video of a channel; the first is 0.
    pub fn video(channel_index: u16) -> TeleconferenceDeviceMediaQuality<'static> {
        Self::of_kind(MediaQualityKind::Video, channel_index)
    }

    /// The shared screen of a channel; the first is 0.
    pub fn screen_sharing(channel_index: u16) -> TeleconferenceDeviceMediaQuality<'static> {
        Self::of_kind(MediaQualityKind::ScreenSharing, channel_index)
    }

    fn of_kind(
        kind: MediaQualityKind<'static>,
        channel_index: u16,
    ) -> TeleconferenceDeviceMediaQuality<'static> {
        TeleconferenceDeviceMediaQuality {
            kind: Some(kind),
            channel_index: Some(Integer(channel_index.into())),
            ..TeleconferenceDeviceMediaQuality::default()
        }
    }
}

open_enum! {
    /// The medium that a quality is of.
    ///
    /// Graph reference:
    /// [`teleconferenceDeviceMediaQuality`](https://learn.microsoft.com/graph/api/resources/teleconferencedevicemediaquality).
    pub enum MediaQualityKind {
        /// Audio.
        Audio = "#microsoft.graph.teleconferenceDeviceAudioQuality",
        /// Video.
        Video = "#microsoft.graph.teleconferenceDeviceVideoQuality",
        /// A shared screen.
        ScreenSharing = "#microsoft.graph.teleconferenceDeviceScreenSharingQuality",
    }
}

/// The body that reports the media quality of a room device. For certified partners.
///
/// Graph reference:
/// [`call-logteleconferencedevicequality`](https://learn.microsoft.com/graph/api/call-logteleconferencedevicequality).
///
/// ```
/// use graph_calls_model::{
///     LogTeleconferenceDeviceQualityBody, ParticipantId, TeleconferenceDeviceMediaQuality, TeleconferenceDeviceQuality,
/// };
///
/// let me = ParticipantId::new("909c6581-5130-43e9-88f3-fcb3582cde37")?;
/// let quality = TeleconferenceDeviceQuality::new(me)
///     .with_call_chain_id("0ae2b4a9-0f5b-4a1d-a1a3-b3b7d3a2f1c0")
///     .with_media_leg_id("d3f2b7a1-5c9e-4e68-9f5c-1b2a3c4d5e6f")
///     .with_device("Room 4", "a video bar")
///     .with_media(TeleconferenceDeviceMediaQuality::audio(0).with_average_inbound_jitter("PT0.023S"));
/// let body = LogTeleconferenceDeviceQualityBody::new(quality);
/// body.validate()?;
/// let audio = &serde_json::to_value(body)?["quality"]["mediaQualityList"][0];
/// assert_eq!(audio["@odata.type"], "#microsoft.graph.teleconferenceDeviceAudioQuality");
/// assert_eq!(audio["averageInboundJitter"], "PT0.023S");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogTeleconferenceDeviceQualityBody {
    quality: TeleconferenceDeviceQuality<'static>,
}

impl LogTeleconferenceDeviceQualityBody {
    /// Reports this.
    pub fn new(quality: TeleconferenceDeviceQuality<'static>) -> Self {
        Self { quality }
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// When one of the three ids is no GUID, the device is not named or described, or no medium is reported.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        let quality = &self.quality;
        for (member, id, setter) in [
            ("quality.callChainId", &quality.call_chain_id, "with_call_chain_id"),
            ("quality.participantId", &quality.participant_id, "new"),
            ("quality.mediaLegId", &quality.media_leg_id, "with_media_leg_id"),
        ] {
            if id.as_deref().and_then(fold_guid).is_none() {
                return Err(InvalidBody::new(member, format!("it is no GUID: give one to `{setter}`")));
            }
        }
        for (member, text) in [
            ("quality.deviceName", &quality.device_name),
            ("quality.deviceDescription", &quality.device_description),
        ] {
            if text.is_none() {
                return Err(InvalidBody::new(member, "there is none: give it to `with_device`"));
            }
        }
        if quality.media_quality_list.is_empty() {
            let why = "there is none: give one at least to `with_media`";
            return Err(InvalidBody::new("quality.mediaQualityList", why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GUID: &str = "5b1a3c4d-5e6f-4a1d-a1a3-b3b7d3a2f1c0";

    fn quality() -> TeleconferenceDeviceQuality<'static> {
        let me = ParticipantId::new(GUID).unwrap();
        TeleconferenceDeviceQuality::new(me)
            .with_call_chain_id(GUID)
            .with_media_leg_id(GUID)
            .with_device("Room 4", "a video bar")
    }

    #[test]
    fn each_medium_goes_out_under_its_own_type() {
        let body = LogTeleconferenceDeviceQualityBody::new(
            quality()
                .with_cloud_service_name("bridge")
                .with_media(
                    TeleconferenceDeviceMediaQuality::video(1)
                        .with_outbound_packets(5_000)
                        .with_average_outbound_packet_loss_rate_in_percentage(0.5)
                        .with_average_inbound_frame_rate(29.97),
                )
                .with_media(TeleconferenceDeviceMediaQuality::screen_sharing(0)),
        );
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({"quality": {
                "@odata.type": "#microsoft.graph.teleconferenceDeviceQuality",
                "callChainId": GUID,
                "participantId": GUID,
                "mediaLegId": GUID,
                "deviceName": "Room 4",
                "deviceDescription": "a video bar",
                "cloudServiceName": "bridge",
                "mediaQualityList": [
                    {
                        "@odata.type": "#microsoft.graph.teleconferenceDeviceVideoQuality",
                        "channelIndex": 1,
                        "outboundPackets": 5000,
                        "averageOutboundPacketLossRateInPercentage": 0.5,
                        "averageInboundFrameRate": 29.97,
                    },
                    {
                        "@odata.type": "#microsoft.graph.teleconferenceDeviceScreenSharingQuality",
                        "channelIndex": 0,
                    },
                ],
            }})
        );
    }

    #[test]
    fn a_report_without_what_it_needs_is_not_sent() {
        let wrong = |quality| {
            let error = LogTeleconferenceDeviceQualityBody::new(quality).validate().unwrap_err();
            error.member().to_owned()
        };
        let audio = TeleconferenceDeviceMediaQuality::audio(0);
        let new = |id| TeleconferenceDeviceQuality::new(ParticipantId::new(id).unwrap());
        let with_ids = |id| new(id).with_call_chain_id(GUID).with_media_leg_id(GUID);
        assert_eq!(wrong(quality()), "quality.mediaQualityList");
        assert_eq!(wrong(with_ids(GUID).with_media(audio)), "quality.deviceName");
        assert_eq!(wrong(with_ids(GUID).with_call_chain_id("chain")), "quality.callChainId");
        assert_eq!(wrong(new(GUID).with_call_chain_id(GUID)), "quality.mediaLegId");
        assert_eq!(wrong(with_ids("me")), "quality.participantId");
    }
}
