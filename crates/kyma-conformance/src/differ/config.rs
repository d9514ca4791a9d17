//! What a run of random requests is made of, and the differences that are known: `differ.yaml`.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// What the runs of the whole test start from.
    pub(crate) seeds: Vec<u64>,
    /// How often each kind of request comes, in proportion.
    pub(crate) weights: BTreeMap<Action, u32>,
    /// Of a hundred requests so many have something wrong on purpose.
    pub(crate) broken_percent: u32,
    pub(crate) explained: Vec<Explained>,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    Create,
    Get,
    List,
    Update,
    UpdateStatus,
    JsonPatch,
    MergePatch,
    StrategicPatch,
    Apply,
    PatchStatus,
    Delete,
    DeleteCollection,
}

/// A difference between the servers that is as it should be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Explained {
    /// Expressions of the request (`PUT /path?query` and the body behind a blank) and of both answers.
    pub(crate) request: Pattern,
    pub(crate) real: Pattern,
    pub(crate) embedded: Pattern,
    /// Whether, besides, both answers have the same words, in another order.
    #[serde(default)]
    pub(crate) same_words: bool,
    /// Whether, besides, both answers differ in nothing but resourceVersions.
    #[serde(default)]
    pub(crate) same_but_versions: bool,
    pub(crate) reason: String,
}

/// The words of an answer, sorted.
fn words(answer: &str) -> Vec<&str> {
    let between = |letter: char| letter.is_whitespace() || ",;[]{}\\\"".contains(letter);
    let mut words: Vec<&str> = answer.split(between).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words
}

/// An answer without its resourceVersions, which stand there by numbers of their own, and without its managers' times.
fn versionless(answer: &str) -> String {
    let answer = answer.replace(",\"time\":\"TIME\"", "");
    let mut parts = answer.split("\"RV");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("\"RV");
        out.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    }
    out
}

/// An expression that is read with the file: a wrong one is refused at the start.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Self)
    }
}

impl Config {
    /// Which explanation, by its position, fits a difference.
    pub(crate) fn explains(&self, request: &str, real: &str, embedded: &str) -> Option<usize> {
        self.explained.iter().position(|explained| {
            explained.request.0.is_match(request)
                && explained.real.0.is_match(real)
                && explained.embedded.0.is_match(embedded)
                && (!explained.same_words || words(real) == words(embedded))
                && (!explained.same_but_versions || versionless(real) == versionless(embedded))
        })
    }

    /// An action by its weight, for a number that is taken modulo their sum.
    pub(crate) fn action(&self, number: u32) -> Action {
        let sum: u32 = self.weights.values().sum();
        let mut left = number % sum.max(1);
        for (action, weight) in &self.weights {
            if left < *weight {
                return *action;
            }
            left -= weight;
        }
        Action::Get
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Config};

    const FILE: &str = "
seeds: [1]
broken-percent: 10
weights: {create: 2, update-status: 1}
explained:
  - request: '^PUT '
    real: '^409 '
    embedded: '^404 '
    reason: because
";

    #[test]
    fn the_committed_file_is_good() {
        let config: Config = serde_saphyr::from_str(include_str!("../../differ.yaml")).unwrap();
        assert!(!config.seeds.is_empty() && config.explained.len() <= 20);
        assert!(config.explained.iter().all(|explained| !explained.reason.is_empty()));
    }

    #[test]
    fn actions_come_by_their_weights() {
        let config: Config = serde_saphyr::from_str(FILE).unwrap();
        let actions: Vec<Action> = (0..4).map(|number| config.action(number)).collect();
        assert_eq!(actions, [Action::Create, Action::Create, Action::UpdateStatus, Action::Create]);
    }

    #[test]
    fn versions_are_left_out_where_nothing_else_may_differ() {
        let file = FILE.replace("reason", "same-but-versions: true\n    reason");
        let config: Config = serde_saphyr::from_str(&file).unwrap();
        let answer = |version: &str, name: &str| format!("409 \"{version}\" {name}");
        let real = answer("RV1", "a");
        assert_eq!(config.explains("PUT /x", &real, &answer("RV12", "a").replace("409", "404")), None);
        assert_eq!(super::versionless(&real), super::versionless(&answer("RV12", "a")));
        assert_ne!(super::versionless(&real), super::versionless(&answer("RV1", "b")));
        let timed = real.replace("a", "a,\"time\":\"TIME\"");
        assert_eq!(super::versionless(&real), super::versionless(&timed));
    }

    #[test]
    fn all_three_expressions_have_to_fit() {
        let config: Config = serde_saphyr::from_str(FILE).unwrap();
        assert_eq!(config.explains("PUT /x", "409 {}", "404 {}"), Some(0));
        assert_eq!(config.explains("PUT /x", "404 {}", "409 {}"), None);
        assert!(serde_saphyr::from_str::<Config>(&FILE.replace("^PUT ", "(")).is_err());
    }
}
