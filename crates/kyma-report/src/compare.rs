//! Two sets of runs beside each other: what has changed, and whether that is more than their noise.

use std::fmt::Write;

use serde::Serialize;

use crate::gate::value;
use crate::result::RunResult;
use crate::summary::number;

/// Which way is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worse {
    More,
    Less,
}

/// The figures that are compared.
const COMPARED: [(&str, &str, Worse); 11] = [
    ("makespan_ratio", "first create to last success, in multiples of the least", Worse::More),
    ("kymas_ready", "Kymas that have arrived", Worse::Less),
    ("kyma_lateness_seconds.p99", "how late Kymas were, p99 in s", Worse::More),
    ("success_lateness_seconds.p99", "how late the last stage was, p99 in s", Worse::More),
    ("writes_per_kyma", "writes for each Kyma", Worse::More),
    ("api_errors", "requests that the server failed", Worse::More),
    ("api_conflicts", "conflicts", Worse::More),
    ("server_cpu_ms_per_write", "CPU of the server for a write, ms", Worse::More),
    ("operator_cpu_ms_per_write", "CPU of the operator for a write, ms", Worse::More),
    ("server_memory_mib", "memory of the server, MiB", Worse::More),
    ("operator_memory_mib", "memory of the operator, MiB", Worse::More),
];

/// Student's t for 95 % of both sides, by the degrees of freedom from 1 on; beyond, that of the normal distribution is near.
const T95: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
const T95_MANY: f64 = 2.0;

/// The runs of one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// How many runs have the figure.
    pub runs: usize,
    /// Their mean.
    pub mean: f64,
    /// How far the mean may be from the true one, at 95 %; absent with a single run, whose noise nobody knows.
    pub noise: Option<f64>,
}

/// A figure of both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// The runs before; absent where none has it.
    pub base: Option<Side>,
    /// The runs now.
    pub new: Option<Side>,
    /// The change in percent; absent where there is none to tell.
    pub change_percent: Option<f64>,
    /// Whether it is worse by more than the threshold and by more than the noise.
    pub regression: bool,
}

/// Compares; worse by more than `threshold` percent is a regression, unless it is within the noise.
#[must_use]
pub fn compare(base: &[RunResult], new: &[RunResult], threshold: f64) -> Vec<Row> {
    COMPARED.into_iter().map(|figure| row(figure, base, new, threshold)).collect()
}

fn row(
    (name, title, worse): (&'static str, &'static str, Worse),
    base: &[RunResult],
    new: &[RunResult],
    threshold: f64,
) -> Row {
    let (base, new) = (side(base, name), side(new, name));
    let difference = base.zip(new).map(|(base, new)| new.mean - base.mean);
    let change_percent = match (base, difference) {
        (Some(base), Some(difference)) if base.mean != 0.0 => Some(difference / base.mean * 100.0),
        (Some(_), Some(0.0)) => Some(0.0),
        _ => None,
    };
    let noise = |side: Option<Side>| side.and_then(|side| side.noise).unwrap_or(0.0);
    let regression = difference.is_some_and(|difference| {
        let by = if worse == Worse::More { difference } else { -difference };
        // Where there was none before, any is too much.
        let allowed = base.map_or(0.0, |base| base.mean.abs() * threshold / 100.0);
        by > allowed && by > noise(base) + noise(new)
    });
    Row { name, title, base, new, change_percent, regression }
}

fn side(runs: &[RunResult], name: &str) -> Option<Side> {
    let values: Vec<f64> = runs.iter().filter_map(|run| value(run, name)).collect();
    let count = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let noise = (values.len() > 1).then(|| {
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let t = T95.get(values.len() - 2).copied().unwrap_or(T95_MANY);
        t * (variance / count).sqrt()
    });
    Some(Side { runs: values.len(), mean, noise })
}

/// The comparison as Markdown.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| figure | base | new | change | |\n| --- | --- | --- | --- | --- |\n");
    let side = |side: &Option<Side>| match side {
        None => "not known".to_owned(),
        Some(Side { mean, noise: Some(noise), .. }) => format!("{} ± {}", number(*mean), number(*noise)),
        Some(Side { mean, .. }) => number(*mean),
    };
    for row in rows {
        let change = row.change_percent.map_or_else(String::new, |percent| {
            format!("{}{} %", if percent > 0.0 { "+" } else { "" }, number(percent))
        });
        let verdict = if row.regression { "**worse**" } else { "" };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {change} | {verdict} |",
            row.title,
            side(&row.base),
            side(&row.new)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::tests::result;
    use crate::result::{Figure, Origin};

    fn run(figures: &[(&str, f64)]) -> RunResult {
        let mut run = result(&[]);
        run.figures = figures
            .iter()
            .map(|(name, value)| Figure {
                name: (*name).to_owned(),
                title: String::new(),
                value: Some(*value),
                unit: String::new(),
                origin: Origin::Measured,
            })
            .collect();
        run
    }

    fn regressions(base: &[RunResult], new: &[RunResult]) -> Vec<&'static str> {
        compare(base, new, 10.0).into_iter().filter(|row| row.regression).map(|row| row.name).collect()
    }

    #[test]
    fn worse_is_more_of_most_things_and_less_of_some() {
        let base = [run(&[
            ("makespan_ratio", 1.0),
            ("kymas_ready", 100.0),
            ("operator_memory_mib", 50.0),
            ("api_errors", 0.0),
        ])];
        let worse = [run(&[
            ("makespan_ratio", 1.2),
            ("kymas_ready", 80.0),
            ("operator_memory_mib", 54.0),
            ("api_errors", 1.0),
        ])];
        assert_eq!(regressions(&base, &worse), ["makespan_ratio", "kymas_ready", "api_errors"]);
        assert_eq!(regressions(&worse, &base), [""; 0]);
        assert_eq!(regressions(&base, &base), [""; 0]);
    }

    #[test]
    fn what_is_within_the_noise_is_no_regression() {
        let of = |values: [f64; 3]| values.map(|value| run(&[("server_cpu_ms_per_write", value)]));
        assert_eq!(regressions(&of([1.0, 1.01, 0.99]), &of([1.2, 1.21, 1.19])), ["server_cpu_ms_per_write"]);
        assert_eq!(regressions(&of([1.0, 1.6, 0.6]), &of([1.2, 1.5, 0.9])), [""; 0]);
    }

    #[test]
    fn a_comparison_reads_well_and_says_what_is_not_known() {
        let base = [run(&[("makespan_ratio", 1.0)]), run(&[("makespan_ratio", 1.1)])];
        let rows = compare(&base, &[run(&[("makespan_ratio", 2.1), ("api_errors", 0.0)])], 10.0);
        let text = markdown(&rows);
        let first = text.lines().nth(2).unwrap();
        assert_eq!(
            first,
            "| first create to last success, in multiples of the least | 1.05 ± 0.635 | 2.1 | +100 % | **worse** |"
        );
        assert!(text.contains("| requests that the server failed | not known | 0 |  |  |"));
    }
}
