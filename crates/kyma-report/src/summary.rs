//! `summary.md`: a run in a page, for a pull request.

use std::fmt::Write;

use crate::result::RunResult;

/// The run as Markdown.
#[must_use]
pub fn markdown(result: &RunResult) -> String {
    let mut text = format!("# Load test {}\n\n", result.name);
    match &result.unfinished {
        None => _ = writeln!(text, "Finished after {} s.\n", number(result.seconds)),
        Some(why) => _ = writeln!(text, "**Not finished** after {} s: {why}.\n", number(result.seconds)),
    }
    text.push_str("| figure | value | |\n| --- | --- | --- |\n");
    for figure in &result.figures {
        let value = figure.value.map_or_else(|| "not known".to_owned(), number);
        let unit = if figure.unit.is_empty() || figure.value.is_none() { "" } else { &figure.unit };
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            figure.title,
            [&value, unit].join(" ").trim_end(),
            figure.origin.word()
        );
    }
    text.push_str("\n| times in s | count | min | p50 | p90 | p99 | max |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for distribution in &result.distributions {
        let spread = &distribution.spread;
        let values = [spread.min, spread.p50, spread.p90, spread.p99, spread.max];
        let values = values.map(|value| if spread.count == 0 { String::new() } else { number(value) });
        let _ = writeln!(text, "| {} | {} | {} |", distribution.title, spread.count, values.join(" | "));
    }
    text.push('\n');
    for remark in &result.remarks {
        let _ = writeln!(text, "- {remark}");
    }
    for setting in &result.settings {
        let _ = writeln!(text, "- {}: {}", setting.name, setting.value);
    }
    let machine = &result.environment;
    let _ = writeln!(
        text,
        "- machine: {}, {} cores, {} GiB of memory, {}; load average {} at the start",
        machine.cpu,
        machine.cores,
        number(machine.memory_bytes as f64 / f64::from(1_u32 << 30)),
        machine.kernel,
        number(machine.load)
    );
    let _ = writeln!(text, "- {}, {}", result.tool, result.started);
    text
}

/// Three digits that count, without the zeros behind them.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of an f64 is small")]
    let digits = (2 - value.abs().log10().floor() as i32).clamp(0, 6);
    let text = format!("{value:.*}", usize::try_from(digits).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Distribution, Environment, Figure, Origin, RESULT_VERSION, Setting};
    use crate::spread::Spread;

    #[test]
    fn numbers_have_three_digits_that_count() {
        for (value, text) in [
            (0.0, "0"),
            (67.0, "67"),
            (72.34, "72.3"),
            (1234.5, "1234"),
            (0.000_123_4, "0.000123"),
            (1.0, "1"),
            (0.5, "0.5"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_run_reads_well() {
        let result = RunResult {
            version: RESULT_VERSION,
            tool: "kymactl 0.1.0".into(),
            name: "basic".into(),
            started: "2026-11-28T02:00:00Z".into(),
            seconds: 72.34,
            unfinished: None,
            scenario: serde_json::Value::Null,
            environment: Environment {
                cpu: "a processor".into(),
                cores: 2,
                memory_bytes: 24 << 30,
                kernel: "Linux 6.18".into(),
                load: 0.5,
            },
            settings: vec![Setting { name: "server".into(), value: "embedded, in memory".into() }],
            figures: vec![
                Figure {
                    name: "makespan_seconds".into(),
                    title: "from the first create to the last success".into(),
                    value: Some(70.25),
                    unit: "s".into(),
                    origin: Origin::Measured,
                },
                Figure {
                    name: "operator_cpu_seconds".into(),
                    title: "CPU of the operator".into(),
                    value: None,
                    unit: "s".into(),
                    origin: Origin::Measured,
                },
            ],
            distributions: vec![Distribution {
                name: "kyma_ready_seconds".into(),
                title: "from a Kyma's create to its success".into(),
                spread: Spread {
                    count: 3,
                    min: 67.0,
                    mean: 67.5,
                    p50: 67.2,
                    p90: 68.0,
                    p99: 68.0,
                    max: 68.0,
                    bars: vec![],
                },
            }],
            remarks: vec!["the machine was busy with something else".into()],
            series: vec![],
        };
        insta::assert_snapshot!(markdown(&result));
        let unfinished = RunResult { unfinished: Some("interrupted".into()), ..result };
        assert!(markdown(&unfinished).contains("**Not finished** after 72.3 s: interrupted.\n"));
    }
}
