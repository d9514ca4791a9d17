//! The text of an expression: positions in it, and issues with a pointer into it.

use std::collections::HashMap;
use std::fmt;

use crate::ast::ExprId;

/// A position: lines count from one, columns from zero, both in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line, counted from one; -1 where there is no position.
    pub line: i64,
    /// The column, counted from zero; -1 where there is no position.
    pub column: i64,
}

impl Location {
    /// Of an issue that concerns the text as a whole.
    pub(crate) const NONE: Self = Self { line: -1, column: -1 };
}

/// A text with its line starts and the positions of a tree's nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    lines: Vec<String>,
    starts: Vec<usize>,
    positions: HashMap<ExprId, usize>,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let mut starts = Vec::with_capacity(lines.len());
        let mut start = 0;
        for line in &lines {
            starts.push(start);
            start += line.chars().count() + 1;
        }
        Self { lines, starts, positions: HashMap::new() }
    }

    /// Where the character with that number stands.
    pub(crate) fn location(&self, offset: usize) -> Location {
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = offset - self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Location { line: number(line), column: number(column) }
    }

    pub(crate) fn set_position(&mut self, id: ExprId, offset: usize) {
        self.positions.insert(id, offset);
    }

    pub(crate) fn clear_position(&mut self, id: ExprId) {
        self.positions.remove(&id);
    }

    pub(crate) fn position(&self, id: ExprId) -> Option<usize> {
        self.positions.get(&id).copied()
    }

    /// Where a node begins; one without an identity stands in front of everything.
    pub(crate) fn location_of(&self, id: ExprId) -> Location {
        if id == 0 {
            return Location { line: 1, column: -1 };
        }
        self.position(id).map_or(Location::NONE, |offset| self.location(offset))
    }

    fn snippet(&self, line: i64) -> Option<&str> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.lines.get(index).map(String::as_str)
    }
}

/// Something wrong with an expression, at a position of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Where.
    pub location: Location,
    /// What.
    pub message: String,
}

/// As many issues are listed; of the rest there is a count.
const MAX_REPORTED: usize = 100;

/// A longer line is not shown.
const MAX_SNIPPET: usize = 16384;

/// All issues of an expression, collected while it is read.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    list: Vec<Issue>,
    count: usize,
}

impl Issues {
    pub(crate) fn report(&mut self, location: Location, message: String) {
        self.count += 1;
        if self.count <= MAX_REPORTED {
            self.list.push(Issue { location, message });
        }
    }

    /// How many there are, for `keep_syntax`.
    pub(crate) fn mark(&self) -> usize {
        self.list.len()
    }

    /// Forgets those reported since that are not about syntax.
    pub(crate) fn keep_syntax(&mut self, mark: usize) {
        let before = self.list.len();
        let since = self.list.split_off(mark.min(before));
        self.list.extend(since.into_iter().filter(|issue| issue.message.starts_with("Syntax error")));
        self.count -= before - self.list.len();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// In the order of their positions, with the text they are about.
    pub(crate) fn finish(mut self, source: &Source) -> Report {
        self.list.sort_by_key(|issue| issue.location);
        let mut text: Vec<String> = self.list.iter().map(|issue| render(issue, source)).collect();
        if self.count > MAX_REPORTED {
            text.push(format!("{} more errors were truncated", self.count - MAX_REPORTED));
        }
        Report { issues: self.list, text: text.join("\n") }
    }
}

/// Issues in the form in which cel-go prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One by one.
    pub issues: Vec<Issue>,
    text: String,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The message, the line, and a pointer below it; wide characters get wide points.
fn render(issue: &Issue, source: &Source) -> String {
    let Issue { location, message } = issue;
    let mut text = format!("ERROR: <input>:{}:{}: {message}", location.line, location.column + 1);
    // Of nothing at all there is nothing to show.
    let empty = source.lines.iter().all(String::is_empty) && source.lines.len() == 1;
    let snippet = source.snippet(location.line).filter(|snippet| !empty && snippet.len() <= MAX_SNIPPET);
    if let Some(snippet) = snippet {
        text.push_str("\n | ");
        text.push_str(&snippet.replace('\t', " "));
        text.push_str("\n | ");
        let mut chars = snippet.chars();
        for _ in 0..location.column {
            let Some(c) = chars.next() else { break };
            text.push(if c.len_utf8() > 1 { '\u{ff0e}' } else { '.' });
        }
        text.push(if chars.next().is_some_and(|c| c.len_utf8() > 1) { '\u{ff3e}' } else { '^' });
    }
    text
}
