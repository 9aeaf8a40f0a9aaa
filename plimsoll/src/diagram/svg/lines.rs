//! The lines between the tables with the marks at their ends, and what they mean.

use std::fmt::Write;

use super::{
    super::facts::Relation,
    colour::{colour, hue},
    measure::UNIT,
    place::Sheet,
    route::Route,
};

/// How round the corners are, in pixels.
const ROUND: f64 = 5.0;

type Point = (f64, f64);

pub(super) fn draw(
    svg: &mut String,
    sheet: &Sheet,
    relations: &[Relation],
    routes: &[Option<Route>],
) {
    for (relation, route) in relations.iter().zip(routes) {
        let Some(parent) = relation.parent else { continue };
        let stroke = stroke(sheet, parent);
        let optional = if relation.optional { " optional" } else { "" };
        let Some(route) = route else {
            under(svg, sheet, relation.child, parent, &stroke);
            continue;
        };
        let points: Vec<Point> = route.points.iter().map(|point| pixel(*point)).collect();
        _ = writeln!(
            svg,
            "<path class=\"line{optional}\" stroke=\"{stroke}\" d=\"{}\"/>",
            path(&points)
        );
        foot(svg, &points, relation.single, &stroke);
        if route.arrives {
            arrow(svg, &points, &stroke);
        }
    }
}

/// The colour of what leads to a table: its domain's, a little different for each of its tables;
/// one of its own where there is no domain.
fn stroke(sheet: &Sheet, table: usize) -> String {
    let frame = sheet.frame_of[table];
    if sheet.frames[frame].title.is_none() {
        return colour(hue(table), 0.5, 0.42);
    }
    let first = sheet.frame_of.iter().position(|other| *other == frame).unwrap_or(0);
    let step = f64::from(u32::try_from((table - first) % 5).unwrap_or(0));
    let hue = (hue(frame) + step * 14.0 - 28.0).rem_euclid(360.0);
    // Yellow and green are lighter to the eye than they are by the number.
    let lightness = if (40.0..190.0).contains(&hue) { 0.28 } else { 0.36 };
    colour(hue, 0.55, lightness + step * 0.035)
}

fn pixel((x, y): (u32, u32)) -> Point {
    (f64::from(x * UNIT), f64::from(y * UNIT))
}

/// A way with round corners.
fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, at) in points.iter().enumerate() {
        let (before, after) = (index.checked_sub(1).map(|i| points[i]), points.get(index + 1));
        match (before, after) {
            (None, _) => _ = write!(path, "M{} {}", at.0, at.1),
            (Some(_), None) => _ = write!(path, " L{} {}", at.0, at.1),
            (Some(before), Some(after)) => {
                let (enter, leave) = (toward(*at, before), toward(*at, *after));
                _ = write!(
                    path,
                    " L{} {} Q{} {} {} {}",
                    enter.0, enter.1, at.0, at.1, leave.0, leave.1
                );
            }
        }
    }
    path
}

/// The point a little way from one to another.
fn toward(from: Point, to: Point) -> Point {
    let move_by = |one: f64, other: f64| one + (other - one).clamp(-ROUND, ROUND);
    (move_by(from.0, to.0), move_by(from.1, to.1))
}

/// The end at the table that refers: a crow's foot for many rows, a bar for at most one.
fn foot(svg: &mut String, points: &[Point], single: bool, stroke: &str) {
    let [(x, y), (next, _), ..] = points else { return };
    let out = if next < x { -1.0 } else { 1.0 };
    let mark = if single {
        format!("M{0} {1} v10", x + out * 7.0, y - 5.0)
    } else {
        format!("M{0} {1} L{2} {y} L{0} {3}", x, y - 5.0, x + out * 10.0, y + 5.0)
    };
    _ = writeln!(svg, "<path class=\"line\" stroke=\"{stroke}\" d=\"{mark}\"/>");
}

/// The end at the table that is referred to.
fn arrow(svg: &mut String, points: &[Point], stroke: &str) {
    let [.., (before, _), (x, y)] = points else { return };
    let out = if before < x { -9.0 } else { 9.0 };
    _ = writeln!(
        svg,
        "<path fill=\"{stroke}\" d=\"M{x} {y} L{0} {1} L{0} {2} z\"/>",
        x + out,
        y - 4.5,
        y + 4.5
    );
}

/// A line that no way was found for goes under the tables.
fn under(svg: &mut String, sheet: &Sheet, child: usize, parent: usize, stroke: &str) {
    let [from, to] = [child, parent].map(|table| {
        let rect = sheet.tables[table];
        pixel((rect.x + rect.w / 2, rect.y + rect.h / 2))
    });
    _ = writeln!(
        svg,
        "<path class=\"line under\" stroke=\"{stroke}\" d=\"M{} {} L{} {}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// What the marks mean, under everything.
pub(super) fn legend(svg: &mut String, top: u32) {
    let y = f64::from(top * UNIT) + 8.0;
    let base = y + 4.0;
    let grey = "#475569";
    let sample = |svg: &mut String, x: f64, single: bool, optional: &str| {
        let points = [(x, y), (x + 44.0, y)];
        _ = writeln!(
            svg,
            "<path class=\"line{optional}\" stroke=\"{grey}\" d=\"{}\"/>",
            path(&points)
        );
        foot(svg, &points, single, grey);
        arrow(svg, &points, grey);
    };
    let text = |svg: &mut String, x: f64, text: &str| {
        _ = writeln!(svg, "<text class=\"legend\" x=\"{x}\" y=\"{base}\">{text}</text>");
    };
    sample(svg, 50.0, false, "");
    text(svg, 102.0, "many to one");
    sample(svg, 200.0, true, "");
    text(svg, 252.0, "at most one to one");
    sample(svg, 390.0, false, " optional");
    text(svg, 442.0, "or to none");
    for (x, fill) in [(530.0, grey), (622.0, "#ffffff")] {
        _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"2.5\" fill=\"{fill}\" stroke=\"{grey}\"/>"
        );
    }
    text(svg, 538.0, "NOT NULL");
    text(svg, 630.0, "takes NULL");
}
