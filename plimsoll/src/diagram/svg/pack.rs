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

/// Which forms are as good as any other, in hundredths of width by height.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form(u64, u64);

/// The form of a screen.
pub(super) const SCREEN: Form = Form(135, 175);
/// The forms that a part may have: whichever the other parts leave room for.
pub(super) const PARTS: [Form; 4] = [Form(90, 180), SCREEN, Form(170, 400), Form(40, 100)];

impl Form {
    /// What a width and a height cost: the area that they take of a sheet of this form.
    pub(super) fn price(self, width: u32, height: u32) -> u64 {
        let (width, height) = (u64::from(width), u64::from(height));
        (width * height).max(width * width * 100 / self.1).max(height * height * self.0 / 100)
    }
}

/// How much may be tried to find a better order and better shapes, in pairs of boxes.
const TRIALS: usize = 70_000;
/// Up to how many boxes all widths of the sheet are tried, and up to how many some.
const FEW: usize = 150;
const MANY: usize = 1500;

/// Places boxes, `gap` apart in both directions, so that the sheet is small and what is linked
/// stands near. Each box may have one of several shapes; tells which one it has.
pub(super) fn pack(
    shapes: &[Vec<(u32, u32)>],
    links: &[(usize, usize)],
    gap: (u32, u32),
    form: Form,
) -> (Vec<Rect>, Vec<usize>) {
    let mut choice = vec![0; shapes.len()];
    let sizes = |choice: &[usize]| -> Vec<(u32, u32)> {
        shapes.iter().zip(choice).map(|(shapes, shape)| shapes[*shape]).collect()
    };
    let first = sizes(&choice);
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse((first[*index].1, first[*index].0)));
    let (mut cost, mut best) = best_width(&first, links, gap, form, &order);
    let mut trials = TRIALS / shapes.len().pow(2).max(1);
    let mut better = true;
    while std::mem::take(&mut better) {
        for change in changes(shapes) {
            if trials == 0 {
                return (best, choice);
            }
            trials -= 1;
            let before = choice.clone();
            match change {
                Change::Order(one, other) => order.swap(one, other),
                Change::Shape(index, shape) => choice[index] = shape,
            }
            let (new, boxes) = best_width(&sizes(&choice), links, gap, form, &order);
            if new < cost {
                (cost, best, better) = (new, boxes, true);
            } else {
                choice = before;
                if let Change::Order(one, other) = change {
                    order.swap(one, other);
                }
            }
        }
    }
    (best, choice)
}

/// Something that may make a sheet better.
#[derive(Clone, Copy, Debug)]
enum Change {
    Order(usize, usize),
    Shape(usize, usize),
}

fn changes(shapes: &[Vec<(u32, u32)>]) -> impl Iterator<Item = Change> {
    let count = shapes.len();
    let of_shape = shapes.iter().enumerate().flat_map(|(index, shapes)| {
        (0..shapes.len()).map(move |shape| Change::Shape(index, shape))
    });
    let of_order = (0..count)
        .flat_map(move |one| (one + 1..count).map(move |other| Change::Order(one, other)));
    of_shape.chain(of_order)
}

/// The cheapest of several widths of the sheet.
fn best_width(
    sizes: &[(u32, u32)],
    links: &[(usize, usize)],
    gap: (u32, u32),
    form: Form,
    order: &[usize],
) -> (u64, Vec<Rect>) {
    let widest = sizes.iter().map(|size| size.0).max().unwrap_or(0) + gap.0;
    let area: u64 = sizes.iter().map(|(w, h)| u64::from(w + gap.0) * u64::from(h + gap.1)).sum();
    let square = u32::try_from(area.isqrt()).unwrap_or(u32::MAX / 8);
    let widths = match sizes.len() {
        0..FEW => (8..20).step_by(1),
        FEW..MANY => (8..20).step_by(4),
        _ => (12..13).step_by(1),
    };
    let widths = widths.map(|tenth| widest.max(square / 10 * tenth));
    let sheets = widths.map(|width| {
        let boxes = shelve(sizes, gap, order, width);
        (price(&boxes, links, form), boxes)
    });
    sheets.min_by_key(|(price, _)| *price).unwrap_or_default()
}

/// What a sheet costs: its size, and how far apart linked boxes are.
fn price(boxes: &[Rect], links: &[(usize, usize)], form: Form) -> u64 {
    let (width, height) = extent(boxes);
    let far: u64 = links.iter().map(|(one, other)| boxes[*one].distance(&boxes[*other])).sum();
    form.price(width, height).isqrt() * 20 + far * 12 / (links.len() as u64).max(1)
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
        let after =
            outline.iter().rev().find(|(begin, _)| *begin <= x + w).map_or(0, |step| step.1);
        outline.retain(|(begin, _)| *begin < x || *begin > x + w);
        outline.push((x, y + h));
        outline.push((x + w, after));
        outline.sort_unstable();
    }
    boxes
}
