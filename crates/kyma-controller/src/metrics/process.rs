//! `process_*` from /proc, as in Prometheus' client_golang; nothing where there is no /proc.

use std::fmt;
use std::fs;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::runtime::RuntimeMetrics;

/// Linux tells times to user space in hundredths of a second on every architecture (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(stat) = read("/proc/self/stat").as_deref().and_then(Stat::parse) {
            counter(
                &mut encoder,
                "process_cpu_seconds",
                "Total user and system CPU time spent in seconds",
                stat.cpu,
            )?;
            gauge(&mut encoder, "process_threads", "Number of OS threads in the process", stat.threads)?;
            gauge(
                &mut encoder,
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes",
                stat.virtual_bytes,
            )?;
            if let Some(boot) = read("/proc/stat").as_deref().and_then(boot_time) {
                let help = "Start time of the process since unix epoch in seconds";
                gauge(&mut encoder, "process_start_time_seconds", help, boot + stat.started)?;
            }
        }
        if let Some(bytes) = read("/proc/self/status").as_deref().and_then(resident) {
            gauge(&mut encoder, "process_resident_memory_bytes", "Resident memory size in bytes", bytes)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            gauge(&mut encoder, "process_open_fds", "Number of open file descriptors", open.count() as f64)?;
        }
        if let Some((received, sent)) = read("/proc/self/net/netstat").as_deref().and_then(network) {
            let name = "process_network_receive_bytes";
            counter(
                &mut encoder,
                name,
                "Number of bytes received by the process over the network",
                received,
            )?;
            let name = "process_network_transmit_bytes";
            counter(&mut encoder, name, "Number of bytes sent by the process over the network", sent)?;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            encode_runtime(&mut encoder, &runtime.metrics())?;
        }
        Ok(())
    }
}

/// `tokio_*`: the asynchronous runtime. How busy it is, is the rate of its busy seconds divided by its workers.
fn encode_runtime(encoder: &mut DescriptorEncoder<'_>, runtime: &RuntimeMetrics) -> fmt::Result {
    let tasks = runtime.num_alive_tasks() as f64;
    gauge(encoder, "tokio_alive_tasks", "Number of asynchronous tasks that exist", tasks)?;
    let workers = runtime.num_workers();
    gauge(encoder, "tokio_workers", "Number of threads that run asynchronous tasks", workers as f64)?;
    let waiting = runtime.global_queue_depth() as f64;
    gauge(encoder, "tokio_global_queue_depth", "Number of tasks that wait for any worker", waiting)?;
    let busy: Duration = (0..workers).map(|worker| runtime.worker_total_busy_duration(worker)).sum();
    let help = "Time for which all workers together were busy";
    counter(encoder, "tokio_workers_busy_seconds", help, busy.as_secs_f64())
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    let metric = ConstGauge::new(value);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    let metric = ConstCounter::new(value);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// What proc(5) calls fields of `/proc/[pid]/stat`; times in seconds.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu: f64,
    threads: f64,
    started: f64,
    virtual_bytes: f64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses and may itself contain blanks and parentheses.
        let fields: Vec<_> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        // Field 3 of proc(5) is the first one here.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu: (field(14)? + field(15)?) / TICKS_PER_SECOND,
            threads: field(20)?,
            started: field(22)? / TICKS_PER_SECOND,
            virtual_bytes: field(23)?,
        })
    }
}

fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn resident(status: &str) -> Option<f64> {
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.trim().parse().ok())?;
    Some(kibibytes * 1024.0)
}

/// Octets in and out of the network namespace (a pod's, in a cluster): a line of names, then a line of values.
fn network(netstat: &str) -> Option<(f64, f64)> {
    let mut lines = netstat.lines().filter_map(|line| line.strip_prefix("IpExt: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let value = |wanted: &str| {
        let position = names.split_ascii_whitespace().position(|name| name == wanted)?;
        values.split_ascii_whitespace().nth(position)?.parse().ok()
    };
    Some((value("InOctets")?, value("OutOctets")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_by_position_behind_the_name() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 1250 250 0 0 20 0 7 0 30000 52428800 900 18446744073709551615";
        let expected = Stat { cpu: 15.0, threads: 7.0, started: 300.0, virtual_bytes: 52_428_800.0 };
        assert_eq!(Stat::parse(stat), Some(expected));
        assert_eq!(Stat::parse("42 (cut off) S 1"), None);
    }

    #[test]
    fn other_files_are_read_by_name() {
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), Some(1.7e9));
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
        let netstat = "TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 300 400\n";
        assert_eq!(network(netstat), Some((300.0, 400.0)));
        assert_eq!(network(""), None);
    }
}
