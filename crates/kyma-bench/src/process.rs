//! CPU time and memory, from the process table (proc_pid_stat(5), proc_pid_status(5)).

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::environment::field_kib;
use crate::error::Error;

/// A process to be measured; somebody else owns it.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    /// The program's name, as tables call it.
    pub(crate) name: &'static str,
    /// Its number.
    pub(crate) pid: u32,
}

impl Process {
    /// CPU time so far, user and system, of all its threads, also of those that have ended.
    ///
    /// The kernel counts it in ticks, which are 10 ms on most machines.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        let ticks = self.read("stat", cpu_ticks)?;
        Ok(Duration::from_nanos(ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)))
    }

    /// The most memory that was resident at a time, in KiB.
    pub(crate) fn memory_max_kib(&self) -> Result<u64, Error> {
        self.read("status", |text| field_kib(text, "VmHWM"))
    }

    /// What is resident now, in KiB.
    pub(crate) fn memory_kib(&self) -> Result<u64, Error> {
        self.read("status", |text| field_kib(text, "VmRSS"))
    }

    /// What of that is its own, and not pages of files such as the program's code, in KiB.
    pub(crate) fn memory_own_kib(&self) -> Result<u64, Error> {
        self.read("status", |text| field_kib(text, "RssAnon"))
    }

    fn read<T>(&self, file: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Error> {
        let file = format!("/proc/{}/{file}", self.pid);
        match std::fs::read_to_string(&file) {
            Ok(text) => parse(&text).ok_or(Error::ParseFile { file }),
            Err(source) => Err(Error::ReadFile { file, source }),
        }
    }
}

/// The CPU time of several processes together.
pub(crate) fn cpu(processes: &[Process]) -> Result<Duration, Error> {
    processes.iter().map(Process::cpu).sum()
}

/// CPU time of this process, to the nanosecond.
pub(crate) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// `utime` + `stime`, the 14th and 15th field. The second is the program's name in parentheses, and may have both
/// spaces and parentheses in it.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(ticks()? + ticks()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_system() {
        let stat =
            "4242 (kymactl) S 1 4242 4242 0 -1 4194560 6071 0 0 0 234 292 7 8 20 0 5 0 888 27000832 2118";
        assert_eq!(cpu_ticks(stat), Some(526));
    }

    #[test]
    fn names_cannot_confuse_it() {
        let stat = "7 (a) S 9 (b) R 1 7 7 0 -1 0 6071 0 0 0 3 4 900 900 20 0 5";
        assert_eq!(cpu_ticks(stat), Some(7));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for stat in ["", "7 (a", "7 (a) S 1 7 7 0 -1 0 6071 0 0 0 3", "7 (a) S 1 7 7 0 -1 0 6071 0 0 0 3 x"] {
            assert_eq!(cpu_ticks(stat), None, "{stat}");
        }
    }

    #[test]
    fn this_process_has_both() {
        let own = Process { name: "own", pid: std::process::id() };
        assert!(own.memory_max_kib().unwrap() > 100);
        assert!(own.cpu().unwrap() < Duration::from_secs(3600));
        assert_eq!(cpu(&[]).unwrap(), Duration::ZERO);
        let gone = Process { name: "gone", pid: u32::MAX };
        assert!(matches!(gone.cpu(), Err(Error::ReadFile { .. })));
    }
}
