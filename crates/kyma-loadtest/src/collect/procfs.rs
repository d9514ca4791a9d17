//! The process table and the machine, from /proc (proc(5)); nothing where there is none.

use std::fs;
use std::io;

use kyma_report::result::Environment;

/// Linux tells times to user space in hundredths of a second on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process costs: the names are those of Prometheus' client libraries.
///
/// # Errors
/// Where there is no such process any more.
pub fn process(pid: u32) -> io::Result<Vec<(String, f64)>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mut values = Vec::new();
    if let Some((cpu, threads)) = cpu_and_threads(&stat) {
        values.push(("process_cpu_seconds_total".to_owned(), cpu));
        values.push(("process_threads".to_owned(), threads));
    }
    for (key, name) in
        [("VmRSS:", "process_resident_memory_bytes"), ("VmHWM:", "process_resident_memory_max_bytes")]
    {
        values.extend(kib(&status, key).map(|kib| (name.to_owned(), kib * 1024.0)));
    }
    if let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) {
        values.push(("process_open_fds".to_owned(), open.count() as f64));
    }
    Ok(values)
}

/// What the machine does: all its cores together, in seconds, and how many want to run.
#[must_use]
pub fn machine() -> Vec<(String, f64)> {
    let mut values = Vec::new();
    if let Some((busy, steal)) = fs::read_to_string("/proc/stat").ok().as_deref().and_then(busy_and_steal) {
        values.push(("machine_cpu_busy_seconds_total".to_owned(), busy));
        values.push(("machine_cpu_steal_seconds_total".to_owned(), steal));
    }
    values.extend(load().map(|load| ("machine_load1".to_owned(), load)));
    values
}

/// What machine this is.
#[must_use]
pub fn environment() -> Environment {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = rustix::system::uname();
    Environment {
        cpu: cpu.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of f64 saturates"
        )]
        memory_bytes: kib(&read("/proc/meminfo"), "MemTotal:").unwrap_or_default() as u64 * 1024,
        kernel: format!("{} {}", name.sysname().to_string_lossy(), name.release().to_string_lossy()),
        load: load().unwrap_or_default(),
    }
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn cpu_and_threads(stat: &str) -> Option<(f64, f64)> {
    // The second field is the program's name in parentheses and may itself contain blanks and parentheses.
    let fields: Vec<_> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
    // Field 3 of proc(5) is the first one here.
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(((field(14)? + field(15)?) / TICKS_PER_SECOND, field(20)?))
}

fn kib(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn busy_and_steal(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_ascii_whitespace().filter_map(|ticks| ticks.parse().ok()).collect();
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else { return None };
    Some(((user + nice + system + irq + softirq) / TICKS_PER_SECOND, steal / TICKS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formats_of_proc_are_read() {
        let fields = "S 1 1 1 0 -1 0 0 0 0 0 250 50 0 0 20 0 7 0 100 0 0";
        assert_eq!(cpu_and_threads(&format!("12 (a) b) {fields}")), Some((3.0, 7.0)));
        assert_eq!(kib("Name:\tx\nVmRSS:\t  1024 kB\n", "VmRSS:"), Some(1024.0));
        assert_eq!(busy_and_steal("cpu  100 0 50 900 3 20 30 40 0 0\ncpu0 1\n"), Some((2.0, 0.4)));
        assert_eq!((cpu_and_threads(""), kib("", "VmRSS:"), busy_and_steal("cpu  1\n")), (None, None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_there_and_number_0_is_not() {
        let values = process(std::process::id()).unwrap();
        assert!(values.iter().any(|(name, bytes)| name == "process_resident_memory_bytes" && *bytes > 0.0));
        assert!(process(0).is_err());
        assert_eq!(machine().len(), 3);
        assert!(environment().memory_bytes > 0);
    }
}
