//! What the manifests name, held against the table.

use super::Violation;
use crate::metadata::{Dependency, Kind, Package};

pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) edges: &'static [&'static str],
    pub(super) dev_edges: &'static [&'static str],
    pub(super) outside: Outside,
}

pub(super) enum Outside {
    Any,
    Only(&'static [&'static [&'static str]]),
}

/// Crate, what it depends on, and the features it may ask for.
type Features = (&'static str, &'static str, &'static [&'static str]);

pub(super) fn violations(packages: &[Package], rows: &[Row], features: &[Features]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in packages {
        let Some(row) = rows.iter().find(|row| row.name == package.name) else {
            violations.push(violation(package, "has no row in the table: give it one".to_owned()));
            continue;
        };
        for dependency in &package.dependencies {
            // A sibling taken from the registry instead of by path is a sibling nevertheless.
            let is_edge = dependency.has_path || rows.iter().any(|row| row.name == dependency.name);
            let problem =
                if is_edge { check_edge(package, dependency, row) } else { check_outside(dependency, row) };
            violations.extend(problem.map(|problem| violation(package, problem)));
            violations.extend(
                check_features(package, dependency, features).map(|problem| violation(package, problem)),
            );
        }
    }
    violations
}

fn violation(package: &Package, problem: String) -> Violation {
    Violation { name: package.name.clone(), file: package.manifest.clone(), problem }
}

fn check_edge(package: &Package, dependency: &Dependency, row: &Row) -> Option<String> {
    let Dependency { name, requirement, .. } = dependency;
    let allowed = permission(row.edges, dependency);
    match (dependency.kind, allowed) {
        (Kind::Normal, Permission::Granted) => {
            let wanted = format!("={}", package.version);
            (package.published && *requirement != wanted).then(|| {
                format!(
                    "depends on {name} {requirement:?}; the crates are released together: take {wanted:?}"
                )
            })
        }
        (Kind::Normal, Permission::OnlyOptional) => {
            Some(format!("depends on {name} always; it may only be optional, behind a feature"))
        }
        (Kind::Normal, Permission::Refused) => Some(format!("depends on {name}; {}", may_take(row.edges))),
        // An edge that exists anyway, maybe with more features: nothing new to publish first.
        (Kind::Dev, Permission::Granted | Permission::OnlyOptional) => None,
        (Kind::Dev, Permission::Refused)
            if *name == package.name || row.dev_edges.contains(&name.as_str()) =>
        {
            (requirement != "*").then(|| {
                format!(
                    "depends on {name} {requirement:?} in its tests; give the path only, without a version"
                )
            })
        }
        (Kind::Dev, Permission::Refused) => {
            let known = [row.edges, row.dev_edges].concat();
            Some(format!("depends on {name} in its tests; there {}", may_take(&known)))
        }
        (Kind::Build, _) => {
            Some(format!("depends on {name} in its build script; nothing of the workspace may be there"))
        }
    }
}

fn check_outside(dependency: &Dependency, row: &Row) -> Option<String> {
    let Outside::Only(lists) = &row.outside else { return None };
    let name = &dependency.name;
    match dependency.kind {
        Kind::Dev => None,
        Kind::Build => Some(format!("depends on {name} in its build script; it has none")),
        Kind::Normal => match permission(&lists.concat(), dependency) {
            Permission::Granted => None,
            Permission::OnlyOptional => {
                Some(format!("depends on {name} always; it may only be optional, behind a feature"))
            }
            Permission::Refused => {
                Some(format!("depends on {name}; it is not among the crates it may take from outside"))
            }
        },
    }
}

fn check_features(package: &Package, dependency: &Dependency, features: &[Features]) -> Option<String> {
    let (.., allowed) =
        features.iter().find(|(from, to, _)| *from == package.name && *to == dependency.name)?;
    let mut extra = dependency.features.iter().filter(|feature| !allowed.contains(&feature.as_str()));
    let feature = (dependency.kind != Kind::Dev).then(|| extra.next())??;
    Some(format!("asks {} for the feature {feature}; it may ask for {}", dependency.name, allowed.join(", ")))
}

enum Permission {
    Granted,
    OnlyOptional,
    Refused,
}

fn permission(allowed: &[&str], dependency: &Dependency) -> Permission {
    let mut entries = allowed.iter().filter_map(|entry| match entry.strip_suffix('?') {
        Some(name) => (name == dependency.name).then_some(dependency.optional),
        None => (*entry == dependency.name).then_some(true),
    });
    match entries.next() {
        Some(true) => Permission::Granted,
        Some(false) => Permission::OnlyOptional,
        None => Permission::Refused,
    }
}

fn may_take(edges: &[&str]) -> String {
    if edges.is_empty() {
        "of the workspace it may take nothing".to_owned()
    } else {
        format!("of the workspace it may take {}", edges.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{FEATURES, ROWS};
    use super::*;

    fn package(name: &str, dependencies: &[Dependency]) -> Package {
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            published: true,
            dependencies: dependencies.to_vec(),
            ..Package::default()
        }
    }

    fn sibling(name: &str) -> Dependency {
        Dependency { requirement: "=0.1.0".to_owned(), has_path: true, ..outside(name) }
    }

    fn outside(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            kind: Kind::Normal,
            optional: false,
            requirement: "^1".to_owned(),
            has_path: false,
            features: Vec::new(),
        }
    }

    fn by_path(name: &str) -> Dependency {
        Dependency { kind: Kind::Dev, requirement: "*".to_owned(), ..sibling(name) }
    }

    fn optional(dependency: Dependency) -> Dependency {
        Dependency { optional: true, ..dependency }
    }

    fn problems(package: Package) -> Vec<String> {
        violations(&[package], ROWS, FEATURES).into_iter().map(|violation| violation.problem).collect()
    }

    #[test]
    fn the_house_as_designed_passes() {
        let house = [
            package("graph-calls-model", &[outside("serde"), outside("serde_json")]),
            package(
                "graph-calls-core",
                &[sibling("graph-calls-model"), outside("tower"), by_path("graph-calls-core")],
            ),
            package(
                "graph-calls-http",
                &[sibling("graph-calls-core"), outside("reqwest"), by_path("graph-calls-emulator")],
            ),
            package(
                "graph-calls-bot",
                &[
                    sibling("graph-calls-core"),
                    optional(sibling("graph-calls-http")),
                    optional(outside("axum")),
                ],
            ),
            package("graph-calls-emulator", &[sibling("graph-calls-model"), outside("hyper")]),
            package("benches", &[Dependency { kind: Kind::Dev, ..sibling("graph-calls-http") }]),
        ];
        assert_eq!(violations(&house, ROWS, FEATURES), []);
    }

    #[test]
    fn an_edge_added_by_hand_is_named_with_its_manifest() {
        let found =
            violations(&[package("graph-calls-core", &[sibling("graph-calls-http")])], ROWS, FEATURES);
        let [violation] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            violation.to_string(),
            "graph-calls-core depends on graph-calls-http; of the workspace it may take graph-calls-model\n    \
             look at crates/graph-calls-core/Cargo.toml"
        );
    }

    #[test]
    fn a_sibling_from_the_registry_is_still_a_sibling() {
        assert_eq!(problems(package("graph-calls-emulator", &[outside("graph-calls-core")])).len(), 1);
    }

    #[test]
    fn the_emulator_may_not_take_the_client_even_in_its_tests() {
        let found = problems(package("graph-calls-emulator", &[by_path("graph-calls-http")]));
        assert!(found[0].contains("in its tests"), "{found:?}");
    }

    #[test]
    fn the_bot_takes_http_only_behind_its_feature() {
        let found = problems(package("graph-calls-bot", &[sibling("graph-calls-http")]));
        assert!(found[0].contains("only be optional"), "{found:?}");
    }

    #[test]
    fn a_dev_edge_with_a_version_could_not_be_published() {
        let versioned = Dependency { requirement: "=0.1.0".to_owned(), ..by_path("graph-calls-emulator") };
        let found = problems(package("graph-calls-http", &[versioned]));
        assert!(found[0].contains("path only"), "{found:?}");
    }

    #[test]
    fn siblings_are_taken_at_exactly_their_own_version() {
        let loose = Dependency { requirement: "^0.1.0".to_owned(), ..sibling("graph-calls-model") };
        let found = problems(package("graph-calls-core", &[loose]));
        assert!(found[0].contains("=0.1.0"), "{found:?}");
    }

    #[test]
    fn a_crate_from_outside_that_is_not_listed_is_refused() {
        let found = problems(package("graph-calls-core", &[outside("reqwest")]));
        assert!(found[0].contains("depends on reqwest"), "{found:?}");
        let in_tests = Dependency { kind: Kind::Dev, ..outside("reqwest") };
        assert_eq!(problems(package("graph-calls-core", &[in_tests])), [""; 0]);
    }

    #[test]
    fn build_dependencies_are_refused() {
        let build = |dependency| Dependency { kind: Kind::Build, ..dependency };
        assert_eq!(problems(package("graph-calls-core", &[build(outside("serde"))])).len(), 1);
        assert_eq!(problems(package("graph-calls-cli", &[build(sibling("graph-calls-model"))])).len(), 1);
    }

    #[test]
    fn a_feature_that_brings_a_runtime_is_refused() {
        let with_rt = Dependency { features: vec!["time".to_owned(), "rt".to_owned()], ..outside("tokio") };
        let found = problems(package("graph-calls-core", std::slice::from_ref(&with_rt)));
        assert!(found[0].contains("feature rt"), "{found:?}");
        let in_tests = Dependency { kind: Kind::Dev, ..with_rt };
        assert_eq!(problems(package("graph-calls-core", &[in_tests])), [""; 0]);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert!(problems(package("graph-calls-extra", &[]))[0].contains("no row"));
    }
}
