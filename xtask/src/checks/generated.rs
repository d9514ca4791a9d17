//! What is generated is current: the manifests, and the table of edges in ARCHITECTURE.md.

use crate::edges::{self, BEGIN, END, PAGE, TABLE, Table};
use crate::finding::Finding;
use crate::manifests;
use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings: Vec<_> = check_block(repository).into_iter().collect();
    match manifests::generate() {
        Ok(wanted) => findings.extend(manifests::stale(repository, &wanted)),
        Err(error) => findings.push(Finding::file(manifests::DIR, crate::chain(&error))),
    }
    findings
}

fn check_block(repository: &Repository) -> Option<Finding> {
    // A broken table is the finding of the check of edges.
    let table = Table::parse(repository.file(TABLE)?).ok()?;
    let Some(page) = repository.file(PAGE) else {
        return Some(Finding::file(PAGE, "is missing; it draws the house, with the table of edges in it"));
    };
    let Some((range, block)) = edges::block(page) else {
        let message = format!(
            "has no table of edges; add the lines {BEGIN} and {END}, then `cargo xtask edges --write`"
        );
        return Some(Finding::file(PAGE, message));
    };
    let line = page[..range.start].lines().count();
    let stale = block != table.render().trim();
    stale.then(|| Finding::new(PAGE, line, "the table of edges is stale; run `cargo xtask edges --write`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edges::tests::SMALL;

    fn finding_of(page: &str) -> Option<String> {
        check_block(&Repository::of(&[(TABLE, SMALL), (PAGE, page)])).map(|finding| finding.to_string())
    }

    #[test]
    fn a_current_block_passes() {
        let table = Table::parse(SMALL).unwrap();
        let page = edges::updated(&format!("# A\n\n{BEGIN}\n{END}\n"), &table).unwrap();
        assert_eq!(finding_of(&page), None);
    }

    #[test]
    fn a_block_that_somebody_edited_is_found() {
        let table = Table::parse(SMALL).unwrap();
        let page = edges::updated(&format!("# A\n\n{BEGIN}\n{END}\n"), &table).unwrap();
        let found = finding_of(&page.replace("three", "thre")).unwrap();
        assert_eq!(found, "ARCHITECTURE.md:3: the table of edges is stale; run `cargo xtask edges --write`");
    }

    #[test]
    fn a_missing_block_or_page_is_found() {
        assert!(finding_of("# A\n").unwrap().contains("has no table of edges"));
        let found = check_block(&Repository::of(&[(TABLE, SMALL)])).unwrap();
        assert!(found.to_string().contains("is missing"));
    }
}
