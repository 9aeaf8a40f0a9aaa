//! What the diagrams say, and schemas to draw them of.

use std::collections::BTreeMap;

use super::{Format, draw};
use crate::schema::{
    Column, ForeignKey, Index, IndexKey, IndexPart, OnDelete, OnUpdate, Schema, Sql, Table, Type,
    Unique,
};

pub(super) fn column(name: &str, ty: Type, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        ty,
        nullable,
        default: None,
        auto_increment: false,
        generated: None,
        collation: None,
        comment: None,
        renamed_from: None,
    }
}

/// A table with an `id` and a column for each table that it refers to, which may be without one.
pub(super) fn table(name: &str, references: &[(&str, bool)]) -> Table {
    let mut table = Table::new(name);
    table.columns.push(column("id", Type::BigInteger, false));
    table.primary_key.push("id".to_owned());
    for (number, (to, nullable)) in references.iter().enumerate() {
        let name = format!("to_{number}");
        table.columns.push(column(&name, Type::BigInteger, *nullable));
        table.foreign_keys.push(key(&[&name], to));
    }
    table
}

pub(super) fn key(columns: &[&str], references: &str) -> ForeignKey {
    ForeignKey {
        name: None,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        references: references.to_owned(),
        referenced_columns: vec!["id".to_owned()],
        on_delete: OnDelete::Cascade,
        on_update: OnUpdate::default(),
    }
}

pub(super) fn schema(tables: impl IntoIterator<Item = Table>) -> Schema {
    let mut schema = Schema::default();
    schema.tables.extend(tables.into_iter().map(|table| (table.name.clone(), table)));
    schema
}

/// Tables in groups that refer to tables of their group, to some of others, and all to the first.
pub(super) fn generated(tables: usize, groups: usize) -> (Schema, BTreeMap<String, String>) {
    let name = |index: usize| format!("table_{index:04}");
    let table = |index: usize| {
        let near = name(index.saturating_sub(groups * (1 + index % 3)));
        let far = name(index * 7 % tables);
        let all = [(name(0), false), (near, false), (far, true)];
        let some: Vec<_> =
            all.iter().skip(index % 3).map(|(to, may)| (to.as_str(), *may)).collect();
        let mut table = table(&name(index), &some);
        for number in 0..index * 5 % 17 {
            let name = format!("column_{}", "x".repeat(number * 3 % 20));
            table.columns.push(column(&format!("{name}_{number}"), Type::String(Some(255)), true));
        }
        table
    };
    let of_groups = (0..tables).map(|index| (name(index), format!("group {}", index % groups)));
    (schema((0..tables).map(table)), of_groups.collect())
}

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

fn mermaid(schema: &Schema) -> String {
    draw(schema, &none(), Format::Mermaid)
}

#[test]
fn the_same_schema_gives_the_same_diagram() {
    let (schema, groups) = generated(70, 13);
    for format in [Format::Mermaid, Format::Dot, Format::Svg] {
        let first = draw(&schema, &groups, format);

        for _ in 0..3 {
            assert!(draw(&schema, &groups, format) == first, "{format:?} changes");
        }
    }
}

#[test]
fn a_schema_without_tables_is_a_diagram() {
    let schema = Schema::default();

    assert_eq!(mermaid(&schema), "erDiagram\n");
    assert!(draw(&schema, &none(), Format::Dot).ends_with("}\n"));
    assert!(draw(&schema, &none(), Format::Svg).ends_with("</svg>\n"));
}

#[test]
fn a_key_that_may_be_null_leads_to_at_most_one_parent() {
    let schema =
        schema([table("users", &[]), table("posts", &[("users", false), ("users", true)])]);

    let text = mermaid(&schema);

    assert!(text.contains("  \"users\" ||--o{ \"posts\" : \"to_0\"\n"), "{text}");
    assert!(text.contains("  \"users\" |o--o{ \"posts\" : \"to_1\"\n"), "{text}");
}

#[test]
fn a_key_that_contains_a_unique_one_belongs_to_at_most_one_child() {
    let unique = |part: IndexPart, predicate: Option<Sql>| Index {
        name: "u".to_owned(),
        columns: vec![part],
        unique: true,
        predicate,
        include: Vec::new(),
        method: None,
    };
    let part =
        |prefix| IndexPart { key: IndexKey::Column("to_0".to_owned()), descending: false, prefix };
    let child = || table("posts", &[("users", false)]);
    let with = |change: &dyn Fn(&mut Table)| {
        let mut child = child();
        change(&mut child);
        mermaid(&schema([table("users", &[]), child])).contains("||--o|")
    };
    let constraint = |columns: &[&str]| Unique {
        name: None,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    };

    assert!(!with(&|_| {}));
    assert!(with(&|child| child.primary_key = vec!["to_0".to_owned()]));
    assert!(with(&|child| child.uniques.push(constraint(&["to_0"]))));
    assert!(with(&|child| child.indexes.push(unique(part(None), None))));
    assert!(!with(&|child| child.uniques.push(constraint(&["to_0", "id"]))));
    assert!(!with(&|child| child.indexes.push(unique(part(None), Some(Sql::new("id > 3"))))));
    assert!(!with(&|child| child.indexes.push(unique(part(Some(4)), None))));
}

#[test]
fn a_column_says_which_keys_it_is_in() {
    let mut child = table("posts", &[("users", false)]);
    child.primary_key = vec!["to_0".to_owned()];
    child.uniques.push(Unique { name: None, columns: vec!["id".to_owned()] });
    let schema = schema([table("users", &[]), child]);

    let text = mermaid(&schema);

    assert!(text.contains("    bigint to_0 PK, FK\n"), "{text}");
    assert!(text.contains("    bigint id UK\n"), "{text}");
}

#[test]
fn what_mermaid_would_read_otherwise_is_written_otherwise() {
    let mut table = Table::new("a \"b\" %% direction TB\u{7}");
    table.columns.push(column("pk", Type::Decimal(Some((10, 2))), true));
    table.columns.push(column("1st ö", Type::Custom("time with \"zone\"".to_owned()), true));
    let schema = schema([table]);

    let text = mermaid(&schema);

    let name = "\"a#32;#34;b#34;#32;#37;#37;#32;direction#32;TB\" {";
    assert!(text.contains(name), "{text}");
    assert!(text.contains("    decimal(10-2) _pk \"pk\"\n"), "{text}");
    assert!(text.contains("    time_with__zone_ _1st_ö \"1st#32;ö\"\n"), "{text}");
}

#[test]
fn what_is_referred_to_and_absent_is_named() {
    let schema = schema([table("posts", &[("us<ers", false)])]);

    assert!(mermaid(&schema).contains("\"us#60;ers\" ||--o{ \"posts\""));
    assert!(draw(&schema, &none(), Format::Dot).contains("style=dashed"));
    assert!(draw(&schema, &none(), Format::Svg).contains("\u{2192} us&lt;ers"));
}

#[test]
fn graphviz_gets_a_cluster_for_each_group_and_edges_between_rows() {
    let schema = schema([table("a", &[]), table("b\"<\\", &[("a", true)]), table("c", &[])]);
    let groups = BTreeMap::from([("a".to_owned(), "x & y".to_owned())]);

    let text = draw(&schema, &groups, Format::Dot);

    assert_eq!(text.matches("subgraph cluster_").count(), 1);
    assert!(text.contains("label=<x &amp; y>"), "{text}");
    assert!(text.contains("<B>b&quot;&lt;\\</B>"), "{text}");
    let edge = "\"a\":r0:e -> \"b\\\"<\\\\\":l1:w [arrowtail=teeodot, arrowhead=crowodot]";
    assert!(text.contains(edge), "{text}");
}
