//! The charts of a run: seven groups, 28 panels, as in the report of the proof of concept. A new one is a row here.

use std::collections::BTreeMap;

use crate::names::{family, label};
use crate::result::{RunResult, Series};

/// More curves than this nobody tells apart: the largest are shown, and it is said how many are not.
const CURVES_MAX: usize = 10;
/// More points than this no screen shows: neighbours are put together.
const POINTS_MAX: usize = 600;

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// So many a second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Cores of a processor.
    Cores,
}

/// Where a curve comes from.
#[derive(Clone, Copy, Debug)]
struct From {
    /// Whose series.
    of: &'static str,
    /// Its family.
    family: &'static str,
    /// What the curve is called, before the values of its labels.
    called: &'static str,
}

/// How curves are made of series.
#[derive(Clone, Copy, Debug)]
enum What {
    /// The values as they are.
    Value(&'static [From]),
    /// Growth for each second.
    Rate(&'static [From]),
    /// Growth for each second, from the beginning on.
    Average(&'static [From]),
    /// The growth of a sum by that of its count.
    Mean { of: &'static str, sum: &'static str, count: &'static str },
    /// There is no source; the text says why.
    Nothing(&'static str),
}

/// A chart.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Its group.
    pub group: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What its values are.
    pub unit: Unit,
    /// What the proof of concept has shown there, with a name for each.
    pub original: &'static [(&'static str, f64)],
    what: What,
    /// The labels whose values tell curves apart.
    by: &'static [&'static str],
}

/// Seconds since the start, and the value.
pub type Points = Vec<(f64, f64)>;

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it is called.
    pub name: String,
    /// Seconds since the start, and the value.
    pub points: Points,
}

/// What a panel shows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Its curves; none where there is no source.
    pub curves: Vec<Curve>,
    /// What a reader must know: why it is empty, or what is left out.
    pub note: Option<String>,
}

const OPERATOR: &str = "operator";
const SERVER: &str = "apiserver";

const fn of_operator(family: &'static str) -> From {
    From { of: OPERATOR, family, called: "" }
}

const fn of_server(family: &'static str) -> From {
    From { of: SERVER, family, called: "" }
}

const fn both(family: &'static str) -> [From; 2] {
    [From { of: OPERATOR, family, called: "operator" }, From { of: SERVER, family, called: "API server" }]
}

const RUNTIME: &str = "Controller runtime";
const POD: &str = "Pod";
const PROCESS: &str = "Process runtime";
const REQUESTS: &str = "API server requests";
const RATES: &str = "API server rates";
const STORAGE: &str = "API server storage";
const WATCHES: &str = "API server watches";

const REQUEST_TOTAL: &[From] = &[of_server("apiserver_request_total")];

const fn panel(
    group: &'static str,
    title: &'static str,
    unit: Unit,
    what: What,
    by: &'static [&'static str],
) -> Panel {
    Panel { group, title, unit, original: &[], what, by }
}

impl Panel {
    const fn original(self, original: &'static [(&'static str, f64)]) -> Self {
        Self { original, ..self }
    }
}

/// All panels, in the order of the groups.
pub const PANELS: [Panel; 28] = [
    panel(
        RUNTIME,
        "Reconcile latency (time in the queue, mean)",
        Unit::Seconds,
        What::Mean {
            of: OPERATOR,
            sum: "workqueue_queue_duration_seconds_sum",
            count: "workqueue_queue_duration_seconds_count",
        },
        &["name"],
    ),
    panel(RUNTIME, "Queue length", Unit::Count, What::Value(&[of_operator("workqueue_depth")]), &["name"])
        .original(&[("at most, of the proof of concept", 5.0)]),
    panel(
        RUNTIME,
        "Reconcile time (mean)",
        Unit::Seconds,
        What::Mean {
            of: OPERATOR,
            sum: "controller_runtime_reconcile_time_seconds_sum",
            count: "controller_runtime_reconcile_time_seconds_count",
        },
        &["controller"],
    )
    .original(&[("at most, of the proof of concept", 0.008)]),
    panel(
        RUNTIME,
        "Reconcile errors",
        Unit::PerSecond,
        What::Rate(&[of_operator("controller_runtime_reconcile_errors_total")]),
        &["controller"],
    )
    .original(&[("proof of concept", 0.0)]),
    panel(POD, "Memory", Unit::Bytes, What::Value(&both("process_resident_memory_bytes")), &[])
        .original(&[("controller of the proof of concept, 76,000 objects", 350e6)]),
    panel(POD, "CPU", Unit::Cores, What::Rate(&both("process_cpu_seconds_total")), &[])
        .original(&[("controller of the proof of concept", 0.2)]),
    panel(
        POD,
        "Network in and out (all that the operator's network namespace does)",
        Unit::BytesPerSecond,
        What::Rate(&[
            From { of: OPERATOR, family: "process_network_receive_bytes_total", called: "in" },
            From { of: OPERATOR, family: "process_network_transmit_bytes_total", called: "out" },
        ]),
        &[],
    ),
    panel(
        POD,
        "Restarts",
        Unit::Count,
        What::Nothing("Outside a cluster nobody restarts anything: a process that ends, ends the run."),
        &[],
    ),
    panel(
        PROCESS,
        "Garbage collection",
        Unit::Seconds,
        What::Nothing(
            "There is no garbage collector in these programs. What the allocator holds is under memory.",
        ),
        &[],
    ),
    panel(PROCESS, "Open file descriptors", Unit::Count, What::Value(&both("process_open_fds")), &[]),
    panel(PROCESS, "Threads", Unit::Count, What::Value(&both("process_threads")), &[]),
    panel(
        PROCESS,
        "Memory of the operator's allocator",
        Unit::Bytes,
        What::Value(&[
            From { of: OPERATOR, family: "allocator_allocated_bytes", called: "in use" },
            From { of: OPERATOR, family: "allocator_active_bytes", called: "in pages in use" },
            From { of: OPERATOR, family: "allocator_resident_bytes", called: "held" },
        ]),
        &[],
    ),
    panel(
        PROCESS,
        "Tasks of the operator",
        Unit::Count,
        What::Value(&[of_operator("tokio_alive_tasks")]),
        &[],
    ),
    panel(REQUESTS, "Overall rate", Unit::PerSecond, What::Rate(REQUEST_TOTAL), &[])
        .original(&[("proof of concept", 235.0)]),
    panel(
        REQUESTS,
        "Latency by verb (mean)",
        Unit::Seconds,
        What::Mean {
            of: SERVER,
            sum: "apiserver_request_duration_seconds_sum",
            count: "apiserver_request_duration_seconds_count",
        },
        &["verb"],
    ),
    panel(REQUESTS, "Rate by verb", Unit::PerSecond, What::Rate(REQUEST_TOTAL), &["verb"]),
    panel(REQUESTS, "Average rate by verb", Unit::PerSecond, What::Average(REQUEST_TOTAL), &["verb"]),
    panel(RATES, "Rate by resource", Unit::PerSecond, What::Rate(REQUEST_TOTAL), &["resource"]),
    panel(
        RATES,
        "Rate by verb and resource",
        Unit::PerSecond,
        What::Rate(REQUEST_TOTAL),
        &["verb", "resource", "subresource"],
    )
    .original(&[
        ("PUT helmcomponents/status, proof of concept", 96.0),
        ("PUT kymas/status, proof of concept", 93.0),
        ("POST helmcomponents, proof of concept", 19.0),
    ]),
    panel(
        STORAGE,
        "Size of the storage",
        Unit::Bytes,
        What::Value(&[of_server("apiserver_storage_size_bytes")]),
        &[],
    )
    .original(&[("etcd of the proof of concept, 76,000 objects", 477.0 * 1_048_576.0)]),
    panel(
        STORAGE,
        "Objects by resource",
        Unit::Count,
        What::Value(&[of_server("apiserver_resource_objects")]),
        &["resource"],
    ),
    panel(
        STORAGE,
        "Transformation: duration",
        Unit::Seconds,
        What::Nothing("Nothing is encrypted at rest, so nothing is transformed on its way to the storage."),
        &[],
    ),
    panel(
        STORAGE,
        "Transformation: operations",
        Unit::PerSecond,
        What::Nothing("Nothing is encrypted at rest, so nothing is transformed on its way to the storage."),
        &[],
    ),
    panel(
        STORAGE,
        "Duration of requests to the storage (mean)",
        Unit::Seconds,
        What::Mean {
            of: SERVER,
            sum: "etcd_request_duration_seconds_sum",
            count: "etcd_request_duration_seconds_count",
        },
        &["operation", "resource"],
    ),
    panel(
        WATCHES,
        "Watches",
        Unit::Count,
        What::Value(&[of_server("apiserver_longrunning_requests")]),
        &["resource"],
    ),
    panel(
        WATCHES,
        "Events at the start of watches",
        Unit::PerSecond,
        What::Rate(&[of_server("apiserver_init_events_total")]),
        &["resource"],
    ),
    panel(
        WATCHES,
        "Size of an event (mean)",
        Unit::Bytes,
        What::Mean {
            of: SERVER,
            sum: "apiserver_watch_events_sizes_sum",
            count: "apiserver_watch_events_sizes_count",
        },
        &["resource"],
    ),
    panel(
        WATCHES,
        "Events",
        Unit::PerSecond,
        What::Rate(&[of_server("apiserver_watch_events_total")]),
        &["resource", "kind"],
    ),
];

impl Panel {
    /// What it shows of a run.
    #[must_use]
    pub fn draw(&self, result: &RunResult) -> Drawn {
        let mut curves = match self.what {
            What::Nothing(why) => return Drawn { curves: Vec::new(), note: Some(why.to_owned()) },
            What::Value(sources) => self.curves(result, sources, <[(f64, f64)]>::to_vec),
            What::Rate(sources) => self.curves(result, sources, rates),
            What::Average(sources) => self.curves(result, sources, averages),
            What::Mean { of, sum, count } => self.means(result, of, sum, count),
        };
        if curves.is_empty() {
            let why = "There is no source for this in the run.";
            return Drawn { curves, note: Some(why.to_owned()) };
        }
        let largest = |curve: &Curve| curve.points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        // What was nothing all the time says nothing beside others.
        if curves.iter().any(|curve| largest(curve) > 0.0) {
            curves.retain(|curve| largest(curve) > 0.0);
        }
        curves.sort_by(|a, b| largest(b).total_cmp(&largest(a)));
        let left_out = curves.len().saturating_sub(CURVES_MAX);
        curves.truncate(CURVES_MAX);
        for curve in &mut curves {
            curve.points = thinned(std::mem::take(&mut curve.points));
        }
        let note = (left_out > 0).then(|| format!("{left_out} smaller curves are left out."));
        Drawn { curves, note }
    }

    fn curves(&self, result: &RunResult, sources: &[From], shape: fn(&[(f64, f64)]) -> Points) -> Vec<Curve> {
        let mut curves = Vec::new();
        for from in sources {
            for (labels, points) in self.sums(result, from.of, from.family) {
                let name = [from.called, &labels]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(" ");
                let name = if name.is_empty() { "all".to_owned() } else { name };
                curves.push(Curve { name, points: shape(&points) });
            }
        }
        curves
    }

    fn means(&self, result: &RunResult, of: &str, sum: &str, count: &str) -> Vec<Curve> {
        let counts = self.sums(result, of, count);
        let sums = self.sums(result, of, sum);
        let mean = |(labels, sums): (String, Points)| {
            let counts = counts.get(&labels)?;
            let steps = sums.windows(2).zip(counts.windows(2));
            let grown = steps.map(|(sum, count)| (sum[1].0, sum[1].1 - sum[0].1, count[1].1 - count[0].1));
            let points: Vec<_> = grown.filter(|(.., n)| *n > 0.0).map(|(t, sum, n)| (t, sum / n)).collect();
            (!points.is_empty()).then_some(Curve { name: labels, points })
        };
        // A watch takes as long as somebody wants it.
        sums.into_iter().filter(|(labels, _)| labels != "WATCH").filter_map(mean).collect()
    }

    /// The sums of all series of a family that agree in the labels, at each time at which their owner was sampled.
    fn sums(&self, result: &RunResult, of: &str, name: &str) -> BTreeMap<String, Points> {
        let mut times: Vec<f64> = result
            .series
            .iter()
            .filter(|series| series.of == of)
            .flat_map(|series| &series.points)
            .map(|(t, _)| *t)
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let mut sums: BTreeMap<String, Points> = BTreeMap::new();
        for series in result.series.iter().filter(|series| series.of == of && family(&series.name) == name) {
            let labels: Vec<&str> = self
                .by
                .iter()
                .filter_map(|by| label(&series.name, by))
                .filter(|value| !value.is_empty())
                .collect();
            let sum =
                sums.entry(labels.join(" ")).or_insert_with(|| times.iter().map(|t| (*t, 0.0)).collect());
            add(sum, series);
        }
        sums
    }
}

/// Adds a series to a sum: a value holds until the next one.
fn add(sum: &mut [(f64, f64)], series: &Series) {
    let mut points = series.points.iter().peekable();
    let mut held = 0.0;
    for (t, value) in sum {
        while let Some((_, next)) = points.next_if(|(at, _)| at <= t) {
            held = *next;
        }
        *value += held;
    }
}

/// Growth for each second between neighbours; a counter that has begun anew has grown by what it is.
fn rates(held: &[(f64, f64)]) -> Points {
    let rate = |pair: &[(f64, f64)]| {
        let ((before, old), (now, new)) = (pair[0], pair[1]);
        let grown = if new < old { new } else { new - old };
        (now, grown / (now - before))
    };
    held.windows(2).map(rate).collect()
}

/// Growth for each second since the first.
fn averages(held: &[(f64, f64)]) -> Points {
    let Some((began, first)) = held.first().copied() else { return Points::new() };
    held[1..].iter().map(|(t, value)| (*t, (value - first) / (t - began))).collect()
}

/// At most [`POINTS_MAX`] points: neighbours become their mean.
fn thinned(points: Points) -> Points {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    if step == 1 {
        return points;
    }
    let mean = |chunk: &[(f64, f64)]| {
        let n = chunk.len() as f64;
        (chunk.iter().map(|(t, _)| t).sum::<f64>() / n, chunk.iter().map(|(_, value)| value).sum::<f64>() / n)
    };
    points.chunks(step).map(mean).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::result::{Environment, RESULT_VERSION};

    /// Whose series, its name, and its points.
    pub(crate) type Given<'a> = (&'a str, &'a str, &'a [(f64, f64)]);

    pub(crate) fn result(series: &[Given<'_>]) -> RunResult {
        let series = series.iter().map(|(of, name, points)| Series {
            of: (*of).to_owned(),
            name: (*name).to_owned(),
            points: points.to_vec(),
        });
        RunResult {
            version: RESULT_VERSION,
            tool: "kymactl".into(),
            name: "a <run>".into(),
            started: "2026-11-28T02:00:00Z".into(),
            seconds: 10.0,
            unfinished: None,
            scenario: serde_json::json!({ "kymas": 2 }),
            environment: Environment::default(),
            settings: vec![],
            figures: vec![],
            distributions: vec![],
            remarks: vec![],
            series: series.collect(),
        }
    }

    fn drawn(title: &str, result: &RunResult) -> Drawn {
        PANELS.iter().find(|panel| panel.title == title).unwrap().draw(result)
    }

    #[test]
    fn the_groups_are_those_of_the_original() {
        let mut groups: Vec<&str> = PANELS.iter().map(|panel| panel.group).collect();
        groups.dedup();
        assert_eq!(groups, [RUNTIME, POD, PROCESS, REQUESTS, RATES, STORAGE, WATCHES]);
    }

    #[test]
    fn values_hold_and_are_summed_over_labels_that_do_not_matter() {
        let result = result(&[
            (OPERATOR, r#"workqueue_depth{name="kyma",priority="user"}"#, &[(0.0, 1.0), (2.0, 3.0)]),
            (OPERATOR, r#"workqueue_depth{name="kyma",priority="sweep"}"#, &[(1.0, 10.0)]),
            (OPERATOR, r#"workqueue_depth{name="cluster",priority="user"}"#, &[(0.0, 0.0)]),
        ]);
        let drawn = drawn("Queue length", &result);
        assert_eq!(
            drawn.curves,
            [Curve { name: "kyma".into(), points: vec![(0.0, 1.0), (1.0, 11.0), (2.0, 13.0)] }]
        );
    }

    #[test]
    fn counters_become_rates_and_sums_with_counts_means() {
        let result = result(&[
            (SERVER, r#"apiserver_request_total{verb="PUT"}"#, &[(0.0, 5.0), (2.0, 25.0), (4.0, 5.0)]),
            (SERVER, r#"apiserver_request_duration_seconds_sum{verb="PUT"}"#, &[(0.0, 1.0), (2.0, 2.0)]),
            (SERVER, r#"apiserver_request_duration_seconds_count{verb="PUT"}"#, &[(0.0, 10.0), (2.0, 14.0)]),
        ]);
        assert_eq!(drawn("Rate by verb", &result).curves[0].points, [(2.0, 10.0), (4.0, 2.5)]);
        assert_eq!(drawn("Overall rate", &result).curves[0].name, "all");
        assert_eq!(drawn("Average rate by verb", &result).curves[0].points, [(2.0, 10.0), (4.0, 0.0)]);
        assert_eq!(drawn("Latency by verb (mean)", &result).curves[0].points, [(2.0, 0.25)]);
    }

    #[test]
    fn what_has_no_source_says_so_and_is_no_zero() {
        let nothing = result(&[]);
        for panel in PANELS {
            let drawn = panel.draw(&nothing);
            assert!(drawn.curves.is_empty() && drawn.note.is_some(), "{}", panel.title);
        }
    }

    #[test]
    fn many_curves_and_many_points_become_fewer() {
        let points: Points = (0..6000_u32).map(|t| (f64::from(t), f64::from(t % 2))).collect();
        let names: Vec<String> = (0..15).map(|n| format!("workqueue_depth{{name=\"{n}\"}}")).collect();
        let series: Vec<Given<'_>> =
            names.iter().map(|name| (OPERATOR, name.as_str(), points.as_slice())).collect();
        let drawn = drawn("Queue length", &result(&series));
        assert_eq!(
            (drawn.curves.len(), drawn.note.as_deref()),
            (CURVES_MAX, Some("5 smaller curves are left out."))
        );
        assert_eq!(drawn.curves[0].points.len(), POINTS_MAX);
        assert!(drawn.curves[0].points.iter().all(|(_, value)| (value - 0.5).abs() < 1e-9));
    }
}
