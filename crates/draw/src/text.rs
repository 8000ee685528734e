//! How wide a text will be, near enough to place it. No font is measured: the widths are those of Helvetica, which
//! the fonts in use keep to, with some room added.

use crate::svg::{PX, Px};

/// Sizes of type, in hundredths of a pixel.
pub(crate) const TITLE: Px = 17 * PX;
pub(crate) const BODY: Px = 13 * PX;
pub(crate) const SMALL: Px = 12 * PX;

/// Widths of the characters from space to `~`, in thousandths of the size (Adobe Helvetica metrics).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556,
    556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278,
    500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469,
    556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500,
    278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of a character that the table does not hold: a capital's.
const OTHER_WIDTH: u16 = 722;

/// The width of `text` at `size`.
pub(crate) fn width(text: &str, size: Px) -> Px {
    let thousandths: i64 = text.chars().map(|c| i64::from(char_width(c))).sum();
    // One part in twenty for faces that run wider.
    thousandths * size * 21 / 20 / 1_000
}

/// The same in bold.
pub(crate) fn bold_width(text: &str, size: Px) -> Px {
    width(text, size) * 21 / 20
}

/// `text`, cut with `…` where it would be wider than `room`.
pub(crate) fn fitted(text: &str, size: Px, room: Px) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size) + width("…", size) > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// `text` in lines of at most `room`, broken between words. A word that is wider stands on a line of its own.
pub(crate) fn wrapped(text: &str, size: Px, room: Px) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn char_width(c: char) -> u16 {
    let place = u32::from(c).checked_sub(32).and_then(|n| usize::try_from(n).ok());
    match c {
        '–' => 556,
        '…' => 1_000,
        '·' => 278,
        '−' => 584,
        _ => place.and_then(|n| WIDTHS.get(n)).copied().unwrap_or(OTHER_WIDTH),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_only_where_it_must_be() {
        let room = width("permit", BODY);
        assert_eq!(fitted("permit", BODY, room), "permit");
        assert_eq!(fitted("permitted", BODY, room), "per…");
        assert_eq!(fitted("permitted", BODY, 0), "…");
    }

    #[test]
    fn lines_break_between_words() {
        let room = width("the quick brown", SMALL);
        assert_eq!(wrapped("the quick brown fox jumps", SMALL, room), ["the quick brown", "fox jumps"]);
        assert_eq!(wrapped("", SMALL, room), [""; 0]);
    }
}
