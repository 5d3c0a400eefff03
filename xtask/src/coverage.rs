//! Checks that each API action is in all of its five places.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{self, Failure, Outcome};

const TABLE: &str = "crates/graph-calls-core/tests/operations.tsv";
const REQUESTS: &str = "crates/graph-calls-core/src/request";
/// The request whose address is no path below a version of Graph: it has a folder of its own.
const DOWNLOAD: &str = "crates/graph-calls-http/src/recording";
const MODEL: &str = "crates/graph-calls-model/src";
const ROUTES: &str = "crates/graph-calls-emulator/src/route";
const COMMANDS: &str = "crates/graph-calls-cli/src/command";
const PAGE: &str = "docs/coverage.md";

/// The groups of sub-commands that send requests.
const COMMAND_GROUPS: [&str; 2] = ["call", "participant"];

/// A row of the table.
struct Action<'a> {
    request: &'a str,
    name: &'a str,
    method: &'a str,
    path: &'a str,
    versions: &'a str,
    body: &'a str,
    command: &'a str,
}

impl Action<'_> {
    /// Whether its address comes with a notification, and is not Graph's.
    fn is_download(&self) -> bool {
        self.path == "{recordingLocation}"
    }

    /// `reject_call` names the file, `RejectCall` the type; what is fetched from elsewhere is a type of another crate.
    fn type_name(&self) -> String {
        if self.is_download() { "RecordingDownload".to_owned() } else { camel_case(self.request) }
    }
}

pub(crate) fn run() -> Outcome {
    let gaps = gaps(&run::root());
    if gaps.is_empty() {
        println!("coverage: each action is in all of its five places");
        return Ok(());
    }
    for gap in &gaps {
        println!("{gap}");
    }
    let count = run::count(gaps.len(), "gap", "gaps");
    Err(Failure::new(format!("coverage: {count} between {TABLE} and its five places"))
        .with_repeat("cargo xtask coverage"))
}

fn gaps(root: &Path) -> Vec<String> {
    let Ok(table) = fs::read_to_string(root.join(TABLE)) else {
        return vec![format!("{TABLE} cannot be read; it lists the actions, one a row")];
    };
    let actions = match read_table(&table) {
        Ok(actions) => actions,
        Err(problem) => return vec![problem],
    };
    let model = rust_below(&root.join(MODEL));
    let commands = commands(root);
    let page = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    let rows = rows_of(&page);

    let mut gaps = Vec::new();
    for action in &actions {
        let places = [
            request_gap(root, action),
            body_gap(&model, action),
            route_gap(root, action),
            command_gap(root, &commands, action),
            page_gap(&rows, action),
            stale_row(&page, action),
        ];
        gaps.extend(places.into_iter().flatten().map(|gap| format!("{}: {gap}", action.name)));
    }
    gaps.extend(strays(root, REQUESTS, &["mod", "page", "raw", "wire"], &actions));
    gaps.extend(strays(root, ROUTES, &["mod"], &actions));
    for name in rows.keys().filter(|name| !actions.iter().any(|action| action.name == **name)) {
        gaps.push(format!(
            "{name}: {PAGE} lists it and {TABLE} does not; add it there, or move the row to \"Not yet\""
        ));
    }
    gaps
}

fn read_table(table: &str) -> Result<Vec<Action<'_>>, String> {
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let mut actions: Vec<Action<'_>> = Vec::new();
    for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |column: &str| {
            let index = header.iter().position(|title| *title == column);
            let cell = index.and_then(|index| cells.get(index)).filter(|cell| !cell.is_empty());
            cell.copied().ok_or_else(|| {
                format!("{TABLE}:{number} has no cell in the column {column:?} (tabs separate columns)")
            })
        };
        let action = Action {
            request: cell("request")?,
            name: cell("name")?,
            method: cell("method")?,
            path: cell("path")?,
            versions: cell("versions")?,
            body: cell("body")?,
            command: cell("command")?,
        };
        if actions.iter().any(|other| other.request == action.request || other.name == action.name) {
            return Err(format!("{TABLE}:{number} has a request or a name for the second time"));
        }
        actions.push(action);
    }
    Ok(actions)
}

fn request_gap(root: &Path, action: &Action<'_>) -> Option<String> {
    if action.is_download() {
        let recording = rust_at(root, DOWNLOAD);
        return (!words(&recording).any(|word| word == action.type_name()))
            .then(|| format!("{DOWNLOAD} has no {}; define it there", action.type_name()));
    }
    let file = format!("{REQUESTS}/{}.rs", action.request);
    match fs::read_to_string(root.join(&file)) {
        Err(_) => Some(format!("{file} is missing; write {} there", action.type_name())),
        Ok(text) if !text.contains(&format!("\"{}\"", action.name)) => {
            Some(format!("{file} does not say {:?}; make it the NAME of the request", action.name))
        }
        Ok(_) => None,
    }
}

fn body_gap(model: &str, action: &Action<'_>) -> Option<String> {
    let is_defined = action.body == "-" || {
        let words: Vec<&str> = words(model).collect();
        words.windows(3).any(|window| window == ["pub", "struct", action.body])
    };
    (!is_defined).then(|| format!("{MODEL} has no `pub struct {}`; define the body there", action.body))
}

fn route_gap(root: &Path, action: &Action<'_>) -> Option<String> {
    let file = format!("{ROUTES}/{}.rs", action.request);
    (!root.join(&file).is_file()).then(|| format!("{file} is missing; let the emulator answer it there"))
}

fn command_gap(root: &Path, commands: &BTreeMap<&str, String>, action: &Action<'_>) -> Option<String> {
    let request = action.type_name();
    let mut names = action.command.split(' ');
    let group = names.next().unwrap_or_default();
    let folder = format!("{COMMANDS}/{group}");
    let place = if root.join(&folder).is_dir() { folder } else { folder + ".rs" };
    let text = commands.get(group).map_or("", String::as_str);
    let is_there = |wanted: &str| words(text).any(|word| word == wanted);
    // Each further name is a variant of its own: `call routing list` is `Routing`, then `List`.
    let missing = [request.clone()].into_iter().chain(names.map(camel_case)).find(|name| !is_there(name))?;
    Some(if missing == request {
        format!("{place} does not use {request}; add `graph-calls {}` there", action.command)
    } else {
        format!("{place} has no {missing}; add `graph-calls {}` there", action.command)
    })
}

/// A covered action that the page still lists as missing.
fn stale_row(page: &str, action: &Action<'_>) -> Option<String> {
    let below = action.path.strip_prefix("/communications/calls").filter(|below| !below.is_empty())?;
    let call = format!("{} {below}", action.method);
    let mut cells = page.lines().flat_map(|line| line.split('|').map(str::trim));
    cells
        .any(|cell| cell == call)
        .then(|| format!("{PAGE} still has `{call}` under \"Not yet\"; take that row out"))
}

fn page_gap(rows: &BTreeMap<&str, Vec<Vec<&str>>>, action: &Action<'_>) -> Option<String> {
    let versions = action.versions.replace(',', ", ");
    let call = format!("{} {}", action.method, action.path);
    let wanted = [call.as_str(), &versions, "yes", "yes", "yes"];
    let wanted_row = format!("| `{}` | {} |", action.name, wanted.join(" | "));
    match rows.get(action.name).map(Vec::as_slice) {
        None => Some(format!("{PAGE} has no row for it; add {wanted_row}")),
        Some([row]) if *row == wanted => None,
        Some([_]) => Some(format!("{PAGE} has another row for it; it should be {wanted_row}")),
        Some(_) => Some(format!("{PAGE} has more than one row for it; keep {wanted_row}")),
    }
}

/// The rows whose first cell is a name in back quotes, by that name.
fn rows_of(page: &str) -> BTreeMap<&str, Vec<Vec<&str>>> {
    let mut rows: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for line in page.lines() {
        let Some(row) = line.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')) else { continue };
        let mut cells = row.split('|').map(str::trim);
        let name =
            cells.next().and_then(|cell| cell.strip_prefix('`')).and_then(|cell| cell.strip_suffix('`'));
        if let Some(name) = name {
            rows.entry(name).or_default().push(cells.collect());
        }
    }
    rows
}

/// The files of a folder that belong to no row.
fn strays(root: &Path, folder: &str, known: &[&str], actions: &[Action<'_>]) -> Vec<String> {
    let mut names: Vec<String> = entries(&root.join(folder))
        .into_iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .filter(|name| {
            !known.contains(&name.as_str()) && !actions.iter().any(|action| action.request == name)
        })
        .collect();
    names.sort();
    let gap =
        |name| format!("{name}: {folder}/{name}.rs belongs to no row of {TABLE}; add one, or move the file");
    names.into_iter().map(gap).collect()
}

fn commands(root: &Path) -> BTreeMap<&'static str, String> {
    COMMAND_GROUPS.map(|group| (group, rust_at(root, &format!("{COMMANDS}/{group}")))).into()
}

/// The text of a module, be it a file or a folder.
fn rust_at(root: &Path, module: &str) -> String {
    let folder = root.join(module);
    fs::read_to_string(folder.with_extension("rs")).unwrap_or_default() + "\n" + &rust_below(&folder)
}

/// The text of all Rust files below a folder.
fn rust_below(folder: &Path) -> String {
    let mut text = String::new();
    for path in entries(folder) {
        if path.is_dir() {
            text += &rust_below(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(path).unwrap_or_default();
            // The last word of one file and the first of the next are two.
            text.push('\n');
        }
    }
    text
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// `reject_call` becomes `RejectCall`, `keep-alive` `KeepAlive`.
fn camel_case(name: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split(['_', '-']).map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    const HEADER: &str = "request\tname\tmethod\tpath\tversions\tsuccess\tclass\tbody\tcommand";
    const REJECT: &str = "reject_call\tcall-reject\tPOST\t/communications/calls/{call}/reject\tv1.0,beta\t202,200\tB\tRejectCallBody\tcall reject";
    const ROW: &str =
        "| `call-reject` | POST /communications/calls/{call}/reject | v1.0, beta | yes | yes | yes |";

    /// A small project in which one action is everywhere.
    struct Project(PathBuf);

    impl Project {
        fn new(test: &str) -> Self {
            let project = Self(env::temp_dir().join(format!("xtask-{test}-{}", std::process::id())));
            project.write(TABLE, &format!("{HEADER}\n{REJECT}\n"));
            project.write(&format!("{REQUESTS}/mod.rs"), "");
            project.write(&format!("{REQUESTS}/raw.rs"), "");
            project
                .write(&format!("{REQUESTS}/reject_call.rs"), "const NAME: &'static str = \"call-reject\";");
            project.write(&format!("{MODEL}/call/reject.rs"), "body! { pub struct RejectCallBody<'a> {} }");
            project.write(&format!("{ROUTES}/mod.rs"), "");
            project.write(&format!("{ROUTES}/reject_call.rs"), "");
            project
                .write(&format!("{COMMANDS}/call.rs"), "Reject(Reject), let request = RejectCall::new(id);");
            project.write(PAGE, &format!("| Name | Call |\n| --- | --- |\n{ROW}\n\n| mute | POST /mute |\n"));
            project
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn remove(&self, file: &str) {
            fs::remove_file(self.0.join(file)).unwrap();
        }

        /// The only gap.
        fn gap(&self) -> String {
            let gaps = gaps(&self.0);
            let [gap] = gaps.as_slice() else { panic!("{gaps:?}") };
            gap.clone()
        }
    }

    impl Drop for Project {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn an_action_in_all_five_places_has_no_gap() {
        assert_eq!(gaps(&Project::new("whole").0), [""; 0]);
    }

    #[test]
    fn a_missing_request_is_a_gap() {
        let project = Project::new("request");
        project.remove(&format!("{REQUESTS}/reject_call.rs"));
        assert_eq!(
            project.gap(),
            "call-reject: crates/graph-calls-core/src/request/reject_call.rs is missing; write RejectCall there"
        );
    }

    #[test]
    fn a_request_with_another_name_is_a_gap() {
        let project = Project::new("name");
        project.write(&format!("{REQUESTS}/reject_call.rs"), "\"call-rejected\"");
        assert!(project.gap().contains("does not say \"call-reject\""));
    }

    #[test]
    fn a_missing_body_is_a_gap_and_no_body_is_none() {
        let project = Project::new("body");
        project.write(&format!("{MODEL}/call/reject.rs"), "pub struct RejectCallBodyParts;");
        assert!(project.gap().contains("no `pub struct RejectCallBody`"));
        project.write(TABLE, &format!("{HEADER}\n{}\n", REJECT.replace("RejectCallBody", "-")));
        assert_eq!(gaps(&project.0), [""; 0]);
    }

    #[test]
    fn a_missing_route_is_a_gap() {
        let project = Project::new("route");
        project.remove(&format!("{ROUTES}/reject_call.rs"));
        assert!(project.gap().contains("route/reject_call.rs is missing"));
    }

    #[test]
    fn a_missing_sub_command_is_a_gap_wherever_it_might_be() {
        let project = Project::new("command");
        project.write(&format!("{COMMANDS}/call.rs"), "RejectCallBody");
        assert!(project.gap().contains("does not use RejectCall; add `graph-calls call reject` there"));
        project.write(&format!("{COMMANDS}/call/reject.rs"), "RejectCall::new(id)");
        assert!(project.gap().contains("call has no Reject; add `graph-calls call reject` there"));
        project.write(&format!("{COMMANDS}/call/mod.rs"), "enum Call { Reject(reject::Args) }");
        assert_eq!(gaps(&project.0), [""; 0]);
        project.remove(&format!("{COMMANDS}/call/reject.rs"));
        project.write(&format!("{COMMANDS}/participant.rs"), "RejectCall::new(id)");
        assert!(project.gap().contains("does not use RejectCall"), "the use of another group is none");
    }

    #[test]
    fn a_command_within_a_command_has_each_of_its_names() {
        let project = Project::new("nested");
        project
            .write(TABLE, &format!("{HEADER}\n{}\n", REJECT.replace("call reject", "call answer-or reject")));
        assert!(project.gap().contains("has no AnswerOr; add `graph-calls call answer-or reject` there"));
        project.write(&format!("{COMMANDS}/call/mod.rs"), "enum Call { AnswerOr(AnswerOr) }");
        assert_eq!(gaps(&project.0), [""; 0]);
    }

    #[test]
    fn what_is_fetched_from_elsewhere_is_a_request_of_the_http_crate() {
        const DOWNLOADED: &str =
            "recordoperation\tGET\t{recordingLocation}\tv1.0,beta\t200\tA\t-\tcall download";
        let project = Project::new("download");
        project.write(TABLE, &format!("{HEADER}\n{REJECT}\ndownload_recording\t{DOWNLOADED}\n"));
        project.write(&format!("{ROUTES}/download_recording.rs"), "");
        project.write(&format!("{COMMANDS}/call/download.rs"), "Download(RecordingDownload)");
        let row = "| `recordoperation` | GET {recordingLocation} | v1.0, beta | yes | yes | yes |";
        project.write(PAGE, &format!("{ROW}\n{row}\n"));
        assert_eq!(
            project.gap(),
            "recordoperation: crates/graph-calls-http/src/recording has no RecordingDownload; define it there"
        );
        project.write(&format!("{DOWNLOAD}/mod.rs"), "pub struct RecordingDownload;");
        assert_eq!(gaps(&project.0), [""; 0]);
    }

    #[test]
    fn a_row_that_is_missing_or_different_or_there_twice_is_a_gap() {
        let project = Project::new("page");
        project.write(PAGE, &ROW.replace('`', ""));
        assert!(project.gap().ends_with(&format!("add {ROW}")));
        project.write(PAGE, &ROW.replace(", beta", ""));
        assert!(project.gap().ends_with(&format!("it should be {ROW}")));
        project.write(PAGE, &format!("{ROW}\n{ROW}"));
        assert!(project.gap().contains("more than one row"));
    }

    #[test]
    fn a_covered_action_that_is_still_listed_as_missing_is_a_gap() {
        let project = Project::new("stale");
        project.write(PAGE, &format!("{ROW}\n\n| Refuse a call | POST /{{call}}/reject | v1.0 |\n"));
        assert_eq!(
            project.gap(),
            format!(
                "call-reject: {PAGE} still has `POST /{{call}}/reject` under \"Not yet\"; take that row out"
            )
        );
    }

    #[test]
    fn what_has_no_row_in_the_table_is_a_gap_too() {
        let project = Project::new("strays");
        project.write(&format!("{REQUESTS}/mute.rs"), "");
        project.write(&format!("{ROUTES}/mute.rs"), "");
        project.write(PAGE, &format!("{ROW}\n| `call-mute` | POST /mute |"));
        let gaps = gaps(&project.0);
        assert_eq!(gaps.len(), 3, "{gaps:?}");
        assert!(gaps[0].contains("request/mute.rs belongs to no row"));
        assert!(gaps[1].contains("route/mute.rs belongs to no row"));
        assert!(gaps[2].starts_with("call-mute: docs/coverage.md lists it"));
    }

    #[test]
    fn a_broken_table_is_one_gap_with_its_line() {
        let project = Project::new("table");
        project.write(TABLE, &format!("{HEADER}\n{REJECT}\nmute\tcall-mute\n"));
        assert!(project.gap().contains("operations.tsv:3 has no cell in the column \"method\""));
        project.write(TABLE, &format!("{HEADER}\n{REJECT}\n{REJECT}\n"));
        assert!(project.gap().contains("operations.tsv:3 has a request or a name for the second time"));
        project.remove(TABLE);
        assert!(project.gap().contains("cannot be read"));
    }
}
