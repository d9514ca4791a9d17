//! The numbers, one fact a line.

use console::measure_text_width;
use kyma_inventory::Stage;

use super::age::human;
use super::paint::{Cell, Tint, tint};
use super::{Look, end};
use crate::status::kyma::State;
use crate::status::summary::{MISSING, Summary, stage_word};

/// The width of the names of facts.
const LABEL: usize = 12;
/// The cells of the progress bar, where there is room for them.
const BAR: usize = 30;

/// What to do where there is nothing.
pub(super) fn nothing(summary: &Summary) -> String {
    let place = match &summary.namespace {
        Some(namespace) => format!("in the namespace {namespace}"),
        None => "in any namespace".to_owned(),
    };
    let hint = if summary.elsewhere {
        "There are some in other namespaces: `kymactl status -A` shows them all, `-n NAMESPACE` those of one."
            .to_owned()
    } else {
        let option = summary.namespace.as_ref().map_or_else(String::new, |name| format!(" -n {name}"));
        format!(
            "To make some: `kymactl sample --kymas 10{option} --apply`, with `kymactl operator` to look after them."
        )
    };
    format!("No Kymas {place}.\n{hint}\n")
}

/// Where, how far, how many, and whether anything moves.
pub(super) fn facts(summary: &Summary, look: &Look) -> String {
    let (kymas, components) = (&summary.kymas, &summary.components);
    let mut text = String::new();
    let mut fact = |label: &str, cells: &[Cell]| text.push_str(&wrapped(label, cells, look));
    fact("Namespace", &[summary.namespace.as_deref().unwrap_or("all").into()]);
    fact("Progress", &[progress(summary, look).into()]);
    let mut counts: Vec<Cell> = vec![kymas.total.to_string().into()];
    for state in State::ALL.into_iter().rev().filter(|state| kymas.of(*state) > 0) {
        counts.push(Cell::new(&format!("{} {}", kymas.of(state), state.word()), tint(state)));
    }
    fact("Kymas", &counts);
    let mut counts: Vec<Cell> = vec![components.wanted().to_string().into()];
    let stages: Vec<(Stage, usize)> = Stage::all().zip(components.by_stage).collect();
    for (stage, count) in stages.into_iter().rev().filter(|(_, count)| *count > 0) {
        let tint = if stage == Stage::SUCCESS { Tint::Good } else { Tint::Plain };
        counts.push(Cell::new(&format!("{count} {}", stage_word(stage)), tint));
    }
    if components.missing > 0 {
        counts.push(format!("{} {MISSING}", components.missing).into());
    }
    fact("Components", &counts);
    // An old picture says nothing about the operator.
    if let Some(since) = summary.stalled_since.filter(|_| summary.stale_since.is_none()) {
        let silence = human(summary.time.duration_since(since));
        let word = format!("no progress for {silence} though work is due: does an operator run?");
        fact("Stalled", &[Cell::new(&word, Tint::Odd)]);
    }
    if let Some(since) = summary.stale_since {
        let silence = human(summary.time.duration_since(since));
        fact("Stale", &[Cell::new(&format!("no answer from the API server for {silence}"), Tint::Bad)]);
    }
    text
}

fn progress(summary: &Summary, look: &Look) -> String {
    let percent = summary.components.arrived_percent;
    let words = format!(" {percent}%{}", end(summary));
    let room = look.width.map_or(BAR, |width| width.saturating_sub(LABEL + words.len()));
    let cells = room.min(BAR);
    let full = usize::from(percent) * cells / 100;
    format!("{}{}{words}", "█".repeat(full), "░".repeat(cells - full))
}

/// A fact: the first cell, then the others behind a colon, on as many lines as they need.
fn wrapped(label: &str, cells: &[Cell], look: &Look) -> String {
    let mut text = format!("{label:<LABEL$}");
    let mut column = LABEL;
    for (n, cell) in cells.iter().enumerate() {
        let before = match n {
            0 => "",
            1 => ": ",
            _ => ", ",
        };
        let width = before.len() + measure_text_width(&cell.text);
        // One more for the comma that may follow.
        if n > 1 && look.width.is_some_and(|room| column + width + 1 > room) {
            text.push_str(&format!(",\n{:LABEL$}", ""));
            column = LABEL + width - before.len();
        } else {
            text.push_str(before);
            column += width;
        }
        text.push_str(&cell.painted(look.color));
    }
    text.push('\n');
    text
}
