//! Holds the model against `schema.tsv`: no type, member or enum member may be in one of them alone, or of another kind,
//! unless [`allowed`] says why. `cargo xtask drift` runs this and holds the table against the metadata.
//!
//! The names come from serde itself: [`reader`] is a `Deserializer` and [`writer`] a `Serializer` that only take notes.
//! A new type of the model is named in [`model`], one whose name is not that of the metadata in [`names`] too.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

mod allowed;
mod compare;
mod kind;
mod model;
mod names;
mod reader;
mod table;
mod values;
mod writer;

use table::Table;

/// `cargo xtask drift` runs it by its name and passes on the lines that begin with `drift: `.
#[test]
fn the_model_and_the_table_agree() {
    let table = Table::read(include_str!("../schema.tsv")).expect("a table in good order");
    let model = model::model(&table, names::NAMES);
    let outcome = compare::compare(&table, &model, names::NAMES, allowed::ALLOWED);
    for difference in &outcome.differences {
        println!("drift: {difference}");
    }
    println!("drift: {}", outcome.counts);
    assert!(outcome.differences.is_empty(), "{}", outcome.counts);
}
