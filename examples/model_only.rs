//! The model alone: a webhook body in, what happened in words out.
//!
//! `cargo run -p examples --example model_only`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use graph_calls_model::{Resource, ResultInfo, WebhookBody};

const BODY: &[u8] = br##"{
    "@odata.type": "#microsoft.graph.commsNotifications",
    "value": [
        {
            "changeType": "updated",
            "resourceUrl": "/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896",
            "resourceData": {"@odata.type": "#microsoft.graph.call", "state": "terminating"}
        },
        {
            "changeType": "deleted",
            "resourceUrl": "/communications/calls/57DAB8B1894C409AB240BD8BEAE78896",
            "resourceData": {
                "@odata.type": "#microsoft.graph.call",
                "state": "terminated",
                "resultInfo": {"code": "480", "subcode": "10037", "message": "DiagCode: 480#10037."}
            }
        },
        {"changeType": "updated", "resourceUrl": "/communications/calls/1", "resourceData": {"targets": "?"}}
    ]
}"##;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let WebhookBody::Notifications(items) = WebhookBody::parse(BODY)? else { return Ok(()) };
    for item in &items {
        let call = item.call_id().ok_or("every item here names its call")?;
        match item.resource() {
            Ok(Resource::Call(told)) => {
                let state = told.state.as_ref().map_or("gone", |state| state.as_str());
                println!("{call} is {state}");
                if let Some(reason) = told.result_info.as_ref().and_then(ResultInfo::end_reason) {
                    println!("  {reason}\n  whose doing: {}; try again: {}", reason.who, reason.try_again);
                }
            }
            Ok(other) => println!("{call}: {}", other.kind()),
            Err(error) => println!("{call}: {error}; kept as sent: {}", item.raw().as_str().trim()),
        }
    }
    let [first, second, _] = items.as_slice() else { return Err("three items".into()) };
    assert_eq!(first.call_id(), second.call_id(), "one call in two spellings");
    Ok(())
}
