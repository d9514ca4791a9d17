//! On what a figure was measured: never names of hosts, users or folders.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What stands under every table, so that somebody else can repeat it.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    command: String,
    commit: String,
    date: String,
    cpu: String,
    cores: usize,
    memory_kib: Option<u64>,
    kernel: String,
    load: String,
}

impl Environment {
    /// Reads it from this machine, and the commit from the repository.
    pub(crate) fn read(repository: &Path) -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        Environment {
            command: command(std::env::args_os().skip(1)),
            commit: commit(repository),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cpu: cpu_model(&file("/proc/cpuinfo")).unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_kib: field_kib(&file("/proc/meminfo"), "MemTotal"),
            kernel: kernel(&file("/proc/sys/kernel/osrelease")).unwrap_or_else(unknown),
            load: load(&file("/proc/loadavg")).unwrap_or_else(unknown),
        }
    }

    /// As a Markdown list.
    pub(crate) fn to_markdown(&self) -> String {
        let memory = self.memory_kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} GiB", gib(kib)));
        format!(
            "- Command: `{}`\n- Commit: {}\n- Date: {}\n- Machine: {}, {} cores, {memory} of memory, Linux {}; load average {} at the start\n",
            self.command, self.commit, self.date, self.cpu, self.cores, self.kernel, self.load
        )
    }
}

/// The command line that gives these tables again: where they were written to is left out, as it names folders.
fn command(args: impl Iterator<Item = OsString>) -> String {
    let mut text = "cargo run --release -p kyma-bench --".to_owned();
    let mut is_path = false;
    for arg in args {
        let arg = arg.to_string_lossy().into_owned();
        let out = arg.starts_with("--out");
        if !is_path && !out {
            text.push(' ');
            text.push_str(&arg);
        }
        is_path = out && !arg.contains('=');
    }
    text
}

fn commit(repository: &Path) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(repository).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "none".to_owned() };
    match git(&["status", "--porcelain"]) {
        Some(changes) if changes.is_empty() => head,
        _ => format!("{head} with changes"),
    }
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// A field of /proc/meminfo or /proc/PID/status that is given in kB.
pub(crate) fn field_kib(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split(':').next() == Some(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The kernel's version; what its builder put behind it may be a name.
fn kernel(release: &str) -> Option<String> {
    let version: String = release.trim().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    (!version.is_empty()).then_some(version)
}

fn load(loadavg: &str) -> Option<String> {
    loadavg.split_whitespace().next().map(str::to_owned)
}

fn gib(kib: u64) -> u64 {
    let one = 1024 * 1024;
    (kib + one / 2) / one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found() {
        assert_eq!(
            cpu_model("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t: a b\n"),
            Some("AMD EPYC".to_owned())
        );
        assert_eq!(cpu_model("processor : 0\n"), None);
        let text = "MemTotal:       24659204 kB\nMemFree: 1 kB\nVmHWM:\t  8124 kB\n";
        assert_eq!(field_kib(text, "MemTotal").map(gib), Some(24));
        assert_eq!(field_kib(text, "VmHWM"), Some(8124));
        assert_eq!(field_kib(text, "Mem"), None);
        assert_eq!(load("1.52 2.00 1.11 3/400 99\n"), Some("1.52".to_owned()));
    }

    #[test]
    fn a_kernel_is_known_by_its_numbers_alone() {
        assert_eq!(kernel("6.18.5-alice@builder\n"), Some("6.18.5".to_owned()));
        assert_eq!(kernel(""), None);
    }

    #[test]
    fn the_command_names_no_folder() {
        for args in [
            "requests --out /a/b.md --real",
            "requests --out=/a/b.md --real",
            "requests --real --out-dir /a/b",
        ] {
            let line = command(args.split(' ').map(OsString::from));
            assert_eq!(line, "cargo run --release -p kyma-bench -- requests --real");
        }
    }

    #[test]
    fn the_block_has_a_line_for_each() {
        let environment = Environment {
            command: "x up".to_owned(),
            commit: "abc".to_owned(),
            date: "2025-01-02".to_owned(),
            cpu: "C".to_owned(),
            cores: 2,
            memory_kib: Some(24_659_204),
            kernel: "6.1".to_owned(),
            load: "0.10".to_owned(),
        };
        assert_eq!(
            environment.to_markdown(),
            "- Command: `x up`\n- Commit: abc\n- Date: 2025-01-02\n\
             - Machine: C, 2 cores, 24 GiB of memory, Linux 6.1; load average 0.10 at the start\n"
        );
    }
}
