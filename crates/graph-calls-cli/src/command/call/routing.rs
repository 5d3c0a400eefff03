//! `call routing`: who hears whom.

use clap::{Args, Subcommand};
use graph_calls_core::{
    CreateAudioRoutingGroup, DeleteAudioRoutingGroup, GetAudioRoutingGroup, ListAudioRoutingGroups,
    UpdateAudioRoutingGroup,
    model::{AudioRoutingGroup, AudioRoutingGroupId, CallId, ParticipantId, Text},
};
use serde_json::json;

use super::done;
use crate::{
    command::{page, values},
    exit::Failure,
    line::{Answer, Line},
    output::{Output, plain},
    report::Effect,
    target::Target,
};

/// Decides who hears whom in a call, beside the default audio mix.
#[derive(Debug, Subcommand)]
pub(crate) enum Routing {
    List(List),
    Get(Get),
    Create(Create),
    Update(Update),
    Delete(Delete),
}

/// Lists who hears whom.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The call.
    call: CallId,
    #[command(flatten)]
    target: Target,
}

/// Reads one group.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The call.
    call: CallId,
    /// The group.
    group: AudioRoutingGroupId,
    #[command(flatten)]
    target: Target,
}

/// Lets one participant be heard by one other, or by many.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The call.
    call: CallId,
    /// The participant who is heard.
    #[arg(long, value_name = "PARTICIPANT")]
    source: ParticipantId,
    /// Who hears them; given once for each, several make it a multicast.
    #[arg(long, value_name = "PARTICIPANT", required = true)]
    receiver: Vec<ParticipantId>,
    /// Makes it a multicast though one alone hears it so far.
    #[arg(long)]
    multicast: bool,
    /// The group's id, of your own choice.
    #[arg(long, value_name = "GROUP")]
    id: Option<AudioRoutingGroupId>,
    #[command(flatten)]
    target: Target,
}

/// Sets who hears the source of a group.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The call.
    call: CallId,
    /// The group.
    group: AudioRoutingGroupId,
    /// Who hears it, and nobody else; given once for each.
    #[arg(long, value_name = "PARTICIPANT", required = true)]
    receiver: Vec<ParticipantId>,
    #[command(flatten)]
    target: Target,
}

/// Dissolves a group.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The call.
    call: CallId,
    /// The group.
    group: AudioRoutingGroupId,
    #[command(flatten)]
    target: Target,
}

impl Routing {
    pub(super) async fn run(self, output: Output) -> Result<(), Failure> {
        match self {
            Routing::List(list) => list.run(output).await,
            Routing::Get(get) => {
                let line = get.target.open(output).await?;
                let sent = line.send(GetAudioRoutingGroup::new(get.call, get.group), Effect::None).await?;
                group(&line, sent.as_ref())
            }
            Routing::Create(create) => create.run(output).await,
            Routing::Update(update) => {
                let line = update.target.open(output).await?;
                let request = UpdateAudioRoutingGroup::receivers(update.call, update.group, update.receiver);
                let sent = line.send(request, Effect::Some).await?;
                group(&line, sent.as_ref())
            }
            Routing::Delete(delete) => {
                let line = delete.target.open(output).await?;
                let request = DeleteAudioRoutingGroup::new(delete.call, delete.group);
                let sent = line.send(request, Effect::Some).await?;
                done(&line, sent.as_ref(), "dissolved")
            }
        }
    }
}

impl List {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let line = self.target.open(output).await?;
        let first = ListAudioRoutingGroups::new(self.call);
        match page::all(&line, first, |page| (page.groups, page.next)).await? {
            None => Ok(()),
            Some(all) if line.json => Ok(output.json(&json!({ "value": all.sent }))?),
            Some(all) if all.read.is_empty() => Ok(output.line("no groups")?),
            Some(all) => Ok(output.line(all.read.iter().map(row).collect::<Vec<_>>().join("\n"))?),
        }
    }
}

impl Create {
    async fn run(self, output: Output) -> Result<(), Failure> {
        let mut receivers = self.receiver.into_iter();
        let mut group = match (receivers.next(), receivers.len(), self.multicast) {
            (Some(one), 0, false) => AudioRoutingGroup::one_to_one(self.source, one),
            (first, _, _) => AudioRoutingGroup::multicast(self.source, first.into_iter().chain(receivers)),
        };
        if let Some(id) = self.id {
            group = group.with_id(id.as_str());
        }
        group.validate().map_err(values::bad(&[("sources", "--source"), ("receivers", "--receiver")]))?;
        let line = self.target.open(output).await?;
        let sent = line.send(CreateAudioRoutingGroup::new(self.call, group), Effect::Some).await?;
        self::group(&line, sent.as_ref())
    }
}

fn group(line: &Line, answer: Option<&Answer<AudioRoutingGroup<'static>>>) -> Result<(), Failure> {
    match answer {
        Some(answer) if !line.json => Ok(line.output.line(row(&answer.read))?),
        answer => done(line, answer, ""),
    }
}

/// A group in one line.
fn row(group: &AudioRoutingGroup<'_>) -> String {
    let id = group.id.as_deref().unwrap_or("(no id)");
    let mode = group.routing_mode.as_ref().map_or("", |mode| mode.as_str());
    let names = |ids: &[Text<'_>]| ids.iter().map(|id| &**id).collect::<Vec<_>>().join(", ");
    plain(&format!("{id:12}  {mode:9}  {} -> {}", names(&group.sources), names(&group.receivers)))
}
