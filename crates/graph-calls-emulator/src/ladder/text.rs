//! The ladder as text, at most 100 columns wide.

use std::time::Duration;

use super::layout::{Ladder, Row, Stroke};
use crate::trace::Lane;

/// Whether a text has ANSI colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// With colours.
    Always,
    /// Without.
    #[default]
    Never,
}

/// Columns for the time, left of the lanes.
const MARGIN: usize = 9;
/// Columns between the lanes of people and service.
const LEFT: usize = 28;
/// Columns between the lanes of service and bot. All together, 99 columns.
const RIGHT: usize = 59;
/// Columns of all lanes.
const LANES: usize = LEFT + RIGHT + 3;
/// The most lines of one label.
const LINES: usize = 3;

/// The ink of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ink {
    Plain,
    Bold,
    Dim,
    Person,
    Failure,
}

impl Ink {
    fn code(self) -> Option<&'static str> {
        match self {
            Ink::Plain => None,
            Ink::Bold => Some("1"),
            Ink::Dim => Some("2"),
            Ink::Person => Some("36"),
            Ink::Failure => Some("31"),
        }
    }
}

/// Draws a ladder.
pub(crate) fn text(ladder: &Ladder, colour: Colour) -> String {
    let mut pen = Pen { text: String::new(), colour };
    pen.header(ladder);
    for row in &ladder.rows {
        pen.row(row);
    }
    pen.footer(ladder);
    pen.text
}

#[derive(Debug)]
struct Pen {
    text: String,
    colour: Colour,
}

impl Pen {
    fn put(&mut self, ink: Ink, text: &str) {
        match ink.code().filter(|_| self.colour == Colour::Always) {
            Some(code) => {
                self.text.push_str("\u{1b}[");
                self.text.push_str(code);
                self.text.push('m');
                self.text.push_str(text);
                self.text.push_str("\u{1b}[0m");
            }
            None => self.text.push_str(text),
        }
    }

    fn end_line(&mut self) {
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
    }

    fn margin(&mut self, ink: Ink, text: &str) {
        self.put(ink, &format!("{text:>width$} ", width = MARGIN - 1));
    }

    fn header(&mut self, ladder: &Ladder) {
        self.put(Ink::Bold, &format!("call {}", cut(&ladder.call, 60)));
        self.end_line();
        if !ladder.title.is_empty() {
            self.put(Ink::Plain, &cut(&ladder.title, LANES + MARGIN));
            self.end_line();
        }
        self.end_line();
        let [people, service, bot] = ladder.lanes;
        self.margin(Ink::Plain, "");
        self.put(Ink::Bold, &pad(people, LEFT + 1));
        self.put(Ink::Bold, &pad(service, LANES - LEFT - 1 - bot.len()));
        self.put(Ink::Bold, bot);
        self.end_line();
        self.margin(Ink::Plain, "");
        self.put(Ink::Dim, &format!("┬{}┬{}┬", " ".repeat(LEFT), " ".repeat(RIGHT)));
        self.end_line();
    }

    fn row(&mut self, row: &Row) {
        let with_people = row.from == Lane::Caller || row.to == Lane::Caller;
        let width = if with_people { LEFT } else { RIGHT };
        let rightwards = row.from < row.to;
        let label = if row.failed { format!("✗ {}", row.label) } else { row.label.clone() };
        // An arrow has its head, two strokes and a space on each side of the label.
        let lines = wrap(&label, width - 5);
        let ink = match (row.failed, row.stroke) {
            (true, _) => Ink::Failure,
            (_, Stroke::Full) => Ink::Plain,
            (_, Stroke::Thin) => Ink::Dim,
            (_, Stroke::Person) => Ink::Person,
        };
        for (place, line) in lines.iter().enumerate() {
            let first = place == 0;
            self.margin(Ink::Dim, &if first { since(row.after) } else { String::new() });
            let between = match (first, row.stroke) {
                (true, Stroke::Thin) => arrow(line, width, rightwards, '╌'),
                (true, Stroke::Full | Stroke::Person) => arrow(line, width, rightwards, '─'),
                (false, _) => pad(&format!("   {line}"), width),
            };
            self.put(Ink::Dim, "│");
            if with_people {
                self.put(ink, &between);
                self.put(Ink::Dim, &format!("│{}│", " ".repeat(RIGHT)));
            } else {
                self.put(Ink::Dim, &format!("{}│", " ".repeat(LEFT)));
                self.put(ink, &between);
                self.put(Ink::Dim, "│");
            }
            self.end_line();
        }
    }

    fn footer(&mut self, ladder: &Ladder) {
        self.margin(Ink::Plain, "");
        self.put(Ink::Dim, &format!("┴{}┴{}┴", " ".repeat(LEFT), " ".repeat(RIGHT)));
        self.end_line();
        if let Some(failure) = ladder.first_failure() {
            self.note(Ink::Failure, &format!("✗ first failure, exchange {}: {}", failure.seq, failure.label));
        }
        let lasted = spell(ladder.lasted);
        match &ladder.ending {
            Some(ending) => self.note(Ink::Bold, &format!("ended after {lasted}, {ending}")),
            None => self.note(Ink::Plain, &format!("not over after {lasted}")),
        }
    }

    fn note(&mut self, ink: Ink, note: &str) {
        for line in wrap(note, LANES) {
            self.margin(Ink::Plain, "");
            self.put(ink, &line);
            self.end_line();
        }
    }
}

/// `── label ───▶` or `◀── label ───`
fn arrow(label: &str, width: usize, rightwards: bool, stroke: char) -> String {
    let strokes = |count: usize| stroke.to_string().repeat(count);
    let rest = width.saturating_sub(columns(label) + 5);
    if rightwards {
        format!("{} {label} {}▶", strokes(2), strokes(rest))
    } else {
        format!("◀{} {label} {}", strokes(1), strokes(rest + 1))
    }
}

/// The time since the row before; nothing where it is less than can be shown.
fn since(after: Duration) -> String {
    if after < Duration::from_millis(1) { String::new() } else { format!("+{}", spell(after)) }
}

fn spell(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", duration.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else if seconds < 3600.0 {
        format!("{:.1} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// How many columns a terminal gives to a text.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Wide are the scripts of East Asia and the pictures; none are marks that sit on other letters.
fn width(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text, or its beginning with an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        text.to_owned()
    } else {
        format!("{}…", head(text, width.saturating_sub(1)).0)
    }
}

/// As much of the text as fits, and the rest.
fn head(text: &str, limit: usize) -> (&str, &str) {
    let mut used = 0;
    let end = text.char_indices().find(|(_, letter)| {
        used += width(*letter);
        used > limit
    });
    text.split_at_checked(end.map_or(text.len(), |(at, _)| at)).unwrap_or((text, ""))
}

/// Breaks a text at spaces; what is longer than all lines is cut.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while columns(rest) > width && lines.len() + 1 < LINES {
        let (line, _) = head(rest, width + 1);
        let broken = line.rsplit_once(' ').map(|(line, _)| line).filter(|line| !line.is_empty());
        let line = broken.unwrap_or_else(|| head(rest, width).0);
        lines.push(line.trim_end().to_owned());
        rest = rest.strip_prefix(line).unwrap_or_default().trim_start();
    }
    lines.push(cut(rest, width));
    lines
}

#[cfg(test)]
mod tests {
    use super::{
        super::layout::{layout, samples},
        *,
    };
    use crate::{
        summary,
        trace::{
            Exchange,
            ExchangeKind::{Request, Response},
        },
        world::{Answer, FaultPhase},
    };

    #[test]
    fn a_call_is_drawn_as_a_ladder() {
        insta::assert_snapshot!(text(&layout(&samples::call()), Colour::Never));
    }

    #[test]
    fn a_fault_is_marked_on_the_arrow_of_the_answer() {
        let exchanges = FaultPhase::all().into_iter().zip(1..).flat_map(|(phase, place): (_, u64)| {
            let mut answer = Answer::none(1, None, phase.clone());
            answer.status = match &phase {
                FaultPhase::Status { status, .. } => *status,
                phase if phase.has_effect() => 202,
                _ => 0,
            };
            let response = samples::exchange(place * 2, place, Response, false, &summary::answer(&answer));
            let fault = Some(phase.as_str().to_owned());
            [
                samples::exchange(place * 2 - 1, place, Request, true, "POST …/reject"),
                Exchange { fault, ..response },
            ]
        });
        insta::assert_snapshot!(text(&layout(&exchanges.collect::<Vec<_>>()), Colour::Never));
    }

    #[test]
    fn no_line_is_wider_than_a_hundred_columns() {
        let mut exchanges = samples::call();
        for exchange in &mut exchanges {
            exchange.call = Some("x".repeat(256));
            exchange.summary = format!("{} {}", exchange.summary, "早く".repeat(200));
        }
        for line in text(&layout(&exchanges), Colour::Never).lines() {
            assert!(columns(line) <= 100, "{line}");
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let ladder = layout(&samples::call());
        let mut bare = text(&ladder, Colour::Always);
        for code in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[36m"] {
            assert!(bare.contains(code), "{code:?}");
            bare = bare.replace(code, "");
        }
        let plain = text(&ladder, Colour::Never);
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(trimmed(&bare), trimmed(&plain));
    }

    #[test]
    fn long_labels_break_at_spaces_and_end_in_an_ellipsis() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a b c d e f g", 3), ["a b", "c d", "e …"]);
    }

    #[test]
    fn durations_are_spelled_by_their_size() {
        let spelled = |millis| spell(Duration::from_millis(millis));
        assert_eq!(spelled(12), "12 ms");
        assert_eq!(spelled(1_250), "1.25 s");
        assert_eq!(spelled(90_000), "1.5 min");
        assert_eq!(spelled(9_000_000), "2.5 h");
    }
}
