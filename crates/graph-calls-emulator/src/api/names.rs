//! Operations by the names of their reference pages.

use std::{borrow::Cow, collections::BTreeSet};

use graph_calls_model::{Action, CallsResource, Collection, ResourcePath};
use http::Method;

use super::{Version, split, table};
use crate::route::download_recording::{NAME, RECORDINGS};

/// The name of the operation that a request asks for, also of one that is not covered.
pub(crate) fn name_of(method: &Method, path: &str) -> Option<&'static str> {
    if path.starts_with(RECORDINGS) {
        return (*method == Method::GET).then_some(NAME);
    }
    let (version, rest) = split(path)?;
    let path = ResourcePath::parse(rest).ok()?;
    let operations = table::operations(&path.resource).into_iter();
    let mut there = operations.filter(|one| version == Version::Beta || !one.only_beta);
    there.find(|one| method.as_str() == one.method).map(|one| one.name)
}

/// The names of all operations, and of the download of a recording.
pub(crate) fn names() -> BTreeSet<&'static str> {
    let id = || Cow::Borrowed("id");
    let collections = [
        Collection::Participants,
        Collection::Operations,
        Collection::AudioRoutingGroups,
        Collection::ContentSharingSessions,
    ];
    let mut resources = vec![CallsResource::Calls, CallsResource::Call(id())];
    for collection in collections {
        resources.push(CallsResource::Collection(id(), collection));
        resources.push(CallsResource::Item(id(), collection, id()));
    }
    for action in Action::MEMBERS.iter().map(|member| Action::from(*member)) {
        resources.push(CallsResource::CallsAction(action.clone()));
        resources.push(CallsResource::CallAction(id(), action.clone()));
        for collection in collections {
            resources.push(CallsResource::CollectionAction(id(), collection, action.clone()));
            resources.push(CallsResource::ItemAction(id(), collection, id(), action.clone()));
        }
    }
    resources.iter().flat_map(table::operations).map(|one| one.name).chain([NAME]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_name_of_its_page_in_every_form() {
        let call = "/v1.0/communications/calls/2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
        for (method, path, name) in [
            (Method::POST, "/v1.0/communications/calls?a=b".to_owned(), Some("application-post-calls")),
            (Method::POST, "/beta/app/calls".to_owned(), Some("application-post-calls")),
            (Method::POST, format!("{call}/microsoft.graph.ANSWER"), Some("call-answer")),
            (Method::POST, format!("{call}/updateRecordingStatus"), Some("call-updaterecordingstatus")),
            (Method::GET, call.to_owned(), Some("call-get")),
            (Method::DELETE, format!("{call}/participants/1"), Some("participant-delete")),
            // Only beta has this one.
            (Method::POST, format!("{call}/startRecording"), None),
            (Method::GET, format!("{call}/answer"), None),
            (Method::GET, "/recordings/1?a=b".to_owned(), Some("recordoperation")),
            (Method::DELETE, "/recordings/1".to_owned(), None),
            (Method::GET, "/v1.0/me".to_owned(), None),
            (Method::GET, "calls".to_owned(), None),
        ] {
            assert_eq!(name_of(&method, &path), name, "{method} {path}");
        }
    }

    #[test]
    fn every_name_that_a_path_can_have_is_listed() {
        let names = names();
        for name in ["application-post-calls", "call-answer", "call-startrecording", "recordoperation"] {
            assert!(names.contains(name), "{name}");
        }
        assert!(names.len() > 30, "{}", names.len());
    }
}
