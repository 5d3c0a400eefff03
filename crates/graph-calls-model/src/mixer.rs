//! The audio mixer of 2018 to 2022: how loud each participant hears each other.

use std::time::Duration;

use serde::Serialize;

use crate::{
    ClientContext, InvalidBody, ParticipantId,
    client_context::takes_client_context,
    duration::{self, Milliseconds},
};

/// The longest a source may fade: 5 seconds.
pub const MAX_RAMP: Duration = Duration::from_secs(5);

/// How loud one participant hears the others. Gone from the metadata. Beta.
///
/// Graph reference:
/// [`participantMixerLevel`](https://learn.microsoft.com/graph/api/resources/participantmixerlevel?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantMixerLevel {
    participant: ParticipantId,
    // The resource's page calls it so; the action's example says `exclusive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusive_mode: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ducking: Option<AudioDuckingConfiguration>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    source_levels: Vec<AudioSourceLevel>,
}

impl ParticipantMixerLevel {
    /// The mix that a participant hears.
    pub fn new(participant: ParticipantId) -> Self {
        Self { participant, exclusive_mode: None, ducking: None, source_levels: Vec::new() }
    }

    /// Whether everybody without a level of their own is left out.
    #[must_use]
    pub fn with_exclusive_mode(mut self, exclusive: bool) -> Self {
        self.exclusive_mode = Some(exclusive);
        self
    }

    /// How the others are turned down while one is active.
    #[must_use]
    pub fn with_ducking(mut self, ducking: AudioDuckingConfiguration) -> Self {
        self.ducking = Some(ducking);
        self
    }

    /// How loud the others are.
    #[must_use]
    pub fn with_source_levels(mut self, levels: impl IntoIterator<Item = AudioSourceLevel>) -> Self {
        self.source_levels = levels.into_iter().collect();
        self
    }
}

/// How sources are turned down while another is active. Gone from the metadata. Beta.
///
/// Graph reference:
/// [`audioDuckingConfiguration`](https://learn.microsoft.com/graph/api/resources/audioduckingconfiguration?view=graph-rest-beta).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioDuckingConfiguration {
    /// How long they take to fade out: whole milliseconds, 5 seconds at most.
    #[serde(serialize_with = "duration::milliseconds")]
    pub ramp_active: Duration,
    /// How long they take to fade in: whole milliseconds, 5 seconds at most.
    #[serde(serialize_with = "duration::milliseconds")]
    pub ramp_inactive: Duration,
    /// How loud they are while turned down, in percent.
    pub lower_level: u32,
    /// How loud they are otherwise, in percent.
    pub upper_level: u32,
}

/// How loud one source is. Gone from the metadata. Beta.
///
/// Graph reference:
/// [`audioSourceLevel`](https://learn.microsoft.com/graph/api/resources/audiosourcelevel?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AudioSourceLevel {
    /// The participant who is heard.
    pub participant: ParticipantId,
    /// How loud.
    pub level: u32,
    /// Whether it turns the others down while it is active.
    pub duck_others: bool,
}

/// The body that mixes the audio anew. Gone from the metadata: audio routing groups are what is left.
/// Beta.
///
/// Graph reference:
/// [`participant-configuremixer`](https://learn.microsoft.com/graph/api/participant-configuremixer?view=graph-rest-beta).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigureMixerBody {
    participant_mixer_levels: Vec<ParticipantMixerLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<ClientContext>,
}

takes_client_context!(ConfigureMixerBody);

impl ConfigureMixerBody {
    /// Mixes for one participant.
    pub fn new(level: ParticipantMixerLevel) -> Self {
        Self { participant_mixer_levels: vec![level], client_context: None }
    }

    /// Mixes for several participants.
    ///
    /// # Errors
    ///
    /// For nobody.
    pub fn several(levels: impl IntoIterator<Item = ParticipantMixerLevel>) -> Result<Self, InvalidBody> {
        let participant_mixer_levels: Vec<_> = levels.into_iter().collect();
        if participant_mixer_levels.is_empty() {
            return Err(InvalidBody::none_of("participantMixerLevels"));
        }
        Ok(Self { participant_mixer_levels, client_context: None })
    }

    /// Checks what the service documents, before anything is sent.
    ///
    /// # Errors
    ///
    /// For a source that fades longer than [`MAX_RAMP`] or not in whole milliseconds.
    pub fn validate(&self) -> Result<(), InvalidBody> {
        for (at, level) in self.participant_mixer_levels.iter().enumerate() {
            let Some(ducking) = level.ducking else { continue };
            for (member, ramp) in
                [("rampActive", ducking.ramp_active), ("rampInactive", ducking.ramp_inactive)]
            {
                let member = format!("participantMixerLevels[{at}].ducking.{member}");
                Milliseconds(ramp).check(member, Duration::ZERO..=MAX_RAMP)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn level(ramp_inactive: u64) -> ParticipantMixerLevel {
        let id = |text| ParticipantId::new(text).unwrap();
        ParticipantMixerLevel::new(id("550fae72"))
            .with_exclusive_mode(true)
            .with_ducking(AudioDuckingConfiguration {
                ramp_active: Duration::from_millis(50),
                ramp_inactive: Duration::from_millis(ramp_inactive),
                lower_level: 10,
                upper_level: 50,
            })
            .with_source_levels([AudioSourceLevel {
                participant: id("632899f8"),
                level: 50,
                duck_others: false,
            }])
    }

    #[test]
    fn a_mix_goes_out_by_the_names_of_its_resource() {
        let body =
            ConfigureMixerBody::new(level(50)).with_client_context(ClientContext::new("d45324c1").unwrap());
        assert_eq!(body.validate(), Ok(()));
        assert_eq!(
            serde_json::to_value(body).unwrap(),
            json!({
                "clientContext": "d45324c1",
                "participantMixerLevels": [{
                    "participant": "550fae72",
                    "exclusiveMode": true,
                    "ducking": {"rampActive": 50, "rampInactive": 50, "lowerLevel": 10, "upperLevel": 50},
                    "sourceLevels": [{"participant": "632899f8", "level": 50, "duckOthers": false}],
                }],
            })
        );
    }

    #[test]
    fn nothing_fades_for_longer_than_five_seconds() {
        assert_eq!(ConfigureMixerBody::new(level(5_000)).validate(), Ok(()));
        let body = ConfigureMixerBody::several([level(50), level(5_001)]).unwrap();
        let error = body.validate().unwrap_err();
        assert_eq!(error.member(), "participantMixerLevels[1].ducking.rampInactive");
        let nobody = ConfigureMixerBody::several([]).unwrap_err();
        assert_eq!(nobody.member(), "participantMixerLevels");
    }
}
