//! What callgrind writes about one measured region.

use std::collections::BTreeMap;

use crate::run::{Failure, Outcome};

/// What one region cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// How often the allocator was asked for memory.
    pub(crate) allocations: u64,
}

/// The functions of libc that ask for memory. The demangled names of Rust's own (`__rdl_alloc`) lead to these.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// Reads a dump; none if it was not written at the end of a region.
///
/// The lines that matter: `fn=` is who spends what follows, `cfn=` whom it calls, `calls=` how often. A name stands
/// in full with its number once, later the number stands alone.
pub(crate) fn read(dump: &str) -> Outcome<Option<Cost>> {
    if !dump.lines().any(|line| line.starts_with("desc: Trigger: --dump-after=")) {
        return Ok(None);
    }
    let mut names = BTreeMap::new();
    let mut instructions = None;
    let mut allocations = 0;
    let mut in_allocator = false;
    let mut is_request = false;
    for line in dump.lines() {
        let Some((key, value)) = line.split_once('=').or_else(|| line.split_once(": ")) else { continue };
        match key {
            "fn" => in_allocator = is_allocator(name(value, &mut names)?),
            "cfn" => is_request = is_allocator(name(value, &mut names)?),
            // An allocator that calls another one is still asked once.
            "calls" if is_request && !in_allocator => allocations += number(value)?,
            "totals" => instructions = Some(number(value)?),
            _ => {}
        }
    }
    let instructions = instructions.ok_or_else(|| Failure::new("a dump of callgrind has no totals"))?;
    Ok(Some(Cost { instructions, allocations }))
}

/// `(12) malloc` or, later, `(12)`.
fn name<'d>(text: &'d str, names: &mut BTreeMap<&'d str, &'d str>) -> Outcome<&'d str> {
    let (number, name) = text.split_once(')').unwrap_or((text, ""));
    let name = name.trim();
    if !name.is_empty() {
        names.insert(number, name);
    }
    names.get(number).copied().ok_or_else(|| Failure::new(format!("a dump of callgrind names nobody {text}")))
}

/// Symbols have a version behind `@@` and the level of a recursion behind `'`.
fn is_allocator(name: &str) -> bool {
    let name = name.split(['@', '\'']).next().unwrap_or_default();
    ALLOCATORS.contains(&name.strip_prefix("__libc_").unwrap_or(name))
}

/// The first number of a line.
fn number(text: &str) -> Outcome<u64> {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.parse()
        .map_err(|_| Failure::new(format!("a dump of callgrind has no number where one belongs: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "\
# callgrind format
version: 1
cmd:  target/release/ratios parse
desc: Trigger: --dump-after=ratios::report::measured_region

positions: line
events: Ir
summary: 2931

ob=(6)
fl=(140) ???
fn=(1064) ratios::report::measured_region
0 6
cfn=(1034) __rustc::__rdl_alloc
calls=3 0
0 1

fn=(1034)
0 52
cob=(3) /usr/lib/x86_64-linux-gnu/libc.so.6
cfi=(161) ./malloc/./malloc/malloc.c
cfn=(852) malloc
calls=24 3281
0 336
cfn=(1136) posix_memalign@@GLIBC_2.2.5
calls=2 5676
0 428

fn=(962) realloc
3394 18
cfn=(852)
calls=7 3281
* 120
fn=(1065) ratios::malloc_of_another_kind
cfn=(962)
calls=4 3394
* 6
cfn=(864) _int_malloc
calls=18 1338

totals: 2931
";

    #[test]
    fn a_dump_has_its_instructions_and_its_allocations() {
        assert_eq!(read(DUMP).unwrap(), Some(Cost { instructions: 2931, allocations: 24 + 2 + 4 }));
    }

    #[test]
    fn what_was_spent_before_a_region_is_no_cost_of_it() {
        let before = DUMP.replace("--dump-after", "--dump-before");
        assert_eq!(read(&before).unwrap(), None);
        assert_eq!(read("desc: Trigger: Program termination\ntotals: 5\n").unwrap(), None);
    }

    #[test]
    fn a_dump_that_is_not_as_expected_is_an_error() {
        let broken = |from: &str, to: &str| read(&DUMP.replace(from, to)).unwrap_err().to_string();
        assert!(broken("totals: 2931", "").contains("no totals"));
        assert!(broken("cfn=(852)\n", "cfn=(999)\n").contains("names nobody (999)"));
        assert!(broken("calls=24 3281", "calls=many").contains("no number"));
    }
}
