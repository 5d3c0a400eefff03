//! A link to a Teams meeting.

use std::str;

use crate::{
    InvalidJoinUrlKind, JoinInfo, JoinUrl, JoinUrlKind, MAX_JOIN_URL_BYTES, MeetingInfo, SecretText, Segment,
    fold_guid,
};

/// A link to a Teams meeting.
pub fn join_url(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let link = text.trim();
    let read = JoinUrl::parse(text);
    assert_eq!(JoinUrl::parse(link), read, "white space around it is dropped");
    match read {
        Ok(url) => {
            assert!(link.len() <= MAX_JOIN_URL_BYTES && !link.chars().any(char::is_control));
            assert!(is_of_teams(link), "a stranger's link: {link}");
            check_url(&url);
            check_wrapped(link, &url);
        }
        Err(error) => {
            assert_eq!(error.kind() == InvalidJoinUrlKind::TooLong, link.len() > MAX_JOIN_URL_BYTES);
            let _ = error.to_string();
        }
    }
}

/// Whether it goes to Teams, or to the gateway that wraps links; as plainly as can be said.
fn is_of_teams(link: &str) -> bool {
    const HOSTS: &[&str] = &[
        "dod.teams.microsoft.us",
        "gov.teams.microsoft.us",
        "teams.cloud.microsoft",
        "teams.live.com",
        "teams.microsoft.com",
    ];
    let link = link.to_ascii_lowercase();
    let Some(rest) = link.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_suffix(":443").unwrap_or(host);
    HOSTS.contains(&host) || host.ends_with(".safelinks.protection.outlook.com")
}

/// What it names is complete, and a link made of that names the same.
fn check_url(url: &JoinUrl) {
    let info = url.info();
    assert_eq!(JoinInfo::from(url), info);
    assert_eq!(info.tenant_id().as_ref(), url.tenant_id());
    let link = match (url.kind(), info.meeting_info()) {
        (JoinUrlKind::Organizer, MeetingInfo::Organizer(_)) => link_by_organizer(url, &info),
        (JoinUrlKind::MeetingId, MeetingInfo::JoinMeetingId(meeting)) => {
            assert!(url.tenant_id().is_none() && url.organizer_id().is_none() && info.chat_info().is_none());
            let id = meeting.join_meeting_id.as_deref().expect("a meeting id");
            assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
            let passcode = meeting.passcode.as_ref().map(SecretText::expose);
            assert_ne!(passcode, Some(""));
            let query = passcode.map(|passcode| format!("?p={}", Segment(passcode)));
            Some(format!("https://teams.microsoft.com/meet/{id}{}", query.unwrap_or_default()))
        }
        (kind, info) => panic!("{kind:?} is {info:?}"),
    };
    if let Some(link) = link.filter(|link| link.len() <= MAX_JOIN_URL_BYTES) {
        assert_eq!(JoinUrl::parse(&link).as_ref(), Ok(url), "{link}");
    }
}

/// None where a percent sign is left, which one more reading would take for an encoded character.
fn link_by_organizer(url: &JoinUrl, info: &JoinInfo) -> Option<String> {
    let (tenant, organizer) = (url.tenant_id().expect("a tenant"), url.organizer_id().expect("an organizer"));
    assert!(tenant.guid().is_some() && fold_guid(organizer).is_some());
    let chat = info.chat_info().expect("a chat");
    let thread = chat.thread_id.as_deref().expect("a thread");
    let message = chat.message_id.as_deref().expect("a message");
    assert!(!thread.trim().is_empty() && !message.trim().is_empty());
    let reply = chat.reply_chain_message_id.as_deref();
    assert_ne!(reply, Some(""));
    let context = serde_json::json!({"Tid": tenant.as_str(), "Oid": organizer, "MessageId": reply});
    let context = context.to_string();
    let (thread, message, context) = (Segment(thread), Segment(message), Segment(&context));
    let is_plain = !thread.0.contains('%') && !message.0.contains('%');
    is_plain
        .then(|| format!("https://teams.microsoft.com/l/meetup-join/{thread}/{message}?context={context}"))
}

/// A gateway may wrap a link once; what it leads to stays.
fn check_wrapped(link: &str, url: &JoinUrl) {
    let wrapped = format!("https://eur01.safelinks.protection.outlook.com/?url={}&data=1", Segment(link));
    if wrapped.len() <= MAX_JOIN_URL_BYTES && !link.to_ascii_lowercase().contains(".safelinks.") {
        assert_eq!(JoinUrl::parse(&wrapped).as_ref(), Ok(url), "{wrapped}");
    }
}
