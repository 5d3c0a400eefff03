//! What the measured program says, joined with what was counted.

use serde_json::{Value, json};

use super::dump::Cost;
use crate::run::{Failure, Outcome};

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) times: Vec<Time>,
    /// The column of which the others are multiples.
    pub(crate) base: String,
    /// Pairs of columns whose quotient is shown.
    pub(crate) quotients: Vec<(String, String)>,
    /// Columns whose allocations are shown.
    pub(crate) allocations: Vec<String>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) limits: Vec<Limit>,
}

/// One measurement.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) column: String,
    pub(crate) cost: Cost,
}

/// What was timed.
#[derive(Debug)]
pub(crate) struct Time {
    pub(crate) table: String,
    pub(crate) row: String,
    pub(crate) column: String,
    pub(crate) nanoseconds: u64,
}

/// What has to hold of one row, and whether it does.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) rule: String,
    /// The row and the table.
    pub(crate) case: String,
    of: Value,
    to: Value,
    pub(crate) ratio: f64,
    pub(crate) bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    /// Joins the lines with the costs, which come in the same order.
    pub(crate) fn join(
        lines: &str,
        costs: impl IntoIterator<Item = Cost>,
        times: Vec<Time>,
    ) -> Outcome<Self> {
        let mut report = Self { times, ..Self::default() };
        let mut costs = costs.into_iter();
        let mut next =
            || costs.next().ok_or_else(|| Failure::new("callgrind wrote fewer dumps than regions"));
        for line in lines.lines() {
            let told = read(line)?;
            if let Some(columns) = told.get("columns") {
                report.base = string(columns, "base");
                report.allocations = list(columns, "allocations").iter().map(text).collect();
                let pair = |pair: &Value| Some((text(pair.get(0)?), text(pair.get(1)?)));
                report.quotients = list(columns, "quotients").iter().filter_map(pair).collect();
            } else if let Some(check) = told.get("check") {
                has_counted(check, next()?)?;
            } else if let Some(measured) = told.get("measured") {
                let [table, row, column] = ["table", "row", "column"].map(|key| string(measured, key));
                report.cells.push(Cell { table, row, column, cost: next()? });
            } else if let Some(limit) = told.get("limit") {
                report.limits.push(report.limit(limit)?);
            }
        }
        if costs.next().is_some() {
            return Err(Failure::new("callgrind wrote more dumps than there were regions"));
        }
        Ok(report)
    }

    pub(crate) fn cost(&self, table: &str, row: &str, column: &str) -> Option<Cost> {
        let is_it = |cell: &&Cell| cell.column == column && cell.row == row && cell.table == table;
        self.cells.iter().find(is_it).map(|cell| cell.cost)
    }

    pub(crate) fn time(&self, table: &str, row: &str, column: &str) -> Option<u64> {
        let is_it = |time: &&Time| time.column == column && time.row == row && time.table == table;
        self.times.iter().find(is_it).map(|time| time.nanoseconds)
    }

    fn limit(&self, told: &Value) -> Outcome<Limit> {
        let (table, row) = (string(told, "table"), string(told, "row"));
        let number = |quantity: &str| {
            let (kind, value) = told.get(quantity)?.as_object()?.iter().next()?;
            let cost = || self.cost(&table, &row, value.as_str()?);
            let number = match kind.as_str() {
                "instructions" => cost()?.instructions,
                "allocations" => cost()?.allocations,
                "allocations_over" => {
                    let allocations =
                        |at| Some(self.cost(&table, &row, value.get(at)?.as_str()?)?.allocations);
                    allocations(0)?.saturating_sub(allocations(1)?)
                }
                "nanoseconds" => self.time(&table, &row, value.as_str()?)?,
                _ => value.as_u64()?,
            };
            Some((json!({kind: number}), number))
        };
        let bound = |name| told.get(name).and_then(Value::as_f64);
        let bound = bound("at_most").map(Bound::AtMost).or_else(|| bound("at_least").map(Bound::AtLeast));
        let (Some((of, dividend)), Some((to, divisor)), Some(bound)) = (number("of"), number("to"), bound)
        else {
            return Err(Failure::new(format!("the program told a limit that says nothing: {told}")));
        };
        Ok(Limit {
            rule: string(told, "rule"),
            case: format!("{row}, {table}"),
            of,
            to,
            ratio: quotient(dividend, divisor),
            bound,
        })
    }
}

impl Limit {
    pub(crate) fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(limit) => self.ratio <= limit,
            Bound::AtLeast(limit) => self.ratio >= limit,
        }
    }

    pub(crate) fn is_worse_than(&self, other: &Self) -> bool {
        match self.bound {
            Bound::AtMost(_) => self.ratio > other.ratio,
            Bound::AtLeast(_) => self.ratio < other.ratio,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let (direction, limit) = match self.bound {
            Bound::AtMost(limit) => ("at most", limit),
            Bound::AtLeast(limit) => ("at least", limit),
        };
        json!({
            "name": format!("{}: {}", self.rule, self.case),
            "ratio": self.ratio,
            "limit": limit,
            "bound": direction,
            "ok": self.holds(),
            "of": self.of,
            "to": self.to,
        })
    }
}

/// What the program says of its times.
pub(crate) fn times(lines: &str) -> Outcome<Vec<Time>> {
    let mut times = Vec::new();
    for line in lines.lines() {
        let told = read(line)?;
        if let Some(timed) = told.get("timed") {
            let [table, row, column] = ["table", "row", "column"].map(|key| string(timed, key));
            let nanoseconds = timed.get("nanoseconds").and_then(Value::as_u64).filter(|&taken| taken > 0);
            let nanoseconds = nanoseconds
                .ok_or_else(|| Failure::new(format!("the program timed something at nothing: {line}")))?;
            times.push(Time { table, row, column, nanoseconds });
        }
    }
    Ok(times)
}

fn read(line: &str) -> Outcome<Value> {
    serde_json::from_str(line)
        .map_err(|error| Failure::new(format!("the program wrote no JSON: {error}: {line}")))
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts to 2^52 here")]
pub(crate) fn quotient(dividend: u64, divisor: u64) -> f64 {
    dividend as f64 / divisor as f64
}

/// A region that does what is known was counted as that.
fn has_counted(check: &Value, cost: Cost) -> Outcome {
    // Twenty instructions lead to the work and back, a call of the allocator has twenty at the very least.
    let allocations = check.get("allocations").and_then(Value::as_u64).unwrap_or_default();
    let plausible = 20 * allocations..=100 + 1000 * allocations;
    if cost.allocations == allocations && plausible.contains(&cost.instructions) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the counting is broken: a region with {} was counted as {} allocations and {} instructions",
        string(check, "name"),
        cost.allocations,
        cost.instructions
    )))
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).map(text).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const LINES: &str = r#"
{"check": {"name": "ten allocations", "allocations": 10}}
{"columns": {"base": "floor", "quotients": [["naive", "ours"]], "allocations": ["ours", "naive"]}}
{"measured": {"table": "minified", "row": "S000", "column": "floor"}}
{"measured": {"table": "minified", "row": "S000", "column": "ours"}}
{"measured": {"table": "minified", "row": "S000", "column": "naive"}}
{"limit": {"table": "minified", "row": "S000", "rule": "ours", "of": {"instructions": "ours"}, "to": {"instructions": "floor"}, "at_most": 2}}
{"limit": {"table": "minified", "row": "S000", "rule": "allocations", "of": {"allocations": "ours"}, "to": {"number": 2}, "at_most": 2.5}}
{"measured": {"table": "indented", "row": "S000", "column": "floor"}}
{"measured": {"table": "indented", "row": "S000", "column": "ours"}}
{"measured": {"table": "indented", "row": "S000", "column": "naive"}}
{"limit": {"table": "indented", "row": "S000", "rule": "ours", "of": {"instructions": "ours"}, "to": {"instructions": "floor"}, "at_most": 2}}
{"limit": {"table": "indented", "row": "S000", "rule": "naive to ours", "of": {"instructions": "naive"}, "to": {"instructions": "ours"}, "at_least": 2}}
"#;

    pub(in super::super) fn costs() -> Vec<Cost> {
        [(2931, 10), (1000, 0), (1999, 5), (6_000_000, 44), (2000, 0), (4400, 5), (8300, 44)]
            .map(|(instructions, allocations)| Cost { instructions, allocations })
            .to_vec()
    }

    pub(in super::super) fn report() -> Report {
        Report::join(LINES.trim(), costs(), Vec::new()).unwrap()
    }

    #[test]
    fn each_limit_has_its_ratio() {
        let verdicts: Vec<String> = report()
            .limits
            .iter()
            .map(|limit| format!("{} {:.3} {}", limit.rule, limit.ratio, limit.holds()))
            .collect();
        assert_eq!(
            verdicts,
            ["ours 1.999 true", "allocations 2.500 true", "ours 2.200 false", "naive to ours 1.886 false"]
        );
    }

    #[test]
    fn a_limit_is_told_with_what_it_was_computed_from() {
        let limits = report().limits;
        assert_eq!(
            limits[1].to_json(),
            json!({
                "name": "allocations: S000, minified", "ratio": 2.5, "limit": 2.5, "bound": "at most", "ok": true,
                "of": {"allocations": 5}, "to": {"number": 2},
            })
        );
    }

    #[test]
    fn allocations_may_be_counted_over_those_of_another_column() {
        let lines = LINES.replace(
            r#""of": {"allocations": "ours"}, "to": {"number": 2}"#,
            r#""of": {"allocations_over": ["naive", "ours"]}, "to": {"number": 1}"#,
        );
        let report = Report::join(lines.trim(), costs(), Vec::new()).unwrap();
        assert_eq!(report.limits[1].to_json()["of"], json!({"allocations_over": 39}));
        assert_eq!(report.limits[1].ratio.to_string(), "39");
    }

    #[test]
    fn times_are_of_the_row_they_were_told_of() {
        let timed = r#"{"timed": {"table": "indented", "row": "S000", "column": "naive", "nanoseconds": 900}}
{"timed": {"table": "indented", "row": "S000", "column": "ours", "nanoseconds": 300}}"#;
        let lines = LINES.replace(
            r#""of": {"instructions": "naive"}, "to": {"instructions": "ours"}"#,
            r#""of": {"nanoseconds": "naive"}, "to": {"nanoseconds": "ours"}"#,
        );
        let report = Report::join(lines.trim(), costs(), times(timed).unwrap()).unwrap();
        assert_eq!(report.limits[3].ratio.to_string(), "3");
        assert_eq!(report.limits[3].to_json()["of"], json!({"nanoseconds": 900}));
        assert!(times(&timed.replace("300", "0")).unwrap_err().to_string().contains("at nothing"));
        let untimed = Report::join(lines.trim(), costs(), Vec::new());
        assert!(untimed.unwrap_err().to_string().contains("says nothing"));
    }

    #[test]
    fn dumps_that_do_not_fit_the_lines_are_an_error() {
        let error = |costs: Vec<Cost>| Report::join(LINES.trim(), costs, Vec::new()).unwrap_err().to_string();
        assert!(error(costs().split_off(1)).contains("counting is broken"));
        assert!(error(vec![costs()[0]]).contains("fewer dumps"));
        assert!(error([costs(), costs()].concat()).contains("more dumps"));
        let unknown = LINES.replace(r#"{"instructions": "naive"}"#, r#"{"instructions": "nobody"}"#);
        assert!(
            Report::join(unknown.trim(), costs(), Vec::new())
                .unwrap_err()
                .to_string()
                .contains("says nothing")
        );
        assert!(
            Report::join("thread main panicked", [], Vec::new()).unwrap_err().to_string().contains("no JSON")
        );
    }
}
