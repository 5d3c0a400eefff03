//! Restrictions: what of a participant is switched off, and why.

use crate::{open_enum::open_enum, wire::wire_struct};

wire_struct! {
    /// What of a participant is switched off in a meeting, and why.
    ///
    /// Graph reference:
    /// [`onlineMeetingRestricted`](https://learn.microsoft.com/graph/api/resources/onlinemeetingrestricted).
    pub struct OnlineMeetingRestricted<'a> as "#microsoft.graph.onlineMeetingRestricted" {
        /// Why what the participant shares is.
        pub content_sharing_disabled: Option<OnlineMeetingContentSharingDisabledReason<'a>>
            = "contentSharingDisabled",
        /// Why the participant's video is.
        pub video_disabled: Option<OnlineMeetingVideoDisabledReason<'a>> = "videoDisabled",
    }
}

open_enum! {
    /// Why what a participant shares is switched off.
    ///
    /// The metadata lets reasons be combined. Today there is one; several would be `Other`, separated by commas.
    ///
    /// Graph reference:
    /// [`onlineMeetingRestricted`](https://learn.microsoft.com/graph/api/resources/onlinemeetingrestricted).
    pub enum OnlineMeetingContentSharingDisabledReason {
        /// The meeting protects it with watermarks.
        WatermarkProtection = "watermarkProtection",
    }
}

open_enum! {
    /// Why a participant's video is switched off.
    ///
    /// The metadata lets reasons be combined. Today there is one; several would be `Other`, separated by commas.
    ///
    /// Graph reference:
    /// [`onlineMeetingRestricted`](https://learn.microsoft.com/graph/api/resources/onlinemeetingrestricted).
    pub enum OnlineMeetingVideoDisabledReason {
        /// The meeting protects it with watermarks.
        WatermarkProtection = "watermarkProtection",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combination_is_kept_as_it_was_sent() {
        let both = r#"{"videoDisabled":"watermarkProtection,somethingNew"}"#;
        let read: OnlineMeetingRestricted<'_> = serde_json::from_str(both).unwrap();
        let reason = read.video_disabled.unwrap();
        assert_eq!(reason.as_str(), "watermarkProtection,somethingNew");
        assert!(matches!(reason, OnlineMeetingVideoDisabledReason::Other(_)));
    }
}
