//! What is to happen: ready-made, or from a YAML file; pure.

use kyma_inventory::Kyma;
use kyma_inventory::sample;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::arrival::Arrival;

/// More Kymas than any control plane carries: a typing error.
const KYMAS_MAX: usize = 1_000_000;
/// More components than any Kyma has.
const COMPONENTS_MAX: usize = 1000;
/// A day.
const LIMIT_MAX: u64 = 24 * 3600;

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Its name, which is the run's.
    #[serde(default = "nameless")]
    pub name: String,
    /// How many Kymas there are in the end.
    pub kymas: usize,
    /// How they arrive; absent: all at once.
    #[serde(default)]
    pub arrival: Arrival,
    /// What they consist of; absent: the sample.
    #[serde(default)]
    pub components: Components,
    /// How long it may take, in seconds, before it counts as failed.
    #[serde(default = "half_an_hour")]
    pub limit_seconds: u64,
}

fn nameless() -> String {
    "scenario".to_owned()
}

fn half_an_hour() -> u64 {
    1800
}

/// What a Kyma consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Components {
    /// The eighteen of the sample.
    #[default]
    Sample,
    /// So many, with the sample's names, and numbered ones behind them.
    Count(usize),
}

/// Why a scenario is none.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// It is no YAML of the right form; the text names line and column.
    #[error("{0}")]
    Parse(String),
    /// A value makes no sense.
    #[error("{0}")]
    Value(String),
}

/// The names of the ready-made scenarios, each with what it is.
pub const READY_MADE: [(&str, &str); 3] = [
    ("basic", "1000 Kymas at once"),
    ("burst", "4000 Kymas at once"),
    ("original", "4 batches of 1000 Kymas, 1.1 of them a second, five minutes between the batches"),
];

impl Scenario {
    /// The ready-made scenario of this name.
    #[must_use]
    pub fn ready_made(name: &str) -> Option<Self> {
        let (kymas, arrival, limit_seconds) = match name {
            "basic" => (1000, Arrival::default(), 1800),
            "burst" => (4000, Arrival::default(), 1800),
            "original" => {
                let arrival =
                    Arrival { per_second: Some(1.1), batch: Some(1000), pause_seconds: Some(300.0) };
                (4000, arrival, 3 * 3600)
            }
            _ => return None,
        };
        let components = Components::Sample;
        Some(Self { name: name.to_owned(), kymas, arrival, components, limit_seconds })
    }

    /// The scenario of a YAML text.
    ///
    /// # Errors
    /// Where it is not one, with line and column, or says what cannot be.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            serde_saphyr::from_str(text).map_err(|error| ScenarioError::Parse(error.to_string()))?;
        scenario.checked()
    }

    /// This scenario, if all of it makes sense.
    ///
    /// # Errors
    /// The first value that makes none.
    pub fn checked(self) -> Result<Self, ScenarioError> {
        let value = |text: String| Err(ScenarioError::Value(text));
        if !(1..=KYMAS_MAX).contains(&self.kymas) {
            return value(format!("kymas: must be between 1 and {KYMAS_MAX}"));
        }
        if let Some(problem) = self.arrival.problem() {
            return value(problem.to_owned());
        }
        if let Components::Count(count) = self.components
            && !(1..=COMPONENTS_MAX).contains(&count)
        {
            return value(format!("components.count: must be between 1 and {COMPONENTS_MAX}"));
        }
        if !(1..=LIMIT_MAX).contains(&self.limit_seconds) {
            return value(format!("limitSeconds: must be between 1 and {LIMIT_MAX}"));
        }
        Ok(self)
    }

    /// The Kyma of this index, from 0 on.
    #[must_use]
    pub fn kyma(&self, index: usize, namespace: &str) -> Kyma {
        match self.components {
            Components::Sample => sample::kyma(index + 1, namespace),
            Components::Count(count) => sample::kyma_sized(index + 1, namespace, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_made_scenarios_make_sense_and_can_be_written_as_yaml() {
        for (name, _) in READY_MADE {
            let scenario = Scenario::ready_made(name).unwrap().checked().unwrap();
            let yaml = serde_saphyr::to_string(&scenario).unwrap();
            assert_eq!(Scenario::parse(&yaml).unwrap(), scenario, "{yaml}");
        }
        assert_eq!(Scenario::ready_made("basics"), None);
    }

    #[test]
    fn what_is_left_out_is_the_usual() {
        let scenario = Scenario::parse("kymas: 3\n").unwrap();
        assert_eq!(
            (scenario.kymas, scenario.arrival, scenario.components),
            (3, Arrival::default(), Components::Sample)
        );
        assert_eq!(scenario.kyma(0, "a").spec.components.len(), 18);
        let sized = Scenario::parse("kymas: 3\ncomponents:\n  count: 2\n").unwrap();
        assert_eq!(sized.kyma(2, "a").spec.components.len(), 2);
        assert_eq!(sized.kyma(2, "a").metadata.name.as_deref(), Some("kyma-sample-3"));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, said) in [
            ("", "line 1"),
            ("kymas: many\n", "line 1"),
            ("kymas: 1\nkyma: 2\n", "line 2"),
            ("kymas: 1\narrival:\n  perSecnd: 3\n", "line 3"),
            ("kymas: 0\n", "kymas: must be"),
            ("kymas: 1\narrival: { perSecond: -1 }\n", "arrival.perSecond"),
            ("kymas: 1\ncomponents: { count: 0 }\n", "components.count"),
            ("kymas: 1\nlimitSeconds: 0\n", "limitSeconds"),
            ("kymas: [1\n", "line"),
        ] {
            let error = Scenario::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }
}
