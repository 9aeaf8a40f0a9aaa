//! Where the tables stand: layered within their group, and the groups packed beside each other.

use rust_sugiyama::{configure::Config, from_vertices_and_edges};

use super::{
    super::facts::{Entity, Relation},
    measure::{Card, HEAD, bold, units},
    pack::{Rect, extent, pack, side},
};

/// The room between two columns of tables, in units: the lines between them need it.
const BESIDE: u32 = 9;
/// The room between two tables of a column.
const BELOW: u32 = 4;
/// The room between the edge of a frame and what is in it.
const INSIDE: u32 = 4;
/// The room between two frames.
const BETWEEN: u32 = 6;
/// The room around everything.
const MARGIN: u32 = 5;
pub(super) const TITLE_SIZE: f64 = 16.0;

/// The sheet with everything in its place, in units.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// The boxes of the tables, in their order.
    pub(super) tables: Vec<Rect>,
    pub(super) frames: Vec<Frame<'a>>,
    /// The index of the frame that each table is in.
    pub(super) frame_of: Vec<usize>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The tables of one domain.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// `None` for the tables that belong to no domain.
    pub(super) title: Option<&'a str>,
    pub(super) rect: Rect,
}

pub(super) fn place<'a>(
    entities: &[Entity<'a>],
    relations: &[Relation],
    cards: &[Card],
) -> Sheet<'a> {
    let mut titles = Vec::new();
    let mut frame_of = Vec::new();
    for entity in entities {
        if titles.last() != Some(&entity.group) {
            titles.push(entity.group);
        }
        frame_of.push(titles.len() - 1);
    }
    let mut tables = vec![Rect::default(); cards.len()];
    let mut sizes = Vec::new();
    for (frame, title) in titles.iter().enumerate() {
        let members: Vec<_> = (0..cards.len()).filter(|table| frame_of[*table] == frame).collect();
        let boxes = group(&members, relations, cards);
        let (width, height) = extent(&boxes);
        let head = if title.is_some() { HEAD } else { 0 };
        for (table, rect) in members.into_iter().zip(boxes) {
            tables[table] = rect.moved(INSIDE, INSIDE + head);
        }
        let least = title.map_or(0, |title| units(bold(title, TITLE_SIZE)) + 2);
        sizes.push(((width + 2 * INSIDE).max(least), height + 2 * INSIDE + head));
    }
    let links = relations.iter().filter_map(|relation| {
        let (one, other) = (frame_of[relation.child], frame_of[relation.parent?]);
        (one != other).then_some((one, other))
    });
    let frames = pack(&sizes, &links.collect::<Vec<_>>(), (BETWEEN, BETWEEN));
    for (table, rect) in tables.iter_mut().enumerate() {
        let frame = frames[frame_of[table]];
        *rect = rect.moved(frame.x + MARGIN, frame.y + MARGIN);
    }
    let (width, height) = extent(&frames);
    let frames = frames.into_iter().zip(titles);
    let frames =
        frames.map(|(rect, title)| Frame { title, rect: rect.moved(MARGIN, MARGIN) }).collect();
    Sheet { tables, frames, frame_of, width: width + 2 * MARGIN, height: height + 2 * MARGIN }
}

/// The boxes of the tables of a group: those that hang together in columns, and these packed.
fn group(members: &[usize], relations: &[Relation], cards: &[Card]) -> Vec<Rect> {
    let position = |table: usize| members.binary_search(&table).ok();
    let edges = relations.iter().filter_map(|relation| {
        let edge = (position(relation.parent?)?, position(relation.child)?);
        (edge.0 != edge.1).then_some(edge)
    });
    let mut edges: Vec<_> = edges.collect();
    edges.sort_unstable();
    edges.dedup();
    let sizes: Vec<_> = members.iter().map(|table| (cards[*table].width, cards[*table].height)).collect();
    let parts: Vec<_> = layers(&sizes, &edges).into_iter().map(|part| columns(&sizes, part)).collect();
    let whole: Vec<_> = parts.iter().map(|part| {
        extent(&part.iter().map(|(_, rect)| *rect).collect::<Vec<_>>())
    }).collect();
    let mut boxes = vec![Rect::default(); members.len()];
    for (part, place) in parts.into_iter().zip(pack(&whole, &[], (BESIDE, BELOW))) {
        for (table, rect) in part {
            boxes[table] = rect.moved(place.x, place.y);
        }
    }
    boxes
}

/// A table of a layer with the upper edge that it would like to have.
type Wish = (usize, u32);

/// What hangs together, from left to right in layers, each from top to bottom.
///
/// The layout is one from top to bottom; it is laid on its side.
fn layers(sizes: &[(u32, u32)], edges: &[(usize, usize)]) -> Vec<Vec<Vec<Wish>>> {
    let number = |index: usize| u32::try_from(index).expect("fewer tables than numbers");
    let vertices = sizes.iter().enumerate().map(|(index, (w, h))| {
        (number(index), (f64::from(*h), f64::from(*w)))
    });
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
    parts.map(|(mut part, ..)| {
        let top = |table: usize, middle: f64| middle - f64::from(sizes[table].1) / 2.0;
        part.sort_by(|(one, a), (other, b)| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)).then(one.cmp(other)));
        let least = part.iter().map(|(table, at)| top(*table, at.0)).fold(f64::MAX, f64::min);
        let layers = part.chunk_by(|(_, one), (_, other)| (one.1 - other.1).abs() < 0.5);
        let wish = |(table, at): &(usize, (f64, f64))| (*table, units_of(top(*table, at.0) - least));
        layers.map(|layer| layer.iter().map(wish).collect()).collect()
    }).collect()
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
/// becomes several columns; which height is best is found by trying.
fn columns(sizes: &[(u32, u32)], layers: Vec<Vec<Wish>>) -> Vec<(usize, Rect)> {
    let tables = layers.iter().flatten().map(|(table, _)| sizes[*table]);
    let area: u64 = tables.map(|(w, h)| u64::from(w + BESIDE) * u64::from(h + BELOW)).sum();
    let square = u32::try_from(area.isqrt()).unwrap_or(u32::MAX / 8);
    let heights = (5..=16).step_by(2).map(|tenth| square / 10 * tenth).chain([u32::MAX]);
    let tried = heights.map(|height| {
        let boxes = stand(sizes, &layers, height);
        let (right, bottom) = extent(&boxes.iter().map(|(_, rect)| *rect).collect::<Vec<_>>());
        (side(right + BESIDE, bottom + BELOW), boxes)
    });
    tried.min_by_key(|(side, _)| *side).map(|(_, boxes)| boxes).unwrap_or_default()
}

fn stand(sizes: &[(u32, u32)], layers: &[Vec<Wish>], most: u32) -> Vec<(usize, Rect)> {
    let mut boxes = Vec::new();
    let mut x = 0;
    for layer in layers {
        for column in split(sizes, layer, most) {
            let mut y = 0;
            for &(table, wish) in &column {
                let (w, h) = sizes[table];
                let rect = Rect { x, y: wish.max(y), w, h };
                y = rect.bottom() + BELOW;
                boxes.push((table, rect));
            }
            x += column.iter().map(|(table, _)| sizes[*table].0).max().unwrap_or(0) + BESIDE;
        }
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
