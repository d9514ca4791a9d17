//! Dependencies among the workspace's crates, and on restricted outside crates, are those of the table.

use std::collections::BTreeMap;

use crate::edges::{TABLE, Table};
use crate::finding::Finding;
use crate::repository::Repository;

/// One line of a `Cargo.toml`'s dependency tables.
pub(super) struct Dependency {
    pub(super) package: String,
    pub(super) dev: bool,
    line: usize,
}

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let Some(text) = repository.file(TABLE) else {
        return vec![Finding::file(TABLE, "is missing; it lists who may use whom")];
    };
    let table = match Table::parse(text) {
        Ok(table) => table,
        Err(error) => return vec![Finding::file(TABLE, format!("is not a table of edges: {error}"))],
    };
    let mut findings = check_sides(&table, text);
    let renames = workspace_renames(repository);
    let mut seen = Vec::new();
    for dir in repository.packages() {
        let path = format!("{dir}/Cargo.toml");
        let text = repository.file(&path).unwrap_or_default();
        match package(text, &renames) {
            Ok((name, dependencies)) => {
                findings.extend(check_package(&table, &path, &name, &dependencies));
                seen.push(name);
            }
            Err(error) => findings.push(Finding::file(path, error)),
        }
    }
    for name in table.crates.keys().filter(|name| !seen.contains(name)) {
        let line = line_starting(text, &format!("[crates.{name}]"));
        findings.push(Finding::new(TABLE, line, format!("no crate {name} exists; take its row out")));
    }
    findings
}

fn check_package(table: &Table, path: &str, name: &str, dependencies: &[Dependency]) -> Vec<Finding> {
    let Some(row) = table.crates.get(name) else {
        return vec![Finding::file(path, format!("{name} has no row in {TABLE}; add one"))];
    };
    let mut findings = Vec::new();
    for Dependency { package, dev, line } in dependencies {
        let finding = |message: String| Finding::new(path, *line, message);
        if table.crates.contains_key(package) {
            let allowed = row.may.contains(package) || (*dev && table.dev.contains(package));
            if !allowed {
                findings.push(finding(format!(
                    "{name} may not use {package}: take what is needed through the crates of its row in {TABLE}, \
                     or move the code to the crate that may"
                )));
            }
        } else if let Some(family) = table.family(package)
            && !row.external.iter().any(|other| other == family)
        {
            findings.push(finding(format!(
                "{name} may not use {package} (family {family}): leave it to a crate whose row in {TABLE} names it"
            )));
        }
    }
    findings
}

/// The table itself keeps the two sides apart, so that an edited row cannot join them.
fn check_sides(table: &Table, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (side, members) in &table.sides {
        for name in &members.crates {
            let Some(row) = table.crates.get(name) else { continue };
            let others = table.sides.iter().filter(|(other, _)| *other != side);
            let foreign = others.flat_map(|(_, other)| &other.crates).filter(|other| row.may.contains(other));
            let never = members.never.iter().filter(|family| row.external.contains(family));
            for bad in foreign.chain(never) {
                let line = line_starting(text, &format!("[crates.{name}]"));
                let message =
                    format!("{name}, on the {side} side, may not use {bad}: the API is the only bridge");
                findings.push(Finding::new(TABLE, line, message));
            }
        }
    }
    findings
}

/// A package's name and dependencies, under the names of the packages, whatever they are called here.
pub(super) fn package(
    text: &str,
    renames: &BTreeMap<String, String>,
) -> Result<(String, Vec<Dependency>), String> {
    let manifest: toml::Table = toml::from_str(text).map_err(|error| format!("is not TOML: {error}"))?;
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    let name = name.ok_or("has no package name")?.to_owned();

    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flatten().filter_map(|(_, target)| target.as_table()));

    let mut dependencies = Vec::new();
    for table in tables {
        for (section, dev) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let entries = table.get(section).and_then(toml::Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                let package = renamed.or_else(|| renames.get(key).map(String::as_str)).unwrap_or(key);
                let line = line_starting(text, key);
                dependencies.push(Dependency { package: package.to_owned(), dev, line });
            }
        }
    }
    Ok((name, dependencies))
}

/// `alias = { package = "name" }` among the workspace's dependencies.
pub(super) fn workspace_renames(repository: &Repository) -> BTreeMap<String, String> {
    let text = repository.file("Cargo.toml").unwrap_or_default();
    let root: toml::Table = toml::from_str(text).unwrap_or_default();
    let entries = root.get("workspace").and_then(|workspace| workspace.get("dependencies")?.as_table());
    let renamed = |(key, value): (&String, &toml::Value)| {
        Some((key.clone(), value.get("package")?.as_str()?.to_owned()))
    };
    entries.into_iter().flatten().filter_map(renamed).collect()
}

/// The first line that begins with the word; 1 when there is none.
fn line_starting(text: &str, word: &str) -> usize {
    let begins = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_'))
    };
    text.lines().position(begins).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edges::tests::SMALL;

    /// Three crates, of which the store has these lines after its `[package]` table.
    fn findings_of(store: &str) -> Vec<Finding> {
        let store = format!("[package]\nname = \"kyma-store\"\n{store}");
        check(&Repository::of(&[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nqueue = { package = \"kyma-controller\", path = \"x\" }",
            ),
            (TABLE, SMALL),
            ("crates/kyma-store/Cargo.toml", &store),
            ("crates/kyma-controller/Cargo.toml", "[package]\nname = \"kyma-controller\""),
            (
                "crates/kyma-testkit/Cargo.toml",
                "[package]\nname = \"kyma-testkit\"\n[dependencies]\nkyma-store.workspace = true",
            ),
        ]))
    }

    /// The one finding, as text.
    fn finding_of(store: &str) -> String {
        let findings = findings_of(store);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings[0].to_string()
    }

    #[test]
    fn allowed_edges_pass() {
        assert_eq!(findings_of(""), []);
        assert_eq!(findings_of("[dependencies]\nserde = \"1\"\ntokio.workspace = true"), []);
        assert_eq!(findings_of("[dev-dependencies]\nkyma-testkit.workspace = true"), []);
    }

    #[test]
    fn an_edge_outside_of_the_table_is_found() {
        let found = finding_of("[dependencies]\nserde = \"1\"\nkyma-controller.workspace = true");
        assert!(found.starts_with("crates/kyma-store/Cargo.toml:5: kyma-store may not use kyma-controller"));
        finding_of("[dev-dependencies]\nkyma-controller.workspace = true");
        finding_of("[build-dependencies]\nkyma-controller.workspace = true");
        finding_of("[target.'cfg(unix)'.dependencies]\nkyma-controller.workspace = true");
    }

    #[test]
    fn a_crate_for_tests_is_no_ordinary_dependency() {
        finding_of("[dependencies]\nkyma-testkit.workspace = true");
    }

    #[test]
    fn a_rename_hides_nothing() {
        finding_of("[dependencies]\nqueue.workspace = true");
        finding_of("[dependencies]\nc = { package = \"kyma-controller\", path = \"../c\" }");
    }

    #[test]
    fn a_restricted_outside_crate_is_found() {
        let found = finding_of("[dependencies]\nkube-runtime = \"5\"");
        assert!(found.contains("may not use kube-runtime (family kube)"), "{found}");
        finding_of("[dev-dependencies]\nhttp.workspace = true");
    }

    #[test]
    fn crates_without_a_row_and_rows_without_a_crate_are_found() {
        let findings = check(&Repository::of(&[
            (TABLE, SMALL),
            ("crates/kyma-new/Cargo.toml", "[package]\nname = \"kyma-new\""),
        ]));
        let texts: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts[0].contains("kyma-new has no row"));
        assert!(texts[1].contains("no crate kyma-controller exists"));
    }

    #[test]
    fn a_table_that_joins_the_sides_is_found() {
        let joined = SMALL
            .replace("is = \"two\"\n        may = []", "is = \"two\"\n        may = [\"kyma-controller\"]");
        assert_ne!(joined, SMALL);
        assert_eq!(check_sides(&Table::parse(&joined).unwrap(), &joined).len(), 1);
        let client = SMALL.replace("external = [\"tokio\"]", "external = [\"tokio\", \"kube\"]");
        assert_eq!(check_sides(&Table::parse(&client).unwrap(), &client).len(), 1);
    }

    #[test]
    fn a_missing_or_broken_table_is_found() {
        assert_eq!(check(&Repository::of(&[])).len(), 1);
        assert_eq!(check(&Repository::of(&[(TABLE, "crates = 1")])).len(), 1);
    }
}
