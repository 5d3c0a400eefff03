//! What really comes along below a crate, held against the table.

use super::Violation;

pub(super) struct Closure {
    pub(super) name: &'static str,
    /// Nothing but these.
    pub(super) only: Option<&'static [&'static str]>,
    pub(super) never: &'static [&'static str],
    pub(super) never_features: &'static [(&'static str, &'static str)],
}

/// A line of `cargo tree` with it: `tokio v1.54.1;sync,time`.
pub(super) const FORMAT: &str = "{p};{f}";

pub(super) fn violations(closure: &Closure, manifest: &str, tree: &str) -> Vec<Violation> {
    let mut problems: Vec<String> = tree.lines().flat_map(|line| check(closure, line)).collect();
    // A crate has a line for each way to it.
    problems.sort();
    problems.dedup();
    let violation = |problem| Violation { name: closure.name.to_owned(), file: manifest.to_owned(), problem };
    problems.into_iter().map(violation).collect()
}

fn check(closure: &Closure, line: &str) -> Vec<String> {
    let (package, features) = line.split_once(';').unwrap_or((line, ""));
    let Some(name) = package.split_whitespace().next() else { return Vec::new() };
    let mut problems = Vec::new();
    let is_foreign = closure.only.is_some_and(|only| !only.contains(&name));
    if is_foreign || closure.never.contains(&name) {
        problems.push(format!("brings {name} along; {}", who_brings(closure, name)));
    }
    // A repeated line ends in ` (*)`.
    for feature in features.trim_end_matches(" (*)").split(',') {
        if closure.never_features.contains(&(name, feature)) {
            problems.push(format!("turns on {feature} of {name}; {}", who_brings(closure, name)));
        }
    }
    problems
}

fn who_brings(closure: &Closure, name: &str) -> String {
    format!("`cargo tree -p {} -e normal,features --all-features -i {name}` shows how", closure.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: Closure = Closure {
        name: "lib",
        only: None,
        never: &["reqwest"],
        never_features: &[("tokio", "rt"), ("tokio", "net")],
    };

    fn problems(closure: &Closure, tree: &str) -> Vec<String> {
        violations(closure, "lib/Cargo.toml", tree).into_iter().map(|violation| violation.problem).collect()
    }

    #[test]
    fn a_tree_without_them_passes() {
        let tree =
            "lib v0.1.0 (/w/lib);\ntokio v1.54.1;sync,time\n\nserde_derive v1.0.0 (proc-macro);default (*)\n";
        assert_eq!(problems(&LIB, tree), [""; 0]);
    }

    #[test]
    fn a_forbidden_crate_is_named_once_however_often_it_is_there() {
        let found = problems(&LIB, "reqwest v0.13.5;rustls\nreqwest v0.13.5;rustls (*)\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("brings reqwest along; `cargo tree -p lib "), "{found:?}");
    }

    #[test]
    fn a_forbidden_feature_is_found_in_the_last_place_too() {
        let found = problems(&LIB, "tokio v1.54.1;net,sync\ntokio v1.54.1;net,rt (*)\n");
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("turns on net of tokio"), "{found:?}");
        assert!(found[1].starts_with("turns on rt of tokio"), "{found:?}");
    }

    #[test]
    fn nothing_but_the_family_passes() {
        let family = Closure { only: Some(&["lib", "serde"]), ..LIB };
        let found = problems(&family, "lib v0.1.0;\nserde v1.0.0;std\nbytes v1.0.0;std\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("brings bytes along"), "{found:?}");
    }
}
