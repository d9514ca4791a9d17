//! Objects that the real server was sent, and what it found wrong with them.
//!
//! `testdata` has a file for each topic: where the objects go, one that is good, and cases. A case sets members of that
//! object (null takes one out, the index behind a list's last item adds one), says how it is written (`create`, or
//! `update` and `status` of the object as it is stored), and has the causes that kube-apiserver 1.37.2 answered, in its
//! order: field, reason, message. The conformance case `semantics` sends the same files to both servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kyma_store::{Options, Store, TokioClock};
use regex::Regex;
use serde_json::{Value, json};

use crate::object::{self, Object};
use crate::registry::FieldValidation;
use crate::{ApiError, CreateOptions, Random, Registry, Request, Resource, Subresource, UpdateOptions};

const FILES: [(&str, &str); 20] = [
    ("namespace", include_str!("testdata/namespace.json")),
    ("serviceaccount", include_str!("testdata/serviceaccount.json")),
    ("role", include_str!("testdata/role.json")),
    ("clusterrole", include_str!("testdata/clusterrole.json")),
    ("rolebinding", include_str!("testdata/rolebinding.json")),
    ("clusterrolebinding", include_str!("testdata/clusterrolebinding.json")),
    ("pod", include_str!("testdata/pod.json")),
    ("containers", include_str!("testdata/containers.json")),
    ("volumes", include_str!("testdata/volumes.json")),
    ("deployment", include_str!("testdata/deployment.json")),
    ("replicaset", include_str!("testdata/replicaset.json")),
    ("statefulset", include_str!("testdata/statefulset.json")),
    ("daemonset", include_str!("testdata/daemonset.json")),
    ("claim", include_str!("testdata/claim.json")),
    ("podtemplate", include_str!("testdata/podtemplate.json")),
    ("replicationcontroller", include_str!("testdata/replicationcontroller.json")),
    ("controllerrevision", include_str!("testdata/controllerrevision.json")),
    ("service", include_str!("testdata/service.json")),
    ("job", include_str!("testdata/job.json")),
    ("cronjob", include_str!("testdata/cronjob.json")),
];

struct Counter(AtomicU64);

impl Random for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Where the objects of a file go.
struct Place {
    resource: Arc<Resource>,
    namespace: Option<String>,
}

impl Place {
    fn of(registry: &Registry, path: &str) -> Self {
        let mut parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let group = if parts[0] == "api" { "" } else { parts[1] };
        let rest = parts.split_off(if group.is_empty() { 1 } else { 2 });
        let (namespace, plural) = match rest.as_slice() {
            [_, "namespaces", namespace, plural] => (Some((*namespace).to_owned()), *plural),
            [_, plural] => (None, *plural),
            other => panic!("{other:?}"),
        };
        let resource = Arc::clone(registry.catalog().find(group, rest[0], plural).unwrap());
        Place { resource, namespace }
    }

    fn request(&self) -> Request<'_> {
        Request { resource: &self.resource, namespace: self.namespace.as_deref() }
    }
}

async fn create(registry: &Registry, place: &Place, object: Object, dry_run: bool) -> Result<(), ApiError> {
    let options = CreateOptions { dry_run, ..CreateOptions::default() };
    registry.create(&place.request(), object.into(), &options).await.map(|_| ())
}

async fn update(
    registry: &Registry,
    place: &Place,
    object: Object,
    part: Subresource,
) -> Result<(), ApiError> {
    let name = object::name(&object).to_owned();
    let field_validation = FieldValidation::Ignore;
    let options = UpdateOptions { dry_run: true, field_validation, ..UpdateOptions::default() };
    registry.update(&place.request(), &name, object.into(), part, &options).await.map(|_| ())
}

/// The object with the members of a case.
fn changed(object: &Object, set: &Value) -> Object {
    let mut object = Value::Object(object.clone());
    for (pointer, value) in set.as_object().unwrap() {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/");
        let mut slot = &mut object;
        for part in parent.split('/').skip(1) {
            slot = match slot {
                Value::Array(items) => &mut items[part.parse::<usize>().unwrap()],
                other => object::as_object_mut(other).entry(part).or_insert(Value::Null),
            };
        }
        match slot {
            Value::Array(items) => match name.parse::<usize>() {
                Ok(index) if index < items.len() => items[index] = value.clone(),
                _ => items.push(value.clone()),
            },
            other if value.is_null() => {
                object::as_object_mut(other).remove(&name);
            }
            other => {
                object::as_object_mut(other).insert(name, value.clone());
            }
        }
    }
    object.as_object().unwrap().clone()
}

/// Causes as the files have them. UIDs are made anew each time.
fn causes(answer: Result<(), ApiError>) -> Value {
    let Err(error) = answer else { return json!([]) };
    let causes = error.details().map(|details| details.causes.clone()).unwrap_or_default();
    if causes.is_empty() {
        return json!(error.message());
    }
    causes.into_iter().map(|cause| json!([cause.field, cause.reason, cause.message])).collect()
}

fn masked(causes: &Value) -> String {
    let uid = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    uid.replace_all(&serde_json::to_string_pretty(causes).unwrap(), "UID").into_owned()
}

#[tokio::test]
async fn what_the_real_server_refuses_is_refused_in_its_words() {
    let mut cases = 0;
    let mut differences = Vec::new();
    for (topic, text) in FILES {
        let file: Value = serde_json::from_str(text).unwrap();
        let clock = Arc::new(TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
        let store = Store::in_memory(Options::default(), clock.clone());
        let registry = Registry::new(store, clock, Arc::new(Counter(AtomicU64::new(1))));
        let namespaces = Place::of(&registry, "/api/v1/namespaces");
        let namespace = json!({"metadata": {"name": "default"}}).as_object().unwrap().clone();
        create(&registry, &namespaces, namespace, false).await.unwrap();
        let place = Place::of(&registry, file["path"].as_str().unwrap());
        let base = file["base"].as_object().unwrap();
        let mut stored = None;
        for case in file["cases"].as_array().unwrap() {
            cases += 1;
            let answer = if case["verb"] == "create" {
                create(&registry, &place, changed(base, &case["set"]), true).await
            } else {
                if stored.is_none() {
                    create(&registry, &place, base.clone(), false).await.unwrap();
                    stored = Some(registry.get_value(&place.request(), object::name(base)).unwrap());
                }
                let part = if case["verb"] == "status" { Subresource::Status } else { Subresource::Main };
                update(&registry, &place, changed(stored.as_ref().unwrap(), &case["set"]), part).await
            };
            let (ours, theirs) = (masked(&causes(answer)), masked(&case["causes"]));
            if ours != theirs {
                differences.push(format!("{topic}: {}\nreal: {theirs}\nours: {ours}", case["name"]));
            }
        }
    }
    assert!(differences.is_empty(), "{} of {cases}\n{}", differences.len(), differences.join("\n\n"));
    assert!(cases > 450, "{cases}");
}
