//! Lists, page after page.

use std::collections::HashSet;

use graph_calls_core::ApiRequest;
use http::Uri;
use serde_json::Value;

use crate::{
    exit::Failure,
    line::Line,
    report::{self, Effect},
};

/// A service that always leads on is followed no further.
const MOST: usize = 1_000;

/// All that is on a list: as it was read, and as it was sent.
#[derive(Debug)]
pub(super) struct All<T> {
    pub(super) read: Vec<T>,
    pub(super) sent: Vec<Value>,
}

/// Reads a list to its end; nothing for a dry run, which shows the first request.
pub(super) async fn all<R: ApiRequest, T>(
    line: &Line,
    first: R,
    split: impl Fn(R::Output) -> (Vec<T>, Option<R>),
) -> Result<Option<All<T>>, Failure> {
    let mut all = All { read: Vec::new(), sent: Vec::new() };
    let mut asked = HashSet::new();
    let mut next = Some(first);
    while let Some(request) = next {
        go_on(&mut asked, &request)?;
        let Some(answer) = line.send(request, Effect::None).await? else { return Ok(None) };
        if let Some(Value::Array(more)) = answer.to_json().get_mut("value").map(Value::take) {
            all.sent.extend(more);
        }
        let (more, behind) = split(answer.read);
        all.read.extend(more);
        next = behind;
    }
    Ok(Some(all))
}

/// Whether this page may be asked for: a service that leads in circles would be asked for ever.
fn go_on<R: ApiRequest>(asked: &mut HashSet<Uri>, request: &R) -> Result<(), Failure> {
    let page = request.to_http().map_err(|error| report::failure(&error, Effect::None))?;
    let why = if asked.len() >= MOST {
        format!("it has more than {MOST} pages")
    } else if asked.insert(page.uri().clone()) {
        return Ok(());
    } else {
        "it leads back to a page that was read".to_owned()
    };
    Err(Failure::failed(format!(
        "{}: the list does not end: {why}.\nIt only asked: nothing was changed.\nWhat to do: run it again; if it stays \
         so, the service is at fault.",
        request.name()
    )))
}
