//! The comparison itself.

use std::collections::BTreeSet;
use std::fmt;

use crate::allowed::{Allowed, Sort};
use crate::kind::{Kind, Member, Model};
use crate::names::{self, Meant};
use crate::table::{self, Row, Table};

/// What the service sends in place of a newer member of an enum. The model keeps it like any member it does not know.
const SENTINEL: &str = "unknownFutureValue";

/// What the comparison found.
pub(crate) struct Outcome {
    /// What nothing explains, with what to do about it.
    pub(crate) differences: Vec<String>,
    pub(crate) counts: Counts,
}

pub(crate) struct Counts {
    types: usize,
    members: usize,
    enum_members: usize,
    allowed: usize,
    unexplained: usize,
}

/// A difference in one type or, if `member` is not `*`, in one member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    of: String,
    member: String,
    sort: Sort,
    text: String,
}

pub(crate) fn compare(table: &Table, model: &Model, names: &[(&str, Meant)], allowed: &[Allowed]) -> Outcome {
    let mut comparison = Comparison { table, model, names, found: BTreeSet::new() };
    comparison.compare_names();
    comparison.compare_model();
    let found = comparison.found;
    let entries = allowed.iter().flat_map(|(sort, of, members, _)| {
        members.iter().map(|member| (*sort, (*of).to_owned(), (*member).to_owned()))
    });
    let entries: Vec<(Sort, String, String)> = entries.collect();
    let mut differences = Vec::new();
    for difference in &found {
        let Difference { sort, of, member, .. } = difference.clone();
        if !entries.contains(&(sort, of, member)) {
            differences.push(difference.to_string());
        }
    }
    for (sort, of, member) in &entries {
        if !found.iter().any(|found| (found.sort, &found.of, &found.member) == (*sort, of, member)) {
            differences.push(format!(
                "{of}.{member}: allowed.rs has it under {sort:?}, but nothing differs; take it out there"
            ));
        }
    }
    let (enums, types): (Vec<&Row>, Vec<&Row>) = table.types().partition(|row| table.is_enum(row.of));
    let members = |types: &[&Row]| types.iter().map(|row| table.own(row.of).count()).sum();
    let counts = Counts {
        types: table.types().count(),
        members: members(&types),
        enum_members: members(&enums),
        allowed: entries.len(),
        unexplained: differences.len(),
    };
    Outcome { differences, counts }
}

struct Comparison<'a> {
    table: &'a Table,
    model: &'a Model,
    names: &'a [(&'a str, Meant)],
    /// In the order in which they are told.
    found: BTreeSet<Difference>,
}

impl<'a> Comparison<'a> {
    /// Whether `names.rs` speaks of types that are there.
    fn compare_names(&mut self) {
        for (name, meant) in self.names {
            if !self.model.types.contains_key(*name) && !self.model.enums.contains_key(*name) {
                let text = "names.rs has it, but the model has not; take it out there";
                self.differs(Sort::NotInModel, name, "*", text);
            }
            for of in meant.types(self.table).into_iter().filter(|of| !self.table.has(of)) {
                let text =
                    format!("names.rs says that {name} stands for it, but schema.tsv has no such type");
                self.differs(Sort::NotInTable, of, "*", text);
            }
        }
    }

    fn compare_model(&mut self) {
        let (table, model) = (self.table, self.model);
        let mut covered: BTreeSet<&str> = BTreeSet::new();
        for name in model.types.keys().chain(model.enums.keys()) {
            let Some(meant) = names::meant(self.names, table, name) else {
                let text =
                    "schema.tsv has no type of this name; add it, or say in names.rs what it stands for";
                self.differs(Sort::NotInTable, name, "*", text);
                continue;
            };
            if let Meant::One(_) | Meant::Each(_) | Meant::Family(_) = meant {
                covered.extend(meant.types(table));
            }
            if let Some(variants) = model.enums.get(name) {
                self.compare_enum(name, meant, variants);
            }
            if let Some(members) = model.types.get(name) {
                meant.each().into_iter().for_each(|meant| self.compare_type(name, meant, members));
            }
        }
        for of in table.types().map(|row| row.of).filter(|of| !covered.contains(of)) {
            let is_in_others =
                table.is_abstract(of) && table.family(of).iter().any(|one| covered.contains(one));
            let has_no_body = table.is_action(of) && table.own(of).next().is_none();
            if !is_in_others && !has_no_body {
                let text = "no type of the model stands for it; add one, and name it in model.rs";
                self.differs(Sort::NotInModel, of, "*", text);
            }
        }
    }

    fn compare_type(&mut self, name: &str, meant: Meant, members: &[Member]) {
        let table = self.table;
        let types = meant.types(table);
        let rows: BTreeSet<&'a Row> = types.iter().flat_map(|of| table.members(of)).collect();
        // A base that is not meant itself is no place to say what is wrong.
        let place = |row: &Row| match meant {
            Meant::Family(_) if types.contains(&row.of) => row.of,
            _ => meant.first(),
        };
        // OData's own, which the table has not.
        for member in members.iter().filter(|member| !member.name.starts_with('@')) {
            let same: Vec<&Row> = rows.iter().copied().filter(|row| row.member == member.name).collect();
            if same.is_empty() {
                let text =
                    format!("{name} has it and schema.tsv has not; add its row, or take it out of {name}");
                self.differs(Sort::NotInTable, meant.first(), &member.name, text);
            }
            for row in same {
                if !self.fits(row.edm, &member.kind) {
                    let text = format!("{} by schema.tsv, but {name} takes {}", row.edm, member.kind);
                    self.differs(Sort::OtherKind, place(row), row.member, text);
                }
            }
        }
        if let Meant::PartOf(_) = meant {
            return;
        }
        for row in rows {
            // Only a name that the metadata does not have may be merely another spelling.
            let needs_to_be_listed = matches!(row.version, "v1.0" | "beta");
            let is_it = |member: &Member| member.name == row.member && (member.listed || !needs_to_be_listed);
            if !members.iter().any(is_it) {
                let text = format!("{name} does not have it; add it there, or say in allowed.rs why not");
                self.differs(Sort::NotInModel, place(row), row.member, text);
            }
        }
    }

    fn compare_enum(&mut self, name: &str, meant: Meant, variants: &[&str]) {
        let of = meant.first();
        // What it is called, and whose difference it is.
        let wanted: Vec<(String, &str, &str)> = if let Meant::NamesOf(_) = meant {
            let names = meant.types(self.table).into_iter();
            names.map(|of| (format!("#microsoft.graph.{of}"), of, table::BASE)).collect()
        } else {
            let types = meant.types(self.table).into_iter();
            let rows = types.flat_map(|of| self.table.own(of)).filter(|row| row.member != SENTINEL);
            rows.map(|row| (row.member.to_owned(), row.of, row.member)).collect()
        };
        for (member, of, place) in &wanted {
            match variants.iter().find(|variant| variant.eq_ignore_ascii_case(member)) {
                None => {
                    let text = format!("{name} has no {member}; add it there, or say in allowed.rs why not");
                    self.differs(Sort::NotInModel, of, place, text);
                }
                Some(variant) if variant != member => {
                    self.differs(Sort::OtherSpelling, of, place, format!("{name} spells it {variant}"));
                }
                Some(_) => {}
            }
        }
        for variant in variants {
            if !wanted.iter().any(|(member, ..)| variant.eq_ignore_ascii_case(member)) {
                let text =
                    format!("{name} has it and schema.tsv has not; add its row, or take it out of {name}");
                self.differs(Sort::NotInTable, of, variant, text);
            }
        }
    }

    /// Whether a value of the metadata's type is what a member takes.
    fn fits(&self, edm: &'static str, kind: &Kind) -> bool {
        let table = self.table;
        match (edm, kind) {
            ("?", _)
            | (
                "Edm.String" | "Edm.Guid" | "Edm.DateTimeOffset" | "Edm.Duration",
                Kind::Text | Kind::Word(_),
            )
            | ("Edm.Boolean", Kind::Bool)
            | ("Edm.Int32" | "Edm.Int64", Kind::Integer)
            | ("Edm.Double", Kind::Double) => true,
            (of, Kind::List(kind)) if table.is_flags(of) => self.fits(of, kind),
            (list, Kind::List(kind)) => table::element(list).is_some_and(|of| self.fits(of, kind)),
            (of, Kind::Enum(name)) => table.is_enum(of) && self.is_a(name, of),
            (of, Kind::Object(name)) => !table.is_enum(of) && self.is_a(name, of),
            (of, Kind::Word(text)) => table.is_enum(of) && table.own(of).any(|row| row.member == text),
            (of, Kind::Typed(name)) => table.is_a(name, of),
            (of, Kind::Untyped) => table.has(of) && !table.is_enum(of),
            (of, Kind::Raw) => table::element(of) == Some("?"),
            _ => false,
        }
    }

    /// Whether a type of the model stands for a type of the metadata, or for one that derives from it.
    fn is_a(&self, name: &str, of: &str) -> bool {
        let meant = names::meant(self.names, self.table, name);
        meant.is_some_and(|meant| meant.types(self.table).iter().any(|one| self.table.is_a(one, of)))
    }

    fn differs(&mut self, sort: Sort, of: &str, member: &str, text: impl Into<String>) {
        let (of, member, text) = (of.to_owned(), member.to_owned(), text.into());
        self.found.insert(Difference { of, member, sort, text });
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member.as_str() {
            "*" => write!(f, "{}: {}", self.of, self.text),
            member => write!(f, "{}.{member}: {}", self.of, self.text),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { types, members, enum_members, allowed, unexplained } = self;
        if *unexplained > 0 {
            return write!(
                f,
                "unexplained differences between the model and tests/schema.tsv: {unexplained}"
            );
        }
        write!(
            f,
            "{types} types, {members} members and {enum_members} members of enums of tests/schema.tsv fit the model, \
             {allowed} differences are allowed"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::reader;

    const TABLE: &str = "\
type\tmember\tEDM type\tversion\tremark
bulb\t:base\tthing\tv1.0\t-
bulb\twatts\tEdm.Int32\tv1.0\t-
color\t:base\tenum\tv1.0\t-
color\tred\tmember\tv1.0\t-
color\tunknownFutureValue\tmember\tv1.0\t-
lamp\t:base\tthing\tv1.0\t-
lamp\tbulbs\tCollection(bulb)\tv1.0\t-
lamp\tcolor\tcolor\tbeta\t-
lamp\tcolour\tcolor\tlegacy\t-
lamp\tisLit\tEdm.Boolean\tv1.0\t-
thing\t:base\t-\tv1.0\tabstract
thing\tid\tEdm.String\tv1.0\t-
";

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only read")]
    struct Lamp {
        id: String,
        bulbs: Vec<Bulb>,
        #[serde(alias = "colour")]
        color: Color,
        is_lit: bool,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Bulb {
        id: String,
        watts: u32,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Color {
        Red,
    }

    fn house() -> Model {
        let mut model = Model::default();
        reader::add::<Lamp>(&mut model, &|_| vec!["colour"]);
        model
    }

    fn differences(model: &Model, names: &[(&str, Meant)], allowed: &[Allowed]) -> Vec<String> {
        let table = Table::read(TABLE).unwrap();
        compare(&table, model, names, allowed).differences
    }

    fn difference(change: impl FnOnce(&mut Model)) -> String {
        let mut model = house();
        change(&mut model);
        let differences = differences(&model, &[], &[]);
        let [difference] = differences.as_slice() else { panic!("{differences:#?}") };
        difference.clone()
    }

    fn lamp(model: &mut Model) -> &mut Vec<Member> {
        model.types.get_mut("Lamp").unwrap()
    }

    #[test]
    fn a_model_like_the_table_does_not_differ() {
        let outcome = compare(&Table::read(TABLE).unwrap(), &house(), &[], &[]);
        assert_eq!(outcome.differences, [""; 0]);
        assert_eq!(
            outcome.counts.to_string(),
            "4 types, 6 members and 2 members of enums of tests/schema.tsv fit the model, 0 differences are allowed"
        );
    }

    #[test]
    fn a_missing_member_is_a_difference() {
        let found = difference(|model| lamp(model).retain(|member| member.name != "isLit"));
        assert_eq!(found, "lamp.isLit: Lamp does not have it; add it there, or say in allowed.rs why not");
        let inherited = difference(|model| lamp(model).retain(|member| member.name != "id"));
        assert!(inherited.starts_with("lamp.id: Lamp does not have it"));
        let legacy = difference(|model| lamp(model).retain(|member| member.name != "colour"));
        assert!(legacy.starts_with("lamp.colour: Lamp does not have it"));
    }

    #[test]
    fn another_spelling_is_not_enough_for_what_the_metadata_declares() {
        let unlist = |member: &mut Member| member.listed = member.name != "isLit";
        let found = difference(|model| lamp(model).iter_mut().for_each(unlist));
        assert!(found.starts_with("lamp.isLit: Lamp does not have it"));
    }

    #[test]
    fn an_extra_member_is_a_difference_unless_it_is_odatas_own() {
        let found = difference(|model| {
            lamp(model).push(Member::listed("@odata.type", Kind::Text));
            lamp(model).push(Member::listed("dimmer", Kind::Text));
        });
        assert!(found.starts_with("lamp.dimmer: Lamp has it and schema.tsv has not"));
    }

    #[test]
    fn another_kind_is_a_difference() {
        let make = |member: &'static str, kind: Kind| {
            move |model: &mut Model| {
                let member = lamp(model).iter_mut().find(|found| found.name == member);
                member.unwrap().kind = kind;
            }
        };
        let text = difference(make("isLit", Kind::Text));
        assert_eq!(text, "lamp.isLit: Edm.Boolean by schema.tsv, but Lamp takes text");
        let one = difference(make("bulbs", Kind::Object("Bulb".to_owned())));
        assert_eq!(one, "lamp.bulbs: Collection(bulb) by schema.tsv, but Lamp takes Bulb");
        let others = difference(make("bulbs", Kind::Object("Lamp".to_owned()).in_lists(1)));
        assert!(others.ends_with("Lamp takes a list of Lamp"));
        assert!(difference(make("color", Kind::Text)).ends_with("color by schema.tsv, but Lamp takes text"));
        let word = difference(make("color", Kind::Word("rouge".to_owned())));
        assert!(word.ends_with("Lamp takes the text `rouge`"));
        assert_eq!(differences(&house(), &[], &[]), [""; 0]);
    }

    #[test]
    fn the_members_of_enums_are_compared_too() {
        let change = |variants: Vec<&'static str>| {
            difference(|model| drop(model.enums.insert("Color".to_owned(), variants)))
        };
        assert!(change(vec![]).starts_with("color.red: Color has no red"));
        assert!(change(vec!["red", "green"]).starts_with("color.green: Color has it and schema.tsv has not"));
        assert_eq!(change(vec!["RED"]), "color.red: Color spells it RED");
        assert!(
            change(vec!["red", "unknownFutureValue"]).starts_with("color.unknownFutureValue: Color has it")
        );
    }

    #[test]
    fn a_type_in_one_of_them_alone_is_a_difference() {
        let stray = difference(|model| drop(model.types.insert("Sofa".to_owned(), Vec::new())));
        assert!(stray.starts_with("Sofa: schema.tsv has no type of this name"));
        let missing = difference(|model| drop(model.enums.remove("Color")));
        assert!(missing.starts_with("color: no type of the model stands for it"));
    }

    #[test]
    fn a_type_may_stand_for_a_part_of_another() {
        let mut model = house();
        model.types.insert("NewLamp".to_owned(), vec![Member::listed("id", Kind::Text)]);
        assert_eq!(differences(&model, &[("NewLamp", Meant::PartOf("lamp"))], &[]), [""; 0]);
        assert_eq!(differences(&model, &[("NewLamp", Meant::One("lamp"))], &[]).len(), 4);
        let found = differences(&model, &[("NewLamp", Meant::PartOf("sofa"))], &[]);
        assert!(found[0].starts_with("sofa: names.rs says that NewLamp stands for it"), "{found:#?}");
    }

    #[test]
    fn a_type_may_stand_for_a_family_or_for_each_of_several() {
        let mut model = house();
        let mut all = model.types.remove("Lamp").unwrap();
        all.extend(model.types.remove("Bulb").unwrap());
        let bulbs = all.iter_mut().find(|member| member.name == "bulbs");
        bulbs.unwrap().kind = Kind::Object("AnyThing".to_owned()).in_lists(1);
        model.types.insert("AnyThing".to_owned(), all);
        assert_eq!(differences(&model, &[("AnyThing", Meant::Family("thing"))], &[]), [""; 0]);
        let found = differences(&model, &[("AnyThing", Meant::Each(&["lamp", "bulb"]))], &[]);
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(found[0].starts_with("bulb.bulbs: AnyThing has it and schema.tsv has not"));
        let found = differences(&house(), &[("AnyThing", Meant::Family("thing"))], &[]);
        assert_eq!(found, ["AnyThing: names.rs has it, but the model has not; take it out there"]);
    }

    #[test]
    fn an_enum_may_have_the_members_of_several() {
        let table = [TABLE, "wood\t:base\tenum\tv1.0\t-\nwood\toak\tmember\tv1.0\t-\n"].concat();
        let table = Table::read(table.leak()).unwrap();
        let mut model = house();
        let found = |model: &Model| {
            compare(&table, model, &[("Color", Meant::Each(&["color", "wood"]))], &[]).differences
        };
        assert!(found(&model)[0].starts_with("wood.oak: Color has no oak"));
        model.enums.insert("Color".to_owned(), vec!["oak", "red"]);
        assert_eq!(found(&model), [""; 0]);
    }

    #[test]
    fn an_enum_may_hold_the_names_of_types() {
        let mut model = house();
        let sort = |model: &mut Model, variants| {
            model.enums.insert("Sort".to_owned(), variants);
            differences(model, &[("Sort", Meant::NamesOf("thing"))], &[])
        };
        let all = vec!["#microsoft.graph.bulb", "#microsoft.graph.lamp"];
        assert_eq!(sort(&mut model, all), [""; 0]);
        let found = sort(&mut model, vec!["#microsoft.graph.lamp", "#microsoft.graph.sofa"]);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].starts_with("bulb.:base: Sort has no #microsoft.graph.bulb"));
        assert!(found[1].starts_with("thing.#microsoft.graph.sofa: Sort has it"));
    }

    #[test]
    fn an_allowed_difference_is_none_and_an_entry_that_excuses_nothing_is_one() {
        let mut model = house();
        lamp(&mut model).retain(|member| member.name != "isLit");
        let allowed: &[Allowed] = &[(Sort::NotInModel, "lamp", &["isLit"], "nobody looks")];
        assert_eq!(differences(&model, &[], allowed), [""; 0]);
        assert_eq!(
            differences(&house(), &[], allowed),
            ["lamp.isLit: allowed.rs has it under NotInModel, but nothing differs; take it out there"]
        );
        let other: &[Allowed] = &[(Sort::OtherKind, "lamp", &["isLit"], "nobody looks")];
        assert_eq!(differences(&model, &[], other).len(), 2);
    }
}
