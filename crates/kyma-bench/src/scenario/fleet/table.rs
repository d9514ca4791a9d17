//! Figures of fleets over the network, and the table that shows them.

use std::fmt;
use std::time::Duration;

use crate::operator;
use crate::report::Table;
use crate::sample::COMPONENTS;
use crate::server::{Kind, TRANSPORT};
use crate::statistics::{Spread, count, number, spread};

/// What the Go operator needed for 500 Kymas on two cores, against Kubernetes 1.34.4 without kube-controller-manager and
/// an etcd with --unsafe-no-fsync, no client limit, and an identity that is exempt from priority and fairness.
mod published {
    pub(super) const KYMAS: usize = 500;
    pub(super) const SECONDS: f64 = 184.0;
    pub(super) const APISERVER_CPU_S: f64 = 256.0;
    pub(super) const ETCD_CPU_S: f64 = 35.0;
    pub(super) const WRITES: f64 = 97_000.0;
    pub(super) const OPERATOR_CPU_S: f64 = 48.0;
    pub(super) const OPERATOR_RSS_MB: f64 = 81.0;
}

/// The part of the Go operator's time that ours may need.
const TIME_WANTED: f64 = 0.6;

/// What all runs have in common.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) kymas: usize,
    pub(crate) creators: usize,
    pub(crate) operator: operator::Options,
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator::Options { qps, concurrency, service_account } = &self.operator;
        match qps.as_str() {
            "-1" => f.write_str("no client limit")?,
            "auto" => f.write_str("as many requests/s as the server bears")?,
            rate => write!(f, "{rate} requests/s")?,
        }
        write!(f, ", {concurrency} reconciles at a time, {} creators", self.creators)?;
        if *service_account { f.write_str(", a ServiceAccount") } else { Ok(()) }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// From the first create to the last "success", by the watch.
    pub(crate) elapsed: Duration,
    /// Until the last Kyma was created.
    pub(crate) created: Duration,
    pub(crate) kyma_creates: usize,
    pub(crate) component_creates: usize,
    /// Of the operator.
    pub(crate) writes: usize,
    /// Of each of the server's processes.
    pub(crate) server_cpus: Vec<(&'static str, Duration)>,
    pub(crate) operator_cpu: Duration,
    pub(crate) memory_max_kib: u64,
}

/// The runs of one server.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) kind: Kind,
    pub(crate) runs: Vec<Measured>,
}

impl Measured {
    fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    fn server_cpu(&self) -> f64 {
        self.server_cpus.iter().map(|(_, cpu)| cpu.as_secs_f64()).sum()
    }

    fn server_cpu_ms_per_write(&self) -> f64 {
        self.server_cpu() * 1e3 / count(self.writes)
    }
}

/// One line, to see how it goes.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s ({:.1} s to create the Kymas), {} writes",
            self.seconds(),
            self.created.as_secs_f64(),
            self.writes
        )?;
        for (name, cpu) in &self.server_cpus {
            write!(f, ", {name} {:.2} s of CPU", cpu.as_secs_f64())?;
        }
        write!(
            f,
            ", operator {:.2} s and {} MiB at most",
            self.operator_cpu.as_secs_f64(),
            self.memory_max_kib / 1024
        )
    }
}

/// Ours on each server, and the Go operator as it was published.
pub(crate) fn table(settings: &Settings, figures: &[Figures]) -> Table {
    let header = [
        "operator",
        "Kymas",
        "server",
        "store",
        "transport",
        "settings",
        "s to the last success",
        "operator's writes",
        "server CPU s",
        "of which",
        "server CPU ms/write",
        "operator CPU s",
        "operator CPU µs/write",
        "operator peak RSS MiB",
    ];
    let mut table = Table::new("A fleet, operator and server as processes of their own", &header);
    for figures in figures {
        let of = |figure: fn(&Measured) -> f64| spread(figures.runs.iter().map(figure));
        table.row([
            "kymactl operator".to_owned(),
            settings.kymas.to_string(),
            figures.kind.name().to_owned(),
            figures.kind.store().to_owned(),
            TRANSPORT.to_owned(),
            settings.to_string(),
            of(Measured::seconds),
            of(|run| count(run.writes)),
            of(Measured::server_cpu),
            parts(&figures.runs),
            of(Measured::server_cpu_ms_per_write),
            of(|run| run.operator_cpu.as_secs_f64()),
            of(|run| run.operator_cpu.as_secs_f64() * 1e6 / count(run.writes)),
            of(|run| count(usize::try_from(run.memory_max_kib / 1024).unwrap_or_default())),
        ]);
    }
    table.row(published_row());
    verdicts(&mut table, settings, figures);
    let runs = figures.first().map_or(0, |figures| figures.runs.len());
    table.note(format!("Runs: {runs}, each on a fresh server; the median (smallest..largest)."));
    table.note(
        "The time runs from the first create of a Kyma to the last \"success\" that an independent watch sees; its part of the \
         server's CPU is in the figures. Writes are counted by watch events; the creates of the Kymas themselves are not the operator's.",
    );
    table
}

/// What each process of the server used.
fn parts(runs: &[Measured]) -> String {
    let names = runs.first().map(|run| run.server_cpus.iter().map(|(name, _)| *name)).into_iter().flatten();
    let of = |name| {
        let cpus = runs.iter().flat_map(|run| &run.server_cpus).filter(|(of, _)| *of == name);
        spread(cpus.map(|(_, cpu)| cpu.as_secs_f64()))
    };
    names.map(|name| format!("{name} {}", of(name))).collect::<Vec<_>>().join(", ")
}

fn published_row() -> [String; 14] {
    let server_cpu = published::APISERVER_CPU_S + published::ETCD_CPU_S;
    [
        "Go operator (published)".to_owned(),
        published::KYMAS.to_string(),
        Kind::Real.name().to_owned(),
        Kind::Real.store().to_owned(),
        "TLS, loopback".to_owned(),
        "no client limit".to_owned(),
        number(published::SECONDS),
        number(published::WRITES),
        number(server_cpu),
        format!(
            "kube-apiserver {}, etcd {}",
            number(published::APISERVER_CPU_S),
            number(published::ETCD_CPU_S)
        ),
        number(server_cpu * 1e3 / published::WRITES),
        number(published::OPERATOR_CPU_S),
        number((published::OPERATOR_CPU_S * 1e6 / published::WRITES).round()),
        format!("{} MB", number(published::OPERATOR_RSS_MB)),
    ]
}

/// Only a fleet of the same size on the same server can be compared.
fn verdicts(table: &mut Table, settings: &Settings, figures: &[Figures]) {
    let real = figures.iter().find(|figures| figures.kind == Kind::Real);
    let Some(real) = real.filter(|_| settings.kymas == published::KYMAS) else { return };
    if let Some(time) = Spread::of(real.runs.iter().map(|run| run.seconds() / published::SECONDS)) {
        let verdict = if time.median <= TIME_WANTED { "reached" } else { "missed" };
        table.note(format!(
            "{time} of the Go operator's time; wanted at most {}: {verdict}.",
            number(TIME_WANTED)
        ));
    }
    let server_cpu = published::APISERVER_CPU_S + published::ETCD_CPU_S;
    if let Some(cpu) = Spread::of(real.runs.iter().map(|run| run.server_cpu() / server_cpu)) {
        table.note(format!("{cpu} of the server CPU that the same fleet cost with the Go operator."));
    }
}

/// What makes the figures worthless: a watch that did not see every create has not seen every write either.
pub(crate) fn problems(settings: &Settings, figures: &[Figures]) -> Vec<String> {
    let runs = figures.iter().flat_map(|figures| &figures.runs);
    let incomplete = runs.filter(|run| {
        run.kyma_creates != settings.kymas || run.component_creates != settings.kymas * COMPONENTS
    });
    incomplete
        .map(|run| {
            let (kymas, components) = (run.kyma_creates, run.component_creates);
            format!("the watch saw {kymas} Kymas and {components} components created, of {}", settings.kymas)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(seconds: u64) -> Measured {
        Measured {
            elapsed: Duration::from_secs(seconds),
            created: Duration::from_secs(2),
            kyma_creates: 500,
            component_creates: 9000,
            writes: 61_000,
            server_cpus: vec![
                ("kube-apiserver", Duration::from_secs(100)),
                ("etcd", Duration::from_secs(22)),
            ],
            operator_cpu: Duration::from_secs(6),
            memory_max_kib: 30 * 1024,
        }
    }

    fn settings(kymas: usize) -> Settings {
        let operator = operator::Options { qps: "-1".to_owned(), concurrency: 16, service_account: false };
        Settings { kymas, creators: 32, operator }
    }

    #[test]
    fn ours_stands_beside_what_was_published() {
        let figures = [Figures { kind: Kind::Real, runs: [90, 100, 80].map(measured).to_vec() }];
        let text = table(&settings(500), &figures).to_markdown();
        let ours = "| kymactl operator | 500 | kube-apiserver + etcd | etcd on disk, no fsync | HTTP/1.1, TLS, loopback \
                    | no client limit, 16 reconciles at a time, 32 creators | 90 (80..100) | 61000 | 122 \
                    | kube-apiserver 100, etcd 22 | 2 | 6 | 98.4 | 30 |\n";
        assert!(text.contains(ours), "{text}");
        assert!(
            text.contains("| 184 | 97000 | 291 | kube-apiserver 256, etcd 35 | 3 | 48 | 495 | 81 MB |\n"),
            "{text}"
        );
        assert!(
            text.contains("0.489 (0.435..0.543) of the Go operator's time; wanted at most 0.600: reached."),
            "{text}"
        );
        assert!(text.contains("0.419 of the server CPU"), "{text}");
    }

    #[test]
    fn settings_are_told() {
        let mut auto = settings(5);
        auto.operator.qps = "auto".to_owned();
        auto.operator.service_account = true;
        let text =
            "as many requests/s as the server bears, 16 reconciles at a time, 32 creators, a ServiceAccount";
        assert_eq!(auto.to_string(), text);
        auto.operator.qps = "50".to_owned();
        assert!(auto.to_string().starts_with("50 requests/s, 16"));
    }

    #[test]
    fn other_sizes_and_servers_are_not_compared() {
        let embedded = [Figures { kind: Kind::Embedded, runs: vec![measured(300)] }];
        assert!(!table(&settings(500), &embedded).to_markdown().contains("wanted"));
        let real = [Figures { kind: Kind::Real, runs: vec![measured(300)] }];
        assert!(!table(&settings(499), &real).to_markdown().contains("wanted"));
        assert!(table(&settings(500), &real).to_markdown().contains(": missed."));
    }

    #[test]
    fn a_watch_that_missed_creates_is_a_problem() {
        let figures = [Figures { kind: Kind::Real, runs: vec![measured(90)] }];
        assert_eq!(problems(&settings(500), &figures), Vec::<String>::new());
        assert_eq!(problems(&settings(501), &figures).len(), 1);
    }
}
