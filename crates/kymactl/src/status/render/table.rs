//! For people: the numbers, then who is slow and who is in trouble.

use super::Look;
use super::age::{NONE, age, moment, until};
use super::columns::{Column, columns, firm, folded, number, soft};
use super::facts::{facts, nothing};
use super::paint::{Cell, tint};
use super::tree::tree;
use crate::status::summary::{KymaReport, LastEvent, Summary};

/// How far what is the matter with a Kyma stands behind its name.
const INDENT: usize = 4;

/// The whole picture; `wide` adds columns.
pub(in crate::status) fn table(summary: &Summary, wide: bool, look: &Look) -> String {
    if summary.is_empty() {
        return nothing(summary);
    }
    let mut text = facts(summary, look);
    if summary.by_name {
        for report in &summary.selected {
            text.push('\n');
            text.push_str(&tree(report, summary, wide, look));
        }
        return text;
    }
    let errors = || troubled(&summary.errors, summary, wide, look);
    section(&mut text, "In error", summary.errors.len(), summary.failed(), errors);
    let slow = summary.kymas.slow();
    section(&mut text, "Slowest", summary.slowest.len(), slow, || slowest(summary, wide, look));
    let warnings = || troubled(&summary.warnings, summary, wide, look);
    section(&mut text, "Warnings", summary.warnings.len(), summary.kymas.warnings, warnings);
    text
}

fn section(text: &mut String, title: &str, shown: usize, all: usize, rows: impl FnOnce() -> String) {
    if shown == 0 {
        return;
    }
    let count = if shown < all { format!("{shown} of {all}") } else { all.to_string() };
    text.push_str(&format!("\n{title} ({count}):\n"));
    text.push_str(&rows());
}

/// The columns that tell which Kyma is meant.
fn name_columns(summary: &Summary) -> Vec<Column> {
    let namespace = summary.namespace.is_none().then_some(soft("NAMESPACE", 9));
    namespace.into_iter().chain([soft("NAME", 12)]).collect()
}

fn name_cells(report: &KymaReport, summary: &Summary) -> Vec<Cell> {
    let namespace = summary.namespace.is_none().then(|| report.namespace.as_str().into());
    namespace.into_iter().chain([report.name.as_str().into()]).collect()
}

fn slowest(summary: &Summary, wide: bool, look: &Look) -> String {
    let mut heads = name_columns(summary);
    heads.extend([
        number("NOT READY"),
        number("READY"),
        soft("WAITING FOR", 11),
        firm("STAGE"),
        number("ENDS IN"),
    ]);
    if wide {
        heads.push(firm("STATE"));
        heads.extend([firm("NOT READY SINCE"), firm("STAGE SINCE"), firm("EXPECTED END")]);
    }
    let row = |report: &KymaReport| {
        let leaf = report.waiting_for.as_ref();
        let mut cells = name_cells(report, summary);
        cells.push(age(report.since, summary.time).into());
        cells.push(format!("{}/{}", report.ready, report.total).into());
        cells.push(leaf.map_or(NONE, |leaf| &leaf.component).into());
        // What waits for nothing, and is not ready all the same, is about to change as a whole.
        cells.push(leaf.map_or(report.state.word(), |leaf| leaf.stage).into());
        cells.push(until(report.expected_end(), summary.time).into());
        if wide {
            cells.push(Cell::new(report.state.word(), tint(report.state)));
            cells.push(moment(report.since).into());
            cells.push(moment(leaf.and_then(|leaf| leaf.since)).into());
            cells.push(moment(report.expected_end()).into());
        }
        cells
    };
    let rows: Vec<Vec<Cell>> = summary.slowest.iter().map(row).collect();
    columns(&heads, &rows, &fitting(wide, look))
}

/// Kymas in trouble. What the trouble is stands below each, or in columns of its own where nothing is cut.
fn troubled(reports: &[KymaReport], summary: &Summary, wide: bool, look: &Look) -> String {
    let mut heads = name_columns(summary);
    heads.extend([number("FOR"), number("READY"), soft("REASON", 12)]);
    let with_events = reports.iter().any(|report| report.last_event.is_some());
    if with_events {
        heads.push(firm("LAST EVENT"));
    }
    if wide {
        heads.extend([firm("SINCE"), firm("MESSAGE")]);
    }
    if wide && with_events {
        heads.push(firm("EVENT"));
    }
    let row = |report: &KymaReport| {
        let mut cells = name_cells(report, summary);
        cells.push(age(report.since, summary.time).into());
        cells.push(format!("{}/{}", report.ready, report.total).into());
        cells.push(Cell::new(report.reason.as_deref().unwrap_or(NONE), tint(report.state)));
        if with_events {
            let event = report.last_event.as_ref();
            cells.push(event.map_or_else(|| NONE.to_owned(), |event| seen(event, summary)).into());
        }
        if wide {
            cells.push(moment(report.since).into());
            cells.push(report.message.as_deref().unwrap_or(NONE).into());
        }
        if wide && with_events {
            cells.push(told(report).unwrap_or_else(|| NONE.to_owned()).into());
        }
        cells
    };
    let rows: Vec<Vec<Cell>> = reports.iter().map(row).collect();
    let table = columns(&heads, &rows, &fitting(wide, look));
    if wide {
        return table;
    }
    let mut lines = table.lines();
    let mut text = lines.next().unwrap_or_default().to_owned() + "\n";
    for (line, report) in lines.zip(reports) {
        text.push_str(&format!("{line}\n{}", story(report, INDENT, look)));
    }
    text
}

/// What is the matter with a Kyma, in whole lines.
pub(super) fn story(report: &KymaReport, indent: usize, look: &Look) -> String {
    let event = told(report).map(|event| format!("Event {event}"));
    let texts = report.message.iter().filter(|message| !message.is_empty()).chain(&event);
    texts.map(|text| folded(text, indent, look.width)).collect()
}

/// A Kyma's newest Event, unless it says what the condition says already.
fn told(report: &KymaReport) -> Option<String> {
    let event = report.last_event.as_ref()?;
    let same =
        report.message.as_deref() == Some(&event.message) && report.reason.as_deref() == Some(&event.reason);
    (!same).then(|| format!("{}: {}", event.reason, event.message))
}

/// When and how often an Event was seen, as `kubectl describe` says it.
pub(super) fn seen(event: &LastEvent, summary: &Summary) -> String {
    let last = age(event.time, summary.time);
    if event.count > 1 { format!("{last} ago (x{})", event.count) } else { format!("{last} ago") }
}

/// As kubectl's: the wide form is for who has the room, and nothing in it is cut.
pub(super) fn fitting(wide: bool, look: &Look) -> Look {
    Look { width: look.width.filter(|_| !wide), ..*look }
}
