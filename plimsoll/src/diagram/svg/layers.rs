//! How the tables of a domain stand to each other: what is referred to left of what refers to it.

use rust_sugiyama::{configure::Config, from_vertices_and_edges};

use super::{
    super::facts::Relation,
    measure::Card,
    pack::{Form, PARTS, Rect, extent, pack},
};

/// The room between two columns of tables, in units: the lines between them need it.
const BESIDE: u32 = 8;
/// The room between two tables of a column.
const BELOW: u32 = 4;
/// How many times as wide as high a part is when it is folded.
const STREET: u32 = 4;
/// From how many references within a domain on the layers are those of a part of them: the time
/// that layers take grows much faster than what they show.
const TANGLE: usize = 250;
/// From how many tables in a domain on there are no layers: they are found recursively, and the
/// stack is not endless.
const CROWD: usize = 1500;

/// The boxes of the tables of a group in several shapes: those that hang together in columns, and
/// these packed.
pub(super) fn shapes(members: &[usize], relations: &[Relation], cards: &[Card]) -> Vec<Vec<Rect>> {
    let position = |table: usize| members.binary_search(&table).ok();
    let edges = relations.iter().filter_map(|relation| {
        let edge = (position(relation.parent?)?, position(relation.child)?);
        (edge.0 != edge.1).then_some(edge)
    });
    let mut edges: Vec<_> = edges.collect();
    edges.sort_unstable();
    edges.dedup();
    if edges.len() > TANGLE {
        edges = forest(members.len(), edges);
    }
    let sizes = members.iter().map(|table| (cards[*table].width, cards[*table].height));
    let sizes: Vec<_> = sizes.collect();
    let parts = if sizes.len() > CROWD { vec![vec![pile(&sizes)]] } else { layers(&sizes, &edges) };
    let mut shapes: Vec<_> = PARTS.iter().map(|form| shape(&sizes, &parts, *form)).collect();
    shapes.dedup();
    shapes
}

/// As many of the references as it takes for what hangs together to hang together still. Those to
/// tables that few refer to are kept first: they say most.
fn forest(count: usize, mut edges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut children = vec![0; count];
    for (parent, _) in &edges {
        children[*parent] += 1;
    }
    edges.sort_by_key(|(parent, _)| children[*parent]);
    let mut tree: Vec<usize> = (0..count).collect();
    edges.retain(|(parent, child)| {
        let (one, other) = (top(&mut tree, *parent), top(&mut tree, *child));
        tree[one] = other;
        one != other
    });
    edges
}

/// The one that stands for all that hang together with a table; the way to it gets shorter.
fn top(tree: &mut [usize], mut table: usize) -> usize {
    while tree[table] != table {
        tree[table] = tree[tree[table]];
        table = tree[table];
    }
    table
}

fn shape(sizes: &[(u32, u32)], parts: &[Vec<Vec<Wish>>], form: Form) -> Vec<Rect> {
    let parts: Vec<_> = parts.iter().map(|part| columns(sizes, part, form)).collect();
    let whole = parts.iter().map(|part| {
        let boxes: Vec<_> = part.iter().map(|(_, rect)| *rect).collect();
        vec![extent(&boxes)]
    });
    let (places, _) = pack(&whole.collect::<Vec<_>>(), &[], (BESIDE, BELOW), form);
    let mut boxes = vec![Rect::default(); sizes.len()];
    for (part, place) in parts.into_iter().zip(places) {
        for (table, rect) in part {
            boxes[table] = rect.moved(place.x, place.y);
        }
    }
    boxes
}

/// All tables below each other, as they come.
fn pile(sizes: &[(u32, u32)]) -> Vec<Wish> {
    let mut y = 0;
    let tables = sizes.iter().enumerate().map(|(table, (_, height))| {
        let wish = (table, y);
        y += height + BELOW;
        wish
    });
    tables.collect()
}

/// A table of a layer with the upper edge that it would like to have.
type Wish = (usize, u32);

/// What hangs together, from left to right in layers, each from top to bottom.
///
/// The layout is one from top to bottom; it is laid on its side.
fn layers(sizes: &[(u32, u32)], edges: &[(usize, usize)]) -> Vec<Vec<Vec<Wish>>> {
    let number = |index: usize| u32::try_from(index).expect("fewer tables than numbers");
    let vertices = sizes
        .iter()
        .enumerate()
        .map(|(index, (w, h))| (number(index), (f64::from(*h), f64::from(*w))));
    let vertices: Vec<_> = vertices.collect();
    let edges: Vec<_> = edges.iter().map(|(one, other)| (number(*one), number(*other))).collect();
    // Exchanging neighbours takes very long for many and is worth little for few.
    let config = Config {
        vertex_spacing: f64::from(BELOW),
        transpose: vertices.len() < 60,
        dummy_size: 0.5,
        ..Config::default()
    };
    let parts = from_vertices_and_edges(&vertices, &edges, &config).into_iter();
    parts
        .map(|(mut part, ..)| {
            let top = |table: usize, middle: f64| middle - f64::from(sizes[table].1) / 2.0;
            part.sort_by(|(one, a), (other, b)| {
                a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)).then(one.cmp(other))
            });
            let least = part.iter().map(|(table, at)| top(*table, at.0)).fold(f64::MAX, f64::min);
            let layers = part.chunk_by(|(_, one), (_, other)| (one.1 - other.1).abs() < 0.5);
            let wish =
                |(table, at): &(usize, (f64, f64))| (*table, units_of(top(*table, at.0) - least));
            layers.map(|layer| layer.iter().map(wish).collect()).collect()
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length on the sheet that is not negative"
)]
fn units_of(length: f64) -> u32 {
    length.round() as u32
}

/// The boxes of the tables of some layers. A layer that is too high for a sheet of pleasant form
/// becomes several columns, and a row of columns that is far too long several rows; what is best
/// is found by trying.
fn columns(sizes: &[(u32, u32)], layers: &[Vec<Wish>], form: Form) -> Vec<(usize, Rect)> {
    let tables = layers.iter().flatten().map(|(table, _)| sizes[*table]);
    let area: u64 = tables.map(|(w, h)| u64::from(w + BESIDE) * u64::from(h + BELOW)).sum();
    let square = u32::try_from(area.isqrt()).unwrap_or(u32::MAX / 8);
    let tried = |rows: u32| {
        let heights = (5..=16).step_by(2).map(|tenth| square * tenth / 10).chain([u32::MAX]);
        let all = heights.map(|height| {
            let boxes = stand(sizes, layers, height, rows);
            let (right, bottom) = extent(&boxes.iter().map(|(_, rect)| *rect).collect::<Vec<_>>());
            (form.price(right + BESIDE, bottom + BELOW), right > bottom * STREET, boxes)
        });
        all.min_by_key(|(price, ..)| *price).unwrap_or_default()
    };
    let mut best = tried(1);
    let mut rows = 2;
    while best.1 {
        let other = tried(rows);
        if other.0 >= best.0 {
            break;
        }
        best = other;
        rows *= 2;
    }
    best.2
}

fn stand(sizes: &[(u32, u32)], layers: &[Vec<Wish>], most: u32, rows: u32) -> Vec<(usize, Rect)> {
    let columns: Vec<_> = layers.iter().flat_map(|layer| split(sizes, layer, most)).collect();
    let width = |column: &[Wish]| {
        column.iter().map(|(table, _)| sizes[*table].0).max().unwrap_or(0) + BESIDE
    };
    let share = columns.iter().map(|column| width(column)).sum::<u32>().div_ceil(rows);
    let mut boxes: Vec<(usize, Rect)> = Vec::new();
    let (mut x, mut top, mut bottom) = (0, 0, 0);
    for column in &columns {
        if x > 0 && x + width(column) / 2 > share {
            (x, top) = (0, bottom + BELOW);
        }
        let mut y = top;
        for &(table, wish) in column {
            let (w, h) = sizes[table];
            let rect = Rect { x, y: (top + wish).max(y), w, h };
            y = rect.bottom() + BELOW;
            bottom = bottom.max(rect.bottom());
            boxes.push((table, rect));
        }
        x += width(column);
    }
    boxes
}

/// The columns of a layer, none higher than `most` unless a single table is.
fn split(sizes: &[(u32, u32)], layer: &[Wish], most: u32) -> Vec<Vec<Wish>> {
    let lowest = layer.last().map_or(0, |(table, wish)| wish.saturating_add(sizes[*table].1));
    if lowest <= most {
        return vec![layer.to_vec()];
    }
    let total: u32 = layer.iter().map(|(table, _)| sizes[*table].1 + BELOW).sum();
    let share = total / total.div_ceil(most.max(1)).max(1);
    let mut columns: Vec<Vec<Wish>> = vec![Vec::new()];
    let mut y = 0;
    for &(table, _) in layer {
        let height = sizes[table].1 + BELOW;
        if y > 0 && y + height / 2 > share {
            columns.push(Vec::new());
            y = 0;
        }
        if let Some(column) = columns.last_mut() {
            column.push((table, y));
        }
        y += height;
    }
    columns
}
