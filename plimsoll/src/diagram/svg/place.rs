//! Where everything stands on the sheet: the frames of the domains beside each other, the tables in
//! them.

use super::{
    super::facts::{Entity, Relation, visible},
    layers::shapes,
    measure::{Card, bold, cut, units},
    pack::{Rect, SCREEN, extent, pack},
};

/// The room between the edge of a frame and what is in it.
const INSIDE: u32 = 3;
/// The room between two frames.
const BETWEEN: u32 = 6;
/// The room around everything.
const MARGIN: u32 = 5;
/// The longest title of a frame, in pixels.
const LONGEST_TITLE: f64 = 500.0;
/// From how many tables on the picture is looked at from afar first.
const MANY: usize = 24;

/// The sheet with everything in its place, in units.
#[derive(Debug)]
pub(super) struct Sheet {
    /// The boxes of the tables, in their order.
    pub(super) tables: Vec<Rect>,
    pub(super) frames: Vec<Frame>,
    /// The index of the frame that each table is in.
    pub(super) frame_of: Vec<usize>,
    /// The size of the titles of the frames, in pixels.
    pub(super) title_size: f64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The tables of one domain.
#[derive(Debug)]
pub(super) struct Frame {
    /// Cut to what there is room for; `None` for the tables that belong to no domain.
    pub(super) title: Option<String>,
    pub(super) rect: Rect,
}

pub(super) fn place(entities: &[Entity], relations: &[Relation], cards: &[Card]) -> Sheet {
    let mut groups = Vec::new();
    let mut frame_of = Vec::new();
    for entity in entities {
        if groups.last() != Some(&entity.group) {
            groups.push(entity.group);
        }
        frame_of.push(groups.len() - 1);
    }
    let title_size = if cards.len() < MANY { 16.0 } else { 26.0 };
    let title = |group: &str| cut(&visible(group), LONGEST_TITLE, title_size);
    let titles: Vec<_> = groups.into_iter().map(|group| group.map(title)).collect();
    let parts: Vec<Vec<Vec<Rect>>> = (0..titles.len())
        .map(|frame| {
            let members = (0..cards.len()).filter(|table| frame_of[*table] == frame);
            shapes(&members.collect::<Vec<_>>(), relations, cards)
        })
        .collect();
    let head = |title: &Option<String>| title.as_ref().map_or(0, |_| title_height(title_size));
    let sizes = parts.iter().zip(&titles).map(|(shapes, title)| {
        let least = title.as_ref().map_or(0, |title| units(bold(title, title_size)) + 4);
        let frame = |boxes: &Vec<Rect>| {
            let (width, height) = extent(boxes);
            ((width + 2 * INSIDE).max(least), height + 2 * INSIDE + head(title))
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
        let top = frame.y + MARGIN + INSIDE + head(&titles[index]);
        let boxes = parts[index][choice[index]].iter();
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
