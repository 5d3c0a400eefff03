//! Whatever comes over the network is read or refused; nothing panics.

use graph_calls_model::{CallId, EndReason, JoinUrl, ResourcePath, Segment, WebhookBody};
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
    fn any_text_is_a_join_link_or_refused(
        text in prop_oneof![
            ".{0,200}",
            "(https://)?(teams\\.microsoft\\.com|x\\.safelinks\\.protection\\.outlook\\.com|[a-z@:.]{0,9})?\
             (/l/meetup-join|/meet|/dl/launcher/launcher.html|/_#|/v2/#)?(/.{0,9}){0,3}\
             ([?&](context|p|url)=(%7b|%25|\\{)?.{0,20}){0,2}(#.{0,9})?",
        ],
    ) {
        if let Err(error) = JoinUrl::parse(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn a_meeting_comes_back_from_its_link_however_often_that_is_encoded(
        thread in "19:[a-zA-Z0-9_:-]{1,60}@thread\\.(v2|tacv2|skype)",
        (message, reply) in ("[0-9]{1,13}", prop::option::of("[0-9]{1,13}")),
        (tenant, organizer) in ("[0-9a-fA-F]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9a-f]{32}"),
        encoded in 0..=2,
        wrapped in any::<bool>(),
    ) {
        let encode = |text: String| (0..encoded).fold(text, |text, _| Segment(&text).to_string());
        let mut context = serde_json::json!({"Oid": organizer, "Tid": tenant});
        if let Some(reply) = &reply {
            context["MessageId"] = reply.as_str().into();
        }
        let (path, context) = (encode(thread.clone()), encode(context.to_string()));
        let mut link = format!("https://teams.microsoft.com/l/meetup-join/{path}/{message}?context={context}");
        if wrapped {
            link = format!("https://x.safelinks.protection.outlook.com/?url={}&data=1", Segment(&link));
        }
        let url = JoinUrl::parse(&link).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(url.organizer_id(), Some(organizer.as_str()));
        prop_assert_eq!(url.tenant_id().map(graph_calls_model::TenantId::as_str), Some(tenant.as_str()));
        let info = url.info();
        let chat = info.chat_info().unwrap();
        prop_assert_eq!(chat.thread_id.as_deref(), Some(thread.as_str()));
        prop_assert_eq!(chat.message_id.as_deref(), Some(message.as_str()));
        prop_assert_eq!(chat.reply_chain_message_id.as_deref(), reply.as_deref());
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
