//! What the metadata declares (CSDL, OData's XML).

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

/// What is declared of a type or of one of its members.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) edm: String,
    /// See [`is_declaration`].
    pub(super) words: BTreeSet<String>,
}

/// Whether words in a remark are such that repeat the metadata.
pub(super) fn is_declaration(words: &str) -> bool {
    let known = ["abstract", "open", "flags", "not null", "contained navigation", "navigation", "optional"];
    // To act on, or to return, is one type's name.
    let names = words.strip_prefix("on ").or_else(|| words.strip_prefix("returns "));
    known.contains(&words) || names.is_some_and(|name| !name.contains(' '))
}

/// Reads the types, their members, the members of enums and the parameters of actions; each type is its own `:base`.
pub(super) fn read(text: &str) -> Result<BTreeMap<(String, String), Declared>, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let schemas = document.descendants().filter(|node| node.has_tag_name("Schema"));
    let mut all = BTreeMap::new();
    for node in schemas.flat_map(|schema| schema.children()) {
        match node.tag_name().name() {
            "EnumType" => read_enum(&mut all, node)?,
            "EntityType" | "ComplexType" => read_type(&mut all, node)?,
            "Action" => read_action(&mut all, node)?,
            _ => {}
        }
    }
    Ok(all)
}

type All = BTreeMap<(String, String), Declared>;

fn read_enum(all: &mut All, node: Node<'_, '_>) -> Result<(), String> {
    let name = attribute(node, "Name")?;
    declare(all, &name, ":base", "enum", &[(is_true(node, "IsFlags"), "flags")])?;
    for member in children(node, &["Member"]) {
        declare(all, &name, &attribute(member, "Name")?, "member", &[])?;
    }
    Ok(())
}

fn read_type(all: &mut All, node: Node<'_, '_>) -> Result<(), String> {
    let name = attribute(node, "Name")?;
    let base = attribute(node, "BaseType").unwrap_or_else(|_| "-".to_owned());
    let words = [(is_true(node, "Abstract"), "abstract"), (is_true(node, "OpenType"), "open")];
    declare(all, &name, ":base", &base, &words)?;
    for member in children(node, &["Property", "NavigationProperty"]) {
        let is_navigation = member.has_tag_name("NavigationProperty");
        let is_contained = is_true(member, "ContainsTarget");
        let words = [
            (is_not_null(member), "not null"),
            (is_navigation && is_contained, "contained navigation"),
            (is_navigation && !is_contained, "navigation"),
        ];
        declare(all, &name, &attribute(member, "Name")?, &attribute(member, "Type")?, &words)?;
    }
    Ok(())
}

fn read_action(all: &mut All, node: Node<'_, '_>) -> Result<(), String> {
    let name = format!("action/{}", attribute(node, "Name")?);
    let mut parameters = children(node, &["Parameter"]);
    let mut words = Vec::new();
    if is_true(node, "IsBound") {
        let bound = parameters.next().ok_or_else(|| format!("{name} is bound to nothing"))?;
        words.push(format!("on {}", attribute(bound, "Type")?));
    }
    for returned in children(node, &["ReturnType"]) {
        words.push(format!("returns {}", attribute(returned, "Type")?));
    }
    let words: Vec<(bool, &str)> = words.iter().map(|words| (true, words.as_str())).collect();
    declare(all, &name, ":base", "action", &words)?;
    for parameter in parameters {
        let is_optional = children(parameter, &["Annotation"]).any(|annotation| {
            annotation.attribute("Term").is_some_and(|term| term.ends_with(".OptionalParameter"))
        });
        let words = [(is_not_null(parameter), "not null"), (is_optional, "optional")];
        declare(all, &name, &attribute(parameter, "Name")?, &attribute(parameter, "Type")?, &words)?;
    }
    Ok(())
}

/// Two actions of one name on different types are one here, as long as their parameters are the same.
fn declare(all: &mut All, of: &str, member: &str, edm: &str, words: &[(bool, &str)]) -> Result<(), String> {
    let declared = all.entry((of.to_owned(), member.to_owned())).or_default();
    if !declared.edm.is_empty() && declared.edm != edm {
        return Err(format!("{of}.{member} is declared as {} and as {edm}; tell them apart", declared.edm));
    }
    edm.clone_into(&mut declared.edm);
    declared.words.extend(words.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| (*word).to_owned()));
    Ok(())
}

fn children<'a, 'i>(node: Node<'a, 'i>, names: &[&str]) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && names.contains(&child.tag_name().name()))
}

/// An attribute, of a type's name without the namespace.
fn attribute(node: Node<'_, '_>, name: &str) -> Result<String, String> {
    let value = node
        .attribute(name)
        .ok_or_else(|| format!("an element {} has no attribute {name}", node.tag_name().name()))?;
    Ok(value.replace("microsoft.graph.", "").replace("graph.", ""))
}

fn is_true(node: Node<'_, '_>, name: &str) -> bool {
    node.attribute(name) == Some("true")
}

fn is_not_null(node: Node<'_, '_>) -> bool {
    node.attribute("Nullable") == Some("false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_schema(inner: &str) -> Result<Vec<(String, String)>, String> {
        let all = read(&format!(
            r#"<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm"><!-- a lamp -->{inner}</Schema>"#
        ))?;
        let told = |((of, member), declared): ((String, String), Declared)| {
            let words = declared.words.into_iter().collect::<Vec<_>>().join(", ");
            (format!("{of}.{member}"), [declared.edm, words].join(": "))
        };
        Ok(all.into_iter().map(told).collect())
    }

    fn row(place: &str, declared: &str) -> (String, String) {
        (place.to_owned(), declared.to_owned())
    }

    #[test]
    fn types_are_read_with_what_is_declared_of_them() {
        let all = read_schema(
            r#"<EnumType Name="color" IsFlags="true"><Member Name="red" Value="1" /></EnumType>
            <EntityType Name="lamp" BaseType="graph.thing" Abstract="true" OpenType="true">
                <Key><PropertyRef Name="id" /></Key>
                <Property Name="colors" Type="Collection(graph.color)" Nullable="false" />
                <NavigationProperty Name="bulb" Type="microsoft.graph.bulb" ContainsTarget="true" />
                <NavigationProperty Name="shop" Type="microsoft.graph.shop" />
            </EntityType>
            <EntityContainer Name="GraphService"><Singleton Name="lamps" Type="graph.lamp" /></EntityContainer>"#,
        );
        assert_eq!(
            all.unwrap(),
            [
                row("color.:base", "enum: flags"),
                row("color.red", "member: "),
                row("lamp.:base", "thing: abstract, open"),
                row("lamp.bulb", "bulb: contained navigation"),
                row("lamp.colors", "Collection(color): not null"),
                row("lamp.shop", "shop: navigation"),
            ]
        );
    }

    const DIM: &str = r#"<Action Name="dim" IsBound="true">
        <Parameter Name="bindingParameter" Type="Collection(graph.lamp)" />
        <Parameter Name="by" Type="Edm.Int32" Nullable="false" />
        <Parameter Name="to" Type="graph.color"><Annotation Term="Org.OData.Core.V1.OptionalParameter" /></Parameter>
        <ReturnType Type="graph.lamp" />
    </Action>"#;

    #[test]
    fn actions_are_read_with_their_parameters() {
        let on_desks = DIM.replace("Collection(graph.lamp)", "graph.desk");
        assert_eq!(
            read_schema(&(DIM.to_owned() + &on_desks)).unwrap(),
            [
                row("action/dim.:base", "action: on Collection(lamp), on desk, returns lamp"),
                row("action/dim.by", "Edm.Int32: not null"),
                row("action/dim.to", "color: optional"),
            ]
        );
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let other = DIM.replace("Edm.Int32", "Edm.Double");
        let error = read_schema(&(DIM.to_owned() + &other)).unwrap_err();
        assert_eq!(error, "action/dim.by is declared as Edm.Int32 and as Edm.Double; tell them apart");
        assert!(read_schema("<EnumType />").unwrap_err().contains("EnumType has no attribute Name"));
        assert!(read("no XML").is_err());
    }

    #[test]
    fn a_remark_of_its_own_words_is_no_declaration() {
        assert!(is_declaration("not null") && is_declaration("on lamp") && is_declaration("returns lamp"));
        assert!(!is_declaration("on the page alone") && !is_declaration("-") && !is_declaration("nullable"));
    }
}
