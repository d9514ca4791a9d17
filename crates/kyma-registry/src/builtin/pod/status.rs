//! What is said of a pod: how it does (`printPod`), and which quality of service it gets
//! (k8s.io/kubernetes/pkg/apis/core/v1/helper/qos).

use jiff::Timestamp;
use serde_json::Value;

use super::super::cells::{field, is_true, since};
use super::super::{at, items, text};
use crate::object::{self, Object};

/// How a pod does.
pub(super) struct State {
    pub(super) ready: usize,
    pub(super) total: usize,
    pub(super) reason: String,
    pub(super) restarts: String,
}

/// Restarts, and when the last one was.
#[derive(Default, Clone)]
struct Restarts {
    count: i64,
    last: String,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += container.get("restartCount").and_then(Value::as_i64).unwrap_or_default();
        let finished = container.pointer("/lastState/terminated/finishedAt").and_then(Value::as_str);
        // Times in their canonical form are in the order of their texts.
        if let Some(finished) = finished.filter(|finished| **finished > *self.last) {
            finished.clone_into(&mut self.last);
        }
    }

    fn text(&self, now: Timestamp) -> String {
        if self.count == 0 || self.last.is_empty() {
            return self.count.to_string();
        }
        format!("{} ({} ago)", self.count, since(&Value::from(self.last.as_str()), now))
    }
}

pub(super) fn of(pod: &Object, now: Timestamp) -> State {
    let phase = text(pod, &["status", "phase"]);
    let mut state = State {
        ready: 0,
        total: items(pod, &["spec", "containers"]).len(),
        reason: super::or(text(pod, &["status", "reason"]), phase).to_owned(),
        restarts: String::new(),
    };
    let conditions = items(pod, &["status", "conditions"]);
    let gated = |c: &&Value| field(c, "type") == "PodScheduled" && field(c, "reason") == "SchedulingGated";
    if conditions.iter().any(|condition| gated(&condition)) {
        "SchedulingGated".clone_into(&mut state.reason);
    }
    state.total +=
        items(pod, &["spec", "initContainers"]).iter().filter(|init| restarts_always(init)).count();
    let (mut restarts, sidecars, initializing) = initialization(pod, &mut state);
    if !initializing || is_true(pod, "Initialized") {
        restarts = sidecars;
        running(pod, &mut state, &mut restarts);
    }
    if object::is_deleting(pod) {
        if text(pod, &["status", "reason"]) == "NodeLost" {
            "Unknown".clone_into(&mut state.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut state.reason);
        }
    }
    state.restarts = restarts.text(now);
    state
}

fn restarts_always(container: &Value) -> bool {
    field(container, "restartPolicy") == "Always"
}

/// Why a container ended, in `Signal:9` or `ExitCode:1` if it does not say.
fn ended(terminated: &Value) -> String {
    let number = |name: &str| terminated.get(name).and_then(Value::as_i64).unwrap_or_default();
    match (field(terminated, "reason"), number("signal")) {
        ("", 0) => format!("ExitCode:{}", number("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn state_of<'a>(container: &'a Value, state: &str) -> Option<&'a Value> {
    container.get("state").and_then(|states| states.get(state)).filter(|state| !state.is_null())
}

/// Restarts of all init containers, those of the ones that stay, and whether some have not ended yet.
fn initialization(pod: &Object, state: &mut State) -> (Restarts, Restarts, bool) {
    let inits = items(pod, &["spec", "initContainers"]);
    let (mut all, mut sidecars) = (Restarts::default(), Restarts::default());
    for (position, container) in items(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
        all.add(container);
        let name = field(container, "name");
        let stays = inits.iter().any(|init| field(init, "name") == name && restarts_always(init));
        if stays {
            sidecars.add(container);
        }
        let terminated = state_of(container, "terminated");
        let code = terminated.map(|t| t.get("exitCode").and_then(Value::as_i64).unwrap_or_default());
        if code == Some(0) {
            continue;
        }
        if stays && container.get("started") == Some(&Value::Bool(true)) {
            state.ready += usize::from(container.get("ready") == Some(&Value::Bool(true)));
            continue;
        }
        let waiting = state_of(container, "waiting").map_or("", |waiting| field(waiting, "reason"));
        state.reason = match terminated {
            Some(terminated) => format!("Init:{}", ended(terminated)),
            None if !waiting.is_empty() && waiting != "PodInitializing" => format!("Init:{waiting}"),
            None => format!("Init:{position}/{}", inits.len()),
        };
        return (all, sidecars, true);
    }
    (all, sidecars, false)
}

fn running(pod: &Object, state: &mut State, restarts: &mut Restarts) {
    let (mut runs, mut error) = (false, String::new());
    for container in items(pod, &["status", "containerStatuses"]).iter().rev() {
        restarts.add(container);
        let waiting = state_of(container, "waiting").map_or("", |waiting| field(waiting, "reason"));
        if !waiting.is_empty() {
            waiting.clone_into(&mut state.reason);
        } else if let Some(terminated) = state_of(container, "terminated") {
            state.reason = ended(terminated);
            if terminated.get("exitCode").and_then(Value::as_i64).is_some_and(|code| code != 0) {
                error.clone_from(&state.reason);
            }
        } else if container.get("ready") == Some(&Value::Bool(true))
            && state_of(container, "running").is_some()
        {
            runs = true;
            state.ready += 1;
        }
    }
    if state.reason == "Completed" {
        if runs && is_true(pod, "Ready") {
            "Running".clone_into(&mut state.reason);
        } else if !error.is_empty() {
            state.reason = error;
        } else if runs {
            "NotReady".clone_into(&mut state.reason);
        }
    }
}

/// `Guaranteed` where all containers request what they are limited to, `BestEffort` where none asks for anything.
pub(super) fn quality_of_service(pod: &Object) -> &'static str {
    let asked = |container: &Value, what: &str, name: &str| {
        let quantity = container.pointer(&format!("/resources/{what}/{name}")).and_then(Value::as_str);
        quantity.filter(|quantity| *quantity != "0").map(str::to_owned)
    };
    let whole = at(pod, &["spec", "resources"]);
    let lists = [items(pod, &["spec", "containers"]), items(pod, &["spec", "initContainers"])];
    let of_pod = serde_json::json!({"resources": whole});
    let containers: Vec<&Value> = match whole.is_null() {
        true => lists.into_iter().flatten().collect(),
        false => vec![&of_pod],
    };
    let (mut any, mut guaranteed) = (false, !containers.is_empty());
    for container in containers {
        for name in ["cpu", "memory"] {
            let (request, limit) = (asked(container, "requests", name), asked(container, "limits", name));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
