//! The table, `schema.tsv`: its head says what the columns are.

use std::collections::BTreeSet;

pub(crate) const BASE: &str = ":base";

/// The row of a type or of one of its members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) of: &'static str,
    pub(crate) member: &'static str,
    pub(crate) edm: &'static str,
    pub(crate) version: &'static str,
    pub(crate) remark: &'static str,
}

/// Rows in order, in which each type has its `:base` first.
#[derive(Debug)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Reads a table and checks that it is in good order.
    pub(crate) fn read(text: &'static str) -> Result<Self, String> {
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#'));
        if lines.next().is_none_or(|(_, header)| header != "type\tmember\tEDM type\tversion\tremark") {
            return Err("no header: type, member, EDM type, version, remark".to_owned());
        }
        let mut rows: Vec<Row> = Vec::new();
        for (number, line) in lines {
            let cells: Vec<&str> = line.split('\t').collect();
            let &[of, member, edm, version, remark] = cells.as_slice() else {
                return Err(format!("line {number} has {} cells instead of 5", cells.len()));
            };
            if cells.iter().any(|cell| cell.is_empty() || cell.trim() != *cell) {
                return Err(format!("line {number} has a cell that is empty or begins or ends with a space"));
            }
            if !["v1.0", "beta", "wire", "legacy"].contains(&version) {
                return Err(format!("line {number} has the unknown version {version}"));
            }
            let before = rows.last();
            if before.is_some_and(|before| (before.of, before.member) >= (of, member)) {
                return Err(format!(
                    "line {number} does not come after the one before it: sort by type, member"
                ));
            }
            if member != BASE && before.is_none_or(|before| before.of != of) {
                return Err(format!("line {number} is the first of {of}, but not its row `:base`"));
            }
            rows.push(Row { of, member, edm, version, remark });
        }
        let table = Self(rows);
        match table.0.iter().find(|row| !table.has_type_of(row)) {
            None => Ok(table),
            Some(row) => Err(format!("{}.{} has the unknown type {}", row.of, row.member, row.edm)),
        }
    }

    fn has_type_of(&self, row: &Row) -> bool {
        let edm = element(row.edm).unwrap_or(row.edm);
        match (row.member, edm) {
            (_, "?") | (BASE, "-" | "enum" | "action") => true,
            (BASE, base) => self.has(base),
            (_, "member") => self.is_enum(row.of),
            (_, edm) => edm.starts_with("Edm.") || self.has(edm),
        }
    }

    fn base(&self, of: &str) -> Option<&Row> {
        self.0.iter().find(|row| row.of == of && row.member == BASE)
    }

    pub(crate) fn has(&self, of: &str) -> bool {
        self.base(of).is_some()
    }

    pub(crate) fn is_enum(&self, of: &str) -> bool {
        self.base(of).is_some_and(|row| row.edm == "enum")
    }

    pub(crate) fn is_action(&self, of: &str) -> bool {
        self.base(of).is_some_and(|row| row.edm == "action")
    }

    pub(crate) fn is_flags(&self, of: &str) -> bool {
        self.is_enum(of) && self.base(of).is_some_and(|row| row.declares("flags"))
    }

    pub(crate) fn is_abstract(&self, of: &str) -> bool {
        self.base(of).is_some_and(|row| row.declares("abstract"))
    }

    /// All types, by their rows `:base`.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(|row| row.member == BASE)
    }

    /// The type and the types it derives from, the nearest first.
    fn ancestry(&self, of: &str) -> impl Iterator<Item = &Row> {
        std::iter::successors(self.base(of), |row| self.base(row.edm))
    }

    /// Whether a type is another or derives from it.
    pub(crate) fn is_a(&self, of: &str, other: &str) -> bool {
        self.ancestry(of).any(|row| row.of == other)
    }

    /// A type and all that derive from it.
    pub(crate) fn family(&self, of: &str) -> Vec<&'static str> {
        self.types().filter(|row| self.is_a(row.of, of)).map(|row| row.of).collect()
    }

    /// The members that a type declares itself.
    pub(crate) fn own(&self, of: &str) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| row.of == of && row.member != BASE)
    }

    /// The members that a type has, also by its bases.
    pub(crate) fn members(&self, of: &str) -> Vec<&Row> {
        let types: BTreeSet<&str> = self.ancestry(of).map(|row| row.of).collect();
        types.into_iter().flat_map(|of| self.own(of)).collect()
    }
}

impl Row {
    /// Whether the part of the remark that repeats the metadata has a word.
    fn declares(&self, word: &str) -> bool {
        self.remark.split(';').next().is_some_and(|declared| declared.split(", ").any(|one| one == word))
    }
}

/// The type of a collection's elements.
pub(crate) fn element(edm: &'static str) -> Option<&'static str> {
    edm.strip_prefix("Collection(")?.strip_suffix(')')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "type\tmember\tEDM type\tversion\tremark";

    fn read(rows: &str) -> Result<Table, String> {
        let rows = rows.replace(' ', "\t").replace('_', " ");
        Table::read(Box::leak(format!("# what it is\n{HEADER}\n{rows}\n").into_boxed_str()))
    }

    #[test]
    fn a_derived_type_has_the_members_of_its_bases() {
        let table = read(
            "desk :base thing v1.0 -\ndesk legs Edm.Int32 v1.0 -\nlamp :base desk v1.0 -\nlamp cord Edm.String beta -\n\
             thing :base - v1.0 abstract,_open;_nothing_is_only_that\nthing id Edm.String v1.0 -",
        )
        .unwrap();
        let mut members: Vec<&str> = table.members("lamp").iter().map(|row| row.member).collect();
        members.sort_unstable();
        assert_eq!(members, ["cord", "id", "legs"]);
        assert_eq!(table.family("desk"), ["desk", "lamp"]);
        assert!(table.is_a("lamp", "thing") && !table.is_a("thing", "lamp"));
        assert!(table.is_abstract("thing") && !table.is_abstract("desk"));
    }

    #[test]
    fn a_table_out_of_order_is_refused_with_the_line() {
        for (rows, why) in [
            ("desk :base - v1.0", "line 3 has 4 cells"),
            ("desk :base - v1.0 ", "line 3 has a cell that is empty"),
            ("desk :base - v2.0 -", "line 3 has the unknown version v2.0"),
            ("desk legs Edm.Int32 v1.0 -", "line 3 is the first of desk"),
            ("lamp :base - v1.0 -\ndesk :base - v1.0 -", "line 4 does not come after"),
            ("lamp :base - v1.0 -\nlamp :base - v1.0 -", "line 4 does not come after"),
            ("lamp :base desk v1.0 -", "lamp.:base has the unknown type desk"),
            ("lamp :base - v1.0 -\nlamp cords Collection(cord) v1.0 -", "lamp.cords has the unknown type"),
            ("lamp :base - v1.0 -\nlamp cord member v1.0 -", "lamp.cord has the unknown type member"),
        ] {
            let error = read(rows).unwrap_err();
            assert!(error.contains(why), "{rows}: {error}");
        }
        assert!(Table::read("type\tmember\n").unwrap_err().contains("no header"));
    }
}
