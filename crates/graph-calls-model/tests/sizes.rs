//! How large the types are that come by the hundred, or through a queue.

use std::mem::size_of;

use graph_calls_model::{Call, Identity, Notification, Participant, ParticipantInfo, Resource, Text};

#[test]
fn what_is_common_stays_lean() {
    assert!(size_of::<Call<'_>>() <= 320, "{}", size_of::<Call<'_>>());
    assert!(size_of::<Participant<'_>>() <= 320, "{}", size_of::<Participant<'_>>());
    assert!(size_of::<Notification<'_>>() <= 128, "{}", size_of::<Notification<'_>>());
    assert!(size_of::<Resource<'_>>() <= 48, "{}", size_of::<Resource<'_>>());
}

#[test]
fn a_member_that_may_be_absent_costs_no_more() {
    assert_eq!(size_of::<Option<Text<'_>>>(), size_of::<Text<'_>>());
    assert_eq!(size_of::<Option<Identity<'_>>>(), size_of::<Identity<'_>>());
    assert_eq!(size_of::<Option<ParticipantInfo<'_>>>(), size_of::<ParticipantInfo<'_>>());
}
