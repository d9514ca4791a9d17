//! From a summary to text: pure.

use jiff::Timestamp;
use kube::Resource as _;
use kyma_inventory::{GROUP, Kyma};

use super::kyma::State;
use super::summary::{KymaReport, Summary};
use crate::exit::Failure;

mod age;
mod columns;
mod facts;
mod paint;
mod table;
mod tree;

pub(super) use table::table;

/// How text may look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The columns of the terminal; none where lines may have any length.
    pub(super) width: Option<usize>,
    /// Whether colours are welcome.
    pub(super) color: bool,
}

/// The summary as one JSON document.
pub(super) fn json(summary: &Summary) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(summary).map_err(|error| Failure::of(&error))?;
    Ok(text + "\n")
}

/// The same on one line.
pub(super) fn json_line(summary: &Summary) -> Result<String, Failure> {
    let text = serde_json::to_string(summary).map_err(|error| Failure::of(&error))?;
    Ok(text + "\n")
}

/// The same as YAML.
pub(super) fn yaml(summary: &Summary) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(summary).map_err(|error| Failure::of(&error))?;
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

/// The Kymas that are not "success", as `kubectl -o name` writes them: those in error first, then the slowest.
pub(super) fn name(summary: &Summary) -> String {
    let kind = Kyma::kind(&()).to_lowercase();
    let line = |report: &KymaReport| format!("{kind}.{GROUP}/{}\n", report.name);
    summary.errors.iter().chain(&summary.slowest).map(line).collect()
}

/// The numbers in one line; they say the same as long as nothing has moved.
pub(super) fn numbers(summary: &Summary) -> String {
    let (kymas, components) = (&summary.kymas, &summary.components);
    let mut text = format!(
        "{}/{} Kymas success, {}/{} components ({}%)",
        kymas.of(State::Success),
        kymas.total,
        components.arrived(),
        components.wanted(),
        components.arrived_percent
    );
    for state in [State::Error, State::Deleting] {
        if kymas.of(state) > 0 {
            text.push_str(&format!(", {} {}", kymas.of(state), state.word()));
        }
    }
    if summary.stalled_since.is_some() {
        text.push_str(", nothing moves");
    }
    text
}

/// The numbers with the time, and the time to come.
pub(super) fn line(summary: &Summary, numbers: &str) -> String {
    let time = kyma_inventory::conditions::seconds(summary.time);
    format!("{time} {numbers}{}\n", end(summary))
}

/// The end of a line that says when all is done; nothing where nobody can tell.
fn end(summary: &Summary) -> String {
    let end = summary.expected_end.filter(|_| summary.stalled_since.is_none());
    let text = |end: Timestamp| format!(", end expected in {}", age::human(end.duration_since(summary.time)));
    end.map_or_else(String::new, text)
}

#[cfg(test)]
mod tests;
