//! A result: `result.json`, whose form is versioned, since others read it.

use serde::{Deserialize, Serialize};

use crate::spread::Spread;

/// The version of the form. It grows when something is renamed, removed or changes its meaning; what is added leaves it.
pub const RESULT_VERSION: u32 = 1;

/// All that is known of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// [`RESULT_VERSION`].
    pub version: u32,
    /// The program and its version.
    pub tool: String,
    /// The run's name.
    pub name: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Why it did not come to its end; absent where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
    /// What was asked for.
    pub scenario: serde_json::Value,
    /// The machine.
    pub environment: Environment,
    /// What else decides the figures.
    pub settings: Vec<Setting>,
    /// The figures that runs are compared by.
    pub figures: Vec<Figure>,
    /// How times are spread.
    pub distributions: Vec<Distribution>,
    /// What a reader must know to trust the figures: gaps, a busy machine, what is not known.
    pub remarks: Vec<String>,
    /// What was sampled.
    pub series: Vec<Series>,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name.
    pub cpu: String,
    /// How many cores there are.
    pub cores: usize,
    /// Its memory, in bytes.
    pub memory_bytes: u64,
    /// The kernel's name and version.
    pub kernel: String,
    /// The load average of the last minute before the start.
    pub load: f64,
}

/// What decides the figures, as a name and a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Of what.
    pub name: String,
    /// What it is.
    pub value: String,
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It was measured in this run.
    Measured,
    /// It was calculated from what was measured.
    Derived,
    /// It comes from elsewhere.
    Published,
}

impl Origin {
    /// What it is called in pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Derived => "derived",
            Self::Published => "from elsewhere",
        }
    }
}

/// A number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// A name for programs, with its unit: `makespan_seconds`.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// Its value; absent where there is no source for it.
    pub value: Option<f64>,
    /// Its unit; empty for a count or a ratio.
    pub unit: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// How times are spread, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// A name for programs.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// The values.
    #[serde(flatten)]
    pub spread: Spread,
}

/// Values over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Whose they are.
    pub of: String,
    /// The name with its labels, as Prometheus writes them.
    pub name: String,
    /// Seconds since the start, and the value.
    pub points: Vec<(f64, f64)>,
}

impl RunResult {
    /// The value of a figure, where there is one.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name)?.value
    }
}
