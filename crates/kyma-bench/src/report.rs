//! Tables in Markdown.

use std::path::Path;

use crate::console;
use crate::environment::Environment;
use crate::error::Error;

/// A table; every row has as many cells as the header.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    title: &'static str,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(title: &'static str, header: &[&str]) -> Self {
        let header = header.iter().map(|&cell| cell.to_owned()).collect();
        Table { title, header, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row; cells that are missing are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// Adds a line under the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The table with its title and notes.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        line(&mut text, &self.header);
        line(&mut text, &vec!["---".to_owned(); self.header.len()]);
        for row in &self.rows {
            line(&mut text, row);
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&format!("- {note}\n"));
        }
        text
    }
}

fn line(text: &mut String, cells: &[String]) {
    for cell in cells {
        text.push_str("| ");
        text.push_str(&cell.replace('|', "\\|").replace('\n', " "));
        text.push(' ');
    }
    text.push_str("|\n");
}

/// Prints the tables, and writes them to `out` where it is given.
pub(crate) fn publish(
    title: &str,
    environment: &Environment,
    tables: &[Table],
    out: Option<&Path>,
) -> Result<(), Error> {
    let text = document(title, &environment.to_markdown(), tables);
    console::print(&text)?;
    out.map_or(Ok(()), |path| write(path, &text))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let written =
        path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, text));
    written.map_err(|source| Error::WriteFile { file: path.display().to_string(), source })
}

fn document(title: &str, environment: &str, tables: &[Table]) -> String {
    let mut text = format!("# {title}\n\n{environment}");
    for table in tables {
        text.push('\n');
        text.push_str(&table.to_markdown());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_document_is_plain_markdown() {
        let mut table = Table::new("What it costs", &["request", "CPU"]);
        table.row(cells(&["get", "20"]));
        table.row(cells(&["a|b\nc"]));
        table.note("CPU in microseconds.");
        assert_eq!(
            document("Requests", "- Commit: x\n", &[table]),
            "# Requests\n\n- Commit: x\n\n## What it costs\n\n| request | CPU |\n| --- | --- |\n\
             | get | 20 |\n| a\\|b c |  |\n\n- CPU in microseconds.\n"
        );
    }

    #[test]
    fn a_file_and_its_folder_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("a.md");
        let environment = Environment::read(folder.path()).to_markdown();
        write(&path, &document("T", &environment, &[])).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# T\n\n- Command: `"), "{text}");
        // The temporary folder is in no repository.
        assert!(text.contains("- Commit: none\n"), "{text}");
        assert!(write(folder.path(), "").is_err());
    }
}
