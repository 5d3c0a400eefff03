//! Links to Teams meetings, read without asking anybody.

use std::{borrow::Cow, str::FromStr};

use crate::{
    ChatInfo, Identity, IdentitySet, InvalidJoinUrl, InvalidJoinUrlKind, JoinInfo, SecretText, TenantId,
    Text, join_context::Context, path::decode,
};

/// The most bytes a link may have, wrapping included. A meeting's own link has some hundred.
pub const MAX_JOIN_URL_BYTES: usize = 8 * 1024;

/// The hosts that meetings are invited to: the public cloud's two, the consumers', and those of the two US Government
/// clouds that have a calls API.
pub(crate) const HOSTS: [&str; 5] = [
    "teams.microsoft.com",
    "teams.cloud.microsoft",
    "teams.live.com",
    "gov.teams.microsoft.us",
    "dod.teams.microsoft.us",
];
const SAFE_LINKS: &str = ".safelinks.protection.outlook.com";
const LAUNCHER: &str = "/dl/launcher/launcher.html";
/// Pages of the web client that keep the link they show behind the `#`.
const CLIENTS: [&str; 5] = ["/", "/_", "/v2", "/v2/", LAUNCHER];

/// A link to a Teams meeting, taken apart into what joins it.
///
/// | Form | What joins |
/// | --- | --- |
/// | `/l/meetup-join/{thread}/{message}?context={"Tid":"..","Oid":".."}` | the organizer and the chat |
/// | `/meet/{id}?p={passcode}` | the meeting id and the passcode |
///
/// Both are read on `teams.microsoft.com`, `teams.cloud.microsoft`, `teams.live.com` (consumers),
/// `gov.teams.microsoft.us` and `dod.teams.microsoft.us`; also as the browser shows them (`/_#/l/..`, `/v2/#/meet/..`,
/// the launcher page with its `url`), and from within an Outlook safe link, which is unwrapped once.
///
/// - At most 8 KiB ([`MAX_JOIN_URL_BYTES`]), https only, no user name, no port but 443. White space around it is dropped.
/// - Hosts, path names, query names and the names in `context` match in any ASCII case; other query members are ignored.
/// - Path and `context` may be plain, percent-encoded, or encoded twice, which mail gateways do: neither has a percent
///   sign of its own. The passcode is decoded once, and a `+` in it stays one.
///
/// The `p` of a short link is not the passcode the invitation prints; Microsoft's announcement calls it hashed. No page
/// of the reference says that the service takes it as `passcode`; public reports, and a change proposed to Microsoft's
/// samples, say it does. Where it does not, use what is printed ([`JoinInfo::by_meeting_id`]). A short link names no
/// tenant. Whether a bot can join a consumers' meeting is told nowhere.
///
/// Graph reference: [`call`](https://learn.microsoft.com/graph/api/resources/call), which has the links taken apart.
///
/// # Examples
///
/// ```
/// use graph_calls_model::{CallbackUri, CreateCallBody, JoinUrl};
///
/// let url = JoinUrl::parse(
///     "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ4%40thread.v2/0?context=%7b%22Tid%22%3a%22\
///      72f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%22550fae72-d251-43ec-868c-373732c2704f%22%7d",
/// )?;
/// assert_eq!(url.organizer_id(), Some("550fae72-d251-43ec-868c-373732c2704f"));
///
/// let body = CreateCallBody::join(url, CallbackUri::new("https://bot.example/api/calls")?);
/// let json = serde_json::to_value(&body)?;
/// assert_eq!(json["tenantId"], "72f988bf-86f1-41af-91ab-2d7cd011db47");
/// assert_eq!(json["chatInfo"]["threadId"], "19:meeting_NjQ4@thread.v2");
/// assert_eq!(json["meetingInfo"]["@odata.type"], "#microsoft.graph.organizerMeetingInfo");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A link of another kind says what is wrong with it, without its secrets:
///
/// ```
/// use graph_calls_model::{InvalidJoinUrlKind, JoinUrl};
///
/// let error = JoinUrl::parse("https://teams.microsoft.com/l/chat/0/0?users=adele@contoso.example").unwrap_err();
/// assert_eq!(error.kind(), InvalidJoinUrlKind::NotAMeeting);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinUrl(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Organizer {
        organizer: String,
        tenant: TenantId,
        thread: String,
        message: String,
        reply_chain: Option<String>,
    },
    MeetingId {
        id: String,
        passcode: Option<SecretText<'static>>,
    },
}

/// How a link names its meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JoinUrlKind {
    /// By its organizer and its chat: the long form.
    Organizer,
    /// By its id and passcode: the short form.
    MeetingId,
}

impl JoinUrl {
    /// Reads a link.
    ///
    /// # Errors
    ///
    /// When it is no link to a Teams meeting, or lacks what joins it: see [`InvalidJoinUrlKind`].
    pub fn parse(link: &str) -> Result<Self, InvalidJoinUrl> {
        let link = link.trim();
        if link.len() > MAX_JOIN_URL_BYTES {
            return Err(InvalidJoinUrl::new(InvalidJoinUrlKind::TooLong, ""));
        }
        let outer = Link::split(link)?;
        if !outer.host.to_ascii_lowercase().ends_with(SAFE_LINKS) {
            return outer.meeting();
        }
        let inner = outer.route.member("url").ok_or(InvalidJoinUrlKind::NotAMeeting).and_then(decoded);
        Link::split(&inner.map_err(|kind| outer.invalid(kind))?)?.meeting()
    }

    /// How it names its meeting.
    pub fn kind(&self) -> JoinUrlKind {
        match self.0 {
            Form::Organizer { .. } => JoinUrlKind::Organizer,
            Form::MeetingId { .. } => JoinUrlKind::MeetingId,
        }
    }

    /// The tenant that owns the meeting, and will own the call. Short links do not name it.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        match &self.0 {
            Form::Organizer { tenant, .. } => Some(tenant),
            Form::MeetingId { .. } => None,
        }
    }

    /// The organizer's object id. Short links do not name them.
    pub fn organizer_id(&self) -> Option<&str> {
        match &self.0 {
            Form::Organizer { organizer, .. } => Some(organizer),
            Form::MeetingId { .. } => None,
        }
    }

    /// What joins the meeting.
    pub fn info(&self) -> JoinInfo {
        self.clone().into()
    }
}

impl From<JoinUrl> for JoinInfo {
    fn from(url: JoinUrl) -> Self {
        match url.0 {
            Form::Organizer { organizer, tenant, thread, message, reply_chain } => {
                let organizer = Identity::new(organizer).with_tenant_id(tenant);
                let chat = ChatInfo {
                    message_id: Some(Text::from(message)),
                    reply_chain_message_id: reply_chain.map(Text::from),
                    ..ChatInfo::new(thread)
                };
                JoinInfo::by_organizer(IdentitySet::default().with_user(organizer), chat)
            }
            Form::MeetingId { id, passcode } => JoinInfo::by_link(id, passcode),
        }
    }
}

impl From<&JoinUrl> for JoinInfo {
    fn from(url: &JoinUrl) -> Self {
        url.info()
    }
}

impl FromStr for JoinUrl {
    type Err = InvalidJoinUrl;
    fn from_str(link: &str) -> Result<Self, InvalidJoinUrl> {
        Self::parse(link)
    }
}

type Read<T> = Result<T, InvalidJoinUrlKind>;

/// An https URL as far as it matters here.
struct Link<'a> {
    host: &'a str,
    route: Route<'a>,
}

/// What stands behind the host.
#[derive(Clone, Copy)]
struct Route<'a> {
    path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Link<'a> {
    fn split(link: &'a str) -> Result<Self, InvalidJoinUrl> {
        let refuse = |kind| InvalidJoinUrl::new(kind, "");
        if link.chars().any(char::is_control) {
            return Err(refuse(InvalidJoinUrlKind::ControlCharacter));
        }
        let (scheme, rest) = link.split_once("://").ok_or_else(|| refuse(InvalidJoinUrlKind::NotHttps))?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(refuse(InvalidJoinUrlKind::NotHttps));
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
        // No user name, no backslash that browsers take for a slash, no letter that looks like another.
        let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if !plain || !(1..=253).contains(&host.len()) || port != "443" {
            return Err(refuse(InvalidJoinUrlKind::NotAHost));
        }
        Ok(Self { host, route: Route::split(rest) })
    }

    fn invalid(&self, kind: InvalidJoinUrlKind) -> InvalidJoinUrl {
        InvalidJoinUrl::new(kind, self.host)
    }

    fn meeting(&self) -> Result<JoinUrl, InvalidJoinUrl> {
        if !is_any(self.host, &HOSTS) {
            return Err(self.invalid(InvalidJoinUrlKind::UnknownHost));
        }
        self.route.launched().map(JoinUrl).map_err(|kind| self.invalid(kind))
    }
}

impl<'a> Route<'a> {
    fn split(text: &'a str) -> Self {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        Self { path, query, fragment }
    }

    /// A query member, as it is encoded.
    fn member(&self, name: &str) -> Option<&'a str> {
        let mut members = self.query.split('&').filter_map(|member| member.split_once('='));
        members.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The meeting here, or the one that the launcher page holds.
    fn launched(self) -> Read<Form> {
        match self.member("url") {
            Some(url) if self.path.eq_ignore_ascii_case(LAUNCHER) && !self.fragment.starts_with('/') => {
                Route::split(&decoded(url)?).behind_the_client().form()
            }
            _ => self.behind_the_client().form(),
        }
    }

    fn behind_the_client(self) -> Self {
        if self.fragment.starts_with('/') && is_any(self.path, &CLIENTS) {
            Self::split(self.fragment)
        } else {
            self
        }
    }

    fn form(self) -> Read<Form> {
        let path = self.path.strip_prefix('/').unwrap_or(self.path);
        let segments: Vec<_> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        match segments.as_slice() {
            [l, join, chat @ ..] if is_any(l, &["l"]) && is_any(join, &["meetup-join"]) => {
                self.by_organizer(chat)
            }
            [meet, id] if is_any(meet, &["meet"]) => self.by_meeting_id(id),
            _ => Err(InvalidJoinUrlKind::NotAMeeting),
        }
    }

    fn by_organizer(self, chat: &[&str]) -> Read<Form> {
        let segment = |at: usize, name| {
            let text = chat.get(at).map(|segment| decoded_fully(segment)).transpose()?;
            text.filter(|text| !text.trim().is_empty()).ok_or(InvalidJoinUrlKind::MissingSegment(name))
        };
        let (thread, message) = (segment(0, "threadId")?, segment(1, "messageId")?);
        if chat.len() > 2 {
            return Err(InvalidJoinUrlKind::NotAMeeting);
        }
        let context = context(self.member("context").ok_or(InvalidJoinUrlKind::NoContext)?)?;
        Ok(Form::Organizer {
            organizer: context.organizer,
            tenant: context.tenant,
            thread,
            message,
            reply_chain: context.reply_chain,
        })
    }

    fn by_meeting_id(self, id: &str) -> Read<Form> {
        let id: String = decoded_fully(id)?.split_whitespace().collect();
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidJoinUrlKind::NotAMeetingId);
        }
        let passcode = self.member("p").map(decoded).transpose()?.filter(|passcode| !passcode.is_empty());
        Ok(Form::MeetingId { id, passcode: passcode.map(SecretText::from) })
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}

fn decoded(text: &str) -> Read<String> {
    let text = decode(text).map(Cow::into_owned).ok_or(InvalidJoinUrlKind::NotPercentEncoded)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidJoinUrlKind::ControlCharacter);
    }
    Ok(text)
}

/// Once more where a percent sign is left: no thread or message id has one of its own.
fn decoded_fully(text: &str) -> Read<String> {
    let once = decoded(text)?;
    if once.contains('%') { decoded(&once) } else { Ok(once) }
}

fn context(value: &str) -> Read<Context> {
    let once = decoded(value)?;
    match Context::from_json(&once) {
        Err(InvalidJoinUrlKind::ContextNotJson) => {}
        read => return read,
    }
    match Context::from_json(&decoded(&once)?) {
        // A form writes a plus for a space.
        Err(InvalidJoinUrlKind::ContextNotJson) => Context::from_json(&once.replace('+', " ")),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const OID: &str = "550fae72-d251-43ec-868c-373732c2704f";
    const CONTEXT: &str = "%7b%22Tid%22%3a%2272f988bf-86f1-41af-91ab-2d7cd011db47%22%2c%22Oid%22%3a%22550fae72-d251-43ec-868c-373732c2704f%22%7d";
    const TWICE: &str = "%257b%2522Tid%2522%253a%252272f988bf-86f1-41af-91ab-2d7cd011db47%2522%252c%2522Oid%2522%253a%2522550fae72-d251-43ec-868c-373732c2704f%2522%257d";
    const PLAIN: &str =
        r#"{"Tid":"72f988bf-86f1-41af-91ab-2d7cd011db47","Oid":"550fae72-d251-43ec-868c-373732c2704f"}"#;
    const JOIN: &str = "https://teams.microsoft.com/l/meetup-join";

    fn read(link: &str) -> JoinUrl {
        JoinUrl::parse(link).unwrap_or_else(|error| panic!("{error}: {link}"))
    }

    fn refused(link: &str) -> InvalidJoinUrlKind {
        JoinUrl::parse(link).err().unwrap_or_else(|| panic!("{link}")).kind()
    }

    fn chat(url: &JoinUrl) -> Value {
        serde_json::to_value(url.info().chat_info()).unwrap()
    }

    #[test]
    fn a_scheduled_meeting_is_read_from_every_form_people_paste() {
        let gateway = "https://nam12.safelinks.protection.outlook.com/ap/t-59584e83/?url=https%3A%2F%2Fteams.microsoft.com\
            %2Fl%2Fmeetup-join%2F19%253ameeting_A%2540thread.v2%2F0%3Fcontext%3D";
        for link in [
            format!("{JOIN}/19%3ameeting_A%40thread.v2/0?context={CONTEXT}"),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={PLAIN}"),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={CONTEXT}"),
            format!("{JOIN}/19%3ameeting_A%40thread.v2/0?context={PLAIN}"),
            format!("{JOIN}/19%253ameeting_A%2540thread.v2/0?context={TWICE}"),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={}", PLAIN.replace('"', "%2522")),
            format!(" {JOIN}/19:meeting_A@thread.v2/0/?anon=true&context={CONTEXT}&x#later\n"),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={}", PLAIN.replace(':', ": ")),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={}", PLAIN.replace(',', ",+")),
            format!(
                "{JOIN}/19:meeting_A@thread.v2/0?context={}",
                PLAIN.replace('{', r#"{"$serde_json::private::RawValue":"[", "x":[1e999,{}], "n":"\ud83d","#)
            ),
            format!("{JOIN}/19:meeting_A@thread.v2/0?context={}", PLAIN.to_lowercase()),
            format!(
                "HTTPS://TEAMS.Microsoft.com:443/L/Meetup-Join/19:meeting_A@thread.v2/0?Context={CONTEXT}"
            ),
            format!("https://teams.cloud.microsoft/l/meetup-join/19:meeting_A@thread.v2/0?context={CONTEXT}"),
            format!(
                "https://gov.teams.microsoft.us/l/meetup-join/19:meeting_A@thread.v2/0?context={CONTEXT}"
            ),
            format!(
                "https://dod.teams.microsoft.us/l/meetup-join/19:meeting_A@thread.v2/0?context={CONTEXT}"
            ),
            format!(
                "https://teams.microsoft.com/_#/l/meetup-join/19:meeting_A@thread.v2/0?context={CONTEXT}"
            ),
            format!(
                "https://teams.microsoft.com/v2/?meetingjoin=true#/l/meetup-join/19:meeting_A@thread.v2/0?\
                 context={CONTEXT}&anon=true&deeplinkId=1"
            ),
            format!(
                "https://teams.microsoft.com/dl/launcher/launcher.html?url=%2F_%23%2Fl%2Fmeetup-join%2F19%3Ameeting_A\
                 %40thread.v2%2F0%3Fcontext%3D{TWICE}%26anon%3Dtrue&type=meetup-join&deeplinkId=1"
            ),
            format!(
                "https://teams.microsoft.com/dl/launcher/launcher.html?url=/_#/l/meetup-join/19:meeting_A@thread.v2/0\
                 ?context={CONTEXT}&anon=true&type=meetup-join"
            ),
            format!("{gateway}{TWICE}&data=05%7C02%7Cadele%40contoso.example&reserved=0"),
        ] {
            let url = read(&link);
            assert_eq!(url.kind(), JoinUrlKind::Organizer, "{link}");
            assert_eq!(url.tenant_id(), TenantId::new(TID).ok().as_ref(), "{link}");
            assert_eq!(url.organizer_id(), Some(OID), "{link}");
            let chat = chat(&url);
            assert_eq!(
                chat,
                json!({"@odata.type": "#microsoft.graph.chatInfo", "threadId": "19:meeting_A@thread.v2", "messageId": "0"}),
                "{link}"
            );
        }
    }

    #[test]
    fn the_organizer_is_named_with_the_tenant() {
        let info = read(&format!("{JOIN}/19:x@thread.v2/0?context={CONTEXT}")).info();
        assert_eq!(
            serde_json::to_value(info.meeting_info()).unwrap(),
            json!({
                "@odata.type": "#microsoft.graph.organizerMeetingInfo",
                "organizer": {
                    "@odata.type": "#microsoft.graph.identitySet",
                    "user": {"@odata.type": "#microsoft.graph.identity", "id": OID, "tenantId": TID},
                },
            })
        );
        assert_eq!(info.tenant_id(), TenantId::new(TID).ok());
    }

    #[test]
    fn a_channels_meeting_answers_a_message() {
        let context = |message: &str| format!(r#"{{"Tid":"{TID}","Oid":"{OID}","MessageId":{message}}}"#);
        let link = |message| format!("{JOIN}/19:c@thread.tacv2/1509579179399?context={}", context(message));
        let chat_of = |message| chat(&read(&link(message)));
        assert_eq!(chat_of(r#""1536978844957""#)["messageId"], "1509579179399");
        assert_eq!(chat_of(r#""1536978844957""#)["replyChainMessageId"], "1536978844957");
        for none in ["null", r#""""#] {
            assert_eq!(chat_of(none)["replyChainMessageId"], Value::Null, "{none}");
        }
        assert_eq!(refused(&link("1536978844957")), InvalidJoinUrlKind::MissingMember("MessageId"));
        let twice = PLAIN.replace('{', r#"{"tid":"00000000-0000-4000-8000-000000000001","#);
        let twice = format!("{JOIN}/19:x@thread.tacv2/1?context={twice}");
        assert_eq!(refused(&twice), InvalidJoinUrlKind::ContextNotJson);
        assert_eq!(refused(&link(r#""15\u000a7""#)), InvalidJoinUrlKind::ControlCharacter);
    }

    #[test]
    fn a_short_link_is_the_meeting_id_and_the_passcode() {
        for (link, passcode) in [
            ("https://teams.microsoft.com/meet/24426903102227?p=gdnQ%2Bvhu", Some("gdnQ+vhu")),
            ("https://teams.microsoft.com/meet/24426903102227?x=1&P=gdnQ+vhu&y#z", Some("gdnQ+vhu")),
            ("https://teams.cloud.microsoft/Meet/24426903102227/", None),
            ("https://teams.live.com/meet/24426903102227?p=", None),
            ("https://teams.microsoft.com/meet/244 269 031 022 27?p=a", Some("a")),
            ("https://teams.microsoft.com/meet/244%20269%20031%20022%2027?p=a", Some("a")),
            (
                "https://teams.microsoft.com/v2/?meetingjoin=true#/meet/24426903102227?p=a&anon=true",
                Some("a"),
            ),
            (
                "https://teams.live.com/dl/launcher/launcher.html?url=%2F_%23%2Fmeet%2F24426903102227%3Fp%3Da%26anon%3D\
                 true&type=meet",
                Some("a"),
            ),
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F\
                 24426903102227%3Fp%3Da&data=05",
                Some("a"),
            ),
        ] {
            let url = read(link);
            assert_eq!(
                (url.kind(), url.tenant_id(), url.organizer_id()),
                (JoinUrlKind::MeetingId, None, None)
            );
            let expected = JoinInfo::by_link("24426903102227".to_owned(), passcode.map(SecretText::from));
            assert_eq!(url.info(), expected, "{link}");
        }
    }

    #[test]
    fn neither_a_link_nor_its_error_prints_secrets() {
        let url = read("https://teams.microsoft.com/meet/1?p=s3cret");
        assert!(!format!("{url:?} {:?}", url.info()).contains("s3cret"));
        for link in [
            "https://s3cret@teams.microsoft.com/meet/1",
            "https://teams.microsoft.com/meet/s3cret?p=s3cret",
            "https://example.com/meet/1?p=s3cret",
            "https://teams.microsoft.com/l/s3cret/1?p=s3cret",
            "http://teams.microsoft.com/meet/1?p=s3cret",
        ] {
            let error = JoinUrl::parse(link).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn an_unknown_host_is_named_with_those_that_are_known() {
        let error = JoinUrl::parse("https://Teams.Microsoft.com.evil.example/meet/1").unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("`teams.microsoft.com.evil.example` is no host of Teams meetings"),
            "{text}"
        );
        assert!(HOSTS.iter().all(|host| text.contains(host)), "{text}");
    }

    #[test]
    fn what_joins_no_meeting_is_refused_and_says_why() {
        use InvalidJoinUrlKind as Kind;

        let long = format!("{JOIN}/19:x@thread.v2");
        let with = |context: &str| format!("{long}/0?context={context}");
        let safe = |inner: &str| format!("https://x.safelinks.protection.outlook.com/?url={inner}");
        let meet = "https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F1";
        for (link, kind) in [
            (format!("{long}/0?context={CONTEXT}&x={}", "x".repeat(MAX_JOIN_URL_BYTES)), Kind::TooLong),
            (format!("{long}/0?\r\n context={CONTEXT}"), Kind::ControlCharacter),
            (format!("{long}%0a/0?context={CONTEXT}"), Kind::ControlCharacter),
            (String::new(), Kind::NotHttps),
            ("teams.microsoft.com/meet/1".to_owned(), Kind::NotHttps),
            ("http://teams.microsoft.com/meet/1".to_owned(), Kind::NotHttps),
            ("msteams://teams.microsoft.com/meet/1".to_owned(), Kind::NotHttps),
            ("https%3A%2F%2Fteams.microsoft.com%2Fmeet%2F1".to_owned(), Kind::NotHttps),
            ("https://".to_owned(), Kind::NotAHost),
            ("https://adele@teams.microsoft.com/meet/1".to_owned(), Kind::NotAHost),
            ("https://evil.example\\@teams.microsoft.com/meet/1".to_owned(), Kind::NotAHost),
            ("https://teams.microsoft.com:8443/meet/1".to_owned(), Kind::NotAHost),
            ("https://teams.microsoft.com:/meet/1".to_owned(), Kind::NotAHost),
            ("https://teams.micr\u{43e}soft.com/meet/1".to_owned(), Kind::NotAHost),
            ("https://[::1]/meet/1".to_owned(), Kind::NotAHost),
            (format!("https://{}/meet/1", "a".repeat(254)), Kind::NotAHost),
            ("https://zoom.example/meet/1".to_owned(), Kind::UnknownHost),
            ("https://evil-teams.microsoft.com/meet/1".to_owned(), Kind::UnknownHost),
            ("https://teams.microsoft.com".to_owned(), Kind::NotAMeeting),
            (
                "https://teams.microsoft.com/l/channel/19%3ac%40thread.tacv2/General".to_owned(),
                Kind::NotAMeeting,
            ),
            ("https://teams.microsoft.com/meet".to_owned(), Kind::NotAMeeting),
            ("https://teams.microsoft.com/meet/1/2".to_owned(), Kind::NotAMeeting),
            ("https://teams.microsoft.com/x#/meet/1".to_owned(), Kind::NotAMeeting),
            ("https://teams.microsoft.com/dl/launcher/launcher.html?x=1".to_owned(), Kind::NotAMeeting),
            (format!("{long}/0/1?context={CONTEXT}"), Kind::NotAMeeting),
            (safe("x").replace("url", "data"), Kind::NotAMeeting),
            (safe("zoom.example"), Kind::NotHttps),
            (safe(&safe(meet).replace('%', "%25").replace("://", "%3A%2F%2F")), Kind::UnknownHost),
            (format!("{JOIN}/19%3/0?context={CONTEXT}"), Kind::NotPercentEncoded),
            (format!("{JOIN}/%ff/0?context={CONTEXT}"), Kind::NotPercentEncoded),
            (with("%7"), Kind::NotPercentEncoded),
            ("https://teams.microsoft.com/meet/1?p=%".to_owned(), Kind::NotPercentEncoded),
            (JOIN.to_owned(), Kind::MissingSegment("threadId")),
            (format!("{JOIN}//0?context={CONTEXT}"), Kind::MissingSegment("threadId")),
            (format!("{JOIN}/%2520/0?context={CONTEXT}"), Kind::MissingSegment("threadId")),
            (format!("{long}?context={CONTEXT}"), Kind::MissingSegment("messageId")),
            (format!("{long}/0"), Kind::NoContext),
            (format!("{long}/0?Tid={TID}"), Kind::NoContext),
            (with(""), Kind::ContextNotJson),
            (with("[]"), Kind::ContextNotJson),
            (with(&"[".repeat(4_000)), Kind::ContextNotJson),
            (with(&TWICE.replace('%', "%25")), Kind::ContextNotJson),
            (with("{}"), Kind::MissingMember("Tid")),
            (with(&PLAIN.replace("Oid", "oids")), Kind::MissingMember("Oid")),
            (with(&PLAIN.replace(&format!("\"{OID}\""), "7")), Kind::MissingMember("Oid")),
            (with(&PLAIN.replace(TID, "contoso.example")), Kind::NotAGuid("Tid")),
            (with(&PLAIN.replace(OID, "")), Kind::NotAGuid("Oid")),
            ("https://teams.microsoft.com/meet/".to_owned(), Kind::NotAMeeting),
            ("https://teams.microsoft.com/meet/%20".to_owned(), Kind::NotAMeetingId),
            ("https://teams.microsoft.com/meet/abc?p=1".to_owned(), Kind::NotAMeetingId),
        ] {
            assert_eq!(refused(&link), kind, "{link}");
        }
    }
}
