//! `end-reason`: what a code and a subcode mean.

use clap::Args;
use graph_calls_core::model::{AppliesTo, DiagCode, EndReason, Source, TryAgain, Who};
use serde_json::{Value, json};

use crate::{
    exit::{Code, Failure, Outcome},
    output::{Ink, Output},
};

/// Says what a code and a subcode mean, whose doing it was, and whether to try again.
#[derive(Debug, Args)]
#[command(override_usage = "graph-calls end-reason [--json] CODE [SUBCODE]\n       \
                            graph-calls end-reason [--json] 200/5002\n       \
                            graph-calls end-reason [--json] 'text with DiagCode: 0#5002'")]
pub(crate) struct EndReasonArgs {
    /// A code, alone or with its subcode: `200 5002`, `200/5002`, or a text that has them behind `DiagCode:`.
    #[arg(required = true, num_args = 1..=2, value_names = ["CODE", "SUBCODE"])]
    what: Vec<String>,
    /// Prints one JSON object per reason.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &EndReasonArgs, output: Output) -> Outcome {
    let (code, subcode) = read(&arguments.what)?;
    let rows: Vec<&EndReason> = match subcode {
        Some(subcode) => find(code, subcode).into_iter().collect(),
        None => EndReason::with_code(code).collect(),
    };
    if rows.is_empty() {
        return unknown(code, subcode, arguments.json, output);
    }
    for (place, row) in rows.iter().enumerate() {
        if arguments.json {
            output.json(&to_json(row, code, subcode))?;
        } else {
            let gap = if place == 0 { "" } else { "\n" };
            output.line(format!("{gap}{}", to_text(row, code, output)))?;
        }
    }
    Ok(Code::Done)
}

/// The row of a call's end, else that of an operation or a transfer.
fn find(code: i64, subcode: i64) -> Option<&'static EndReason> {
    EndReason::find(code, Some(subcode))
        .or_else(|| EndReason::with_code(code).find(|row| row.subcode == Some(subcode)))
}

fn read(what: &[String]) -> Result<(i64, Option<i64>), Failure> {
    let wrong = |text: &str| {
        Failure::usage(format!("`{text}` is no code: say 200, 200/5002 or a text with `DiagCode: 0#5002`"))
    };
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wrong(text));
    match what {
        [text] => {
            if let Some(diag) = DiagCode::find(text) {
                return Ok((diag.code, Some(diag.subcode)));
            }
            match text.split_once(['/', '#']) {
                Some((code, subcode)) => Ok((number(code)?, Some(number(subcode)?))),
                None => Ok((number(text)?, None)),
            }
        }
        [code, subcode] => Ok((number(code)?, Some(number(subcode)?))),
        _ => Err(wrong("")),
    }
}

fn unknown(code: i64, subcode: Option<i64>, json: bool, output: Output) -> Outcome {
    let pair = match subcode {
        Some(subcode) => format!("{code}/{subcode}"),
        None => code.to_string(),
    };
    let class = class_of(code);
    if json {
        output.json(&json!({ "code": code, "subcode": subcode, "reason": null, "class": class }))?;
    }
    let mut text = format!("{pair} is in no table; {class}");
    let elsewhere: Vec<_> = EndReason::all()
        .iter()
        .filter(|row| row.subcode.is_some() && row.subcode == subcode)
        .map(ToString::to_string)
        .collect();
    if !elsewhere.is_empty() {
        text.push_str("; the subcode is known as ");
        text.push_str(&elsewhere.join(" and as "));
    }
    Err(Failure::failed(text))
}

/// What the first digit alone says.
pub(crate) fn class_of(code: i64) -> &'static str {
    match code {
        0 | 200..=299 => "codes 0 and 2xx are normal ends",
        400..=499 => "codes 4xx are the client's doing: bot, callee or policy",
        500..=599 => "codes 5xx are the service's doing",
        600..=699 => "codes 6xx say that the callee does not want the call anywhere",
        _ => "nothing is known of such codes",
    }
}

fn applies(row: &EndReason) -> Option<&'static str> {
    match row.applies_to {
        AppliesTo::Transfer => Some("not the end of a call: the result of a transfer, the call goes on"),
        AppliesTo::Operation => Some("not the end of a call: the result of a comms operation"),
        _ => None,
    }
}

fn to_text(row: &EndReason, code: i64, output: Output) -> String {
    let mut lines = vec![output.paint(Ink::Bold, &row.to_string())];
    let mut put = |name: &str, value: &str| {
        lines.push(format!("  {}{value}", output.paint(Ink::Dim, &format!("{name:13}"))));
    };
    if let Some(kind) = applies(row) {
        put("kind", kind);
    }
    put("whose doing", &row.who.to_string());
    put("normal", if row.normal { "yes" } else { "no" });
    put("try again", &row.try_again.to_string());
    put("source", &row.source.to_string());
    if row.code != code {
        put("read as", &format!("{}: captures print {code} where the page has {}", row.code, row.code));
    }
    if !row.note.is_empty() {
        put("note", row.note);
    }
    lines.join("\n")
}

fn to_json(row: &EndReason, code: i64, subcode: Option<i64>) -> Value {
    json!({
        "code": if subcode.is_some() { code } else { row.code },
        "subcode": row.subcode,
        "reason": row.meaning,
        "who": who(row.who),
        "normal": row.normal,
        "try_again": try_again(row.try_again),
        "applies_to": row.applies_to.to_string(),
        "source": row.source.to_string(),
        "fallback": row.is_fallback(),
        "documented": matches!(row.source, Source::Page(_)),
        "note": (!row.note.is_empty()).then_some(row.note),
    })
}

/// A word for programs.
pub(crate) fn who(who: Who) -> &'static str {
    match who {
        Who::Bot => "bot",
        Who::Caller => "caller",
        Who::Callee => "callee",
        Who::Other => "other",
        Who::Nobody => "nobody",
        Who::Service => "service",
        Who::Media => "media",
        Who::Policy => "policy",
        _ => "unknown",
    }
}

/// A word for programs.
pub(crate) fn try_again(try_again: TryAgain) -> &'static str {
    match try_again {
        TryAgain::No => "no",
        TryAgain::Once => "once",
        TryAgain::Later => "later",
        TryAgain::AfterFix => "after_fix",
        _ => "never",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(what: &[&str]) -> Option<(i64, Option<i64>)> {
        read(&what.iter().map(ToString::to_string).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn codes_are_read_in_every_spelling() {
        assert_eq!(pair(&["200"]), Some((200, None)));
        assert_eq!(pair(&["200", "5002"]), Some((200, Some(5002))));
        assert_eq!(pair(&["200/5002"]), Some((200, Some(5002))));
        assert_eq!(pair(&["0#5002"]), Some((0, Some(5002))));
        assert_eq!(pair(&["It has ended. DiagCode: 0#5002.@"]), Some((0, Some(5002))));
        assert_eq!(pair(&["busy"]), None);
    }

    #[test]
    fn a_transfers_result_is_found_and_is_no_end() {
        let row = find(500, 7000).unwrap();
        assert!(applies(row).is_some());
        assert_eq!(find(200, 7000).unwrap().applies_to, AppliesTo::Call);
    }
}
