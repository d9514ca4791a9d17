//! Aligned columns that fit the terminal.

use console::{measure_text_width, truncate_str};

use super::Look;
use super::paint::{Cell, Tint};

const GAP: usize = 2;
const CUT: &str = "…";
/// The most lines of a text: a server's message may have a thousand characters.
const FOLDS: usize = 4;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    right: bool,
    /// The narrowest that the column may become where there is no room; none where it keeps its width.
    least: Option<usize>,
}

/// A column that is never cut.
pub(super) const fn firm(title: &'static str) -> Column {
    Column { title, right: false, least: None }
}

/// A column of numbers and times.
pub(super) const fn number(title: &'static str) -> Column {
    Column { title, right: true, least: None }
}

/// A column that may be cut to so many characters.
pub(super) const fn soft(title: &'static str, least: usize) -> Column {
    Column { title, right: false, least: Some(least) }
}

/// Rows under titles. A row may have fewer cells than there are columns.
pub(super) fn columns(columns: &[Column], rows: &[Vec<Cell>], look: &Look) -> String {
    let widths = widths(columns, rows, look.width);
    let titles: Vec<Cell> = columns.iter().map(|column| Cell::new(column.title, Tint::Heading)).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        for (n, (cell, (column, width))) in row.iter().zip(columns.iter().zip(&widths)).enumerate() {
            let last = n + 1 == row.len();
            text.push_str(&fitted(cell, column, *width, last, look.color));
        }
        text.push('\n');
    }
    text
}

/// A cell cut, coloured and padded; no blanks at the end of a line.
fn fitted(cell: &Cell, column: &Column, width: usize, last: bool, color: bool) -> String {
    let cut = truncate_str(&cell.text, width, CUT);
    let pad = " ".repeat(width.saturating_sub(measure_text_width(&cut)));
    let painted = cell.tint.paint(&cut, color);
    match (column.right, last) {
        (true, true) => format!("{pad}{painted}"),
        (true, false) => format!("{pad}{painted}{}", " ".repeat(GAP)),
        (false, true) => painted,
        (false, false) => format!("{painted}{pad}{}", " ".repeat(GAP)),
    }
}

/// A text in lines of whole words, each behind an indent, [`FOLDS`] at most.
pub(super) fn folded(text: &str, indent: usize, room: Option<usize>) -> String {
    let text = Cell::from(text).text;
    let room = room.map_or(usize::MAX, |room| room.saturating_sub(indent).max(1));
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() == FOLDS;
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if full => {
                line.push_str(CUT);
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| format!("{:indent$}{}\n", "", truncate_str(line, room, CUT))).collect()
}

/// Each column as wide as its widest cell; where that is too much, the widest of those that may be cut lose most.
fn widths(columns: &[Column], rows: &[Vec<Cell>], room: Option<usize>) -> Vec<usize> {
    let cells = |n: usize| rows.iter().filter_map(move |row| row.get(n));
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let widest = cells(n).map(|cell| measure_text_width(&cell.text)).max().unwrap_or(0);
            widest.max(measure_text_width(column.title))
        })
        .collect();
    let gaps = GAP * columns.len().saturating_sub(1);
    while room.is_some_and(|room| widths.iter().sum::<usize>() + gaps > room) {
        let cuttable = columns
            .iter()
            .zip(&mut widths)
            .filter(|(column, width)| column.least.is_some_and(|least| **width > least));
        match cuttable.map(|(_, width)| width).max_by_key(|width| **width) {
            Some(width) => *width -= 1,
            None => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(rows: &[[&str; 3]], width: Option<usize>) -> String {
        let rows: Vec<Vec<Cell>> =
            rows.iter().map(|row| row.iter().map(|text| (*text).into()).collect()).collect();
        columns(&[soft("NAME", 5), number("AGE"), soft("MESSAGE", 8)], &rows, &Look { width, color: false })
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let rows = [["a", "5s", "short"], ["a-longer-name", "170m", ""]];
        assert_eq!(
            render(&rows, None),
            "NAME            AGE  MESSAGE\na                5s  short\na-longer-name  170m  \n"
        );
    }

    #[test]
    fn what_does_not_fit_is_cut_where_there_is_most() {
        let rows = [["kyma-sample-1", "5s", "a message of thirty characters"]];
        assert_eq!(
            render(&rows, Some(40)),
            "NAME           AGE  MESSAGE\nkyma-sample-1   5s  a message of thirty…\n"
        );
        assert_eq!(render(&rows, Some(30)), "NAME          AGE  MESSAGE\nkyma-sample…   5s  a message …\n");
        // Too narrow for anything: the least widths stay.
        assert_eq!(render(&rows, Some(4)), "NAME   AGE  MESSAGE\nkyma…   5s  a messa…\n");
    }

    #[test]
    fn wide_characters_count_double_and_control_characters_are_gone() {
        let rows = [["集群", "5s", "x\x1b[31my\nz"], ["abcd", "5s", "é"]];
        assert_eq!(render(&rows, None), "NAME  AGE  MESSAGE\n集群   5s  x [31my z\nabcd   5s  é\n");
    }

    #[test]
    fn texts_are_folded_between_words_and_end_somewhere() {
        assert_eq!(folded("one two three", 2, Some(9)), "  one two\n  three\n");
        assert_eq!(folded("one\ntwo", 0, None), "one two\n");
        assert_eq!(folded("unbreakable", 1, Some(8)), " unbrea…\n");
        let long = folded(&"word ".repeat(100), 0, Some(11));
        assert_eq!(long, "word word\nword word\nword word\nword word…\n");
        assert_eq!(folded("", 4, Some(80)), "");
    }

    #[test]
    fn colours_change_no_width() {
        let row = vec![Cell::new("bad", Tint::Bad), "5s".into(), "m".into()];
        let look = Look { width: Some(80), color: true };
        let text = columns(&[firm("STATE"), number("AGE"), firm("MESSAGE")], &[row], &look);
        assert!(text.contains("\x1b[31mbad\x1b[0m"), "{text:?}");
        assert_eq!(console::strip_ansi_codes(&text), "STATE  AGE  MESSAGE\nbad     5s  m\n");
    }
}
