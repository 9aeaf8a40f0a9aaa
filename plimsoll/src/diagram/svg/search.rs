//! The search for the cheapest way of a line over the units of the sheet.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    measure::{bold, units},
    pack::Rect,
    place::{Sheet, title_height},
};

/// A place on the sheet as the number of its unit, row by row.
pub(super) type Spot = usize;

/// Which way a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    East,
    South,
    West,
    North,
}

impl Heading {
    const ALL: [Self; 4] = [Self::East, Self::South, Self::West, Self::North];

    pub(super) fn back(self) -> Self {
        Self::ALL[(self as usize + 2) % 4]
    }

    /// 0 along the rows, 1 across them.
    fn axis(self) -> usize {
        self as usize % 2
    }
}

const STEP: u32 = 10;
/// A corner costs as much as a little way, and so does a place where lines join.
const BEND: u32 = 25;
const CROSS: u32 = 30;
/// Running on another line's track hides both.
const SHARE: u32 = 900;
/// Running through a domain that the line has nothing to do with.
const STRANGE: u32 = 7;
/// Running along the edge of a frame.
const EDGE: u32 = 25;

const NOBODY: u32 = u32::MAX;
const NOWHERE: u32 = u32::MAX;

/// What stands on the units of the sheet.
#[derive(Debug)]
pub(super) struct Grid {
    width: usize,
    blocked: Vec<bool>,
    /// The frame that a unit is in.
    frame: Vec<u32>,
    /// What a step to a unit costs besides, along each axis.
    toll: [Vec<u32>; 2],
    /// The table that the line over a unit leads to, along each axis.
    owner: [Vec<u32>; 2],
    welcome: [u32; 2],
}

impl Grid {
    pub(super) fn new(sheet: &Sheet) -> Self {
        let (width, height) = (sheet.width as usize + 1, sheet.height as usize + 1);
        let all = width * height;
        let mut grid = Self {
            width,
            blocked: vec![false; all],
            frame: vec![NOWHERE; all],
            toll: [vec![0; all], vec![0; all]],
            owner: [vec![NOBODY; all], vec![NOBODY; all]],
            welcome: [NOWHERE; 2],
        };
        for x in 0..width {
            grid.blocked[x] = true;
            grid.blocked[all - 1 - x] = true;
        }
        for y in 0..height {
            grid.blocked[y * width] = true;
            grid.blocked[y * width + width - 1] = true;
        }
        for (frame, index) in sheet.frames.iter().zip(0..) {
            let Some(title) = &frame.title else { continue };
            let Rect { x, y, w, h } = frame.rect;
            grid.fill(frame.rect, |grid, spot| grid.frame[spot] = index);
            for edge in [Rect { x, y, w, h: 0 }, Rect { x, y: y + h, w, h: 0 }] {
                grid.fill(edge, |grid, spot| grid.toll[0][spot] = EDGE);
            }
            for edge in [Rect { x, y, w: 0, h }, Rect { x: x + w, y, w: 0, h }] {
                grid.fill(edge, |grid, spot| grid.toll[1][spot] = EDGE);
            }
            let long = (units(bold(title, sheet.title_size)) + 2).min(w);
            let high = title_height(sheet.title_size);
            grid.fill(Rect { x, y: y + 1, w: long, h: high }, |grid, spot| {
                grid.blocked[spot] = true;
            });
        }
        for table in &sheet.tables {
            // The ends of its own lines have marks, which need the room beside it.
            let with_marks = Rect { x: table.x - 1, w: table.w + 2, ..*table };
            grid.fill(with_marks, |grid, spot| grid.blocked[spot] = true);
        }
        grid
    }

    fn fill(&mut self, rect: Rect, mut with: impl FnMut(&mut Self, Spot)) {
        for y in rect.y..=rect.bottom() {
            let start = self.spot((rect.x, y));
            (start..=start + rect.w as usize).for_each(|spot| with(self, spot));
        }
    }

    pub(super) fn spot(&self, (x, y): (u32, u32)) -> Spot {
        y as usize * self.width + x as usize
    }

    pub(super) fn place(&self, spot: Spot) -> (u32, u32) {
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (number(spot % self.width), number(spot / self.width))
    }

    /// Which frames the next line is at home in.
    pub(super) fn welcome(&mut self, frames: [usize; 2]) {
        self.welcome = frames.map(name);
    }

    /// Keeps a unit for the lines to a table, unless it is kept already.
    pub(super) fn reserve(&mut self, place: (u32, u32), to: usize) {
        let spot = self.spot(place);
        if self.owner[0][spot] == NOBODY {
            self.owner[0][spot] = name(to);
        }
    }

    /// Lays a line over units.
    pub(super) fn take(&mut self, spots: &[Spot], to: usize) {
        for pair in spots.windows(2) {
            let axis = usize::from(pair[0].abs_diff(pair[1]) != 1);
            for spot in pair {
                self.owner[axis][*spot] = name(to);
            }
        }
    }

    fn is_others(&self, axis: usize, spot: Spot, to: u32) -> bool {
        ![NOBODY, to].contains(&self.owner[axis][spot])
    }

    /// What a step to a unit costs that does not turn.
    fn price(&self, spot: Spot, heading: Heading, to: u32) -> u32 {
        let axis = heading.axis();
        let mut price = STEP + self.toll[axis][spot];
        if self.is_others(axis, spot, to) {
            price += SHARE;
        } else if self.is_others(1 - axis, spot, to) {
            price += CROSS;
        }
        let frame = self.frame[spot];
        if frame != NOWHERE && !self.welcome.contains(&frame) {
            price += STRANGE;
        }
        price
    }

    fn neighbour(&self, spot: Spot, heading: Heading) -> Option<Spot> {
        let spot = match heading {
            Heading::East => spot + 1,
            Heading::South => spot + self.width,
            Heading::West => spot - 1,
            Heading::North => spot - self.width,
        };
        (!self.blocked[spot]).then_some(spot)
    }
}

fn name(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX - 1)
}

/// What a search remembers; kept for the next one, which only has to count on.
#[derive(Debug)]
pub(super) struct Search {
    /// The number of the search that last came to a spot in a heading.
    seen: Vec<u32>,
    cost: Vec<u32>,
    /// The heading before.
    from: Vec<u8>,
    number: u32,
}

impl Search {
    pub(super) fn new(grid: &Grid) -> Self {
        let states = grid.blocked.len() * 4;
        Self { seen: vec![0; states], cost: vec![0; states], from: vec![0; states], number: 0 }
    }

    /// The cheapest way from one of the goals to one of the sources, given backwards as it is
    /// drawn. `looks` counts down and ends the search.
    pub(super) fn find(
        &mut self,
        grid: &Grid,
        to: usize,
        sources: &[(Spot, Option<Heading>)],
        goals: [(Spot, Heading); 2],
        looks: &mut usize,
    ) -> Option<Vec<Spot>> {
        self.number += 1;
        let to = name(to);
        let places = goals.map(|(spot, _)| grid.place(spot));
        let ahead = |spot: Spot| {
            let (x, y) = grid.place(spot);
            let away = places.map(|goal| goal.0.abs_diff(x) + goal.1.abs_diff(y));
            away[0].min(away[1]) * STEP
        };
        // What is several times as far away as the nearest is hardly the cheapest.
        let all = sources.len();
        let nearest = sources.iter().map(|(spot, _)| ahead(*spot)).min().unwrap_or(0);
        let near = |spot: &Spot| ahead(*spot) <= nearest * 3 + 40 * STEP;
        let sources: Vec<_> = sources.iter().filter(|(spot, _)| near(spot)).collect();
        *looks = looks.checked_sub(all / 16 + sources.len())?;
        let mut open = BinaryHeap::new();
        for (spot, only) in sources {
            for heading in Heading::ALL {
                if only.is_some_and(|only| only != heading) {
                    continue;
                }
                let shared = grid.is_others(heading.axis(), *spot, to);
                let cost = if shared { SHARE } else { 0 } + if only.is_none() { BEND } else { 0 };
                self.reach(*spot, heading, cost, 4);
                open.push(Reverse((cost + ahead(*spot), cost, *spot, heading as usize)));
            }
        }
        while let Some(Reverse((_, cost, spot, at))) = open.pop() {
            if cost > self.cost[spot * 4 + at] {
                continue;
            }
            let heading = Heading::ALL[at];
            if goals.iter().any(|(goal, inward)| *goal == spot && inward.back() != heading) {
                return Some(self.way(grid, spot, heading));
            }
            *looks = looks.checked_sub(1)?;
            for turn in Heading::ALL {
                if turn == heading.back() {
                    continue;
                }
                let Some(next) = grid.neighbour(spot, turn) else { continue };
                let mut cost = cost + grid.price(next, turn, to);
                if turn != heading {
                    cost += BEND;
                    if grid.is_others(turn.axis(), spot, to) {
                        cost += SHARE;
                    }
                }
                // The last bend, into the table, is a part of the way.
                let bent = |(goal, inward): &(Spot, Heading)| *goal == next && *inward != turn;
                if goals.iter().any(bent) {
                    cost += BEND;
                }
                if self.reach(next, turn, cost, at) {
                    open.push(Reverse((cost + ahead(next), cost, next, turn as usize)));
                }
            }
        }
        None
    }

    /// Notes a way to a spot if it is the cheapest yet.
    fn reach(&mut self, spot: Spot, heading: Heading, cost: u32, from: usize) -> bool {
        let state = spot * 4 + heading as usize;
        let better = self.seen[state] != self.number || cost < self.cost[state];
        if better {
            self.seen[state] = self.number;
            self.cost[state] = cost;
            self.from[state] = u8::try_from(from).unwrap_or(4);
        }
        better
    }

    /// The spots from the end of a way back to its source.
    fn way(&self, grid: &Grid, mut spot: Spot, mut heading: Heading) -> Vec<Spot> {
        let mut way = vec![spot];
        loop {
            let from = usize::from(self.from[spot * 4 + heading as usize]);
            if from == 4 {
                return way;
            }
            let back = match heading {
                Heading::East => spot - 1,
                Heading::South => spot - grid.width,
                Heading::West => spot + 1,
                Heading::North => spot + grid.width,
            };
            (spot, heading) = (back, Heading::ALL[from]);
            way.push(spot);
        }
    }
}
