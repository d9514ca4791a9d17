//! The recorded answers of the real server: a file for each kind, a paragraph for each cell.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

/// The cells of a kind by name, with their texts.
pub(crate) type Record = BTreeMap<String, String>;

/// A cell in which the embedded server is not as the real one, and why.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// The cell's whole name: `matrix/deployment/update/stale`.
    pub(crate) cell: String,
    /// Why.
    pub(crate) reason: String,
}

/// The differences that are written down.
pub(crate) fn differences(folder: &Path) -> Result<Vec<Difference>, String> {
    let file = folder.join("differences.yaml");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// What was recorded of a kind.
pub(crate) fn read(folder: &Path, kind: &str) -> Result<Record, String> {
    let file = folder.join(format!("{kind}.txt"));
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(parse(&text))
}

/// Replaces what was recorded of a kind.
pub(crate) fn write(folder: &Path, kind: &str, record: &Record) -> Result<(), String> {
    let file = folder.join(format!("{kind}.txt"));
    std::fs::write(&file, print(record)).map_err(|error| format!("{}: {error}", file.display()))
}

fn parse(text: &str) -> Record {
    let mut record = Record::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            name = Some(title.to_owned());
            record.insert(title.to_owned(), String::new());
        } else if let Some(text) = name.as_ref().and_then(|name| record.get_mut(name))
            && !line.is_empty()
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    record
}

fn print(record: &Record) -> String {
    let mut text = String::new();
    for (name, cell) in record {
        // An empty line ends a paragraph, and a "# " begins one: neither is at the start of a line of an answer.
        let lines: Vec<&str> = cell.lines().filter(|line| !line.is_empty()).collect();
        let _ = writeln!(text, "# {name}\n{}\n", lines.join("\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Record, parse, print};

    #[test]
    fn what_is_written_is_read_again() {
        let cells = [("a/b", "GET /x\n200 {}\n"), ("a/c", "PUT /x\n409 {}\n= the same\n")];
        let record: Record = cells.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        assert_eq!(parse(&print(&record)), record);
        assert!(parse("").is_empty());
    }
}
