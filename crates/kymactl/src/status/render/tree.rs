//! One Kyma with its components.

use jiff::Timestamp;
use kyma_inventory::Stage;

use super::Look;
use super::age::{NONE, age, moment, until};
use super::columns::{columns, firm, number, soft};
use super::paint::{Cell, Tint, tint};
use super::table::{fitting, seen, story};
use crate::status::summary::{KymaReport, Leaf, Summary, stage_word};

/// A Kyma with its components.
pub(super) fn tree(report: &KymaReport, summary: &Summary, wide: bool, look: &Look) -> String {
    let mut heads = vec![soft("NAME", 12), firm("STAGE"), number("FOR"), number("ENDS IN")];
    if wide {
        heads.extend([firm("SINCE"), firm("EXPECTED END"), firm("HELMCOMPONENT")]);
    }
    let mut top = vec![
        report.name.as_str().into(),
        Cell::new(report.state.word(), tint(report.state)),
        age(report.since, summary.time).into(),
        until(report.expected_end(), summary.time).into(),
    ];
    if wide {
        top.extend([moment(report.since).into(), moment(report.expected_end()).into()]);
    }
    let mut rows = vec![top];
    for (n, leaf) in report.components.iter().enumerate() {
        let branch = if n + 1 == report.components.len() { "└─" } else { "├─" };
        rows.push(branch_cells(branch, leaf, summary.time, wide));
    }
    let mut text = columns(&heads, &rows, &fitting(wide, look));
    if let Some(reason) = &report.reason {
        text.push_str(&Cell::new(reason, tint(report.state)).painted(look.color));
        if let Some(event) = &report.last_event {
            text.push_str(&format!(", last Event {}", seen(event, summary)));
        }
        text.push('\n');
        text.push_str(&story(report, 0, look));
    }
    text
}

fn branch_cells(branch: &str, leaf: &Leaf, now: Timestamp, wide: bool) -> Vec<Cell> {
    let tint = if leaf.stage == stage_word(Stage::SUCCESS) { Tint::Good } else { Tint::Plain };
    let mut cells = vec![
        format!("{branch} {}", leaf.component).into(),
        Cell::new(leaf.stage, tint),
        leaf.since.map_or_else(|| NONE.to_owned(), |since| age(Some(since), now)).into(),
        until(leaf.expected_end, now).into(),
    ];
    if wide {
        cells.extend([
            moment(leaf.since).into(),
            moment(leaf.expected_end).into(),
            leaf.object.as_str().into(),
        ]);
    }
    cells
}
