//! Whatever comes over the network is read or refused; nothing panics.

use graph_calls_model::{CallId, EndReason, ResourcePath, WebhookBody};
use proptest::prelude::*;

const SEED: &str = r##"{"@odata.type":"#microsoft.graph.commsNotifications","value":[{"changeType":"updated",
"resource":"/app/calls/1/participants","resourceUrl":"/communications/calls/1/participants","resourceData":[{"id":null,
"@odata.type":"#microsoft.graph.participant","info":{"identity":{"user":{"id":"\u00e9","displayName":"A"}}},
"rosterSequenceNumber":"12"}]},{"changeType":"deleted","resource":"/app/calls/1","resourceData":{"state":"terminated",
"resultInfo":{"code":"200","subCode":5001},"toneInfo":{"sequenceId":1,"tone":"tone1"}}}]}"##;

fn read(body: &[u8]) {
    let Ok(WebhookBody::Notifications(items)) = WebhookBody::parse(body) else { return };
    for item in items {
        let borrowed = item.resource().map(graph_calls_model::Resource::into_owned);
        let owned = item.clone().into_owned();
        assert_eq!(owned.resource().map(graph_calls_model::Resource::into_owned), borrowed);
        assert_eq!((owned.path(), owned.call_id()), (item.path(), item.call_id()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&body);
    }

    #[test]
    fn a_seed_with_changed_bytes_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut body = SEED.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        read(&body);
    }

    #[test]
    fn a_seed_cut_anywhere_is_refused(at in any::<prop::sample::Index>()) {
        let body = SEED.as_bytes();
        prop_assert!(WebhookBody::parse(&body[..at.index(body.len())]).is_err());
    }

    #[test]
    fn any_path_is_parsed_or_refused_and_its_successor_is_current(path in "(/app|/communications|/applications/1)?(/calls)?(/[a-z%2]{0,6}){0,6}") {
        if let Ok(parsed) = ResourcePath::parse(&path)
            && let Some(successor) = parsed.successor()
        {
            let again = ResourcePath::parse(&successor).unwrap();
            prop_assert!(again.successor().is_none());
            prop_assert_eq!(again.call_id().map(|id| id.is_ok()), parsed.call_id().map(|id| id.is_ok()));
        }
    }

    #[test]
    fn any_code_is_looked_up(code in any::<i64>(), subcode in any::<Option<i64>>()) {
        let _ = EndReason::find(code, subcode);
    }

    #[test]
    fn equal_ids_are_equal_both_ways(one in "[0-9a-fA-F-]{30,38}", two in "[0-9a-fA-F-]{30,38}") {
        let (one, two) = (CallId::new(one).unwrap(), CallId::new(two).unwrap());
        prop_assert_eq!(one == two, two == one);
    }
}

#[test]
fn the_seed_itself_is_good() {
    let WebhookBody::Notifications(items) = WebhookBody::parse(SEED.as_bytes()).unwrap() else {
        panic!("items")
    };
    assert!(items.iter().all(|item| item.resource().is_ok()));
}
