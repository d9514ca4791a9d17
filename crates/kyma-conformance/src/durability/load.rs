//! Writers that each work on objects of their own, and what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::ledger::{Attempt, Entry};
use crate::check::{Failure, Outcome, holds};
use crate::client::{Answer, Http, MERGE};

const WRITERS: usize = 16;
/// Half of them `ConfigMap`s, half `HelmComponent`s.
const OBJECTS_PER_WRITER: usize = 16;
/// Values are up to so many bytes longer than a short one.
const PADDING_MAX: usize = 3000;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const COMPONENTS: &str = "/apis/inventory.kyma-project.io/v1alpha1/namespaces/default/helmcomponents";

/// All writers between two loads.
pub(super) struct Writers {
    idle: Vec<Writer>,
    /// The newest resourceVersion that anybody was told.
    newest: u64,
    acknowledged: u64,
}

impl Writers {
    pub(super) fn new(seed: u64) -> Self {
        let idle = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
        Self { idle, newest: 0, acknowledged: 0 }
    }

    /// How many writes were acknowledged so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Asks for every object, and whether the revision has gone back.
    pub(super) async fn compare(&mut self, http: &Http) -> Outcome {
        let list = http.get(CONFIG_MAPS).await?.ok()?;
        let revision = version(&list);
        let text = format!("the revision is not before {}", self.newest);
        holds(&text, revision >= self.newest, &revision)?;
        for writer in &mut self.idle {
            writer.compare(http).await?;
        }
        Ok(())
    }
}

/// A load that goes on until the server ends.
pub(super) struct Load {
    tasks: JoinSet<Outcome<Writer>>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    wanted: u64,
    reached: Notify,
    /// A writer ended, so that the number may never be reached.
    ended: AtomicBool,
}

impl Load {
    pub(super) fn start(http: &Http, writers: &mut Writers, wanted: u64) -> Self {
        let progress = Arc::new(Progress { wanted, ..Progress::default() });
        let mut tasks = JoinSet::new();
        for writer in writers.idle.drain(..) {
            tasks.spawn(writer.work(http.clone(), Arc::clone(&progress)));
        }
        Self { tasks, progress }
    }

    /// Waits until the server has acknowledged as many writes as it should, or a writer gave up.
    pub(super) async fn reached(&self) {
        while self.progress.acknowledged.load(Ordering::Acquire) < self.progress.wanted
            && !self.progress.ended.load(Ordering::Acquire)
        {
            self.progress.reached.notified().await;
        }
    }

    /// Takes the writers back; they have ended with the server.
    pub(super) async fn join(mut self, writers: &mut Writers) -> Outcome {
        while let Some(task) = self.tasks.join_next().await {
            let writer = task.map_err(|error| Failure::new("a writer", "it ends", error.to_string()))??;
            writers.newest = writers.newest.max(writer.newest);
            writers.idle.push(writer);
        }
        writers.idle.sort_by_key(|writer| writer.number);
        writers.acknowledged += self.progress.acknowledged.load(Ordering::Acquire);
        Ok(())
    }
}

struct Writer {
    number: usize,
    random: fastrand::Rng,
    /// Makes each written text another.
    written: u64,
    newest: u64,
    entries: Vec<Entry>,
}

impl Writer {
    fn new(number: usize, seed: u64) -> Self {
        Self {
            number,
            random: fastrand::Rng::with_seed(seed.wrapping_add(number as u64)),
            written: 0,
            newest: 0,
            entries: vec![Entry::default(); OBJECTS_PER_WRITER],
        }
    }

    /// Writes until no answer comes any more.
    async fn work(mut self, http: Http, progress: Arc<Progress>) -> Outcome<Self> {
        loop {
            let done = self.write(&http).await;
            if !matches!(done, Ok(true)) {
                progress.ended.store(true, Ordering::Release);
                progress.reached.notify_one();
                return done.map(|_| self);
            }
            if progress.acknowledged.fetch_add(1, Ordering::AcqRel) + 1 >= progress.wanted {
                progress.reached.notify_one();
            }
        }
    }

    /// One write; false when it was not answered, because the server has ended.
    async fn write(&mut self, http: &Http) -> Outcome<bool> {
        let index = self.random.usize(0..OBJECTS_PER_WRITER);
        let object: Option<Value> =
            self.entries[index].object().and_then(|bytes| serde_json::from_slice(bytes).ok());
        let path = self.path(index);
        let (collection, _) = path.rsplit_once('/').unwrap_or_default();
        self.written += 1;
        let text =
            format!("{}-{}-{}", self.number, self.written, "x".repeat(self.random.usize(0..PADDING_MAX)));
        let (attempt, call) = match object {
            None => {
                let body = self.object(index, &text);
                (Attempt::Put(text), http.post(collection, &body))
            }
            Some(_) if self.random.u8(0..8) == 0 => (Attempt::Delete, http.call(Method::DELETE, &path)),
            Some(_) if self.random.bool() => {
                let patch = stamped(index, &text);
                (Attempt::Put(text), http.patch(&path, MERGE, &patch))
            }
            Some(mut object) => {
                for (key, value) in stamped(index, &text).as_object().into_iter().flatten() {
                    object[key] = value.clone();
                }
                (Attempt::Put(text), http.put(&path, &object))
            }
        };
        let deletes = attempt == Attempt::Delete;
        self.entries[index].send(attempt);
        match call.await {
            Err(_no_answer) => Ok(false),
            Ok(answer) => self.answered(index, deletes, &answer),
        }
    }

    fn answered(&mut self, index: usize, deletes: bool, answer: &Answer) -> Outcome<bool> {
        let entry = &mut self.entries[index];
        match answer.code() {
            200 | 201 if deletes => entry.acknowledge(None),
            200 | 201 => {
                let version = version(&answer.value());
                // Revisions order all writes: one of an object of ours is above all that we were told before.
                holds("the revision grows", version > self.newest, &[self.newest, version])?;
                self.newest = version;
                entry.acknowledge(Some(answer.bytes().clone()));
            }
            // A server that is about to end refuses.
            429 | 500..=599 => {
                entry.refuse();
                return Ok(false);
            }
            _ => return Err(Failure::new("a write", "code 200 or 201", answer.shown())),
        }
        Ok(true)
    }

    async fn compare(&mut self, http: &Http) -> Outcome {
        for index in 0..OBJECTS_PER_WRITER {
            let path = self.path(index);
            let answer = http.get(&path).await?;
            let found: Option<Bytes> = match answer.code() {
                200 => Some(answer.bytes().clone()),
                404 => None,
                _ => return Err(Failure::new(path, "code 200 or 404", answer.shown())),
            };
            let found = self.entries[index].find(found, |object| stamp(index, object));
            found.map_err(|why| Failure::new(path, "what was acknowledged", why))?;
        }
        Ok(())
    }

    fn path(&self, index: usize) -> String {
        let collection = if is_component(index) { COMPONENTS } else { CONFIG_MAPS };
        format!("{collection}/{}", self.name(index))
    }

    fn name(&self, index: usize) -> String {
        format!("writer-{}-{index}", self.number)
    }

    fn object(&self, index: usize, text: &str) -> Value {
        let mut object = stamped(index, text);
        object["metadata"] = json!({"name": self.name(index), "labels": {"writer": self.number.to_string()}});
        if is_component(index) {
            object["apiVersion"] = "inventory.kyma-project.io/v1alpha1".into();
            object["kind"] = "HelmComponent".into();
        } else {
            object["apiVersion"] = "v1".into();
            object["kind"] = "ConfigMap".into();
        }
        object
    }
}

fn is_component(index: usize) -> bool {
    index.is_multiple_of(2)
}

/// The part of an object that carries a text.
fn stamped(index: usize, text: &str) -> Value {
    if is_component(index) {
        json!({"spec": {"componentName": "istio", "namespace": text}})
    } else {
        json!({"data": {"text": text}})
    }
}

/// The text that an object carries.
fn stamp(index: usize, object: &Value) -> Option<String> {
    let text = if is_component(index) { &object["spec"]["namespace"] } else { &object["data"]["text"] };
    text.as_str().map(str::to_owned)
}

/// The resourceVersion of an object or a list; 0 when there is none.
fn version(value: &Value) -> u64 {
    value["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
