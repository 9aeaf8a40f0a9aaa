//! How much room text takes: estimated, and rather too wide, because whoever looks at the picture
//! has fonts of their own.

use unicode_width::UnicodeWidthChar;

use super::super::facts::{Entity, visible};

/// How many pixels a unit of the sheet has. Every box and every bend stands on whole units.
pub(super) const UNIT: u32 = 10;
/// How high the head of a table and the title of a frame are, in units.
pub(super) const HEAD: u32 = 3;
/// How high a row is, in units.
pub(super) const ROW: u32 = 2;
pub(super) const NAME_SIZE: f64 = 13.0;
pub(super) const ROW_SIZE: f64 = 12.0;
pub(super) const KEY_SIZE: f64 = 9.0;
/// The blank at the sides of a table and between the parts of a row, in pixels.
pub(super) const BLANK: f64 = 10.0;
/// What the mark of a column that must have a value takes, in pixels.
pub(super) const MARK: f64 = 8.0;

/// Longer names and types end in an ellipsis; the whole ones are shown under the pointer.
const LONGEST_NAME: f64 = 380.0;
const LONGEST_TYPE: f64 = 190.0;

/// A table as it is written: its texts cut to what there is room for, and its size.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) title: String,
    pub(super) rows: Vec<Line>,
    /// Where the names of the columns begin, in pixels from the left.
    pub(super) indent: f64,
    /// In units.
    pub(super) width: u32,
    /// In units.
    pub(super) height: u32,
}

/// The texts of a column.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) keys: String,
    pub(super) name: String,
    pub(super) ty: String,
    /// The table that is referred to and not there.
    pub(super) note: Option<String>,
}

impl Card {
    /// The card of a table. `notes` are the tables that its rows refer to and that are not there,
    /// by the number of the row; those of no row stand at the head.
    pub(super) fn new(entity: &Entity, notes: &[(Option<usize>, &str)]) -> Self {
        let note = |at: Option<usize>| {
            let names: Vec<_> =
                notes.iter().filter(|(row, _)| *row == at).map(|(_, n)| *n).collect();
            let note =
                || cut(&format!("\u{2192} {}", visible(&names.join(", "))), LONGEST_TYPE, ROW_SIZE);
            (!names.is_empty()).then(note)
        };
        let rows = entity.rows.iter().enumerate().map(|(index, row)| Line {
            keys: row.keys.join(" "),
            name: cut(&visible(row.name), LONGEST_NAME, ROW_SIZE),
            ty: cut(&visible(&row.ty), LONGEST_TYPE, ROW_SIZE),
            note: note(Some(index)),
        });
        let rows: Vec<_> = rows.collect();
        let mut title = cut(&visible(entity.name), LONGEST_NAME, NAME_SIZE);
        if let Some(note) = note(None) {
            title = format!("{title} {note}");
        }
        let keys = rows.iter().map(|row| bold(&row.keys, KEY_SIZE)).fold(0.0, f64::max);
        let indent = if keys > 0.0 { keys + 2.0 * BLANK } else { BLANK } + MARK;
        let widths = rows.iter().map(|row| {
            let note = row.note.as_ref().map_or(0.0, |note| BLANK + width(note, ROW_SIZE));
            indent
                + width(&row.name, ROW_SIZE)
                + 1.5 * BLANK
                + width(&row.ty, ROW_SIZE)
                + note
                + BLANK
        });
        let widest = widths.fold(bold(&title, NAME_SIZE) + 2.0 * BLANK, f64::max);
        let rows_height = u32::try_from(rows.len()).unwrap_or(u32::MAX / 4) * ROW;
        // Half a unit of blank under the last row would not be on the grid; a whole one is.
        let height = HEAD + rows_height + u32::from(!rows.is_empty());
        Self { title, rows, indent, width: units(widest).max(12), height }
    }
}

/// The least number of units that the pixels fit in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "widths of text are not negative and are cut far below the limit"
)]
pub(super) fn units(pixels: f64) -> u32 {
    (pixels / f64::from(UNIT)).ceil() as u32
}

/// The width of text in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// The width of bold text in pixels.
pub(super) fn bold(text: &str, size: f64) -> f64 {
    width(text, size) * 1.1
}

/// How far a character moves on, in parts of the size: as in a wide font, wider than what
/// systems have for their own.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '\'' | '|' => 0.3,
        ' ' | '.' | ',' | ':' | ';' | '!' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' => 0.41,
        '_' | '-' => 0.5,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        'A'..='Z' | '&' | '#' | '+' | '<' | '>' | '=' | '~' => 0.79,
        c if c.is_ascii() => 0.64,
        c => match c.width() {
            Some(0) => 0.0,
            Some(2) => 1.28,
            _ => 0.8,
        },
    }
}

/// The beginning of the text that is not wider, with an ellipsis when something is missing.
pub(super) fn cut(text: &str, most: f64, size: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut room = most - width("\u{2026}", size);
    let mut cut = String::new();
    for c in text.chars() {
        room -= advance(c) * size;
        if room < 0.0 {
            break;
        }
        cut.push(c);
    }
    cut.push('\u{2026}');
    cut
}
