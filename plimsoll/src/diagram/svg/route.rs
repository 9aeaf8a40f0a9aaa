//! Finds the lines their ways: on the units of the sheet, around the tables, each on a track of
//! its own. Those that lead to the same table join on their way there.

use std::collections::BTreeMap;

use super::{
    super::facts::Relation,
    measure::{HEAD, ROW},
    pack::Rect,
    place::Sheet,
    search::{Grid, Heading, Search, Spot},
};

/// The way of a line, from the table that refers; in units.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) points: Vec<(u32, u32)>,
    /// Whether it leads up to the table that is referred to. It joins another line otherwise,
    /// and its last point shows in which direction.
    pub(super) arrives: bool,
}

/// How far a line goes straight on before it may turn: its end has a mark.
const STRAIGHT: u32 = 2;
/// How many spots may be looked at for all lines together, and for a single one. The lines that
/// are left are drawn straight, under the tables.
const LOOKS: usize = 1_500_000;
const LOOKS_FOR_ONE: usize = 300_000;
/// The largest sheet, in units, that is searched at all: each unit takes some memory.
const LARGEST: u64 = 4_000_000;

/// What leads to one table: the spots that its lines go over, each with the next one on the way.
type Tree = BTreeMap<Spot, Way>;

#[derive(Clone, Copy, Debug)]
struct Way {
    next: Spot,
    /// The only heading that a line may leave in, where there is only one.
    only: Option<Heading>,
}

/// The ways of the relations in their order; `None` where there is no table to lead to, or where
/// the search was given up.
pub(super) fn route(sheet: &Sheet, relations: &[Relation]) -> Vec<Option<Route>> {
    if u64::from(sheet.width) * u64::from(sheet.height) > LARGEST {
        return relations.iter().map(|_| None).collect();
    }
    let mut grid = Grid::new(sheet);
    for relation in relations {
        reserve(&mut grid, sheet, relation);
    }
    let mut search = Search::new(&grid);
    let mut trees: BTreeMap<usize, Tree> = BTreeMap::new();
    let mut routes: Vec<_> = relations.iter().map(|_| None).collect();
    let mut left = LOOKS;
    for index in order(sheet, relations) {
        let relation = &relations[index];
        let Some(parent) = relation.parent else { continue };
        let tree = trees.entry(parent).or_insert_with(|| root(&grid, sheet, relation, parent));
        let sources: Vec<_> = tree.iter().map(|(spot, way)| (*spot, way.only)).collect();
        let child = &sheet.tables[relation.child];
        let goals = ports(child, relation.from).map(|port| (grid.spot(port.at), port.inward));
        grid.welcome([sheet.frame_of[relation.child], sheet.frame_of[parent]]);
        let mut looks = left.min(LOOKS_FOR_ONE);
        let before = looks;
        let found = search.find(&grid, parent, &sources, goals, &mut looks);
        left -= before - looks;
        let Some(spots) = found else { continue };
        grid.take(&spots, parent);
        routes[index] =
            Some(follow(&grid, child, relation.from, &spots, tree, &sheet.tables[parent]));
    }
    routes
}

/// The lines in the order in which they are laid: those that must lead somewhere before those that
/// may, because the later ones join the earlier; short ones first.
fn order(sheet: &Sheet, relations: &[Relation]) -> Vec<usize> {
    let length = |relation: &Relation| {
        let Some(parent) = relation.parent else { return (true, true, u32::MAX) };
        let (one, other) = (&sheet.tables[relation.child], &sheet.tables[parent]);
        let far = sheet.frame_of[relation.child] != sheet.frame_of[parent];
        (far, relation.optional, one.x.abs_diff(other.x) + one.y.abs_diff(other.y))
    };
    let mut order: Vec<_> = (0..relations.len()).collect();
    order.sort_by_key(|index| length(&relations[*index]));
    order
}

/// A place at the side of a table where a line ends.
struct Port {
    /// On the edge of the table.
    edge: (u32, u32),
    /// Where the line may turn.
    at: (u32, u32),
    inward: Heading,
}

/// The places for a row: at the left, and at the right.
fn ports(table: &Rect, row: Option<usize>) -> [Port; 2] {
    let row = row.and_then(|row| u32::try_from(row).ok());
    let y = table.y + row.map_or(1, |row| HEAD + ROW * row + ROW / 2);
    [
        Port { edge: (table.x, y), at: (table.x - STRAIGHT, y), inward: Heading::East },
        Port { edge: (table.right(), y), at: (table.right() + STRAIGHT, y), inward: Heading::West },
    ]
}

/// Keeps the ends of a line free of what leads elsewhere. Where a row both refers and is referred
/// to, its left is for the one and its right for the other.
fn reserve(grid: &mut Grid, sheet: &Sheet, relation: &Relation) {
    let Some(parent) = relation.parent else { return };
    let [left, right] = ports(&sheet.tables[parent], relation.to);
    grid.reserve(right.at, parent);
    grid.reserve(left.at, parent);
    let [left, right] = ports(&sheet.tables[relation.child], relation.from);
    grid.reserve(left.at, parent);
    grid.reserve(right.at, parent);
}

/// What a table is before any line leads to it: the places at its sides.
fn root(grid: &Grid, sheet: &Sheet, relation: &Relation, parent: usize) -> Tree {
    let ports = ports(&sheet.tables[parent], relation.to).into_iter();
    let ways = ports.map(|port| {
        let way = Way { next: grid.spot(port.edge), only: Some(port.inward.back()) };
        (grid.spot(port.at), way)
    });
    ways.collect()
}

/// Makes the way from the spots of the search, and adds them to what leads to the table.
fn follow(
    grid: &Grid,
    child: &Rect,
    row: Option<usize>,
    spots: &[Spot],
    tree: &mut Tree,
    parent: &Rect,
) -> Route {
    let first = grid.place(spots[0]);
    let [left, right] = ports(child, row);
    let edge = if first == left.at { left.edge } else { right.edge };
    let joined = spots[spots.len() - 1];
    let last = grid.place(tree[&joined].next);
    let arrives = tree[&joined].only.is_some() && (last.0 == parent.x || last.0 == parent.right());
    // At its own end a line has a mark, which no other joins.
    for pair in spots.windows(2).skip(1) {
        tree.entry(pair[0]).or_insert(Way { next: pair[1], only: None });
    }
    let mut points = vec![edge];
    points.extend(spots.iter().map(|spot| grid.place(*spot)));
    points.push(last);
    Route { points: corners(&points), arrives }
}

/// The ends and the corners of a way.
fn corners(points: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let straight = |a: (u32, u32), b: (u32, u32), c: (u32, u32)| {
        (a.0 == b.0 && b.0 == c.0) || (a.1 == b.1 && b.1 == c.1)
    };
    let mut corners: Vec<(u32, u32)> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let between = corners.last().zip(points.get(index + 1));
        if between.is_none_or(|(before, after)| !straight(*before, *point, *after)) {
            corners.push(*point);
        }
    }
    corners
}
