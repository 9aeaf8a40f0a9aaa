//! Packs boxes onto a sheet that is somewhat wider than high.

/// A box on the sheet, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) w: u32,
    pub(super) h: u32,
}

impl Rect {
    pub(super) fn right(&self) -> u32 {
        self.x + self.w
    }

    pub(super) fn bottom(&self) -> u32 {
        self.y + self.h
    }

    pub(super) fn moved(self, x: u32, y: u32) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }

    /// The distance between the middles of two boxes along the axes.
    fn distance(&self, other: &Self) -> u64 {
        let apart = |at: u32, length: u32, there: u32, its: u32| {
            u64::from((2 * at + length).abs_diff(2 * there + its) / 2)
        };
        apart(self.x, self.w, other.x, other.w) + apart(self.y, self.h, other.y, other.h)
    }
}

/// How wide and high everything together is.
pub(super) fn extent(boxes: &[Rect]) -> (u32, u32) {
    let right = boxes.iter().map(Rect::right).max().unwrap_or(0);
    (right, boxes.iter().map(Rect::bottom).max().unwrap_or(0))
}

/// The height of a sheet of three to two that has room for a width and a height.
pub(super) fn side(width: u32, height: u32) -> u64 {
    u64::from(width * 2).max(u64::from(height * 3))
}

/// How often the boxes are put in another order to find out whether it is a better one.
const TRIALS: usize = 1500;

/// Places boxes of the given sizes, `gap` apart in both directions, so that the sheet is small and what is linked
/// stands near.
pub(super) fn pack(sizes: &[(u32, u32)], links: &[(usize, usize)], gap: (u32, u32)) -> Vec<Rect> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse((sizes[*index].1, sizes[*index].0)));
    let (mut cost, mut best) = best_width(sizes, links, gap, &order);
    // Exchanging any two is tried until nothing gets better or the trials are used up.
    let mut trials = TRIALS / sizes.len().max(1);
    let mut better = true;
    while std::mem::take(&mut better) {
        for (one, other) in pairs(order.len()) {
            if trials == 0 {
                return best;
            }
            trials -= 1;
            order.swap(one, other);
            let (new, boxes) = best_width(sizes, links, gap, &order);
            if new < cost {
                (cost, best, better) = (new, boxes, true);
            } else {
                order.swap(one, other);
            }
        }
    }
    best
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |one| (one + 1..count).map(move |other| (one, other)))
}

/// The cheapest of several widths of the sheet.
fn best_width(
    sizes: &[(u32, u32)],
    links: &[(usize, usize)],
    gap: (u32, u32),
    order: &[usize],
) -> (u64, Vec<Rect>) {
    let widest = sizes.iter().map(|size| size.0).max().unwrap_or(0) + gap.0;
    let area: u64 = sizes.iter().map(|(w, h)| u64::from(w + gap.0) * u64::from(h + gap.1)).sum();
    let square = u32::try_from(area.isqrt()).unwrap_or(u32::MAX / 8);
    let widths = (8..=18).map(|tenth| widest.max(square / 10 * tenth));
    let sheets = widths.map(|width| {
        let boxes = shelve(sizes, gap, order, width);
        (price(&boxes, links), boxes)
    });
    sheets.min_by_key(|(price, _)| *price).unwrap_or_default()
}

/// What a sheet costs: its size, and how far apart linked boxes are.
fn price(boxes: &[Rect], links: &[(usize, usize)]) -> u64 {
    let (width, height) = extent(boxes);
    let far: u64 = links.iter().map(|(one, other)| boxes[*one].distance(&boxes[*other])).sum();
    side(width, height) * 10 + far * 12 / (links.len() as u64).max(1)
}

/// Puts one box after the other where its lower edge is highest, leftmost of those.
fn shelve(sizes: &[(u32, u32)], gap: (u32, u32), order: &[usize], width: u32) -> Vec<Rect> {
    let mut boxes = vec![Rect::default(); sizes.len()];
    // The outline of what is there: where a step begins, and how far down it reaches.
    let mut outline: Vec<(u32, u32)> = vec![(0, 0)];
    for &index in order {
        let (w, h) = (sizes[index].0 + gap.0, sizes[index].1 + gap.1);
        let fits = outline.iter().filter(|(x, _)| *x == 0 || x + w <= width);
        let places = fits.map(|&(x, _)| {
            let under = outline.iter().enumerate().filter(|(step, (begin, _))| {
                let end = outline.get(step + 1).map_or(u32::MAX, |next| next.0);
                *begin < x + w && end > x
            });
            (under.map(|(_, (_, y))| *y).max().unwrap_or(0), x)
        });
        let (y, x) = places.min().unwrap_or_default();
        boxes[index] = Rect { x, y, w: sizes[index].0, h: sizes[index].1 };
        let after = outline.iter().rev().find(|(begin, _)| *begin <= x + w).map_or(0, |step| step.1);
        outline.retain(|(begin, _)| *begin < x || *begin > x + w);
        outline.push((x, y + h));
        outline.push((x + w, after));
        outline.sort_unstable();
    }
    boxes
}
