//! From what was written down to the result; pure.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kyma_inventory::Stage;
use kyma_report::RunResult;
use kyma_report::names::{family, label};
use kyma_report::raw::{Header, Line};
use kyma_report::result::{Distribution, Figure, Origin, RESULT_VERSION, Series};
use kyma_report::spread::Durations;

use crate::collect::sampler::{COST, LOADTEST, MACHINE};
use crate::ledger::Ledger;

/// Whose series these are.
pub const SERVER: &str = "apiserver";
/// Whose series these are.
pub const OPERATOR: &str = "operator";

/// A machine of which others took more than this share of a core was busy.
const BUSY: f64 = 0.1;
/// More sampling than this share of a core is too much.
const DEAR: f64 = 0.02;

/// The result of a run; why there is none, where the first line is not that of a run.
///
/// # Errors
/// Where the lines are none of a run, or of a version that is not known.
pub fn evaluate(lines: &[Line], lost: usize) -> Result<RunResult, String> {
    let Some(Line::Run(header)) = lines.first() else {
        return Err("it does not begin with the run".to_owned());
    };
    if header.version != kyma_report::raw::RAW_VERSION {
        return Err(format!(
            "its version is {}, and {} is known",
            header.version,
            kyma_report::raw::RAW_VERSION
        ));
    }
    let mut run = Run::default();
    for line in lines {
        run.take(line);
    }
    Ok(run.result(header, lost))
}

#[derive(Debug, Default)]
struct Run {
    ledger: Ledger,
    series: BTreeMap<u32, Series>,
    gaps: BTreeMap<String, (usize, String)>,
    seconds: f64,
    end: Option<Option<String>>,
    /// When each source was sampled first and last.
    sampled: HashMap<String, (f64, f64)>,
}

impl Run {
    fn take(&mut self, line: &Line) {
        match line {
            Line::Run(_) => {}
            Line::Series { id, of, name } => {
                self.series.insert(*id, Series { of: of.clone(), name: name.clone(), points: Vec::new() });
            }
            Line::Sample { t, of, v } => {
                self.seconds = self.seconds.max(*t);
                self.sampled.entry(of.clone()).or_insert((*t, *t)).1 = *t;
                for (id, value) in v {
                    if let Some(series) = self.series.get_mut(id) {
                        series.points.push((*t, *value));
                    }
                }
            }
            Line::Gap { of, why, .. } => self.gaps.entry(of.clone()).or_insert((0, why.clone())).0 += 1,
            Line::Object(object) => self.ledger.object(object),
            Line::Created(at, id) => self.ledger.created(*id, Duration::from_millis(*at)),
            Line::Seen(at, id, stage) => self.ledger.seen(*id, *stage, Duration::from_millis(*at)),
            Line::End { t, unfinished } => {
                self.seconds = self.seconds.max(*t);
                self.end = Some(unfinished.clone());
            }
        }
    }

    fn result(self, header: &Header, lost: usize) -> RunResult {
        let figures = self.figures();
        let remarks = self.remarks(header, lost);
        let unfinished = match &self.end {
            Some(end) => end.clone(),
            None => Some("it broke off".to_owned()),
        };
        RunResult {
            version: RESULT_VERSION,
            tool: header.tool.clone(),
            name: header.name.clone(),
            started: header.started.clone(),
            seconds: self.seconds,
            unfinished,
            scenario: header.scenario.clone(),
            environment: header.environment.clone(),
            settings: header.settings.clone(),
            figures,
            distributions: distributions(&self.ledger),
            remarks,
            series: self.series.into_values().collect(),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let mut figures = self.of_fleet();
        figures.extend(self.of_server());
        figures.extend(self.of_operator());
        figures.push(derived(
            "sampling_cores",
            "what the sampling cost, in cores",
            self.rate(LOADTEST, COST),
            "",
        ));
        figures
    }

    fn of_fleet(&self) -> Vec<Figure> {
        let ledger = &self.ledger;
        let (kymas, components, order) = (ledger.kymas(), ledger.components(), ledger.order());
        let makespan = ledger.makespan().map(|time| time.as_secs_f64());
        let planned = Some(ledger.planned().as_secs_f64()).filter(|planned| *planned > 0.0);
        let count = |count: usize| Some(count as f64);
        vec![
            measured("makespan_seconds", "from the first create to the last success", makespan, "s"),
            derived("planned_seconds", "what the slowest Kyma takes at least (1 + 3N)", planned, "s"),
            derived(
                "makespan_ratio",
                "the first of these in multiples of the second",
                per(makespan, planned),
                "",
            ),
            measured("kymas", "Kymas", count(kymas.all), ""),
            measured("kymas_ready", "Kymas that have arrived", count(kymas.arrived), ""),
            measured("components", "components", count(components.all), ""),
            measured("components_ready", "components that have arrived", count(components.arrived), ""),
            measured("stages_skipped", "stages that were skipped", Some(order.skipped as f64), ""),
            measured("steps_back", "stages that went back", Some(order.back as f64), ""),
        ]
    }

    fn of_server(&self) -> Vec<Figure> {
        let answered = |code: fn(&str) -> bool| {
            self.grown(SERVER, |name| {
                family(name) == "apiserver_request_total" && label(name, "code").is_some_and(code)
            })
        };
        // Where there are requests, a code that never came is known to be none.
        let requests = answered(|_| true);
        let known = |figure: Option<f64>| figure.or(requests.map(|_| 0.0));
        let failed = known(answered(|code| code.starts_with('5')));
        let limited = known(answered(|code| code == "429"));
        let conflicts = known(answered(|code| code == "409"));
        let cpu = self.grown(SERVER, |name| name == "process_cpu_seconds_total");
        let each = per(cpu.map(|cpu| cpu * 1e3), self.writes());
        vec![
            measured("api_requests", "requests to the API server", requests, ""),
            measured("api_errors", "requests that the API server failed (5xx)", failed, ""),
            measured("api_limited", "requests that the API server refused as too many (429)", limited, ""),
            measured("api_conflicts", "conflicts (409)", conflicts, ""),
            measured("server_cpu_seconds", "CPU of the API server", cpu, "s"),
            derived("server_cpu_ms_per_write", "CPU of the API server for each write", each, "ms"),
            measured("server_memory_mib", "most memory of the API server", self.memory(SERVER), "MiB"),
        ]
    }

    fn of_operator(&self) -> Vec<Figure> {
        let grown = |of: &'static str| self.grown(OPERATOR, move |name| family(name) == of);
        let (writes, kymas) = (self.writes(), self.ledger.kymas().all as f64);
        let reconciles = grown("controller_runtime_reconcile_total");
        let failures = grown("controller_runtime_reconcile_errors_total");
        let requests = per(grown("rest_client_requests_total"), reconciles);
        let cpu = grown("process_cpu_seconds_total");
        let each = per(cpu.map(|cpu| cpu * 1e3), writes);
        vec![
            measured("operator_writes", "writes of the operator", writes, ""),
            derived("writes_per_kyma", "writes of the operator for each Kyma", per(writes, Some(kymas)), ""),
            measured("reconciles", "reconciles", reconciles, ""),
            measured("reconcile_errors", "reconciles that failed", failures, ""),
            derived("requests_per_reconcile", "requests for each reconcile", requests, ""),
            measured("operator_cpu_seconds", "CPU of the operator", cpu, "s"),
            derived("operator_cpu_ms_per_write", "CPU of the operator for each write", each, "ms"),
            measured("operator_memory_mib", "most memory of the operator", self.memory(OPERATOR), "MiB"),
            measured("queue_depth_max", "longest queue of the operator, as sampled", self.deepest(), ""),
        ]
    }

    fn writes(&self) -> Option<f64> {
        self.grown(OPERATOR, |name| family(name) == "kyma_writes_total")
    }

    /// The most memory of a process, in MiB.
    fn memory(&self, of: &str) -> Option<f64> {
        self.most(of, "process_resident_memory_max_bytes").map(|bytes| bytes / f64::from(1_u32 << 20))
    }

    /// How much the counters of a source have grown in the run; none where there are none.
    fn grown(&self, of: &str, which: impl Fn(&str) -> bool) -> Option<f64> {
        let began = self.sampled.get(of)?.0;
        let counters = self.series.values().filter(|series| series.of == of && which(&series.name));
        let grown = |series: &Series| {
            let (first, last) = (series.points.first()?, series.points.last()?);
            // A series that was not there at the first sample began at nothing.
            Some(if first.0 > began { last.1 } else { last.1 - first.1 })
        };
        let all: Vec<f64> = counters.filter_map(grown).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    }

    /// The same for each second.
    fn rate(&self, of: &str, name: &str) -> Option<f64> {
        let (first, last) = self.sampled.get(of)?;
        let grown = self.grown(of, |series| series == name)?;
        (last > first).then(|| grown / (last - first))
    }

    fn most(&self, of: &str, name: &str) -> Option<f64> {
        let series = self.series.values().filter(|series| series.of == of && series.name == name);
        series.flat_map(|series| &series.points).map(|(_, value)| *value).max_by(f64::total_cmp)
    }

    /// The largest sum of all queues at a sample.
    fn deepest(&self) -> Option<f64> {
        let queues = self
            .series
            .values()
            .filter(|series| series.of == OPERATOR && family(&series.name) == "workqueue_depth");
        let mut changes: Vec<(f64, f64)> = Vec::new();
        for series in queues {
            let before = [(0.0, 0.0)].into_iter().chain(series.points.iter().copied());
            changes.extend(before.zip(&series.points).map(|((_, old), (t, new))| (*t, new - old)));
        }
        changes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut depth, mut most) = (0.0, None);
        // Only when all of a sample is added up is it a depth.
        for sample in changes.chunk_by(|a, b| a.0 == b.0) {
            depth += sample.iter().map(|(_, change)| change).sum::<f64>();
            most = Some(f64::max(most.unwrap_or(0.0), depth));
        }
        most
    }

    fn remarks(&self, header: &Header, lost: usize) -> Vec<String> {
        let mut remarks = Vec::new();
        for (of, (count, why)) in &self.gaps {
            remarks.push(format!("{count} samples of {of} are missing; the first because: {why}"));
        }
        if lost > 0 {
            remarks.push(format!("{lost} lines at the end of what was written could not be read"));
        }
        for of in [SERVER, OPERATOR] {
            if !self.sampled.contains_key(of) {
                remarks.push(format!("nothing was sampled of the {of}: its figures are not known"));
            }
        }
        if self.rate(MACHINE, "machine_cpu_steal_seconds_total").is_some_and(|steal| steal > BUSY) {
            remarks.push(
                "other machines on the same host took more than a tenth of a core: times are not reliable"
                    .to_owned(),
            );
        }
        if let Some(others) = self.others().filter(|others| *others > BUSY) {
            remarks.push(format!("other programs took {others:.1} cores: times are not reliable"));
        }
        if header.environment.load > header.environment.cores as f64 {
            remarks.push("the machine was busy before the run began".to_owned());
        }
        if let Some(cost) = self.rate(LOADTEST, COST).filter(|cost| *cost > DEAR) {
            remarks.push(format!("the sampling cost {:.1} % of a core, which is too much", cost * 100.0));
        }
        remarks
    }

    /// The cores that were busy with nothing of this run.
    fn others(&self) -> Option<f64> {
        let all = self.rate(MACHINE, "machine_cpu_busy_seconds_total")?;
        let own = [SERVER, OPERATOR, LOADTEST].map(|of| self.rate(of, "process_cpu_seconds_total"));
        Some(all - own.into_iter().flatten().sum::<f64>())
    }
}

fn measured(name: &str, title: &str, value: Option<f64>, unit: &str) -> Figure {
    Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        value,
        unit: unit.to_owned(),
        origin: Origin::Measured,
    }
}

fn derived(name: &str, title: &str, value: Option<f64>, unit: &str) -> Figure {
    Figure { origin: Origin::Derived, ..measured(name, title, value, unit) }
}

/// The one for each of the other, where there are some.
fn per(all: Option<f64>, of: Option<f64>) -> Option<f64> {
    Some(all? / of.filter(|of| *of > 0.0)?)
}

fn distributions(ledger: &Ledger) -> Vec<Distribution> {
    let of = |name: &str, title: &str, durations: &Durations| Distribution {
        name: name.to_owned(),
        title: title.to_owned(),
        spread: durations.spread(),
    };
    let mut all = vec![
        of("kyma_ready_seconds", "from a Kyma's create to its success", ledger.kyma_ready()),
        of("kyma_lateness_seconds", "what that was more than 1 + 3N", ledger.kyma_lateness()),
        of("component_ready_seconds", "from a component's create to its success", ledger.component_ready()),
    ];
    for stage in Stage::all().filter(|stage| *stage != Stage::EMPTY) {
        let (name, title) =
            (format!("{}_lateness_seconds", stage.word()), format!("lateness of \"{}\"", stage.word()));
        all.push(of(&name, &title, ledger.lateness(stage)));
    }
    all
}

#[cfg(test)]
mod tests {
    use kyma_report::raw::{Object, RAW_VERSION};
    use kyma_report::result::Environment;

    use super::*;

    fn header() -> Line {
        Line::Run(Header {
            version: RAW_VERSION,
            tool: "test".into(),
            name: "a".into(),
            started: String::new(),
            scenario: serde_json::Value::Null,
            environment: Environment { cores: 2, ..Environment::default() },
            settings: vec![],
        })
    }

    fn series(id: u32, of: &str, name: &str) -> Line {
        Line::Series { id, of: of.into(), name: name.into() }
    }

    fn sample(t: f64, of: &str, v: &[(u32, f64)]) -> Line {
        Line::Sample { t, of: of.into(), v: v.to_vec() }
    }

    #[test]
    fn figures_come_from_what_has_grown_and_a_source_that_is_missing_is_no_zero() {
        let lines = [
            header(),
            series(0, OPERATOR, "kyma_writes_total{of=\"x\"}"),
            sample(0.0, OPERATOR, &[(0, 100.0)]),
            series(1, OPERATOR, "kyma_writes_total{of=\"y\"}"),
            sample(1.0, OPERATOR, &[(0, 150.0), (1, 72.0)]),
            series(2, OPERATOR, "workqueue_depth{name=\"kyma\"}"),
            series(3, OPERATOR, "workqueue_depth{name=\"cluster\"}"),
            sample(2.0, OPERATOR, &[(2, 5.0), (3, 3.0)]),
            sample(3.0, OPERATOR, &[(2, 0.0), (3, 4.0)]),
            Line::Object(Object { id: 0, component: false, name: "k".into(), bytes: 1 }),
            Line::Created(500, 0),
            Line::Seen(510, 0, 0),
            Line::Seen(4900, 0, 1),
            Line::End { t: 5.0, unfinished: None },
        ];
        let result = evaluate(&lines, 0).unwrap();
        let figure = |name: &str| result.figure(name);
        assert_eq!(figure("operator_writes"), Some(122.0));
        assert_eq!(figure("writes_per_kyma"), Some(122.0));
        assert_eq!(figure("queue_depth_max"), Some(8.0));
        assert_eq!((figure("makespan_seconds"), figure("makespan_ratio")), (Some(4.4), Some(1.1)));
        assert_eq!((figure("server_cpu_seconds"), figure("api_requests")), (None, None));
        assert_eq!(result.remarks, ["nothing was sampled of the apiserver: its figures are not known"]);
        assert_eq!((result.seconds, result.unfinished), (5.0, None));
    }

    #[test]
    fn a_run_that_broke_off_says_so() {
        let lines = [header(), Line::Gap { t: 1.0, of: SERVER.into(), why: "refused".into() }];
        let result = evaluate(&lines, 2).unwrap();
        assert_eq!(result.unfinished.as_deref(), Some("it broke off"));
        assert_eq!(
            result.remarks[..2],
            [
                "1 samples of apiserver are missing; the first because: refused",
                "2 lines at the end of what was written could not be read"
            ]
        );
        assert!(evaluate(&[], 0).is_err() && evaluate(&lines[1..], 0).is_err());
    }
}
