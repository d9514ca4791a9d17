//! The lines in which two texts differ, as upstream shows them: Python's `difflib` in the Go of
//! `github.com/pmezard/go-difflib`, whose choice of matching lines is not the shortest edit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines of context around a difference.
const CONTEXT: usize = 3;
/// From here on, lines that are frequent do not begin a match.
const MANY_LINES: usize = 200;

/// A unified difference without the names of files.
pub(super) fn unified(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split('\n').collect(), new.split('\n').collect());
    let mut text = String::new();
    for group in groups(operations(&a, &b)) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "@@ -{} +{} @@", range(first.a.0, last.a.1), range(first.b.0, last.b.1));
        for operation in &group {
            let mut lines = |sign: char, lines: &[&str], (from, to): (usize, usize)| {
                for line in lines.get(from..to).unwrap_or_default() {
                    let _ = writeln!(text, "{sign}{line}");
                }
            };
            if operation.equal {
                lines(' ', &a, operation.a);
            } else {
                lines('-', &a, operation.a);
                lines('+', &b, operation.b);
            }
        }
    }
    text
}

fn range(from: usize, to: usize) -> String {
    match to - from {
        1 => (from + 1).to_string(),
        0 => format!("{from},0"),
        length => format!("{},{length}", from + 1),
    }
}

/// Lines of both texts, by their first and the one behind their last: alike, or instead of each other.
#[derive(Clone, Copy)]
struct Operation {
    equal: bool,
    a: (usize, usize),
    b: (usize, usize),
}

/// Runs of lines that are alike: where they begin in both texts, and how many they are.
#[derive(Clone, Copy)]
struct Match {
    a: usize,
    b: usize,
    size: usize,
}

struct Matcher<'a> {
    a: &'a [&'a str],
    b: &'a [&'a str],
    /// Where a line stands in the second text.
    places: BTreeMap<&'a str, Vec<usize>>,
}

fn operations(a: &[&str], b: &[&str]) -> Vec<Operation> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, line) in b.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if b.len() >= MANY_LINES {
        let most = b.len() / 100 + 1;
        places.retain(|_, indices| indices.len() <= most);
    }
    let matcher = Matcher { a, b, places };
    let mut matches = Vec::new();
    matcher.find((0, a.len()), (0, b.len()), &mut matches);
    matches.push(Match { a: a.len(), b: b.len(), size: 0 });
    let (mut i, mut j) = (0, 0);
    let mut operations: Vec<Operation> = Vec::new();
    for Match { a, b, size } in matches {
        if i < a || j < b {
            operations.push(Operation { equal: false, a: (i, a), b: (j, b) });
        }
        (i, j) = (a + size, b + size);
        match operations.last_mut() {
            // Runs that touch are one.
            Some(last) if last.equal && last.a.1 == a && last.b.1 == b => (last.a.1, last.b.1) = (i, j),
            _ if size > 0 => operations.push(Operation { equal: true, a: (a, i), b: (b, j) }),
            _ => {}
        }
    }
    operations
}

impl Matcher<'_> {
    /// The longest run, and those before and behind it.
    fn find(&self, a: (usize, usize), b: (usize, usize), matches: &mut Vec<Match>) {
        let longest = self.longest(a, b);
        if longest.size == 0 {
            return;
        }
        if a.0 < longest.a && b.0 < longest.b {
            self.find((a.0, longest.a), (b.0, longest.b), matches);
        }
        matches.push(longest);
        let (i, j) = (longest.a + longest.size, longest.b + longest.size);
        if i < a.1 && j < b.1 {
            self.find((i, a.1), (j, b.1), matches);
        }
    }

    fn longest(&self, a: (usize, usize), b: (usize, usize)) -> Match {
        let mut best = Match { a: a.0, b: b.0, size: 0 };
        // How long the run is that ends at a place of the second text and the line before.
        let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
        for (i, line) in self.a.iter().enumerate().take(a.1).skip(a.0) {
            let mut next = BTreeMap::new();
            let places = self.places.get(line).map(Vec::as_slice).unwrap_or_default();
            for &j in places.iter().filter(|place| (b.0..b.1).contains(place)) {
                let size = j.checked_sub(1).and_then(|j| lengths.get(&j)).copied().unwrap_or_default() + 1;
                next.insert(j, size);
                if size > best.size {
                    best = Match { a: i + 1 - size, b: j + 1 - size, size };
                }
            }
            lengths = next;
        }
        while best.a > a.0 && best.b > b.0 && self.a.get(best.a - 1) == self.b.get(best.b - 1) {
            best = Match { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
        }
        while best.a + best.size < a.1
            && best.b + best.size < b.1
            && self.a.get(best.a + best.size) == self.b.get(best.b + best.size)
        {
            best.size += 1;
        }
        best
    }
}

/// Differences that are near each other stand together, with their context.
fn groups(operations: Vec<Operation>) -> Vec<Vec<Operation>> {
    let count = operations.len();
    let mut groups = vec![Vec::new()];
    for (index, mut operation) in operations.into_iter().enumerate() {
        let length = operation.a.1 - operation.a.0;
        if operation.equal {
            if index + 1 == count {
                let kept = length.min(CONTEXT);
                operation.a.1 = operation.a.0 + kept;
                operation.b.1 = operation.b.0 + kept;
            } else if index == 0 || length > 2 * CONTEXT {
                if index > 0 {
                    let before = Operation {
                        equal: true,
                        a: (operation.a.0, operation.a.0 + CONTEXT),
                        b: (operation.b.0, operation.b.0 + CONTEXT),
                    };
                    if let Some(group) = groups.last_mut() {
                        group.push(before);
                    }
                    groups.push(Vec::new());
                }
                let kept = length.min(CONTEXT);
                operation.a.0 = operation.a.1 - kept;
                operation.b.0 = operation.b.1 - kept;
            }
        }
        if let Some(group) = groups.last_mut() {
            group.push(operation);
        }
    }
    groups.retain(|group| group.iter().any(|operation| !operation.equal));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_context() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm";
        assert_eq!(unified(old, old), "");
        let new = old.replace("\nb", "\nB");
        assert_eq!(unified(old, &new), "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n");
        let new = format!("{}\nn", old.replace("a\n", ""));
        assert_eq!(
            unified(old, &new),
            "@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n@@ -11,3 +10,4 @@\n k\n l\n m\n+n\n"
        );
        assert_eq!(unified("a", "b"), "@@ -1 +1 @@\n-a\n+b\n");
    }
}
