//! `process_*` from /proc, as in Prometheus' client_golang; nothing where there is no /proc.

use std::{fmt, fs};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::single;

/// Linux tells times to user space in hundredths of a second on every architecture (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

/// The process that the server runs in.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    #[expect(clippy::cast_precision_loss, reason = "there are few open files")]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (counter, gauge) = (MetricType::Counter, MetricType::Gauge);
        let read = |path: &str| fs::read_to_string(path).ok();
        if let Some(stat) = read("/proc/self/stat").as_deref().and_then(Stat::parse) {
            let cpu = ("process_cpu_seconds", "Total user and system CPU time spent in seconds");
            single(&mut encoder, counter, cpu, stat.cpu)?;
            let size = ("process_virtual_memory_bytes", "Virtual memory size in bytes");
            single(&mut encoder, gauge, size, stat.virtual_bytes)?;
            if let Some(boot) = read("/proc/stat").as_deref().and_then(boot_time) {
                let start =
                    ("process_start_time_seconds", "Start time of the process since unix epoch in seconds");
                single(&mut encoder, gauge, start, boot + stat.started)?;
            }
        }
        if let Some(bytes) = read("/proc/self/status").as_deref().and_then(resident) {
            let size = ("process_resident_memory_bytes", "Resident memory size in bytes");
            single(&mut encoder, gauge, size, bytes)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let files = ("process_open_fds", "Number of open file descriptors");
            single(&mut encoder, gauge, files, open.count() as f64)?;
        }
        if let Some(limit) = read("/proc/self/limits").as_deref().and_then(most_files) {
            let files = ("process_max_fds", "Maximum number of open file descriptors");
            single(&mut encoder, gauge, files, limit)?;
        }
        Ok(())
    }
}

/// What proc(5) calls fields of `/proc/[pid]/stat`; times in seconds.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu: f64,
    started: f64,
    virtual_bytes: f64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, which may contain blanks and parentheses itself.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // Field 3 of proc(5) is the first one here.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let cpu = (field(14)? + field(15)?) / TICKS_PER_SECOND;
        Some(Stat { cpu, started: field(22)? / TICKS_PER_SECOND, virtual_bytes: field(23)? })
    }
}

fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn most_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_by_position_behind_the_name() {
        let stat =
            "7 (x) y) S 1 7 7 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 3 0 4200 1048576 80 18446744073709551615";
        assert_eq!(Stat::parse(stat), Some(Stat { cpu: 2.0, started: 42.0, virtual_bytes: 1_048_576.0 }));
        assert_eq!(Stat::parse("7 (x) S 1"), None);
    }

    #[test]
    fn other_files_are_read_by_name() {
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1.7e9));
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t      4 kB\n"), Some(4096.0));
        assert_eq!(
            most_files("Max processes 1 2\nMax open files            1024       4096   files\n"),
            Some(1024.0)
        );
    }
}
