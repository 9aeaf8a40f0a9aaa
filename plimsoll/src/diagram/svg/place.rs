//! Where the tables stand: layered within their group, and the groups packed beside each other.

use rust_sugiyama::{configure::Config, from_vertices_and_edges};

use super::{
    super::facts::{Entity, Relation, visible},
    measure::{Card, bold, units},
    pack::{Form, PARTS, Rect, SCREEN, extent, pack},
};

/// The room between two columns of tables, in units: the lines between them need it.
const BESIDE: u32 = 8;
/// The room between two tables of a column.
const BELOW: u32 = 4;
/// The room between the edge of a frame and what is in it.
const INSIDE: u32 = 3;
/// The room between two frames.
const BETWEEN: u32 = 6;
/// The room around everything.
const MARGIN: u32 = 5;
/// From how many tables on the picture is looked at from afar first.
const MANY: usize = 24;

/// The sheet with everything in its place, in units.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    /// The boxes of the tables, in their order.
    pub(super) tables: Vec<Rect>,
    pub(super) frames: Vec<Frame<'a>>,
    /// The index of the frame that each table is in.
    pub(super) frame_of: Vec<usize>,
    /// The size of the titles of the frames, in pixels.
    pub(super) title_size: f64,
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
    let title_size = if cards.len() < MANY { 16.0 } else { 26.0 };
    let groups: Vec<Vec<Vec<Rect>>> = (0..titles.len())
        .map(|frame| {
            let members = (0..cards.len()).filter(|table| frame_of[*table] == frame);
            shapes(&members.collect::<Vec<_>>(), relations, cards)
        })
        .collect();
    let head = |title: Option<&str>| if title.is_some() { title_height(title_size) } else { 0 };
    let sizes = groups.iter().zip(&titles).map(|(shapes, title)| {
        let least = title.map_or(0, |title| units(bold(&visible(title), title_size)) + 4);
        let frame = |boxes: &Vec<Rect>| {
            let (width, height) = extent(boxes);
            ((width + 2 * INSIDE).max(least), height + 2 * INSIDE + head(*title))
        };
        shapes.iter().map(frame).collect()
    });
    let links = relations.iter().filter_map(|relation| {
        let (one, other) = (frame_of[relation.child], frame_of[relation.parent?]);
        (one != other).then_some((one, other))
    });
    let (sizes, links): (Vec<_>, Vec<_>) = (sizes.collect(), links.collect());
    let (frames, choice) = pack(&sizes, &links, (BETWEEN, BETWEEN), SCREEN);
    let mut tables = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        let top = frame.y + MARGIN + INSIDE + head(titles[index]);
        let boxes = groups[index][choice[index]].iter();
        tables.extend(boxes.map(|rect| rect.moved(frame.x + MARGIN + INSIDE, top)));
    }
    let (width, height) = extent(&frames);
    let frames = frames.into_iter().zip(titles);
    let frames =
        frames.map(|(rect, title)| Frame { title, rect: rect.moved(MARGIN, MARGIN) }).collect();
    let (width, height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    Sheet { tables, frames, frame_of, title_size, width, height }
}

/// How much room a title takes above the tables, in units.
pub(super) fn title_height(size: f64) -> u32 {
    units(size + 12.0)
}

/// The boxes of the tables of a group in several shapes: those that hang together in columns, and
/// these packed.
fn shapes(members: &[usize], relations: &[Relation], cards: &[Card]) -> Vec<Vec<Rect>> {
    let position = |table: usize| members.binary_search(&table).ok();
    let edges = relations.iter().filter_map(|relation| {
        let edge = (position(relation.parent?)?, position(relation.child)?);
        (edge.0 != edge.1).then_some(edge)
    });
    let mut edges: Vec<_> = edges.collect();
    edges.sort_unstable();
    edges.dedup();
    let sizes = members.iter().map(|table| (cards[*table].width, cards[*table].height));
    let sizes: Vec<_> = sizes.collect();
    let parts = layers(&sizes, &edges);
    let mut shapes: Vec<_> = PARTS.iter().map(|form| shape(&sizes, &parts, *form)).collect();
    shapes.dedup();
    shapes
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
/// becomes several columns; which height is best is found by trying.
fn columns(sizes: &[(u32, u32)], layers: &[Vec<Wish>], form: Form) -> Vec<(usize, Rect)> {
    let tables = layers.iter().flatten().map(|(table, _)| sizes[*table]);
    let area: u64 = tables.map(|(w, h)| u64::from(w + BESIDE) * u64::from(h + BELOW)).sum();
    let square = u32::try_from(area.isqrt()).unwrap_or(u32::MAX / 8);
    let heights = (5..=16).step_by(2).map(|tenth| square * tenth / 10).chain([u32::MAX]);
    let tried = heights.map(|height| {
        let boxes = stand(sizes, layers, height);
        let (right, bottom) = extent(&boxes.iter().map(|(_, rect)| *rect).collect::<Vec<_>>());
        (form.price(right + BESIDE, bottom + BELOW), boxes)
    });
    tried.min_by_key(|(price, _)| *price).map(|(_, boxes)| boxes).unwrap_or_default()
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
