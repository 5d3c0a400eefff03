//! `application-post-calls`

use std::time::Duration;

use serde_json::json;

use crate::api::{Body, Refusal, Reply, Request, Version, missing};
use crate::json::at;
use crate::world::{
    Call, Direction, Invited, Media, Participant, Party, PersonKind, Ringing, Step, World, entity,
    invitation_info, participant_info, same_id,
};

/// The most targets of a new group call.
const GROUP_TARGETS: usize = 5;
/// The most seconds that a phone may be asked to ring.
const RINGING_TIMEOUT: u64 = 115;

/// Who the bot wants to talk to.
#[derive(Debug)]
enum Goal {
    /// One target makes a call of two, more make a group call.
    People(Vec<Party>),
    /// The meeting's organizer, if it says who that is.
    Meeting(Option<Party>),
}

/// Answers 201 with the new call: to somebody, to a group, or into a meeting.
///
/// Graph reference: [`application-post-calls`](https://learn.microsoft.com/graph/api/application-post-calls).
pub(crate) fn run(world: &mut World, request: &Request<'_>) -> Result<Reply, Refusal> {
    let json = request.json()?;
    let body = Body::new(&json)?;
    let callback = body.required_callback_uri()?;
    let modalities = body.modalities("requestedModalities")?;
    let (media, config) = body.media_config()?;
    let goal = goal(world, &body)?;
    let guest = at(&json, "/source/identity/guest").is_object();
    permit(request, &goal, media, guest)?;
    let needs_tenant = match &goal {
        Goal::People(people) => people.iter().any(|one| one.kind == PersonKind::Phone),
        Goal::Meeting(_) => true,
    };
    check_tenant(request, &body, needs_tenant)?;
    let source = source(world, request, &body, &goal)?;
    let ring_limit = ring_limit(request, &body)?;

    let mut call = world.new_call(Direction::Outgoing, source);
    call.app_id.clone_from(&request.api.caller.app_id);
    call.tenant_id.clone_from(&request.api.caller.tenant_id);
    call.callback = Some(callback);
    call.media = media;
    call.ring_limit = ring_limit.unwrap_or(call.ring_limit);
    call.source = participant_info(&call.me.party.identity_set_with_nulls());
    call.given.push(("requestedModalities", modalities));
    call.given.push(("mediaConfig", config.clone()));
    for name in ["subject", "chatInfo", "meetingInfo", "callOptions"] {
        call.given.extend(body.get(name).map(|value| (name, value.clone())));
    }
    if let Some(limit) = ring_limit {
        call.given.push(("ringingTimeoutInSeconds", json!(limit.as_secs())));
    }
    match goal {
        Goal::People(people) => ring_people(world, request.now, &mut call, people),
        Goal::Meeting(organizer) => join_meeting(world, request.now, &mut call, organizer),
    }
    world.enter(request.now + world.config.pace.step, &call, Step::Establishing);
    world.expect_keep_alive(request.now, &mut call);
    world.prefetch(&call, config);
    // The page prints the old root here, in v1.0 as well.
    let reply = entity(&call, &request.context(world, "app/calls/$entity"));
    let location = request.location(world, &call.id);
    let reply = Reply::json(201, reply).at(location).about(&call);
    world.add_call(call);
    Ok(reply)
}

fn goal(world: &World, body: &Body<'_>) -> Result<Goal, Refusal> {
    let targets = body.items("targets")?;
    let Some(meeting) = body.object("meetingInfo")? else {
        if targets.is_empty() || targets.len() > GROUP_TARGETS {
            let message =
                format!("'targets' must have 1 to {GROUP_TARGETS} members, or 'meetingInfo' be given.");
            return Err(Refusal::bad_request(message));
        }
        let people: Result<Vec<_>, _> =
            targets.iter().map(|target| Body::new(target)?.identity(world)).collect();
        let people = people?;
        if people.len() > 1 && people.iter().any(|one| one.kind != PersonKind::User) {
            return Err(Refusal::bad_request("A new group call is for users only."));
        }
        return Ok(Goal::People(people));
    };
    if !targets.is_empty() {
        return Err(Refusal::bad_request("'targets' and 'meetingInfo' exclude each other."));
    }
    match meeting.kind()? {
        Some("organizerMeetingInfo") => {
            let chat = body.object("chatInfo")?.ok_or_else(|| missing("chatInfo"))?;
            chat.text("threadId")?.ok_or_else(|| missing("chatInfo.threadId"))?;
            let set = meeting.object("organizer")?.ok_or_else(|| missing("meetingInfo.organizer"))?;
            let user = set.object("user")?.ok_or_else(|| missing("meetingInfo.organizer.user"))?;
            let id = user.text("id")?.ok_or_else(|| missing("meetingInfo.organizer.user.id"))?;
            let name = user.text("displayName")?.unwrap_or("Organizer");
            Ok(Goal::Meeting(Some(Party::named(&world.directory, PersonKind::User, id, Some(name)))))
        }
        Some("tokenMeetingInfo") => {
            meeting.text("token")?.ok_or_else(|| missing("meetingInfo.token"))?;
            Ok(Goal::Meeting(None))
        }
        Some("joinMeetingIdMeetingInfo") => {
            meeting.text("joinMeetingId")?.ok_or_else(|| missing("meetingInfo.joinMeetingId"))?;
            Ok(Goal::Meeting(None))
        }
        _ => Err(Refusal::bad_request(
            "'meetingInfo' must be an organizerMeetingInfo, a tokenMeetingInfo or a joinMeetingIdMeetingInfo.",
        )),
    }
}

fn permit(request: &Request<'_>, goal: &Goal, media: Media, guest: bool) -> Result<(), Refusal> {
    match goal {
        Goal::People(people) if people.len() == 1 => request.require(&["Calls.Initiate.All"])?,
        Goal::People(_) => request.require(&["Calls.InitiateGroupCall.All"])?,
        Goal::Meeting(_) if guest => request.require(&["Calls.JoinGroupCallAsGuest.All"])?,
        Goal::Meeting(_) => request.require(&["Calls.JoinGroupCall.All"])?,
    }
    match media {
        Media::App => request.require(&["Calls.AccessMedia.All"]),
        Media::Service => Ok(()),
    }
}

fn check_tenant(request: &Request<'_>, body: &Body<'_>, needed: bool) -> Result<(), Refusal> {
    match body.text("tenantId")? {
        Some(tenant) if same_id(tenant, &request.api.caller.tenant_id) => Ok(()),
        None if !needed => Ok(()),
        _ => Err(Refusal::tenant_mismatch()),
    }
}

/// The bot's own identity in the call; a phone is called from a resource account of the bot's app.
fn source(world: &World, request: &Request<'_>, body: &Body<'_>, goal: &Goal) -> Result<Party, Refusal> {
    let phone =
        matches!(goal, Goal::People(people) if people.iter().any(|one| one.kind == PersonKind::Phone));
    let given = match body.object("source")? {
        Some(source) => Some(source.identity(world)?),
        None => None,
    };
    let owned = |party: &Party| {
        world
            .directory
            .instance(&party.id)
            .is_some_and(|one| same_id(&one.app_id, &request.api.caller.app_id))
    };
    match given {
        Some(party) if party.kind == PersonKind::Instance => {
            if owned(&party) {
                Ok(party)
            } else {
                Err(Refusal::bad_source())
            }
        }
        _ if phone => Err(Refusal::bad_source()),
        Some(party) if party.kind == PersonKind::Guest => Ok(party),
        _ => Ok(Party::application(&request.api.caller.app_id, &world.config.app_name)),
    }
}

fn ring_limit(request: &Request<'_>, body: &Body<'_>) -> Result<Option<Duration>, Refusal> {
    if request.version != Version::Beta {
        return Ok(None);
    }
    match body.number("ringingTimeoutInSeconds")? {
        Some(seconds) if seconds > RINGING_TIMEOUT => {
            Err(Refusal::bad_request(format!("'ringingTimeoutInSeconds' is more than {RINGING_TIMEOUT}.")))
        }
        seconds => Ok(seconds.map(Duration::from_secs)),
    }
}

fn ring_people(world: &mut World, now: Duration, call: &mut Call, people: Vec<Party>) {
    call.group = people.len() > 1;
    // What the bot dialled itself, it may extend by phones.
    call.phone_bridge = !call.group;
    call.targets = people.iter().map(|one| invitation_info(&one.identity_set_with_nulls())).collect();
    for party in people {
        let participant = Participant::new(world.id(), party);
        world.call_out(now, call, Ringing { participant, invited: Invited::ByCall });
    }
}

fn join_meeting(world: &mut World, now: Duration, call: &mut Call, organizer: Option<Party>) {
    call.group = true;
    call.phone_bridge =
        call.given.iter().any(|(name, value)| *name == "meetingInfo" && value.get("token").is_none());
    let host = organizer.unwrap_or_else(|| {
        let adele = world.people().first().map(Party::person);
        adele.unwrap_or_else(|| Party::phone("+15550100001"))
    });
    world.happened(call, true, "the bot joins".to_owned());
    let participant = Participant::new(world.id(), host);
    call.peers.push(participant);
    world.enter(now + world.config.pace.step * 2, call, Step::Established);
}
