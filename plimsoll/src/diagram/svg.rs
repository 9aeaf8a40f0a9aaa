//! A diagram as a picture: domains as frames, tables in them, lines around the tables.

mod colour;
mod layers;
mod lines;
mod measure;
mod pack;
mod place;
mod route;
mod search;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use colour::{colour, hue};
use measure::{BLANK, Card, HEAD, Line, ROW, UNIT};
use pack::Rect;
use place::Sheet;

use super::facts::{Entity, Relation, Row, escaped};

const STYLE: &str = "
  text { font-family: 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif; }
  .group { font-weight: bold; }
  .name { font-size: 13px; font-weight: bold; fill: #0f172a; }
  .column { font-size: 12px; fill: #1e293b; }
  .type { font-size: 12px; fill: #64748b; text-anchor: end; }
  .note { font-style: italic; }
  .keys { font-size: 9px; font-weight: bold; fill: #475569; }
  .legend { font-size: 12px; fill: #475569; }
  .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
  .optional { stroke-dasharray: 5 3; }
  .under { opacity: 0.3; }
";
/// The height of the legend, in units.
const LEGEND: u32 = 4;

pub(super) fn draw(entities: &[Entity], relations: &[Relation]) -> String {
    let cards = cards(entities, relations);
    let sheet = place::place(entities, relations, &cards);
    let routes = route::route(&sheet, relations);
    let width = sheet.width.max(74) * UNIT;
    let height = (sheet.height + LEGEND) * UNIT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
    );
    for (index, frame) in sheet.frames.iter().enumerate() {
        if let Some(title) = &frame.title {
            draw_frame(&mut svg, frame.rect, title, sheet.title_size, hue(index));
        }
    }
    lines::draw(&mut svg, &sheet, relations, &routes);
    for (index, (entity, card)) in entities.iter().zip(&cards).enumerate() {
        draw_table(&mut svg, entity, card, &sheet, index);
    }
    lines::legend(&mut svg, sheet.height);
    svg.push_str("</svg>\n");
    svg
}

fn cards(entities: &[Entity], relations: &[Relation]) -> Vec<Card> {
    let absent = |child: usize| {
        let of = relations.iter().filter(move |relation| relation.child == child);
        of.filter(|relation| relation.parent.is_none())
            .map(|relation| (relation.from, relation.references))
            .collect::<Vec<_>>()
    };
    entities.iter().enumerate().map(|(index, entity)| Card::new(entity, &absent(index))).collect()
}

fn pixels(rect: Rect) -> String {
    let Rect { x, y, w, h } = rect;
    let [x, y, w, h] = [x, y, w, h].map(|length| length * UNIT);
    format!("x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"")
}

fn draw_frame(svg: &mut String, rect: Rect, title: &str, size: f64, hue: f64) {
    _ = writeln!(
        svg,
        "<rect {} rx=\"12\" fill=\"{}\" stroke=\"{}\"/>\n\
         <text class=\"group\" font-size=\"{size}\" x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>",
        pixels(rect),
        colour(hue, 0.5, 0.97),
        colour(hue, 0.4, 0.82),
        rect.x * UNIT + 16,
        f64::from(rect.y * UNIT) + 12.0 + size,
        colour(hue, 0.5, 0.32),
        escaped(title),
    );
}

fn draw_table(svg: &mut String, entity: &Entity, card: &Card, sheet: &Sheet, index: usize) {
    let rect = sheet.tables[index];
    let frame = sheet.frame_of[index];
    // What belongs to no domain is grey.
    let saturation = if entity.group.is_some() { 0.5 } else { 0.08 };
    let hue = hue(frame);
    let (x, y) = (rect.x * UNIT, rect.y * UNIT);
    let (width, head) = (rect.w * UNIT, HEAD * UNIT);
    let below = y + head;
    svg.push_str("<g>");
    let comment = entity.comment.map(|text| format!(": {}", escaped(text))).unwrap_or_default();
    _ = writeln!(svg, "<title>{}{comment}</title>", escaped(entity.name));
    _ = writeln!(
        svg,
        "<rect {} rx=\"5\" fill=\"#ffffff\" stroke=\"{}\"/>",
        pixels(rect),
        colour(hue, saturation * 0.7, 0.66),
    );
    _ = writeln!(
        svg,
        "<path d=\"M{x} {below} v-{} a5 5 0 0 1 5 -5 h{} a5 5 0 0 1 5 5 v{} z\" fill=\"{}\" stroke=\"{}\"/>",
        head - 5,
        width - 10,
        head - 5,
        colour(hue, saturation, 0.9),
        colour(hue, saturation * 0.7, 0.66),
    );
    _ = writeln!(
        svg,
        "<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>",
        f64::from(x) + BLANK,
        y + 20,
        escaped(&card.title)
    );
    for ((row, line), number) in entity.rows.iter().zip(&card.rows).zip(0..) {
        draw_row(svg, row, line, card, (x, below + number * ROW * UNIT), width);
    }
    svg.push_str("</g>\n");
}

fn draw_row(svg: &mut String, row: &Row, line: &Line, card: &Card, (x, y): (u32, u32), width: u32) {
    let (left, base) = (f64::from(x), y + 15);
    let hint = [Some(row.name), Some(row.ty.as_str()), row.comment].into_iter().flatten();
    let hint: Vec<_> = hint.map(escaped).collect();
    _ = write!(svg, "<g><title>{}</title>", hint.join(" \u{b7} "));
    if !line.keys.is_empty() {
        let keys = escaped(&line.keys);
        _ = write!(
            svg,
            "<text class=\"keys\" x=\"{}\" y=\"{}\">{keys}</text>",
            left + BLANK,
            y + 14
        );
    }
    let fill = if row.nullable { "#ffffff" } else { "#64748b" };
    _ = write!(
        svg,
        "<circle cx=\"{:.1}\" cy=\"{}\" r=\"2.2\" fill=\"{fill}\" stroke=\"#64748b\"/>",
        left + card.indent - 6.0,
        y + 11,
    );
    let name = escaped(&line.name);
    _ = write!(
        svg,
        "<text class=\"column\" x=\"{:.1}\" y=\"{base}\">{name}</text>",
        left + card.indent
    );
    let note =
        line.note.as_ref().map(|note| format!(" <tspan class=\"note\">{}</tspan>", escaped(note)));
    let end = left + f64::from(width) - BLANK;
    _ = writeln!(
        svg,
        "<text class=\"type\" x=\"{end}\" y=\"{base}\">{}{}</text></g>",
        escaped(&line.ty),
        note.unwrap_or_default(),
    );
}
