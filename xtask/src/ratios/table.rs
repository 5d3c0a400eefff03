//! The tables for whoever reads them.

use super::report::{Bound, Limit, Report, quotient};

/// A table of each form of the rows, then a line per rule with its worst case, or with every case.
pub(crate) fn table(report: &Report, all: bool) -> String {
    let mut paragraphs = Vec::new();
    for name in in_order(report.cells.iter().map(|cell| cell.table.as_str())) {
        paragraphs.push(costs(report, name));
    }
    // Where instructions were counted, time only decides a limit.
    let is_counted = |table: &str| report.cells.iter().any(|cell| cell.table == table);
    for name in in_order(report.times.iter().map(|time| time.table.as_str()).filter(|name| !is_counted(name)))
    {
        paragraphs.push(times(report, name));
    }
    paragraphs.push(limits(&report.limits, all));
    paragraphs.join("\n\n")
}

fn costs(report: &Report, table: &str) -> String {
    let cells = || report.cells.iter().filter(|cell| cell.table == table);
    let multiples: Vec<&str> = in_order(cells().map(|cell| cell.column.as_str()))
        .into_iter()
        .filter(|column| *column != report.base)
        .collect();
    let mut lines = vec![vec![table.to_owned(), format!("instructions of {}", report.base)]];
    let header = lines.first_mut();
    if let Some(header) = header {
        header.extend(multiples.iter().map(|column| format!("{column} x")));
        header.extend(report.quotients.iter().map(|(of, to)| format!("{of}/{to}")));
        header.push(format!("allocations of {}", report.allocations.join("/")));
    }
    for row in in_order(cells().map(|cell| cell.row.as_str())) {
        let cost = |column: &str| report.cost(table, row, column);
        let instructions = |column: &str| cost(column).map_or(0, |cost| cost.instructions);
        let ratio = |of: &str, to: &str| format!("{:.2}", quotient(instructions(of), instructions(to)));
        let mut line = vec![row.to_owned(), grouped(instructions(&report.base))];
        line.extend(multiples.iter().map(|column| ratio(column, &report.base)));
        line.extend(report.quotients.iter().map(|(of, to)| ratio(of, to)));
        let allocations = |column: &String| cost(column).map_or(0, |cost| cost.allocations).to_string();
        line.push(report.allocations.iter().map(allocations).collect::<Vec<_>>().join("/"));
        lines.push(line);
    }
    aligned(&lines)
}

/// The first column is the one of which the others are multiples.
fn times(report: &Report, table: &str) -> String {
    let times = || report.times.iter().filter(|time| time.table == table);
    let columns = in_order(times().map(|time| time.column.as_str()));
    let Some((base, multiples)) = columns.split_first() else { return String::new() };
    let mut lines = vec![vec![table.to_owned(), format!("microseconds of {base}")]];
    if let Some(header) = lines.first_mut() {
        header.extend(multiples.iter().map(|column| format!("{column} x")));
    }
    for row in in_order(times().map(|time| time.row.as_str())) {
        let nanoseconds = |column: &str| report.time(table, row, column).unwrap_or_default();
        let mut line = vec![row.to_owned(), format!("{:.1}", quotient(nanoseconds(base), 1_000))];
        let ratio = |column: &&str| format!("{:.2}", quotient(nanoseconds(column), nanoseconds(base)));
        line.extend(multiples.iter().map(ratio));
        lines.push(line);
    }
    aligned(&lines)
}

fn limits(limits: &[Limit], all: bool) -> String {
    let mut lines = vec![["limit", "worst", "bound", "verdict", "where"].map(str::to_owned).to_vec()];
    for rule in in_order(limits.iter().map(|limit| limit.rule.as_str())) {
        let cases: Vec<&Limit> = limits.iter().filter(|limit| limit.rule == rule).collect();
        let broken = cases.iter().filter(|limit| !limit.holds()).count();
        let shown: Vec<&Limit> =
            if all { cases.clone() } else { cases.iter().copied().reduce(worse).into_iter().collect() };
        for limit in shown {
            let verdict = match (limit.holds(), all) {
                (true, _) => "ok".to_owned(),
                (false, true) => "FAIL".to_owned(),
                (false, false) => format!("FAIL {broken} of {}", cases.len()),
            };
            let bound = match limit.bound {
                Bound::AtMost(bound) => format!("<= {bound:.2}"),
                Bound::AtLeast(bound) => format!(">= {bound:.2}"),
            };
            lines.push(vec![
                rule.to_owned(),
                format!("{:.2}", limit.ratio),
                bound,
                verdict,
                limit.case.clone(),
            ]);
        }
    }
    aligned(&lines)
}

fn worse<'a>(one: &'a Limit, other: &'a Limit) -> &'a Limit {
    if other.is_worse_than(one) { other } else { one }
}

/// Each once, in the order in which they come.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// `1234567` as `1_234_567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped
}

/// Columns of one width each: the first and the last begin at their left, the others end at their right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            if at == 0 || at + 1 == columns { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::report::{Time, tests::report};
    use super::*;

    #[test]
    fn the_tables_have_a_line_per_row_and_the_limits_their_worst_case() {
        let expected = "\
minified  instructions of floor  ours x  naive x  naive/ours  allocations of ours/naive
S000                      1_000    2.00  6000.00     3001.50  5/44

indented  instructions of floor  ours x  naive x  naive/ours  allocations of ours/naive
S000                      2_000    2.20     4.15        1.89  5/44

limit          worst    bound      verdict  where
ours            2.20  <= 2.00  FAIL 1 of 2  S000, indented
allocations     2.50  <= 2.50           ok  S000, minified
naive to ours   1.89  >= 2.00  FAIL 1 of 1  S000, indented";
        assert_eq!(table(&report(), false), expected);
    }

    #[test]
    fn every_case_is_told_when_asked_for() {
        let table = table(&report(), true);
        let limits: Vec<&str> = table.lines().skip_while(|line| !line.starts_with("limit")).collect();
        assert_eq!(limits.len(), 1 + 4);
        assert!(limits[1].ends_with("ok  S000, minified") && limits[2].ends_with("FAIL  S000, indented"));
    }

    #[test]
    fn what_was_only_timed_has_a_table_of_its_own() {
        let mut report = report();
        let time = |table: &str, row: &str, column: &str, nanoseconds| Time {
            table: table.to_owned(),
            row: row.to_owned(),
            column: column.to_owned(),
            nanoseconds,
        };
        report.times = vec![
            time("minified", "S000", "ours", 5),
            time("sockets", "one", "theirs", 20_000),
            time("sockets", "one", "ours", 21_000),
            time("sockets", "many", "theirs", 10_000),
            time("sockets", "many", "ours", 12_000),
        ];
        let table = table(&report, false);
        let timed: Vec<&str> = table.lines().filter(|line| !line.contains("S000")).skip(4).take(3).collect();
        assert_eq!(
            timed,
            [
                "sockets  microseconds of theirs  ours x",
                "one                        20.0  1.05",
                "many                       10.0  1.20",
            ]
        );
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1_000", "1_234_567"]);
    }
}
