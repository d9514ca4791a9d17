//! The whole life cycle: the operator as one process against one server, seen by a watch of our own.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::check::{Failure, Outcome, holds, same};
use crate::context::NAMESPACES;
use crate::fixture::{namespace, text, version};
use crate::operator::Operator;
use crate::output::{Output, Totals, Verdict};
use crate::poll::eventually;
use crate::process::Process;
use crate::runner::play_all;
use crate::server::Server;

mod record;

use record::Record;

/// The cases of this module.
pub(crate) const NAMES: [&str; 3] =
    ["lifecycle/one-kyma", "lifecycle/restarted-operator", "lifecycle/two-replicas"];

/// Component names are as short as they can be: a stage lasts as many seconds as the name has bytes.
const COMPONENTS: [&str; 3] = ["ab", "abc", "abcd"];

/// The stages that a component is written through, in order.
const STAGES: [&str; 5] = ["pending", "started", "failing", "retrying", "success"];

/// How much later than planned a stage may come.
const LATE: Duration = Duration::from_secs(8);

/// After this long without an event nothing more is coming.
const QUIET: Duration = Duration::from_secs(3);

/// The collector of the real control plane learns of a new kind within a minute.
const COLLECTED: Duration = Duration::from_secs(100);

/// Runs the cases whose names contain `filter`; without a kymactl they are skipped.
pub(crate) async fn run_all(
    server: &Server,
    kymactl: Option<&Path>,
    filter: &str,
    run: &str,
    output: &mut Output,
) -> Totals {
    play_all(&NAMES, server.label, kymactl, filter, output, async |name, kymactl| {
        let namespace = format!("{}-{run}", name.replace('/', "-"));
        let stage = Stage { server, kymactl, namespace };
        let play = if name == NAMES[0] {
            Play::Alone
        } else if name == NAMES[1] {
            Play::Restarted
        } else {
            Play::Shared
        };
        let done = stage.play(play).await;
        stage.tidy().await;
        done.map_or_else(Verdict::Failed, |()| Verdict::Passed)
    })
    .await
}

/// Who brings the Kyma to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    /// One operator.
    Alone,
    /// One, and then another one.
    Restarted,
    /// Two that share the fleet: one of them, whichever it is.
    Shared,
}

/// A server, an operator, and a namespace for one Kyma.
struct Stage<'a> {
    server: &'a Server,
    kymactl: &'a Path,
    namespace: String,
}

impl Stage<'_> {
    fn path(&self, plural: &str) -> String {
        format!("/apis/inventory.kyma-project.io/v1alpha1/namespaces/{}/{plural}", self.namespace)
    }

    async fn play(&self, play: Play) -> Outcome {
        let http = &self.server.http;
        http.post(NAMESPACES, &namespace(&self.namespace)).await?.created()?;
        let kymas = http.get(&self.path("kymas")).await?.ok()?;
        let mut record =
            Record::open(http, [&self.path("kymas"), &self.path("helmcomponents")], version(&kymas)).await?;
        let folder =
            tempfile::tempdir().map_err(|error| Failure::new("a folder", "one", error.to_string()))?;
        let other = (play == Play::Shared).then(|| self.replica(&folder, "other.log")).transpose()?;
        let operator = match play {
            Play::Alone | Play::Restarted => self.operator(&folder)?,
            Play::Shared => self.replica(&folder, "operator.log")?,
        };
        let components: &[&str] = if play == Play::Restarted { &COMPONENTS[2..] } else { &COMPONENTS };
        let kyma = json!({
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "metadata": {"name": "one"},
            "spec": {"components": components.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()},
        });
        http.post(&self.path("kymas"), &kyma).await?.created()?;
        let restart = play == Play::Restarted;
        let played = self.watch_it(&mut record, operator, &folder, restart, components).await;
        let operator = played.map_err(|(failure, tail)| {
            Failure::new(
                "the life cycle",
                "as below",
                format!("{failure}\nthe end of the operator's output:\n{tail}"),
            )
        })?;
        let outcome = self.judge(&record, components);
        let outcome = if play == Play::Alone { outcome.and(self.delete().await) } else { outcome };
        let ended =
            holds("the operator ends on SIGTERM with exit code 0", operator.end().await, "it does not");
        let Some(other) = other else { return ended.and(outcome) };
        let ended = ended.and(holds("so does the other one", other.end().await, "it does not"));
        ended.and(self.leases_are_gone().await).and(outcome)
    }

    /// Records until the Kyma is "success" and quiet; restarts the operator in between if asked to. The failure
    /// comes with the end of the operator's output.
    async fn watch_it(
        &self,
        record: &mut Record,
        mut operator: Process,
        folder: &TempDir,
        restart: bool,
        components: &[&str],
    ) -> Result<Process, (Failure, String)> {
        if restart {
            let failing = |record: &Record| record.stages("one-abcd").contains(&"failing".to_owned());
            if let Err(failure) = record.until("failing", LATE + planned(4), failing).await {
                return Err((failure, operator.tail()));
            }
            operator.end().await;
            operator = self.operator(folder).map_err(|failure| (failure, String::new()))?;
        }
        let longest = components.iter().map(|name| planned(name.len())).max().unwrap_or_default();
        let success = |record: &Record| {
            record.kyma("one").last().is_some_and(|(_, kyma)| text(kyma, "/status/status") == "success")
        };
        let done = record.until("success", longest + LATE + LATE, success).await;
        let done = match done {
            Ok(()) => record.until_quiet(QUIET).await,
            Err(failure) => Err(failure),
        };
        if let Some(status) = operator.ended() {
            return Err((
                Failure::new("the operator", "it runs", format!("it ended with {status}")),
                operator.tail(),
            ));
        }
        match done {
            Ok(()) => Ok(operator),
            Err(failure) => Err((failure, operator.tail())),
        }
    }

    fn operator(&self, folder: &TempDir) -> Outcome<Process> {
        self.start(folder, "operator.log", &[])
    }

    /// One of many that share the fleet.
    fn replica(&self, folder: &TempDir, log: &str) -> Outcome<Process> {
        self.start(folder, log, &["--leader-elect", "--leader-elect-namespace", &self.namespace])
    }

    fn start(&self, folder: &TempDir, log: &str, more: &[&str]) -> Outcome<Process> {
        let log = folder.path().join(log);
        Operator::start(self.server, self.kymactl, log, more, &[]).map(Operator::into_process)
    }

    /// Replicas that end in good order leave no Lease behind.
    async fn leases_are_gone(&self) -> Outcome {
        let path = format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace);
        let list = self.server.http.get(&path).await?.ok()?;
        same("the Leases of replicas that have ended", &list["items"], &json!([]))
    }

    /// Every write carries news, and every stage comes in order and not too early.
    fn judge(&self, record: &Record, components: &[&str]) -> Outcome {
        for component in components {
            let name = format!("one-{component}");
            same(&format!("stages of {name}"), &record.stages(&name), &STAGES)?;
            let events = record.component(&name);
            same(
                &format!("writes of {name}: one create and five statuses"),
                &events.len(),
                &(1 + STAGES.len()),
            )?;
            let (first, last) = (events[1].0, events[events.len() - 1].0);
            let took = last.duration_since(first);
            let planned = planned(component.len());
            let in_time = took + Duration::from_millis(300) >= planned && took <= planned + LATE;
            holds(&format!("{name} takes {} s", planned.as_secs()), in_time, &took.as_secs_f64())?;
            let object = &events[0].1;
            same("spec.componentName", &text(object, "/spec/componentName"), component)?;
            let owner = &object["metadata"]["ownerReferences"][0];
            same("owner", &owner["name"], &"one")?;
            same("it is the controller", &owner["controller"], &true)?;
        }
        let kyma = record.kyma("one");
        let waiting: Vec<Value> =
            kyma.iter().skip(1).map(|(_, kyma)| kyma["status"]["waitingFor"].clone()).collect();
        let mut expected: Vec<Value> = (0..components.len()).map(|done| json!(components[done..])).collect();
        expected.push(waiting.last().cloned().unwrap_or_default());
        same("status.waitingFor, write by write", &waiting, &expected)?;
        let last = expected.last().and_then(Value::as_array).is_none_or(Vec::is_empty);
        holds("at the end it waits for nothing", last, &expected)?;
        let writes = components.len() * (1 + STAGES.len()) + components.len() + 1;
        same("writes in all, without the user's", &(record.len() - 1), &writes)
    }

    /// What a Kyma owned goes with it.
    async fn delete(&self) -> Outcome {
        let http = &self.server.http;
        http.delete(&format!("{}/one", self.path("kymas"))).await?.ok()?;
        eventually("its components are gone", COLLECTED, || async {
            let list = http.get(&self.path("helmcomponents")).await?.ok()?;
            let left = list["items"].as_array().map_or(0, Vec::len);
            Ok(if left == 0 { Ok(()) } else { Err(format!("{left} are left")) })
        })
        .await
    }

    async fn tidy(&self) {
        let _ = self.server.http.delete(&format!("{NAMESPACES}/{}", self.namespace)).await;
    }
}

/// From "pending" to "success" of a component whose name has so many bytes.
fn planned(length: usize) -> Duration {
    Duration::from_secs(1 + 3 * length as u64)
}
