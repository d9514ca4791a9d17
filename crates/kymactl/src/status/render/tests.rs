use serde_json::Value;

use super::*;
use crate::status::Shown;
use crate::status::fixture::{Fleet, everywhere, motley, pb, success};
use crate::status::summary::LastEvent;

const TERMINAL: Look = Look { width: Some(80), color: false };
const PIPE: Look = Look { width: None, color: false };

/// With an Event about what is in error.
fn with_event(mut summary: Summary) -> Summary {
    let event = LastEvent {
        kind: "Warning".into(),
        reason: "NameConflict".into(),
        message: "somebody else's\nobject is in the way".into(),
        count: 12,
        time: Some(summary.time - jiff::SignedDuration::from_secs(185)),
    };
    for report in summary.errors.iter_mut().chain(&mut summary.selected) {
        report.last_event = report.reason.as_ref().map(|_| event.clone());
    }
    summary
}

#[test]
fn a_terminal_shows_what_fits() {
    let text = table(&with_event(motley(pb(&[])).summary()), false, &TERMINAL);
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
    assert!(text.lines().all(|line| line.trim_end() == line), "no blanks at the end of a line: {text:?}");
    insta::assert_snapshot!("table", text);
}

#[test]
fn a_pipe_gets_it_all() {
    insta::assert_snapshot!("pipe", table(&with_event(motley(everywhere()).summary()), false, &PIPE));
}

#[test]
fn the_wide_form_says_more() {
    insta::assert_snapshot!("wide", table(&with_event(motley(pb(&[])).summary()), true, &TERMINAL));
}

#[test]
fn those_that_were_asked_for_are_trees() {
    let summary = with_event(motley(pb(&["halfway", "broken"])).summary());
    insta::assert_snapshot!("trees", table(&summary, false, &TERMINAL));
    insta::assert_snapshot!("trees-wide", table(&summary, true, &TERMINAL));
}

#[test]
fn a_fleet_that_is_done_needs_few_words() {
    let fleet = Fleet::new(pb(&[])).kyma("k", 90, &["ory"], &success(9)).component("k", "ory", "success", 9);
    insta::assert_snapshot!("done", table(&fleet.summary(), false, &TERMINAL));
}

#[test]
fn an_empty_fleet_comes_with_the_way_out() {
    let mut summary = Fleet::new(pb(&[])).summary();
    let here = table(&summary, false, &TERMINAL);
    assert!(
        here.starts_with(
            "No Kymas in the namespace pb.\nTo make some: `kymactl sample --kymas 10 -n pb --apply`"
        ),
        "{here}"
    );
    summary.elsewhere = true;
    let elsewhere = table(&summary, false, &TERMINAL);
    assert!(elsewhere.contains("`kymactl status -A`") && !elsewhere.contains("sample"), "{elsewhere}");
    assert!(
        table(&Fleet::new(everywhere()).summary(), false, &PIPE).starts_with("No Kymas in any namespace.\n")
    );
}

#[test]
fn silence_is_told() {
    let fleet = Fleet::new(pb(&[])).kyma("k", 190, &["ory"], &Value::Null);
    let text = table(&fleet.summary(), false, &TERMINAL);
    assert!(text.contains("Stalled     no progress for 3m10s though work is due"), "{text}");
    assert!(!text.contains("end expected"), "who knows when: {text}");
    let mut stale = fleet.summary();
    stale.stale_since = Some("2026-01-01T00:09:50Z".parse().unwrap());
    let text = table(&stale, false, &TERMINAL);
    assert!(
        text.contains("Stale       no answer from the API server for 10s") && !text.contains("operator"),
        "{text}"
    );
}

#[test]
fn lists_say_how_much_they_leave_out() {
    let summary = motley(pb(&[])).summary_of(Shown { slowest: 1, troubled: 1 });
    let text = table(&summary, false, &TERMINAL);
    assert!(text.contains("\nSlowest (1 of 3):\n") && text.contains("\nIn error (1):\n"), "{text}");
}

#[test]
fn many_numbers_go_on_in_the_next_line() {
    let look = Look { width: Some(50), color: false };
    let text = table(&motley(pb(&[])).summary(), false, &look);
    let facts: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert!(facts.iter().all(|line| console::measure_text_width(line) <= 50), "{facts:#?}");
    assert_eq!(facts[4..], ["Components  15: 8 success, 1 retrying, 1 failing,", "            5 missing"]);
}

#[test]
fn colours_only_say_it_again() {
    let summary = with_event(motley(pb(&[])).summary());
    let color = table(&summary, false, &Look { color: true, ..TERMINAL });
    assert!(
        color.contains("\x1b[31m1 error\x1b[0m") && color.contains("\x1b[32m2 success\x1b[0m"),
        "{color:?}"
    );
    assert_eq!(console::strip_ansi_codes(&color), table(&summary, false, &TERMINAL));
}

#[test]
fn names_are_those_that_kubectl_takes() {
    let expected = "kyma.inventory.kyma-project.io/broken\n\
                    kyma.inventory.kyma-project.io/a-kyma-with-a-name-that-is-much-longer-than-its-column\n\
                    kyma.inventory.kyma-project.io/halfway\n\
                    kyma.inventory.kyma-project.io/fresh\n";
    assert_eq!(name(&motley(pb(&[])).summary()), expected);
}

#[test]
fn json_and_yaml_say_the_same() {
    let summary = with_event(motley(pb(&["broken"])).summary());
    let pretty: Value = serde_json::from_str(&json(&summary).unwrap()).unwrap();
    let line = json_line(&summary).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), pretty);
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml(&summary).unwrap()).unwrap(), pretty);
    assert_eq!(pretty["errors"][0]["lastEvent"]["time"], "2026-01-01T00:06:55Z");
}

#[test]
fn a_line_says_the_same_until_something_moves() {
    let summary = motley(pb(&[])).summary();
    let numbers = numbers(&summary);
    assert_eq!(numbers, "2/6 Kymas success, 8/15 components (53%), 1 error");
    let line = line(&summary, &numbers);
    assert_eq!(line, format!("2026-01-01T00:10:00Z {numbers}, end expected in 67s\n"));
}
