//! What writes do to the list of managers.

use std::sync::Arc;

use kyma_store::{Options, Store, TokioClock};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fields::{Applied, Author, FieldManager};
use crate::object::Live;
use crate::reason::Reason;
use crate::{ApiError, Catalog, Resource};

/// A kind with the schema of these tests and `/status`, and one object of it as its managers make it.
struct Kind {
    catalog: Catalog,
    resource: Arc<Resource>,
    object: Option<Object>,
    managed: String,
    now: String,
}

impl Kind {
    fn new() -> Self {
        let raw = json!({"type": "object", "properties": {
            "spec": {"type": "object", "properties": {
                "text": {"type": "string"},
                "count": {"type": "integer"},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                "ports": {
                    "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                    "items": {"type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string"}, "value": {"type": "string"},
                    }},
                },
            }},
            "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
        }});
        let version = |name: &str, storage: bool| {
            json!({
                "name": name, "served": true, "storage": storage,
                "schema": {"openAPIV3Schema": raw}, "subresources": {"status": {}},
            })
        };
        let definition = object(json!({
            "metadata": {"name": "things.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced",
                "versions": [version("v1", true), version("v2", false)],
            },
            "status": {
                "acceptedNames": {"plural": "things", "kind": "Thing", "singular": "thing", "listKind": "ThingList"},
                "conditions": [{"type": "Established", "status": "True"}],
            },
        }));
        let clock = TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let store = Store::in_memory(Options::default(), Arc::new(clock));
        let catalog = Catalog::with_custom(&store, [&definition], &Catalog::default());
        let resource = Arc::clone(catalog.find("example.com", "v1", "things").unwrap());
        Self {
            catalog,
            resource,
            object: None,
            managed: String::new(),
            now: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn version(&self, version: &str) -> Arc<Resource> {
        Arc::clone(self.catalog.find("example.com", version, "things").unwrap())
    }

    fn at(&mut self, second: u32) -> &mut Self {
        self.now = format!("2026-01-01T00:00:{second:02}Z");
        self
    }

    fn live(&self) -> Option<Live<'_>> {
        self.object.as_ref().map(|object| Live { object: object.clone(), managed: &self.managed })
    }

    fn write(&mut self, manager: &str, subresource: &str, new: Value) -> &mut Self {
        let mut new = object(new);
        let author = Author { manager, subresource };
        let fields = FieldManager::new(&self.resource, &self.catalog, author, &self.now);
        let managed = fields.update(self.live().as_ref(), &mut new);
        (self.object, self.managed) = (Some(new), managed.text);
        self
    }

    fn update(&mut self, manager: &str, spec: Value) -> &mut Self {
        self.write(manager, "", thing(spec))
    }

    fn try_apply(
        &mut self,
        version: &str,
        manager: &str,
        config: Value,
        force: bool,
    ) -> Result<(), ApiError> {
        let resource = self.version(version);
        let author = Author { manager, subresource: "" };
        let fields = FieldManager::new(&resource, &self.catalog, author, &self.now);
        let Applied { mut object, managed } = fields.apply(self.live().as_ref(), &object(config), force)?;
        // As decoding does.
        if let Some(Value::Object(spec)) = object.get_mut("spec") {
            spec.retain(|_, value| !value.is_null());
        }
        (self.object, self.managed) = (Some(object), managed.text);
        Ok(())
    }

    fn apply(&mut self, manager: &str, spec: Value) -> &mut Self {
        self.try_apply("v1", manager, thing(spec), false).unwrap();
        self
    }

    fn spec(&self) -> Value {
        self.object.as_ref().and_then(|object| object.get("spec")).cloned().unwrap_or_default()
    }

    /// `manager operation time fields` of each entry.
    fn owners(&self) -> Vec<String> {
        let list: Vec<Value> = match self.managed.as_str() {
            "" => Vec::new(),
            text => serde_json::from_str(text).unwrap(),
        };
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        let second = |entry: &Value| text(entry, "time").get(17..19).unwrap_or("-").to_owned();
        let entries = list.iter().map(|entry| {
            format!(
                "{} {} {} {}",
                text(entry, "manager"),
                text(entry, "operation"),
                second(entry),
                entry["fieldsV1"]
            )
        });
        entries.collect()
    }
}

fn thing(spec: Value) -> Value {
    let mut thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}});
    thing["spec"] = spec;
    thing
}

#[tokio::test]
async fn whoever_changes_a_field_owns_it() {
    let mut kind = Kind::new();
    kind.update("one", json!({"text": "a", "count": 1}));
    assert_eq!(kind.owners(), [r#"one Update 00 {"f:spec":{".":{},"f:count":{},"f:text":{}}}"#]);
    kind.at(1).update("two", json!({"text": "b", "count": 1}));
    let both =
        [r#"one Update 00 {"f:spec":{".":{},"f:count":{}}}"#, r#"two Update 01 {"f:spec":{"f:text":{}}}"#];
    assert_eq!(kind.owners(), both);
    // Nothing changed, so nobody took anything and no time moved.
    kind.at(2).update("three", json!({"text": "b", "count": 1}));
    assert_eq!(kind.owners(), both);
    kind.at(3).update("one", json!({"count": 2}));
    assert_eq!(kind.owners(), [r#"one Update 03 {"f:spec":{".":{},"f:count":{}}}"#]);
}

#[tokio::test]
async fn a_status_write_owns_nothing_but_the_status() {
    let mut kind = Kind::new();
    kind.update("one", json!({"text": "a"}));
    let mut new = thing(json!({"text": "other"}));
    new["status"] = json!({"phase": "x"});
    kind.at(1).write("two", "status", new.clone());
    let owners = [
        r#"one Update 00 {"f:spec":{".":{},"f:text":{}}}"#,
        r#"two Update 01 {"f:status":{".":{},"f:phase":{}}}"#,
    ];
    assert_eq!(kind.owners(), owners);
    // And by the object itself nobody takes it.
    new["spec"] = json!({"text": "other"});
    new["status"] = json!({"phase": "y"});
    kind.at(2).write("three", "", new);
    assert_eq!(kind.owners(), owners);
}

#[tokio::test]
async fn an_apply_that_would_change_what_others_own_is_refused() {
    let mut kind = Kind::new();
    kind.apply("one", json!({"text": "a", "set": ["x"]}));
    kind.update(
        "two",
        json!({"text": "a", "set": ["x"], "count": 5, "ports": [{"name": "p", "value": "1"}]}),
    );
    let config = thing(json!({"text": "b", "count": 6, "ports": [{"name": "p", "value": "2"}]}));
    let error = kind.try_apply("v1", "three", config.clone(), false).unwrap_err();
    assert_eq!((error.code(), error.reason()), (409, Reason::Conflict));
    assert_eq!(
        error.message(),
        "Apply failed with 3 conflicts: conflicts with \"one\":\n- .spec.text\nconflicts with \"two\" using example.com/v1:\n- \
         .spec.count\n- .spec.ports[name=\"p\"].value"
    );
    let causes = &error.details().unwrap().causes;
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    assert_eq!(causes[0].message, "conflict with \"one\"");
    assert_eq!(causes[2].field, ".spec.ports[name=\"p\"].value");
    let error = kind.try_apply("v1", "three", thing(json!({"text": "b"})), false).unwrap_err();
    assert_eq!(error.message(), "Apply failed with 1 conflict: conflict with \"one\": .spec.text");
    kind.at(1).try_apply("v1", "three", config, true).unwrap();
    assert_eq!(kind.spec()["text"], "b");
    assert_eq!(
        kind.owners(),
        [
            r#"one Apply 00 {"f:spec":{"f:set":{"v:\"x\"":{}}}}"#,
            r#"three Apply 01 {"f:spec":{"f:count":{},"f:ports":{"k:{\"name\":\"p\"}":{".":{},"f:name":{},"f:value":{}}},"f:text":{}}}"#,
            r#"two Update 00 {"f:spec":{"f:ports":{".":{},"k:{\"name\":\"p\"}":{".":{},"f:name":{}}}}}"#,
        ]
    );
}

#[tokio::test]
async fn what_two_apply_alike_is_owned_by_both_and_goes_with_the_last() {
    let mut kind = Kind::new();
    kind.apply("one", json!({"text": "a", "map": {"k": "1"}}));
    kind.at(1).apply("two", json!({"text": "a"}));
    // The object is as it was: the new owner has no time.
    assert_eq!(
        kind.owners(),
        [
            r#"two Apply - {"f:spec":{"f:text":{}}}"#,
            r#"one Apply 00 {"f:spec":{"f:map":{"f:k":{}},"f:text":{}}}"#
        ]
    );
    kind.at(2).apply("one", json!({}));
    assert_eq!(kind.spec(), json!({"text": "a"}));
    kind.at(3).apply("two", json!({}));
    assert_eq!(kind.spec(), Value::Null);
}

#[tokio::test]
async fn what_an_updater_owns_stays_when_an_applier_drops_it() {
    let mut kind = Kind::new();
    kind.apply("one", json!({"text": "a", "count": 1}));
    kind.update("two", json!({"text": "b", "count": 1}));
    kind.apply("one", json!({"count": 1}));
    assert_eq!(kind.spec(), json!({"text": "b", "count": 1}));
}

#[tokio::test]
async fn objects_without_managers_are_not_tracked_before_the_first_apply() {
    let mut kind = Kind::new();
    kind.object = Some(object(json!({"metadata": {"uid": "u"}, "spec": {"text": "a"}})));
    kind.update("one", json!({"text": "b"}));
    assert_eq!(kind.owners(), [""; 0]);
    kind.at(1).try_apply("v1", "two", thing(json!({"count": 1})), false).unwrap();
    assert_eq!(
        kind.owners(),
        [
            r#"two Apply 01 {"f:spec":{"f:count":{}}}"#,
            r#"before-first-apply Update 01 {"f:spec":{".":{},"f:text":{}}}"#,
        ]
    );
}

#[tokio::test]
async fn a_client_can_forget_change_or_break_the_list() {
    let mut kind = Kind::new();
    kind.update("one", json!({"text": "a"}));
    let with = |managers: Value| {
        let mut new = thing(json!({"text": "a"}));
        new["metadata"]["managedFields"] = managers;
        new
    };
    let stored = kind.managed.clone();
    for broken in
        [json!([{"operation": "x"}]), json!(null), json!([{"operation": "Update", "apiVersion": "v1"}])]
    {
        kind.write("two", "", with(broken));
        assert_eq!(kind.managed, stored);
    }
    let other = json!([{
        "manager": "three", "operation": "Update", "apiVersion": "example.com/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:text": {}}},
    }]);
    kind.write("two", "status", with(other.clone()));
    assert_eq!(kind.managed, stored);
    kind.write("two", "", with(other));
    assert_eq!(kind.owners(), [r#"three Update - {"f:spec":{"f:text":{}}}"#]);
    kind.write("two", "", with(json!([{}])));
    assert_eq!(kind.managed, "");
}

#[tokio::test]
async fn the_oldest_of_many_updaters_become_one() {
    let mut kind = Kind::new();
    kind.update("m0", json!({"map": {"k0": "1"}}));
    for number in 1..13 {
        let map: Object = (0..=number).map(|n| (format!("k{n}"), "1".into())).collect();
        kind.at(number).update(&format!("m{number}"), json!({"map": map}));
    }
    let owners = kind.owners();
    assert_eq!(owners.len(), 10);
    assert_eq!(
        owners[0],
        r#"ancient-changes Update 03 {"f:spec":{".":{},"f:map":{".":{},"f:k0":{},"f:k1":{},"f:k2":{},"f:k3":{}}}}"#
    );
}

#[tokio::test]
async fn an_apply_in_another_version_takes_its_own_entry_along() {
    let mut kind = Kind::new();
    kind.apply("one", json!({"text": "a", "count": 1}));
    let mut config = thing(json!({"text": "a"}));
    config["apiVersion"] = "example.com/v2".into();
    kind.at(1).try_apply("v2", "one", config, false).unwrap();
    assert_eq!(kind.owners(), [r#"one Apply 01 {"f:spec":{"f:text":{}}}"#]);
    assert!(kind.managed.contains(r#""apiVersion":"example.com/v2""#), "{}", kind.managed);
    assert_eq!(kind.spec(), json!({"text": "a"}));
}

#[tokio::test]
async fn a_list_with_a_version_that_the_definition_does_not_have_stays_as_it_is() {
    let mut kind = Kind::new();
    kind.update("one", json!({"text": "a"}));
    kind.managed = kind.managed.replace("example.com/v1", "example.com/v0");
    let before = kind.managed.clone();
    kind.update("two", json!({"text": "b"}));
    assert_eq!(kind.managed, before);
    let error = kind.try_apply("v1", "two", thing(json!({"text": "b"})), true).unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (500, "request to convert CR to an invalid group/version: example.com/v0")
    );
}

#[tokio::test]
async fn kubectl_takes_over_what_it_applied_by_its_own_means() {
    let mut kind = Kind::new();
    let applied = thing(json!({"text": "a", "count": 1}));
    let mut new = applied.clone();
    new["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{applied}\n")});
    kind.write("kubectl-client-side-apply", "", new);
    kind.at(1).try_apply("v1", "kubectl", thing(json!({"text": "b"})), false).unwrap();
    let annotation = &kind.object.as_ref().unwrap()["metadata"]["annotations"];
    let text = annotation["kubectl.kubernetes.io/last-applied-configuration"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), thing(json!({"text": "b"})));
    // What somebody else has changed since is a conflict as ever.
    let mut changed = Value::Object(kind.object.clone().unwrap());
    changed["spec"]["text"] = "c".into();
    kind.write("other", "", changed);
    let error = kind.try_apply("v1", "kubectl", thing(json!({"text": "d"})), false).unwrap_err();
    assert_eq!(error.code(), 409);
}

#[tokio::test]
async fn configurations_of_other_kinds_or_with_managers_are_refused() {
    let mut kind = Kind::new();
    for (config, code, message) in [
        (json!({}), 400, "invalid object type: /, Kind="),
        (json!({"kind": "Thing"}), 400, "invalid object type: /, Kind=Thing"),
        (json!({"kind": "Thing", "apiVersion": "v1"}), 400, "invalid object type: /v1, Kind=Thing"),
        (
            json!({"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"managedFields": []}}),
            400,
            "metadata.managedFields must be nil",
        ),
        (
            json!({"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"name": "a"}, "foo": 1}),
            500,
            "failed to create typed patch object (/a; example.com/v1, Kind=Thing): .foo: field not declared in schema",
        ),
    ] {
        let error = kind.try_apply("v1", "one", config, false).unwrap_err();
        assert_eq!((error.code(), error.message()), (code, message));
    }
}

#[test]
fn user_agents_name_managers() {
    let long = "x".repeat(200);
    for (agent, manager) in [
        ("kubectl/v1.37.2 (linux/amd64)", "kubectl"),
        ("", ""),
        ("a\u{7}b c/1", "ab c"),
        (long.as_str(), &long[..128]),
    ] {
        assert_eq!(super::super::from_user_agent(agent), manager);
    }
}

fn spec() -> impl Strategy<Value = Value> {
    let text = || prop::sample::select(vec!["a", "b"]);
    // Empty ones are owned by nobody: upstream writes down what is in a list, and null where a map was emptied.
    let set = prop::option::of(prop::collection::btree_set(text(), 1..3));
    let map = prop::option::of(prop::collection::btree_map(text(), text(), 1..3));
    let ports = prop::option::of(prop::collection::btree_map(text(), prop::option::of(text()), 1..3));
    (text(), set, map, ports).prop_map(|(text, set, map, ports)| {
        let mut spec = Object::new();
        let mut put = |name: &str, value: Option<Value>| {
            spec.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("text", Some(text.into()));
        put("set", set.map(|set| json!(set)));
        put("map", map.map(|map| json!(map)));
        put(
            "ports",
            ports.map(|ports| {
                let items = ports.into_iter().map(|(name, value)| match value {
                    Some(value) => json!({"name": name, "value": value}),
                    None => json!({"name": name}),
                });
                Value::Array(items.collect())
            }),
        );
        Value::Object(spec)
    })
}

fn run<T>(test: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    test()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn applying_twice_changes_nothing(first in spec(), other in spec(), config in spec()) {
        run(|| {
            let mut kind = Kind::new();
            kind.apply("one", first);
            kind.try_apply("v1", "other", thing(other), true).unwrap();
            kind.try_apply("v1", "one", thing(config.clone()), true).unwrap();
            let (object, managed) = (kind.object.clone(), kind.managed.clone());
            kind.at(9).try_apply("v1", "one", thing(config), false).unwrap();
            prop_assert_eq!(&kind.object, &object);
            prop_assert_eq!(&kind.managed, &managed);
            Ok(())
        })?;
    }

    #[test]
    fn what_one_owns_alone_and_stops_applying_disappears(config in spec(), next in spec()) {
        run(|| {
            let mut kind = Kind::new();
            kind.apply("one", config);
            kind.apply("one", next.clone());
            let mut fresh = Kind::new();
            fresh.apply("one", next);
            prop_assert_eq!(&kind.owners(), &fresh.owners());
            let held = |kind: &Kind| without_empties(kind.spec());
            prop_assert_eq!(held(&kind), held(&fresh));
            Ok(())
        })?;
    }

    /// Whatever is written, no field of an applier's is owned by it and yet of another value than it applied.
    #[test]
    fn a_forced_apply_prevails(first in spec(), update in spec(), config in spec()) {
        run(|| {
            let mut kind = Kind::new();
            kind.apply("one", first);
            kind.update("two", update);
            kind.try_apply("v1", "one", thing(config.clone()), true).unwrap();
            let merged = kind.spec();
            let missing = config.as_object().into_iter().flatten().find(|(name, value)| {
                name.as_str() == "text" && merged.get(name.as_str()) != Some(*value)
            });
            prop_assert!(missing.is_none(), "{missing:?} in {merged}");
            Ok(())
        })?;
    }
}

/// Emptied maps and lists are left as nulls, or not at all.
fn without_empties(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, without_empties(value)));
            let left: Object = members.filter(|(_, value)| !value.is_null()).collect();
            if left.is_empty() { Value::Null } else { Value::Object(left) }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        other => other,
    }
}
