//! Where things stand in a picture, and that nothing in it breaks.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::{
    super::{
        Format, draw,
        facts::{Entity, Relation, entities, relations},
        tests::{column, generated, key, schema, table},
    },
    cards,
    measure::{Card, ROW_SIZE, UNIT, cut, width},
    pack::Rect,
    place::{Sheet, place},
    route::{Route, route},
};
use crate::schema::{Schema, Table, Type};

type Groups = BTreeMap<String, String>;

/// Calls with everything that a picture is made of.
fn with_picture<T>(
    schema: &Schema,
    groups: &Groups,
    call: impl FnOnce(&[Entity], &[Relation], &Sheet, &[Option<Route>]) -> T,
) -> T {
    let entities = entities(schema, groups);
    let relations = relations(schema, &entities);
    let sheet = place(&entities, &relations, &cards(&entities, &relations));
    let routes = route(&sheet, &relations);
    call(&entities, &relations, &sheet, &routes)
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.right()
        && other.x < one.right()
        && one.y < other.bottom()
        && other.y < one.bottom()
}

fn contains(outer: &Rect, inner: &Rect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

fn assert_apart(rects: &[Rect]) {
    for (index, one) in rects.iter().enumerate() {
        for other in &rects[index + 1..] {
            assert!(!overlap(one, other), "{one:?} and {other:?} overlap");
        }
    }
}

/// Everything that holds of every picture.
fn assert_is_sound(schema: &Schema, groups: &Groups) {
    with_picture(schema, groups, |_, relations, sheet, routes| {
        let frames: Vec<_> = sheet.frames.iter().map(|frame| frame.rect).collect();
        let page = Rect { x: 0, y: 0, w: sheet.width, h: sheet.height };
        assert_apart(&sheet.tables);
        assert_apart(&frames);
        assert!(frames.iter().all(|frame| contains(&page, frame)));
        for (table, frame) in sheet.tables.iter().zip(&sheet.frame_of) {
            assert!(contains(&frames[*frame], table), "{table:?} is not in its frame");
        }
        for (relation, route) in relations.iter().zip(routes) {
            assert!(relation.parent.is_some() || route.is_none());
            let Some(route) = route else { continue };
            for line in route.points.windows(2) {
                let [(a, b), (c, d)] = [line[0], line[1]];
                assert!(a == c || b == d, "{line:?} is aslant");
                let on = Rect { x: a.min(c), y: b.min(d), w: a.abs_diff(c), h: b.abs_diff(d) };
                for table in &sheet.tables {
                    assert!(!crosses(&on, table), "{line:?} runs through {table:?}");
                }
            }
        }
    });
}

/// Whether a line has a part inside of a table; its edge is not inside.
fn crosses(line: &Rect, table: &Rect) -> bool {
    line.x < table.right()
        && line.right() > table.x
        && line.y < table.bottom()
        && line.bottom() > table.y
}

#[test]
fn seventy_tables_in_thirteen_groups_stand_apart_and_no_line_crosses_them() {
    let (schema, groups) = generated(70, 13);

    assert_is_sound(&schema, &groups);
}

#[test]
fn every_line_of_seventy_tables_finds_its_way() {
    let (schema, groups) = generated(70, 13);

    with_picture(&schema, &groups, |_, relations, sheet, routes| {
        for (relation, route) in relations.iter().zip(routes) {
            let route = route.as_ref().expect("a way");
            let child = &sheet.tables[relation.child];
            let start = route.points[0];
            assert!([child.x, child.right()].contains(&start.0), "{start:?} is not at {child:?}");
            assert!(child.y < start.1 && start.1 < child.bottom());
        }
        let arrive = routes.iter().flatten().filter(|route| route.arrives).count();
        assert!(arrive < relations.len() / 2, "lines to the same table do not join");
    });
}

#[test]
fn the_sheet_has_the_form_of_a_screen() {
    for (tables, groups) in [(70, 13), (70, 1), (30, 4), (14, 2)] {
        let (schema, groups) = generated(tables, groups);

        let (width, height) =
            with_picture(&schema, &groups, |_, _, sheet, _| (sheet.width, sheet.height));

        assert!(width >= height && width <= 2 * height, "{tables}: {width} by {height}");
    }
}

#[test]
fn a_long_chain_is_folded_and_a_crowd_is_piled_up() {
    for count in [200, 2000] {
        let name = |index: usize| format!("{index:04}");
        let tables = (1..count).map(|index| table(&name(index), &[(&name(index - 1), false)]));
        let chain = schema(tables.chain([table(&name(0), &[])]));

        with_picture(&chain, &Groups::new(), |_, _, sheet, _| {
            assert_apart(&sheet.tables);
            assert!(sheet.width < 3 * sheet.height && sheet.height < 2 * sheet.width);
        });
    }
}

#[test]
fn no_two_lines_to_different_tables_share_a_track() {
    let (schema, groups) = generated(70, 13);

    with_picture(&schema, &groups, |_, relations, _, routes| {
        let mut steps = BTreeMap::new();
        for (relation, route) in relations.iter().zip(routes) {
            for line in route.iter().flat_map(|route| route.points.windows(2)) {
                let [(a, b), (c, d)] = [line[0], line[1]];
                let along = |x: u32, y: u32| if b == d { (x, y, true) } else { (x, y, false) };
                for (x, y) in
                    (a.min(c)..=a.max(c)).flat_map(|x| (b.min(d)..=b.max(d)).map(move |y| (x, y)))
                {
                    let owner = *steps.entry(along(x, y)).or_insert(relation.parent);
                    assert_eq!(owner, relation.parent, "two lines at {x}, {y}");
                }
            }
        }
    });
}

#[test]
fn a_thousand_tables_are_drawn_in_seconds() {
    let (mut schema, groups) = generated(1000, 40);
    for (index, table) in schema.tables.values_mut().enumerate() {
        table.foreign_keys.push(key(&["id"], &format!("table_{:04}", (index * 31 + 7) % 1000)));
    }
    let begin = Instant::now();

    let svg = draw(&schema, &groups, Format::Svg);
    let alone = draw(&schema, &Groups::new(), Format::Svg);

    assert!(svg.len() > 100_000 && alone.len() > 100_000);
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
}

#[test]
fn references_to_oneself_in_circles_and_to_nothing_are_drawn() {
    let mut odd = Table::new("odd");
    odd.foreign_keys.push(key(&[], "a"));
    odd.foreign_keys.push(key(&["absent"], "a"));
    let schema = schema([
        table("a", &[("b", false), ("a", true)]),
        table("b", &[("c", false), ("nowhere", false)]),
        table("c", &[("a", false), ("odd", true)]),
        odd,
    ]);

    assert_is_sound(&schema, &Groups::new());
    let svg = draw(&schema, &Groups::new(), Format::Svg);
    assert!(svg.contains("\u{2192} nowhere"));
    // Seven lines lead somewhere; each has a foot.
    assert_eq!(svg.matches("<path class=\"line").count(), 7 * 2 + 3 * 2);
}

#[test]
fn a_box_is_as_wide_as_what_is_written_in_it() {
    let named = |name: &str| {
        let mut table = Table::new("t");
        table.columns.push(column(name, Type::BigInteger, true));
        let schema = schema([table]);
        let groups = Groups::new();
        let entities = entities(&schema, &groups);
        Card::new(&entities[0], &[]).width
    };

    assert!(named("a_rather_long_name_of_a_column") > named("name"));
    assert!(named(&"\u{65e5}".repeat(20)) * UNIT >= 20 * 12 + 80);
    assert!((width("\u{1f600}", 12.0) - 2.0 * width("x", 12.0)).abs() < 0.1);
    assert!(named(&"x".repeat(5000)) < 80, "a name without end");
    assert!(width(&cut(&"W".repeat(99), 100.0, ROW_SIZE), ROW_SIZE) <= 100.0);
}

#[test]
fn text_is_escaped_and_control_characters_are_gone() {
    let mut table = Table::new("<script>\"&'\u{0}\u{1b}\u{202e}\u{fffe}</script>");
    table.columns.push(column("", Type::Custom("<&>".to_owned()), true));
    table.comment = Some("]]> & more".to_owned());
    let schema = schema([table]);

    let svg = draw(&schema, &Groups::new(), Format::Svg);

    assert!(!svg.contains("<script"));
    assert!(svg.contains("&lt;script&gt;&quot;&amp;&#39;&lt;/script&gt;"));
    assert!(svg.contains("]]&gt; &amp; more"));
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n' || "\u{202e}\u{fffe}".contains(c)));
}

#[test]
fn each_table_says_its_name_under_the_pointer() {
    let (schema, groups) = generated(20, 3);

    let svg = draw(&schema, &groups, Format::Svg);

    for name in schema.tables.keys() {
        assert!(svg.contains(&format!("<title>{name}</title>")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_is_drawn_without_overlaps(
        tables in prop::collection::vec((any::<String>(), 0_usize..4, 0_usize..9), 0..14),
        keys in prop::collection::vec((any::<usize>(), any::<usize>(), any::<bool>()), 0..30),
    ) {
        let mut groups = Groups::new();
        let mut made: Vec<Table> = Vec::new();
        for (name, group, columns) in &tables {
            let mut table = table(name, &[]);
            table.columns.extend((0..*columns).map(|number| column(&format!("c{number}"), Type::Text, true)));
            if *group > 0 {
                groups.insert(name.clone(), format!("{group}"));
            }
            made.push(table);
        }
        for (child, parent, own) in &keys {
            if made.is_empty() {
                break;
            }
            let (child, parent) = (child % made.len(), parent % made.len());
            let to = made[parent].name.clone();
            let from = if *own { "id".to_owned() } else { format!("c{}", parent % 9) };
            made[child].foreign_keys.push(key(&[&from], &to));
        }
        let schema = schema(made);

        assert_is_sound(&schema, &groups);
        for format in [Format::Mermaid, Format::Dot, Format::Svg] {
            draw(&schema, &groups, format);
        }
    }
}
