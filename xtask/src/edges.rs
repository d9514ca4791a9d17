//! The table of allowed edges among crates, and its copy in ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

/// Where the table is kept as data.
pub(crate) const TABLE: &str = "xtask/edges.toml";
/// Where it is printed, between [`BEGIN`] and [`END`].
pub(crate) const PAGE: &str = "ARCHITECTURE.md";
pub(crate) const BEGIN: &str = "<!-- edges:begin -->";
pub(crate) const END: &str = "<!-- edges:end -->";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to read {}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    #[error("failed to parse {TABLE}")]
    ParseTable { source: toml::de::Error },
    #[error("{PAGE} has no lines {BEGIN} and {END} for the table to stand between")]
    FindBlock,
    #[error("failed to write {}", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Families of outside crates that only the rows naming them may use.
    pub(crate) restricted: Vec<String>,
    /// Workspace crates that any crate may take as a dev-dependency.
    pub(crate) dev: Vec<String>,
    pub(crate) sides: BTreeMap<String, Side>,
    pub(crate) crates: BTreeMap<String, Row>,
}

/// Crates that know nothing of another side's crates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Side {
    pub(crate) crates: Vec<String>,
    /// Families of outside crates that no row of this side may name.
    #[serde(default)]
    pub(crate) never: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    is: String,
    /// Workspace crates.
    pub(crate) may: Vec<String>,
    /// Restricted families.
    pub(crate) external: Vec<String>,
}

impl Table {
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The restricted family that an outside crate belongs to: the longest name that it is, or begins with.
    pub(crate) fn family(&self, package: &str) -> Option<&str> {
        let of_family = |name: &&str| {
            package.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.restricted.iter().map(String::as_str).filter(of_family).max_by_key(|name| name.len())
    }

    /// The table as Markdown, in the order of the sides, then of the names.
    pub(crate) fn render(&self) -> String {
        let mut out =
            String::from("| crate | what it is | may use | restricted outside crates |\n|---|---|---|---|\n");
        let in_sides = self.sides.values().flat_map(|side| &side.crates);
        let others = self.crates.keys().filter(|name| !in_sides.clone().any(|other| other == *name));
        for name in in_sides.clone().chain(others) {
            let Some(row) = self.crates.get(name) else { continue };
            let (may, external) = (list(&row.may), list(&row.external));
            // Writing to a string cannot fail.
            let _ = writeln!(out, "| `{name}` | {} | {may} | {external} |", row.is);
        }
        out
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "–".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// What stands between the markers of `page`, and from where to where in bytes.
pub(crate) fn block(page: &str) -> Option<(Range<usize>, &str)> {
    let start = page.find(BEGIN)? + BEGIN.len();
    let end = start + page[start..].find(END)?;
    Some((start..end, page[start..end].trim()))
}

/// The page with a current block; `None` when it has no markers.
pub(crate) fn updated(page: &str, table: &Table) -> Option<String> {
    let (range, _) = block(page)?;
    Some(format!("{}\n{}{}", &page[..range.start], table.render(), &page[range.end..]))
}

/// Brings the page up to date; says whether that changed it.
pub(crate) fn write(root: &Path) -> Result<bool, Error> {
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(|source| Error::ReadFile { path, source });
    let table = Table::parse(&read(root.join(TABLE))?).map_err(|source| Error::ParseTable { source })?;
    let path = root.join(PAGE);
    let page = read(path.clone())?;
    let new = updated(&page, &table).ok_or(Error::FindBlock)?;
    if new != page {
        fs::write(&path, &new).map_err(|source| Error::WriteFile { path, source })?;
    }
    Ok(new != page)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SMALL: &str = r#"
        restricted = ["tokio", "http", "kube", "kube-core"]
        dev = ["kyma-testkit"]
        [sides.operator]
        crates = ["kyma-controller"]
        [sides.server]
        crates = ["kyma-store"]
        never = ["kube"]
        [crates.kyma-controller]
        is = "one"
        may = []
        external = ["kube", "tokio"]
        [crates.kyma-store]
        is = "two"
        may = []
        external = ["tokio"]
        [crates.kyma-testkit]
        is = "three"
        may = ["kyma-controller", "kyma-store"]
        external = []
    "#;

    #[test]
    fn an_outside_crate_belongs_to_the_longest_family() {
        let table = Table::parse(SMALL).unwrap();
        assert_eq!(table.family("kube"), Some("kube"));
        assert_eq!(table.family("kube-runtime"), Some("kube"));
        assert_eq!(table.family("kube-core"), Some("kube-core"));
        assert_eq!(table.family("http-body-util"), Some("http"));
        assert_eq!(table.family("httparse"), None);
        assert_eq!(table.family("serde"), None);
    }

    #[test]
    fn the_block_is_replaced_and_the_rest_is_left_alone() {
        let table = Table::parse(SMALL).unwrap();
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = updated(&page, &table).unwrap();
        assert!(new.starts_with(&format!("before\n{BEGIN}\n| crate |")));
        assert!(new.ends_with(&format!("{END}\nafter\n")));
        assert!(new.contains("| `kyma-testkit` | three | `kyma-controller`, `kyma-store` | – |\n"));
        assert_eq!(updated(&new, &table), Some(new), "a second write changes nothing");
        assert_eq!(updated("no markers", &table), None);
    }

    #[test]
    fn the_page_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("xtask")).unwrap();
        fs::write(dir.path().join(TABLE), SMALL).unwrap();
        fs::write(dir.path().join(PAGE), "# A\n").unwrap();
        assert!(matches!(write(dir.path()), Err(Error::FindBlock)));
        fs::write(dir.path().join(PAGE), format!("# A\n{BEGIN}{END}")).unwrap();
        assert!(write(dir.path()).unwrap());
        assert!(!write(dir.path()).unwrap());
        assert!(fs::read_to_string(dir.path().join(PAGE)).unwrap().contains("| `kyma-store` | two |"));
    }
}
