//! Random requests, in symbols: the same for both servers until each puts in its own versions and UIDs.

use std::collections::HashMap;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::config::{Action, Config};
use super::kinds::{KINDS, Kind, shared_values};
use crate::client::{JSON_PATCH, MERGE, STRATEGIC, TABLE};
use crate::fixture::with;

/// What stands for a stream's namespace, and for the beginning of its names in the cluster. Legal in a name.
pub(crate) const NAMESPACE: &str = "the-namespace";
pub(crate) const STREAM: &str = "the-stream";
/// So few names that requests meet.
pub(crate) const NAMES: usize = 5;

const APPLY: &str = "application/apply-patch+yaml";
const JSON: &str = "application/json";

/// A request in symbols.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) accept: Option<&'static str>,
    pub(crate) body: Option<(&'static str, String)>,
    /// The kind and the name that it is about.
    pub(crate) kind: usize,
    pub(crate) name: usize,
}

impl Request {
    /// `PUT /path?query body`.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{} {}", self.method, self.path);
        for (at, (key, value)) in self.query.iter().enumerate() {
            line.push(if at == 0 { '?' } else { '&' });
            line.push_str(&format!("{key}={value}"));
        }
        match &self.body {
            Some((JSON, body)) => format!("{line} {body}"),
            Some((media_type, body)) => format!("{line} ({media_type}) {body}"),
            None => line,
        }
    }
}

/// The name of an object of a kind.
pub(crate) fn name(kind: &Kind, number: usize) -> String {
    if kind.namespaced { format!("n{number}") } else { format!("{STREAM}-n{number}") }
}

/// Makes the requests of a stream, and remembers what is there.
pub(crate) struct Generator<'a> {
    random: Rng,
    config: &'a Config,
    /// By kind and name, as the real server answered, in symbols.
    objects: HashMap<(usize, usize), Value>,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(seed: u64, config: &'a Config) -> Self {
        Self { random: Rng::with_seed(seed), config, objects: HashMap::new() }
    }

    /// What the real server said: the object as it is now, or that there is none.
    pub(crate) fn learn(&mut self, request: &Request, code: u16, body: &str) {
        let at = (request.kind, request.name);
        let dry = request.query.iter().any(|(key, _)| *key == "dryRun");
        match code {
            404 => drop(self.objects.remove(&at)),
            200 | 201 if !dry => {
                let object = serde_json::from_str(body).unwrap_or(Value::Null);
                let named = object["metadata"]["name"] == name(&KINDS[request.kind], request.name);
                if named && object["kind"] != "Status" {
                    self.objects.insert(at, object);
                }
            }
            _ => {}
        }
    }

    /// Everything is gone.
    pub(crate) fn forget(&mut self) {
        self.objects.clear();
    }

    pub(crate) fn forget_one(&mut self, request: &Request) {
        self.objects.remove(&(request.kind, request.name));
    }

    /// The next request.
    pub(crate) fn request(&mut self) -> Request {
        let kind = self.random.usize(..KINDS.len());
        let number = self.random.usize(..NAMES);
        let action = match self.config.action(self.random.u32(..)) {
            // A namespace goes in steps, at another time on each server.
            Action::Delete | Action::DeleteCollection if !KINDS[kind].namespaced => Action::Get,
            action => action,
        };
        let collection = KINDS[kind].collection(NAMESPACE);
        let item = format!("{collection}/{}", name(&KINDS[kind], number));
        let (method, path) = match action {
            Action::Create => ("POST", collection),
            Action::List => ("GET", collection),
            Action::DeleteCollection => ("DELETE", collection),
            Action::Get => ("GET", item),
            Action::Delete => ("DELETE", item),
            Action::Update => ("PUT", item),
            Action::UpdateStatus => ("PUT", item + "/status"),
            Action::PatchStatus => ("PATCH", item + "/status"),
            _ => ("PATCH", item),
        };
        let mut request =
            Request { method, path, query: Vec::new(), accept: None, body: None, kind, name: number };
        request.body = self.body(action, kind, number);
        self.parameters(action, &mut request);
        if self.random.u32(..100) < self.config.broken_percent {
            self.spoil(&mut request);
        }
        request
    }

    fn body(&mut self, action: Action, kind: usize, number: usize) -> Option<(&'static str, String)> {
        let known = self.objects.get(&(kind, number)).cloned();
        Some(match action {
            Action::Get | Action::List => return None,
            Action::Create => (JSON, self.changed(kind, self.fresh(kind, number), 1).to_string()),
            Action::Update | Action::UpdateStatus => {
                let start = known.unwrap_or_else(|| self.fresh(kind, number));
                (JSON, self.changed(kind, start, 2).to_string())
            }
            Action::JsonPatch => (JSON_PATCH, self.json_patch(kind).to_string()),
            Action::MergePatch | Action::PatchStatus => (MERGE, self.overlay(kind).to_string()),
            Action::StrategicPatch => (STRATEGIC, self.overlay(kind).to_string()),
            Action::Apply => (APPLY, self.applied(kind, number).to_string()),
            Action::Delete | Action::DeleteCollection => return self.delete_options(known.as_ref()),
        })
    }

    /// An object of the kind as a client would send it first.
    fn fresh(&self, kind: usize, number: usize) -> Value {
        let object = (KINDS[kind].object)();
        let text = object.to_string().replace("\"NS\"", &format!("\"{NAMESPACE}\""));
        let mut object: Value = serde_json::from_str(&text).unwrap_or(object);
        object["metadata"]["name"] = name(&KINDS[kind], number).into();
        object
    }

    /// A place and a value for it. The kind's own come more often.
    fn change(&mut self, kind: usize) -> (&'static str, Value) {
        let places = if self.random.u32(..3) == 0 { shared_values() } else { (KINDS[kind].values)() };
        let (pointer, values) = &places[self.random.usize(..places.len())];
        (pointer, values[self.random.usize(..values.len())].clone())
    }

    fn changed(&mut self, kind: usize, mut object: Value, most: usize) -> Value {
        for _ in 0..self.random.usize(..=most) {
            let (pointer, value) = self.change(kind);
            put(&mut object, pointer, value);
        }
        object
    }

    /// A merge patch.
    fn overlay(&mut self, kind: usize) -> Value {
        let mut patch = Value::Object(Map::new());
        for _ in 0..self.random.usize(1..=2) {
            let (pointer, value) = self.change(kind);
            if !pointer.contains("/0/") {
                patch = with(patch, pointer, value);
            }
        }
        patch
    }

    fn json_patch(&mut self, kind: usize) -> Value {
        let steps = self.random.usize(1..=3);
        let step = |generator: &mut Self| {
            let (path, value) = generator.change(kind);
            match generator.random.u32(..8) {
                0 => json!({"op": "remove", "path": path}),
                1 => json!({"op": "test", "path": path, "value": value}),
                2 => json!({"op": "copy", "from": path, "path": "/metadata/annotations/copied"}),
                3 => json!({"op": "move", "from": path, "path": "/metadata/labels/moved"}),
                4 | 5 => json!({"op": "replace", "path": path, "value": value}),
                _ => json!({"op": "add", "path": path, "value": value}),
            }
        };
        (0..steps).map(|_| step(self)).collect()
    }

    /// What a manager applies: some of an object.
    fn applied(&mut self, kind: usize, number: usize) -> Value {
        let fresh = self.fresh(kind, number);
        let mut object = if self.random.bool() {
            fresh
        } else {
            json!({"apiVersion": fresh["apiVersion"], "kind": fresh["kind"], "metadata": {"name": fresh["metadata"]["name"]}})
        };
        for _ in 0..self.random.usize(..=2) {
            let (pointer, value) = self.change(kind);
            put(&mut object, pointer, value);
        }
        object
    }

    fn delete_options(&mut self, known: Option<&Value>) -> Option<(&'static str, String)> {
        let metadata = known.map_or(&Value::Null, |object| &object["metadata"]);
        let preconditions = match self.random.u32(..8) {
            0 => json!({"uid": metadata["uid"]}),
            1 => json!({"resourceVersion": metadata["resourceVersion"]}),
            2 => json!({"uid": "00000000-0000-0000-0000-000000000000"}),
            3 => json!({"resourceVersion": "1"}),
            _ => return None,
        };
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
        Some((JSON, options.to_string()))
    }

    fn parameters(&mut self, action: Action, request: &mut Request) {
        let chance = |random: &mut Rng, percent: u32| random.u32(..100) < percent;
        let random = &mut self.random;
        let query = &mut request.query;
        match action {
            Action::Get => request.accept = chance(random, 10).then_some(TABLE),
            Action::List => {
                request.accept = chance(random, 15).then_some(TABLE);
                // What belongs to no stream alone has no pages that could be compared.
                if chance(random, 20) && KINDS[request.kind].namespaced {
                    query.push(("limit", "2".into()));
                }
                if chance(random, 30) {
                    let selectors = ["a=b", "a!=b", "one", "!one", "one in (x,y)", "a b", "one notin (x)"];
                    query.push(("labelSelector", selectors[random.usize(..selectors.len())].into()));
                }
                if chance(random, 20) {
                    let selectors =
                        ["metadata.name=n1", "metadata.name!=n1", "spec.text=one", "type=Opaque", "x"];
                    query.push(("fieldSelector", selectors[random.usize(..selectors.len())].into()));
                }
            }
            _ => {
                if action == Action::Apply {
                    query.push(("fieldManager", ["ann", "bob"][random.usize(..2)].into()));
                    if chance(random, 30) {
                        query.push(("force", "true".into()));
                    }
                } else if chance(random, 50) {
                    query.push(("fieldManager", ["ann", "cid"][random.usize(..2)].into()));
                }
                if chance(random, 6) {
                    query.push(("dryRun", "All".into()));
                }
                if chance(random, 20) && !matches!(action, Action::Delete | Action::DeleteCollection) {
                    query.push(("fieldValidation", ["Strict", "Warn", "Ignore"][random.usize(..3)].into()));
                }
            }
        }
    }

    /// Does something wrong to a request.
    fn spoil(&mut self, request: &mut Request) {
        match self.random.u32(..7) {
            0 => request.path.push_str("/absent"),
            1 => request.query.push(("dryRun", "Some".into())),
            2 => request.query.push(("fieldManager", "bad\u{7f}".into())),
            3 => request.query.push(("resourceVersion", "nonsense".into())),
            4 => request.query.push(("force", "true".into())),
            5 => {
                if let Some((_, body)) = &mut request.body {
                    let end =
                        (0..=self.random.usize(..=body.len())).rev().find(|at| body.is_char_boundary(*at));
                    body.truncate(end.unwrap_or_default());
                }
            }
            _ => {
                if let Some((media_type, _)) = &mut request.body {
                    let types = [JSON, MERGE, JSON_PATCH, APPLY, "text/plain"];
                    *media_type = types[self.random.usize(..types.len())];
                }
            }
        }
    }
}

/// Puts a value into an object, if there is a place for it; `null` stays `null`.
fn put(object: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = object.pointer_mut(pointer) {
        *place = value;
    } else if !pointer.contains("/0/") {
        *object = with(object.take(), pointer, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::config::Config;
    use super::super::kinds::{KINDS, shared_values};
    use super::{Generator, put};

    fn config() -> Config {
        serde_saphyr::from_str(include_str!("../../differ.yaml")).unwrap()
    }

    #[test]
    fn one_seed_always_makes_the_same_requests() {
        let config = config();
        let lines = |seed| {
            let mut generator = Generator::new(seed, &config);
            (0..2000).map(|_| generator.request().line()).collect::<Vec<_>>()
        };
        assert_eq!(lines(7), lines(7));
        assert_ne!(lines(7), lines(8));
    }

    #[test]
    fn every_value_has_a_place_in_its_object() {
        for kind in &KINDS {
            for (pointer, values) in (kind.values)().into_iter().chain(shared_values()) {
                for value in values {
                    let mut object = (kind.object)();
                    put(&mut object, pointer, value.clone());
                    let there = object.pointer(pointer).unwrap_or(&Value::Null);
                    assert!(*there == value || pointer.contains("/0/"), "{} {pointer}", kind.plural);
                }
            }
        }
    }
}
