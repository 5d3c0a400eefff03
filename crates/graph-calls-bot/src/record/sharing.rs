//! What is shared in a call.

use std::collections::{BTreeMap, VecDeque};

use graph_calls_core::model::{ChangeType, ContentSharingSession};
use serde::{Deserialize, Serialize};

use super::stored::{is_default, owned};
use crate::{ContentSharingChange, fold::folded};

/// How many sessions that are over are remembered, so that what comes late does not begin them again.
const REMEMBERED: usize = 32;

/// The sessions in which content is shared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sharing {
    #[serde(deserialize_with = "owned", skip_serializing_if = "is_default")]
    live: BTreeMap<String, ContentSharingSession<'static>>,
    #[serde(skip_serializing_if = "is_default")]
    over: VecDeque<String>,
}

impl Sharing {
    pub(super) fn live(&self) -> impl Iterator<Item = &ContentSharingSession<'static>> {
        self.live.values()
    }

    /// What a notification says of sessions. `named`: the one in its path, which often comes without data.
    pub(super) fn apply(
        &mut self,
        change_type: Option<&ChangeType<'_>>,
        named: Option<&str>,
        sessions: &[ContentSharingSession<'_>],
    ) -> Option<ContentSharingChange> {
        let mut sessions = sessions.to_vec();
        if let Some(named) = named {
            if sessions.is_empty() {
                sessions.push(ContentSharingSession::default());
            }
            if let [session] = sessions.as_mut_slice() {
                session.id.get_or_insert_with(|| named.to_owned().into());
            }
        }
        let mut change = ContentSharingChange::default();
        for session in sessions {
            let Some(id) = session.id.as_deref().map(folded) else { continue };
            if change_type == Some(&ChangeType::Deleted) {
                change.ended.extend(self.live.remove(&id));
                self.remember(id);
            } else if !self.over.contains(&id) {
                self.merge(id, session.into_owned(), &mut change);
            }
        }
        (change != ContentSharingChange::default()).then_some(change)
    }

    fn merge(
        &mut self,
        id: String,
        session: ContentSharingSession<'static>,
        change: &mut ContentSharingChange,
    ) {
        match self.live.get_mut(&id) {
            None => {
                self.live.insert(id, session.clone());
                change.started.push(session);
            }
            // A notification without a presenter says nothing of one.
            Some(known) if session.presenter_participant_id.is_some() => {
                if known.presenter_participant_id != session.presenter_participant_id {
                    known.presenter_participant_id = session.presenter_participant_id;
                    change.changed.push(known.clone());
                }
            }
            Some(_) => {}
        }
    }

    fn remember(&mut self, id: String) {
        if !self.over.contains(&id) {
            self.over.push_back(id);
            if self.over.len() > REMEMBERED {
                self.over.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: Option<&'static str>, presenter: Option<&'static str>) -> ContentSharingSession<'static> {
        let mut session = ContentSharingSession::default();
        session.id = id.map(Into::into);
        session.presenter_participant_id = presenter.map(Into::into);
        session
    }

    fn counts(change: Option<ContentSharingChange>) -> (usize, usize, usize) {
        change.map_or((0, 0, 0), |change| (change.started.len(), change.changed.len(), change.ended.len()))
    }

    #[test]
    fn a_session_begins_changes_and_ends_once_whether_its_id_is_in_the_data_or_in_the_path() {
        let mut sharing = Sharing::default();
        let created = Some(&ChangeType::Created);
        let deleted = Some(&ChangeType::Deleted);
        let updated = Some(&ChangeType::Updated);
        assert_eq!(counts(sharing.apply(created, Some("1"), &[])), (1, 0, 0));
        assert_eq!(counts(sharing.apply(created, None, &[session(Some("1"), None)])), (0, 0, 0));
        assert_eq!(counts(sharing.apply(updated, None, &[session(Some("1"), Some("ann"))])), (0, 1, 0));
        assert_eq!(counts(sharing.apply(updated, Some("1"), &[])), (0, 0, 0));
        assert_eq!(counts(sharing.apply(updated, Some("1"), &[session(None, Some("bob"))])), (0, 1, 0));
        assert_eq!(sharing.live().count(), 1);
        assert_eq!(counts(sharing.apply(deleted, Some("1"), &[])), (0, 0, 1));
        assert_eq!(counts(sharing.apply(deleted, Some("1"), &[])), (0, 0, 0));
        assert_eq!(counts(sharing.apply(created, Some("1"), &[])), (0, 0, 0));
        assert_eq!(counts(sharing.apply(updated, Some("2"), &[])), (1, 0, 0));
        assert_eq!(counts(sharing.apply(deleted, None, &[])), (0, 0, 0));
    }

    #[test]
    fn one_that_ended_before_it_began_never_was() {
        let mut sharing = Sharing::default();
        assert_eq!(counts(sharing.apply(Some(&ChangeType::Deleted), Some("1"), &[])), (0, 0, 0));
        assert_eq!(counts(sharing.apply(Some(&ChangeType::Created), Some("1"), &[])), (0, 0, 0));
        for id in 0..100 {
            sharing.apply(Some(&ChangeType::Deleted), Some(&id.to_string()), &[]);
        }
        assert_eq!(sharing.over.len(), REMEMBERED);
    }
}
