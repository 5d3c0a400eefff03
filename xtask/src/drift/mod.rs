//! Holds `schema.tsv` against the model and against the metadata.

mod csdl;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use csdl::Declared;

use crate::run::{self, Failure, Outcome};

const TABLE: &str = "crates/graph-calls-model/tests/schema.tsv";

/// The folder beside the project's is only there where it is worked on; all else works without it.
const METADATA: &str = "../shared/api/calls-v1.0.csdl.xml";

/// How the lines of the test begin that holds the model against the table.
const MARK: &str = "drift: ";

/// The type and its member; `:base` is the type itself.
type Place<'a> = (&'a str, &'a str);

pub(crate) fn run() -> Outcome {
    let table_fits = metadata_fits_table(&run::root())?;
    let model_fits = model_fits_table()?;
    if table_fits && model_fits {
        return Ok(());
    }
    let what = match (table_fits, model_fits) {
        (true, _) => "the model and schema.tsv differ",
        (_, true) => "schema.tsv and the metadata differ",
        _ => "the model, schema.tsv and the metadata differ",
    };
    Err(Failure::new(format!("drift: {what}")).with_repeat("cargo xtask drift"))
}

fn metadata_fits_table(root: &Path) -> Outcome<bool> {
    let table = fs::read_to_string(root.join(TABLE))
        .map_err(|error| Failure::new(format!("{TABLE} cannot be read: {error}")))?;
    let Ok(metadata) = fs::read_to_string(root.join(METADATA)) else {
        println!("{MARK}the metadata is not at hand, compared with the table alone");
        return Ok(true);
    };
    let metadata = csdl::read(&metadata).map_err(|problem| Failure::new(format!("{METADATA}: {problem}")))?;
    let differences = differences(&read_table(&table), &metadata);
    for difference in &differences {
        println!("{MARK}{difference}");
    }
    if differences.is_empty() {
        println!("{MARK}{} declarations of the metadata are in schema.tsv as they are there", metadata.len());
    }
    Ok(differences.is_empty())
}

/// Runs the test that holds the model against the table and passes on what it says.
fn model_fits_table() -> Outcome<bool> {
    // With the flags of the tests' stage, so that nothing is built twice.
    let mut command = run::cargo(["test", "--quiet", "--workspace", "--all-features", "--test", "drift"]);
    command.args(["--", "--exact", "the_model_and_the_table_agree", "--nocapture"]);
    let output = command.output().map_err(|error| Failure::new(format!("cargo: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = lines_of_test(&text);
    for line in &lines {
        println!("{line}");
    }
    if lines.is_empty() {
        print!("{text}");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(
            Failure::new("the test of the model could not be run").with_repeat(run::describe(&command))
        );
    }
    Ok(output.status.success())
}

/// What the test says, without what its harness says around it.
fn lines_of_test(text: &str) -> Vec<&str> {
    // On a machine with one core the harness begins the first of them with the test's name.
    text.lines().filter_map(|line| line.get(line.find(MARK)?..)).collect()
}

/// The rows by place, with the version they are in. The test refuses a table out of order, so that nothing is said here.
fn read_table(text: &str) -> BTreeMap<Place<'_>, (&str, Declared)> {
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|row| {
        let [of, member, edm, version, remark] = row.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let declared = remark.split(';').next()?.split(", ").filter(|words| csdl::is_declaration(words));
        let declared = Declared { edm: edm.to_owned(), words: declared.map(str::to_owned).collect() };
        Some(((of, member), (version, declared)))
    })
    .collect()
}

fn differences(
    table: &BTreeMap<Place<'_>, (&str, Declared)>,
    metadata: &BTreeMap<(String, String), Declared>,
) -> Vec<String> {
    let mut differences = Vec::new();
    for ((of, member), declared) in metadata {
        let words = words(&declared.words);
        let problem = match table.get(&(of.as_str(), member.as_str())) {
            None => {
                let row = [of.as_str(), member, &declared.edm, "v1.0", &words].join("\t");
                format!("the metadata has it and schema.tsv has not; add the row\n{row}")
            }
            Some(("v1.0", row)) if row == declared => continue,
            Some(("v1.0", row)) => format!(
                "{} ({words}) in the metadata, {} ({}) in schema.tsv; correct the row, and then the model",
                declared.edm,
                row.edm,
                self::words(&row.words),
            ),
            Some((version, _)) => {
                format!("the metadata has it now, but schema.tsv calls it {version}; make it v1.0 there")
            }
        };
        differences.push(format!("{of}.{member}: {problem}"));
    }
    for ((of, member), _) in table.iter().filter(|(_, (version, _))| *version == "v1.0") {
        if !metadata.contains_key(&((*of).to_owned(), (*member).to_owned())) {
            differences.push(format!(
                "{of}.{member}: v1.0 in schema.tsv, but not in the metadata; make it legacy if it once was there"
            ));
        }
    }
    differences
}

fn words(words: &BTreeSet<String>) -> String {
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = "\
# what it is
type\tmember\tEDM type\tversion\tremark
action/dim\t:base\taction\tv1.0\ton lamp, on desk; by and by
action/dim\tby\tEdm.Int32\tv1.0\t-
lamp\t:base\t-\tv1.0\topen
lamp\tcolor\tEdm.String\tbeta\ton and off
lamp\twatts\tEdm.Int32\tv1.0\tnot null; on the plate, where it is, optional
";

    fn metadata(change: impl Fn(String) -> String) -> BTreeMap<(String, String), Declared> {
        let text = r#"<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
            <Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">
                <ComplexType Name="lamp" OpenType="true"><Property Name="watts" Type="Edm.Int32" Nullable="false" /></ComplexType>
                <Action Name="dim" IsBound="true">
                    <Parameter Name="bindingParameter" Type="graph.lamp" /><Parameter Name="by" Type="Edm.Int32" /></Action>
                <Action Name="dim" IsBound="true">
                    <Parameter Name="bindingParameter" Type="graph.desk" /><Parameter Name="by" Type="Edm.Int32" /></Action>
            </Schema></edmx:DataServices></edmx:Edmx>"#;
        csdl::read(&change(text.to_owned())).unwrap()
    }

    fn difference(from: &str, to: &str) -> String {
        let differences = differences(&read_table(ROWS), &metadata(|text| text.replacen(from, to, 1)));
        let [difference] = differences.as_slice() else { panic!("{differences:#?}") };
        difference.clone()
    }

    #[test]
    fn a_table_like_the_metadata_does_not_differ() {
        assert_eq!(differences(&read_table(ROWS), &metadata(|text| text)), [""; 0]);
    }

    #[test]
    fn what_only_the_metadata_has_comes_with_its_row() {
        let height = r#"<Property Name="watts""#;
        let more = format!(
            r#"<Property Name="heights" Type="Collection(graph.height)" Nullable="false" />{height}"#
        );
        assert_eq!(
            difference(height, &more),
            "lamp.heights: the metadata has it and schema.tsv has not; add the row\n\
             lamp\theights\tCollection(height)\tv1.0\tnot null"
        );
    }

    #[test]
    fn what_only_the_table_has_is_a_difference_where_it_says_v1() {
        let gone = r#"<Property Name="watts" Type="Edm.Int32" Nullable="false" />"#;
        assert!(difference(gone, "").starts_with("lamp.watts: v1.0 in schema.tsv, but not in the metadata"));
    }

    #[test]
    fn what_came_from_beta_is_a_difference() {
        let color = r#"<Property Name="color" Type="Edm.String" /><Property Name="watts""#;
        let found = difference(r#"<Property Name="watts""#, color);
        assert_eq!(
            found,
            "lamp.color: the metadata has it now, but schema.tsv calls it beta; make it v1.0 there"
        );
    }

    #[test]
    fn another_type_or_another_declaration_is_a_difference() {
        assert_eq!(
            difference(r#""Edm.Int32" Nullable="false""#, r#""Edm.Int64" Nullable="false""#),
            "lamp.watts: Edm.Int64 (not null) in the metadata, Edm.Int32 (not null) in schema.tsv; \
             correct the row, and then the model"
        );
        assert!(
            difference(r#" Nullable="false""#, "").starts_with("lamp.watts: Edm.Int32 (-) in the metadata")
        );
        assert!(difference(r#" OpenType="true""#, "").starts_with("lamp.:base: - (-) in the metadata"));
        assert!(
            difference("graph.desk", "graph.bed").starts_with("action/dim.:base: action (on bed, on lamp)")
        );
    }

    #[test]
    fn without_the_metadata_the_table_is_enough() {
        let root = std::env::temp_dir().join(format!("xtask-drift-{}/house", std::process::id()));
        assert!(metadata_fits_table(&root).unwrap_err().to_string().contains("schema.tsv cannot be read"));
        fs::create_dir_all(root.join(TABLE).parent().unwrap()).unwrap();
        fs::write(root.join(TABLE), ROWS).unwrap();
        assert!(metadata_fits_table(&root).unwrap());
        fs::create_dir_all(root.join(METADATA).parent().unwrap()).unwrap();
        fs::write(root.join(METADATA), "<Schema/>").unwrap();
        assert!(!metadata_fits_table(&root).unwrap());
        fs::write(root.join(METADATA), "no XML").unwrap();
        assert!(metadata_fits_table(&root).unwrap_err().to_string().starts_with(METADATA));
        fs::remove_dir_all(root.parent().unwrap()).unwrap();
    }

    #[test]
    fn the_harness_is_not_passed_on() {
        let text = "\nrunning 1 test\ntest the_model ... drift: a.b: gone\ndrift: 1 difference\nFAILED\n";
        assert_eq!(lines_of_test(text), ["drift: a.b: gone", "drift: 1 difference"]);
    }
}
