//! `kymactl up` as a process: what it leaves, what it finds, and how signals end it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A fleet of nothing, which is done at once and stays up.
struct Up {
    process: Child,
    out: BufReader<ChildStdout>,
    /// What it has printed until it was done.
    text: String,
}

impl Up {
    fn start(program: &mut Command, temporary: &Path) -> Self {
        let mut process = program.env("TMPDIR", temporary).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut text = String::new();
        while !text.contains("stay up") {
            assert_ne!(out.read_line(&mut text).unwrap(), 0, "it ended: {text}");
        }
        Up { process, out, text }
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    fn wait(mut self) -> ExitStatus {
        // Whoever prints must not find a closed pipe.
        let mut rest = String::new();
        while self.out.read_line(&mut rest).unwrap() > 0 {}
        self.process.wait().unwrap()
    }
}

const FLAGS: [&str; 5] =
    ["up", "--kymas=0", "--secure-port=0", "--metrics-bind-address=0", "--health-probe-bind-address=0"];

fn kymactl(extra: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kymactl"));
    command.args(FLAGS).args(extra).env_remove("KYMACTL_LOG");
    command
}

fn folders(place: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Whether this process, and so all that it starts, ignores SIGHUP, as far as the system tells.
fn hangups_are_off() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[test]
fn what_a_killed_one_has_left_is_removed_by_the_next_and_a_hangup_ends_it_cleanly() {
    let place = tempfile::tempdir().unwrap();
    let killed = Up::start(&mut kymactl(&[]), place.path());
    killed.send(Signal::KILL);
    assert!(!killed.wait().success());
    let left = folders(place.path());
    assert_eq!(left.len(), 1, "SIGKILL leaves the folder");

    let living = Up::start(&mut kymactl(&[]), place.path());
    let beside = Up::start(&mut kymactl(&["--in-memory"]), place.path());
    assert!(!left[0].exists());
    assert_eq!(folders(place.path()).len(), 2, "each has its own, and nobody removes the other's");
    let kubeconfig = living.text.lines().find_map(|line| line.strip_prefix("kubeconfig  ")).unwrap();
    let text = std::fs::read_to_string(kubeconfig).unwrap();
    assert!(text.contains("    namespace: pb\n"), "{text}");
    assert!(living.text.contains(&format!("try         kubectl --kubeconfig {kubeconfig} get kymas\n")));
    assert!(living.text.contains("; 0 writes were seen"), "{}", living.text);
    // Under `nohup` both have been told to live on.
    let end = if hangups_are_off() { Signal::TERM } else { Signal::HUP };
    for up in [living, beside] {
        up.send(end);
        assert_eq!(up.wait().code(), Some(0));
    }
    assert!(folders(place.path()).is_empty());
}

#[test]
fn who_has_switched_hangups_off_is_not_ended_by_one() {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_kymactl")]).args(FLAGS);
    let up = Up::start(&mut command, place.path());
    up.send(Signal::HUP);
    // It still finishes in order when it is told to: a handler of SIGHUP would have begun that already.
    let kubeconfig = up.text.lines().find_map(|line| line.strip_prefix("kubeconfig  ")).unwrap().to_owned();
    let status = Command::new(env!("CARGO_BIN_EXE_kymactl"))
        .args(["status", "--kubeconfig", &kubeconfig])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "it serves");
    up.send(Signal::TERM);
    assert_eq!(up.wait().code(), Some(0));
    assert!(folders(place.path()).is_empty());
}
