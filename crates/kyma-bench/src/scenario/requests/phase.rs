//! The requests themselves.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Job};
use crate::install::{GROUP_VERSION, collection};

/// Where objects are created, changed and deleted.
pub(crate) const NAMESPACE: &str = "bench";
/// Where the lists are, which have the same objects in every phase.
pub(crate) const LIST_NAMESPACE: &str = "bench-list";

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Create,
    Status,
    MergePatch,
    Get,
    List,
    Delete,
}

impl Phase {
    /// In the order in which they are measured.
    pub(crate) const ALL: [Phase; 6] =
        [Phase::Create, Phase::Status, Phase::MergePatch, Phase::Get, Phase::List, Phase::Delete];

    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Create => "create",
            Phase::Status => "status PUT, 4 watchers",
            Phase::MergePatch => "merge patch",
            Phase::Get => "get",
            Phase::List => "list",
            Phase::Delete => "delete",
        }
    }
}

/// What the phases of one run have in common.
#[derive(Debug)]
pub(crate) struct Workload {
    /// The version of each object when it was created, which its status is written with.
    versions: Vec<OnceLock<String>>,
    list_objects: usize,
}

impl Workload {
    /// For so many objects, and lists of so many others.
    pub(crate) fn new(operations: usize, list_objects: usize) -> Self {
        Workload { versions: (0..operations).map(|_| OnceLock::new()).collect(), list_objects }
    }
}

/// A phase's requests.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) phase: Phase,
    pub(crate) workload: Arc<Workload>,
}

impl Job for Work {
    fn call(&self, i: usize) -> Call {
        let path = || format!("{}/{}", components(NAMESPACE), name(i));
        match self.phase {
            Phase::Create => Call::post(components(NAMESPACE), &component(i)),
            Phase::Status => {
                let version = self.workload.versions.get(i).and_then(OnceLock::get);
                Call::put(format!("{}/status", path()), &with_status(i, version.map_or("", String::as_str)))
            }
            Phase::MergePatch => Call::merge_patch(path(), &json!({"spec": {"version": format!("2.0.{i}")}})),
            Phase::Get => Call::get(path()),
            Phase::List => Call::get(components(LIST_NAMESPACE)),
            Phase::Delete => Call::delete(path()),
        }
    }

    fn check(&self, i: usize, answer: &Answer) -> Result<(), String> {
        match self.phase {
            Phase::Create => {
                let created: Created = parse(answer)?;
                let slot = self.workload.versions.get(i).ok_or("an object too many")?;
                slot.set(created.metadata.resource_version).map_err(|_| "created twice".to_owned())
            }
            // One is enough: counting costs the driver more than the server spends.
            Phase::List if i == 0 => {
                let found = parse::<List>(answer)?.items.len();
                let wanted = self.workload.list_objects;
                if found == wanted {
                    Ok(())
                } else {
                    Err(format!("a list has {found} objects instead of {wanted}"))
                }
            }
            _ => Ok(()),
        }
    }
}

/// Makes the objects that are listed.
#[derive(Debug)]
pub(crate) struct Fill;

impl Job for Fill {
    fn call(&self, i: usize) -> Call {
        Call::post(components(LIST_NAMESPACE), &component(i))
    }
}

/// The path of a namespace's HelmComponents.
pub(crate) fn components(namespace: &str) -> String {
    collection(Some(namespace), "helmcomponents")
}

#[derive(Deserialize)]
struct Created {
    metadata: CreatedMetadata,
}

#[derive(Deserialize)]
struct CreatedMetadata {
    #[serde(rename = "resourceVersion")]
    resource_version: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<IgnoredAny>,
}

fn parse<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, String> {
    serde_json::from_slice(&answer.body).map_err(|error| format!("an answer is not as expected: {error}"))
}

fn name(i: usize) -> String {
    format!("component-{i}")
}

/// A HelmComponent as the operator makes them; the server fills in the namespace.
fn component(i: usize) -> Value {
    json!({
        "apiVersion": GROUP_VERSION,
        "kind": "HelmComponent",
        "metadata": {
            "name": name(i),
            "labels": {"inventory.kyma-project.io/shard": (i % 256).to_string()},
        },
        "spec": {"componentName": "service-catalog-addons", "namespace": "kyma-system", "version": "2.0.0"},
    })
}

fn with_status(i: usize, version: &str) -> Value {
    let mut object = component(i);
    object["metadata"]["resourceVersion"] = version.into();
    object["status"] = json!({"status": "started", "lastReconciliation": "2021-07-29T10:00:00.000000Z"});
    object
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn work(phase: Phase) -> Work {
        let workload = Workload::new(1, 2);
        workload.versions[0].set("41".to_owned()).unwrap();
        Work { phase, workload: Arc::new(workload) }
    }

    fn answer(body: &str) -> Answer {
        Answer { status: StatusCode::OK, body: body.to_owned().into() }
    }

    #[test]
    fn a_status_is_written_with_the_version_that_was_created() {
        let workload = Arc::new(Workload::new(1, 0));
        let create = Work { phase: Phase::Create, workload: Arc::clone(&workload) };
        let created = answer(r#"{"metadata": {"resourceVersion": "77"}}"#);
        create.check(0, &created).unwrap();
        assert!(create.check(0, &created).is_err() && create.check(1, &created).is_err());
        let call = format!("{:?}", Work { phase: Phase::Status, workload }.call(0));
        assert!(
            call.contains("component-0/status") && call.contains(r#"resourceVersion\":\"77\""#),
            "{call}"
        );
    }

    #[test]
    fn each_phase_asks_what_its_name_says() {
        let calls: Vec<String> =
            Phase::ALL.iter().map(|&phase| format!("{:?}", work(phase).call(0))).collect();
        for (call, method) in calls.iter().zip(["POST", "PUT", "PATCH", "GET", "GET", "DELETE"]) {
            assert!(call.contains(&format!("method: {method}")), "{call}");
        }
        assert!(calls[2].contains("merge-patch"));
        assert!(calls[4].contains("/bench-list/helmcomponents\""), "{}", calls[4]);
    }

    #[test]
    fn a_list_must_be_whole() {
        let list = work(Phase::List);
        assert!(list.check(0, &answer(r#"{"items": [{}, {}]}"#)).is_ok());
        assert!(list.check(0, &answer(r#"{"items": [{}]}"#)).is_err());
        assert!(list.check(0, &answer("{}")).is_err());
    }
}
