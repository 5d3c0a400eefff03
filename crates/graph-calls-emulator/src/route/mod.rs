//! What each operation of the calls API does: one file per operation.

pub(crate) mod answer_call;
pub(crate) mod create_call;
pub(crate) mod delete_call;
pub(crate) mod delete_participant;
pub(crate) mod get_call;
pub(crate) mod get_participant;
pub(crate) mod invite_participants;
pub(crate) mod keep_alive;
pub(crate) mod list_participants;
pub(crate) mod play_prompt;
pub(crate) mod reject_call;
pub(crate) mod subscribe_to_tone;
