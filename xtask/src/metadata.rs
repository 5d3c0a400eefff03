//! The workspace's packages, as `cargo metadata` lists them.

use serde_json::Value;

use crate::run::{self, Failure, Outcome};

#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Relative to the workspace's root.
    pub(crate) manifest: String,
    pub(crate) features: Vec<String>,
    pub(crate) has_examples: bool,
    pub(crate) published: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) optional: bool,
    /// `*` where the manifest gives only a path.
    pub(crate) requirement: String,
    pub(crate) has_path: bool,
    pub(crate) features: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

pub(crate) fn packages() -> Outcome<Vec<Package>> {
    // The manifests alone say all that is needed; without `--no-deps` cargo would fetch each platform's crates.
    let text = run::output(&mut run::cargo(["metadata", "--format-version", "1", "--no-deps"]))?;
    parse(&text)
}

fn parse(text: &str) -> Outcome<Vec<Package>> {
    let metadata: Value = serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("cargo metadata wrote no JSON: {error}")))?;
    let root = string(&metadata, "workspace_root");
    Ok(list(&metadata, "packages").iter().map(|package| read_package(package, &root)).collect())
}

fn read_package(package: &Value, root: &str) -> Package {
    let manifest = string(package, "manifest_path");
    let has_examples = |target: &Value| list(target, "kind").iter().any(|kind| kind == "example");
    Package {
        name: string(package, "name"),
        version: string(package, "version"),
        manifest: manifest.strip_prefix(root).unwrap_or(&manifest).trim_start_matches(['/', '\\']).to_owned(),
        features: package
            .get("features")
            .and_then(Value::as_object)
            .map(|features| features.keys().cloned().collect())
            .unwrap_or_default(),
        has_examples: list(package, "targets").iter().any(has_examples),
        // `publish = false` is an empty list of registries, no word about it is null.
        published: package.get("publish").is_none_or(Value::is_null),
        dependencies: list(package, "dependencies").iter().map(read_dependency).collect(),
    }
}

fn read_dependency(dependency: &Value) -> Dependency {
    Dependency {
        name: string(dependency, "name"),
        kind: match dependency.get("kind").and_then(Value::as_str) {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        },
        optional: dependency.get("optional").and_then(Value::as_bool).unwrap_or_default(),
        requirement: string(dependency, "req"),
        has_path: dependency.get("path").is_some_and(Value::is_string),
        features: list(dependency, "features")
            .iter()
            .filter_map(|feature| feature.as_str().map(str::to_owned))
            .collect(),
    }
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_with_its_dependencies() {
        let text = r#"{
            "workspace_root": "/w",
            "packages": [{
                "name": "lamp", "version": "1.2.3", "manifest_path": "/w/crates/lamp/Cargo.toml", "publish": [],
                "features": {"default": ["bulb"], "bulb": []},
                "targets": [{"kind": ["lib"]}, {"kind": ["example"]}],
                "dependencies": [
                    {"name": "wire", "kind": null, "optional": true, "req": "^1", "features": ["thin"]},
                    {"name": "desk", "kind": "dev", "optional": false, "req": "*", "path": "/w/crates/desk", "features": []}
                ]
            }]
        }"#;
        let packages = parse(text).unwrap();
        let lamp = &packages[0];
        assert_eq!((lamp.name.as_str(), lamp.version.as_str()), ("lamp", "1.2.3"));
        assert_eq!(lamp.manifest, "crates/lamp/Cargo.toml");
        assert_eq!(lamp.features, ["bulb", "default"]);
        assert!(lamp.has_examples && !lamp.published);
        let [wire, desk] = lamp.dependencies.as_slice() else { panic!("{:?}", lamp.dependencies) };
        assert!(wire.kind == Kind::Normal && wire.optional && !wire.has_path && wire.features == ["thin"]);
        assert!(desk.kind == Kind::Dev && desk.has_path && desk.requirement == "*");
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        assert!(parse("error: no manifest").unwrap_err().to_string().contains("no JSON"));
    }
}
