//! What a suite says of its cases: Ginkgo's JSON report (`ginkgo/v2/types`, `Report` and `SpecReport`).

use std::collections::BTreeMap;

use serde::Deserialize;

/// How many specs of one name passed and failed; a name in a table or a loop stands for several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Specs {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// What the first failure said.
    pub(crate) why: Option<String>,
}

/// The cases of a suite by name. Those that the suite itself left out are not among them.
pub(crate) type Cases = BTreeMap<String, Specs>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Suite {
    #[serde(default)]
    spec_reports: Vec<Spec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Spec {
    container_hierarchy_texts: Option<Vec<String>>,
    leaf_node_text: String,
    leaf_node_type: String,
    state: String,
    failure: Option<SpecFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SpecFailure {
    #[serde(default)]
    message: String,
}

/// Longer messages tell a reader of the table no more.
const MESSAGE_CHARS_MAX: usize = 300;

/// Reads a report.
///
/// # Errors
/// When it is no report of Ginkgo's.
pub(crate) fn parse(text: &str) -> Result<Cases, serde_json::Error> {
    let suites: Vec<Suite> = serde_json::from_str(text)?;
    let mut cases = Cases::new();
    for spec in suites.into_iter().flat_map(|suite| suite.spec_reports) {
        let case = spec.leaf_node_type == "It";
        match spec.state.as_str() {
            "passed" if case => cases.entry(spec.name()).or_default().passed += 1,
            // A set-up that passed is no case, and what was left out says nothing.
            "passed" | "pending" | "skipped" => {}
            _ => {
                let why = spec.failure.as_ref().map(|failure| first_words(&failure.message));
                let specs = cases.entry(spec.name()).or_default();
                specs.failed += 1;
                specs.why = specs.why.take().or(why);
            }
        }
    }
    Ok(cases)
}

impl Spec {
    /// `Client / Create / should create`, or `BeforeSuite` for a step without a text.
    fn name(&self) -> String {
        let mut parts = self.container_hierarchy_texts.clone().unwrap_or_default();
        let leaf = if self.leaf_node_text.is_empty() { &self.leaf_node_type } else { &self.leaf_node_text };
        parts.push(leaf.clone());
        parts.join(" / ").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn first_words(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MESSAGE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::{Specs, parse};

    #[test]
    fn cases_are_named_by_their_containers_and_counted() {
        let report = r#"[{"SpecReports": [
            {"LeafNodeType": "BeforeSuite", "LeafNodeText": "", "State": "passed", "ContainerHierarchyTexts": null},
            {"LeafNodeType": "It", "LeafNodeText": "works", "State": "passed", "ContainerHierarchyTexts": ["A", "b  c"]},
            {"LeafNodeType": "It", "LeafNodeText": "works", "State": "failed", "ContainerHierarchyTexts": ["A", "b c"],
             "Failure": {"Message": "Expected\n    x"}},
            {"LeafNodeType": "It", "LeafNodeText": "later", "State": "pending", "ContainerHierarchyTexts": ["A"]},
            {"LeafNodeType": "AfterSuite", "LeafNodeText": "", "State": "timedout", "ContainerHierarchyTexts": null}
        ]}]"#;
        let cases: Vec<_> = parse(report).unwrap().into_iter().collect();
        let works = Specs { passed: 1, failed: 1, why: Some("Expected x".into()) };
        let after = Specs { passed: 0, failed: 1, why: None };
        assert_eq!(cases, [("A / b c / works".to_owned(), works), ("AfterSuite".to_owned(), after)]);
    }

    #[test]
    fn what_is_no_report_is_an_error() {
        assert!(parse("").is_err());
        assert!(parse("{}").is_err());
    }
}
