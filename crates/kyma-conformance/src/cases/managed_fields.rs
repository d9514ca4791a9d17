//! Who owns which field after which write: `metadata.managedFields`.

use http::header::USER_AGENT;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{JSON_PATCH, MERGE, STRATEGIC, query};
use crate::context::{Context, DEFINITIONS, NAMESPACES, config_maps};
use crate::fixture::{Kind, config_map, definition, version, with, without};
use crate::poll::eventually;

cases! {
    "managed-fields/create" => create,
    "managed-fields/create-built-in" => create_built_in,
    "managed-fields/update-takes-what-it-changes" => update,
    "managed-fields/no-change-moves-nothing" => no_change,
    "managed-fields/patches" => patches,
    "managed-fields/status-owns-the-status" => status,
    "managed-fields/status-leaves-the-rest-owned" => status_leaves_the_rest,
    "managed-fields/status-of-something-else" => status_of_something_else,
    "managed-fields/names-of-managers" => names_of_managers,
    "managed-fields/faults-of-the-name" => faults_of_the_name,
    "managed-fields/forget-all" => forget_all,
    "managed-fields/an-empty-list" => empty_list,
    "managed-fields/lists-of-clients" => lists_of_clients,
    "managed-fields/faulty-managers" => faulty_managers,
    "managed-fields/a-version-that-is-none" => invalid_version,
    "managed-fields/definition" => of_a_definition,
    "managed-fields/namespace" => of_a_namespace,
    "managed-fields/deletion-owns-nothing" => deletion,
    "managed-fields/the-oldest-become-one" => many_managers,
    "managed-fields/dry-run" => dry_run,
    "managed-fields/lists-and-maps-of-a-schema" => schema_of_lists,
}

/// The list without times: `[manager, operation, subresource, fields]` of each entry.
pub(super) fn owners(object: &Value) -> Vec<Value> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    entries
        .map(|entry| json!([entry["manager"], entry["operation"], entry["subresource"], entry["fieldsV1"]]))
        .collect()
}

pub(super) fn entry(manager: &str, operation: &str, subresource: &str, fields: Value) -> Value {
    let subresource = if subresource.is_empty() { Value::Null } else { subresource.into() };
    Value::Array(vec![manager.into(), operation.into(), subresource, fields])
}

/// An entry of a write that is no apply.
fn update_by(manager: &str, fields: Value) -> Value {
    entry(manager, "Update", "", fields)
}

/// The path with a manager's name.
pub(super) fn by(path: &str, manager: &str) -> String {
    query(path, &[("fieldManager", manager)])
}

async fn widget(cx: &Context) -> Outcome<(Kind, Value)> {
    let widgets = cx.widgets().await?;
    let object =
        with(widgets.object("a", &json!({"must": "m", "numbers": {"x": 1}})), "/metadata/labels/app", "x");
    let made = cx.post(&by(&widgets.path(), "one"), &object).await?.created()?;
    Ok((widgets, made))
}

/// What its creator owns of the widget.
fn created() -> Value {
    json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            ".": {}, "f:filled": {}, "f:must": {}, "f:nested": {".": {}, "f:inner": {}},
            "f:numbers": {".": {}, "f:x": {}},
        },
    })
}

async fn create(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    same("owners", &owners(&made), &vec![update_by("one", created())])?;
    let list = &made["metadata"]["managedFields"];
    same("apiVersion", &list[0]["apiVersion"], &widgets.api_version())?;
    same("fieldsType", &list[0]["fieldsType"], &"FieldsV1")?;
    same("time", &list[0]["time"], &made["metadata"]["creationTimestamp"])?;
    same("what is read", &cx.get(&widgets.item("a")).await?.ok()?, &made)?;
    // A list that comes with a new object is not kept: all of it is new.
    let copy = with(without(made, "/metadata/resourceVersion"), "/metadata/name", "b");
    let copied = cx.post(&by(&widgets.path(), "two"), &without(copy, "/metadata/uid")).await?.created()?;
    same("owners of a copy", &owners(&copied), &vec![update_by("two", created())])
}

async fn create_built_in(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/finalizers", json!(["example.com/a"]));
    let object = with(object, "/metadata/annotations", json!({"n": "1"}));
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": "u"});
    let made = cx
        .post(&by(&path, "one"), &with(object, "/metadata/ownerReferences", json!([owner])))
        .await?
        .created()?;
    let fields = json!({
        "f:data": {".": {}, "f:key": {}},
        "f:metadata": {
            "f:annotations": {".": {}, "f:n": {}},
            "f:finalizers": {".": {}, "v:\"example.com/a\"": {}},
            "f:ownerReferences": {".": {}, "k:{\"uid\":\"u\"}": {}},
        },
    });
    same("owners", &owners(&made), &vec![update_by("one", fields)])
}

async fn update(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let sent = with(with(made, "/spec/must", "changed"), "/spec/numbers/y", 2);
    let changed = cx.put(&by(&widgets.item("a"), "two"), &sent).await?.ok()?;
    let left = without(created(), "/f:spec/f:must");
    let taken = json!({"f:spec": {"f:must": {}, "f:numbers": {"f:y": {}}}});
    same("owners", &owners(&changed), &vec![update_by("one", left.clone()), update_by("two", taken)])?;
    // What is gone is nobody's, and an entry without fields goes, too.
    let sent = without(with(changed, "/spec/must", "again"), "/spec/numbers/y");
    let changed = cx.put(&by(&widgets.item("a"), "three"), &sent).await?.ok()?;
    let taken = json!({"f:spec": {"f:must": {}}});
    same("owners", &owners(&changed), &vec![update_by("one", left), update_by("three", taken)])
}

async fn no_change(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let path = by(&widgets.item("a"), "two");
    same("PUT", &cx.put(&path, &made).await?.ok()?, &made)?;
    let patch = json!({"spec": {"must": "m"}});
    same("patch", &cx.patch(&path, MERGE, &patch).await?.ok()?, &made)?;
    // Also when only what the path ignores is different.
    let sent = with(made.clone(), "/status/phase", "x");
    same("status by the main path", &cx.put(&path, &sent).await?.ok()?, &made)
}

async fn patches(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&by(&path, "one"), &config_map("a")).await?.created()?;
    let item = format!("{path}/a");
    let json_patch = json!([{"op": "add", "path": "/data/json", "value": "1"}]);
    cx.patch(&by(&item, "json"), JSON_PATCH, &json_patch).await?.ok()?;
    cx.patch(&by(&item, "merge"), MERGE, &json!({"data": {"merge": "1"}})).await?.ok()?;
    let last =
        cx.patch(&by(&item, "strategic"), STRATEGIC, &json!({"data": {"strategic": "1"}})).await?.ok()?;
    let of = |manager: &str| update_by(manager, json!({"f:data": {format!("f:{manager}"): {}}}));
    let mut expected =
        vec![of("json"), of("merge"), update_by("one", json!({"f:data": {".": {}, "f:key": {}}}))];
    expected.push(of("strategic"));
    let mut actual = owners(&last);
    // Times of one second sort by name; a second may have passed in between.
    actual.sort_by_key(ToString::to_string);
    same("owners", &actual, &expected)
}

async fn status(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let path = by(&format!("{}/status", widgets.item("a")), "two");
    let sent = with(with(made, "/status", json!({"phase": "x", "count": 1})), "/spec/must", "other");
    let changed = cx.put(&path, &sent).await?.ok()?;
    let fields = json!({"f:status": {".": {}, "f:count": {}, "f:phase": {}}});
    let expected = vec![update_by("one", created()), entry("two", "Update", "status", fields)];
    same("owners", &owners(&changed), &expected)?;
    // The same manager by another way is another one.
    let sent = with(with(changed, "/spec/must", "n"), "/status/phase", "y");
    let changed = cx.put(&by(&widgets.item("a"), "two"), &sent).await?.ok()?;
    let taken = update_by("two", json!({"f:spec": {"f:must": {}}}));
    let mut actual = owners(&changed);
    actual.retain(|owner| owner[0] == "two" && owner[2].is_null());
    same("owner of the spec", &actual, &vec![taken])
}

/// A status is taken from a patch that says another version or kind, but nobody can tell whose fields these are.
async fn status_of_something_else(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    let path = by(&format!("{}/status", widgets.item("a")), "two");
    for (member, said) in [("apiVersion", "v9"), ("kind", "Other")] {
        let patch = json!({member: said, "status": {"phase": said}});
        let changed = cx.patch(&path, MERGE, &patch).await?.ok()?;
        same("status", &changed["status"]["phase"], &said)?;
        same(&format!("owners with {member}"), &owners(&changed), &vec![update_by("one", created())])?;
    }
    Ok(())
}

async fn status_leaves_the_rest(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let path = by(&format!("{}/status", widgets.item("a")), "two");
    let bare = json!({
        "apiVersion": widgets.api_version(), "kind": widgets.kind,
        "metadata": {"name": "a", "resourceVersion": version(&made), "managedFields": [{}]},
        "status": {"phase": "x"},
    });
    let changed = cx.put(&path, &bare).await?.ok()?;
    let fields = json!({"f:status": {".": {}, "f:phase": {}}});
    let expected = vec![update_by("one", created()), entry("two", "Update", "status", fields)];
    same("owners", &owners(&changed), &expected)?;
    // Who takes the status away owns nothing of it, and nobody else does.
    let gone = cx.patch(&path, JSON_PATCH, &json!([{"op": "remove", "path": "/status"}])).await?.ok()?;
    same("owners without a status", &owners(&gone), &vec![update_by("one", created())])
}

async fn names_of_managers(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let long = "x".repeat(200);
    for (name, agent, manager) in [
        ("a", "some-tool/v1 (linux)", "some-tool"),
        ("b", "plain", "plain"),
        ("c", "with space/1", "with space"),
        ("d", long.as_str(), &long[..128]),
    ] {
        let made = cx.post(&path, &config_map(name)).header(USER_AGENT, agent).await?.created()?;
        same(agent, &made["metadata"]["managedFields"][0]["manager"], &manager)?;
    }
    let made =
        cx.post(&by(&path, "given"), &config_map("e")).header(USER_AGENT, "agent/1").await?.created()?;
    same("given", &made["metadata"]["managedFields"][0]["manager"], &"given")
}

async fn faults_of_the_name(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let made = cx.post(&by(&path, "one"), &config_map("a")).await?.created()?;
    let item = format!("{path}/a");
    let long = "m".repeat(129);
    let too_long = "Too long: may not be more than 128 bytes";
    let unprintable = "Invalid value: \"m\\n\": invalid character U+000A (at position 1)";
    for (manager, reason, message) in
        [(long.as_str(), "FieldValueTooLong", too_long), ("m\n", "FieldValueInvalid", unprintable)]
    {
        let refused = |kind: &str| {
            json!({
                "message": format!("{kind}.meta.k8s.io \"\" is invalid: fieldManager: {message}"),
                "reason": "Invalid", "code": 422,
                "details": {
                    "group": "meta.k8s.io", "kind": kind,
                    "causes": [{"reason": reason, "message": message, "field": "fieldManager"}],
                },
            })
        };
        cx.post(&by(&path, manager), &config_map("b")).await?.refused(&refused("CreateOptions"))?;
        cx.put(&by(&item, manager), &made).await?.refused(&refused("UpdateOptions"))?;
        cx.patch(&by(&item, manager), MERGE, &json!({})).await?.refused(&refused("PatchOptions"))?;
    }
    Ok(())
}

async fn forget_all(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let item = by(&widgets.item("a"), "two");
    let sent = with(made, "/metadata/managedFields", json!([{}]));
    let changed = cx.put(&item, &sent).await?.ok()?;
    same("list", &changed["metadata"]["managedFields"], &Value::Null)?;
    // Nobody is written down any more, until somebody applies.
    let changed = cx.patch(&item, MERGE, &json!({"spec": {"must": "n"}})).await?.ok()?;
    same("list after a patch", &changed["metadata"]["managedFields"], &Value::Null)?;
    let path = config_maps(&widgets.namespace);
    cx.post(&by(&path, "one"), &config_map("a")).await?.created()?;
    let reset = json!([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]);
    let changed = cx.patch(&format!("{path}/a"), JSON_PATCH, &reset).await?.ok()?;
    same("list after a JSON patch", &changed["metadata"]["managedFields"], &Value::Null)
}

async fn empty_list(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    // A custom resource's empty list is none, and so is one that was left out.
    let item = by(&widgets.item("a"), "two");
    let sent = with(with(made, "/metadata/managedFields", json!([])), "/spec/must", "n");
    let changed = cx.put(&item, &sent).await?.ok()?;
    same("entries", &owners(&changed).len(), &2)?;
    let sent = with(without(changed, "/metadata/managedFields"), "/spec/must", "o");
    same("entries", &owners(&cx.put(&item, &sent).await?.ok()?).len(), &2)?;
    // A built-in kind's is one.
    let path = config_maps(&widgets.namespace);
    let made = cx.post(&by(&path, "one"), &config_map("a")).await?.created()?;
    let sent = without(made, "/metadata/managedFields");
    let changed = cx.put(&by(&format!("{path}/a"), "two"), &sent).await?.ok()?;
    same("entries", &owners(&changed).len(), &1)?;
    let sent = with(changed, "/metadata/managedFields", json!([]));
    let changed = cx.put(&by(&format!("{path}/a"), "two"), &sent).await?.ok()?;
    same("list", &changed["metadata"]["managedFields"], &Value::Null)
}

async fn lists_of_clients(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let item = by(&widgets.item("a"), "one");
    let before = owners(&made);
    // A list that cannot be read is as none.
    for broken in [
        json!([{"operation": "Apply"}]),
        json!([{"operation": "Update", "apiVersion": widgets.api_version(), "manager": "q", "fieldsV1": {}}]),
        json!([{
            "operation": "Update", "apiVersion": widgets.api_version(), "manager": "q", "fieldsType": "FieldsV1",
            "fieldsV1": {"spec": {}},
        }]),
    ] {
        let sent = with(made.clone(), "/metadata/managedFields", broken.clone());
        let answer = cx.put(&item, &without(sent, "/metadata/resourceVersion")).await?;
        // The list is still looked at by the rules of metadata.
        if answer.code() == 200 {
            same(&format!("owners with {broken}"), &owners(&answer.ok()?), &before)?;
        }
    }
    let other = json!([{
        "operation": "Update", "apiVersion": widgets.api_version(), "manager": "q", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:nowhere": {}, "f:must": {}}},
    }]);
    let sent = with(with(made, "/metadata/managedFields", other), "/spec/must", "n");
    let changed = cx.put(&item, &sent).await?.ok()?;
    let mut actual = owners(&changed);
    actual.sort_by_key(ToString::to_string);
    let expected = vec![
        update_by("one", json!({"f:spec": {"f:must": {}}})),
        update_by("q", json!({"f:spec": {"f:nowhere": {}}})),
    ];
    same("owners", &actual, &expected)
}

async fn faulty_managers(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let faulty = json!([{
        "operation": "Update", "apiVersion": widgets.api_version(), "manager": "q\n", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:nowhere": {}}},
    }]);
    let sent = with(made.clone(), "/metadata/managedFields", faulty);
    let body = cx.put(&widgets.item("a"), &sent).await?.refused_as(422, "Invalid")?;
    let cause = json!({
        "reason": "FieldValueInvalid", "field": "metadata.managedFields[0].manager",
        "message": "Invalid value: \"q\\n\": invalid character U+000A (at position 1)",
    });
    same("cause", &body["details"]["causes"][0], &cause)?;
    same("the object", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

async fn invalid_version(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let list = json!([{
        "operation": "Update", "apiVersion": format!("{}/v0", widgets.group), "manager": "q",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:must": {}}},
    }]);
    let before = owners(&made);
    let sent = with(with(made, "/metadata/managedFields", list), "/spec/must", "n");
    let changed = cx.put(&by(&widgets.item("a"), "two"), &sent).await?.ok()?;
    same("spec", &changed["spec"]["must"], &"n")?;
    same("owners", &owners(&changed), &before)
}

async fn of_a_definition(cx: &Context) -> Outcome {
    let schema = json!({"type": "object"});
    let made = definition(&cx.group(), "Thing", &schema);
    let path = format!("{DEFINITIONS}/{}", made["metadata"]["name"].as_str().unwrap_or_default());
    let made = cx.post(&by(DEFINITIONS, "one"), &made).await?.created()?;
    cx.remember(path.clone());
    let fields = json!({"f:spec": {
        "f:conversion": {".": {}, "f:strategy": {}}, "f:group": {},
        "f:names": {"f:kind": {}, "f:listKind": {}, "f:plural": {}, "f:singular": {}},
        "f:scope": {}, "f:versions": {},
    }});
    same("owners", &owners(&made), &vec![update_by("one", fields)])?;
    let condition = json!({
        ".": {}, "f:lastTransitionTime": {}, "f:message": {}, "f:reason": {}, "f:status": {}, "f:type": {},
    });
    let fields = json!({"f:status": {
        "f:acceptedNames": {"f:kind": {}, "f:listKind": {}, "f:plural": {}, "f:singular": {}},
        "f:conditions": {"k:{\"type\":\"Established\"}": condition, "k:{\"type\":\"NamesAccepted\"}": condition},
    }});
    let expected = entry("kube-apiserver", "Update", "status", fields);
    eventually("the server owns the status", std::time::Duration::from_secs(20), || async {
        let found = owners(&cx.get(&path).await?.ok()?);
        Ok(if found.contains(&expected) { Ok(()) } else { Err(format!("{found:?}")) })
    })
    .await
}

async fn of_a_namespace(cx: &Context) -> Outcome {
    let name = cx.name();
    let made = cx.post(&by(NAMESPACES, "one"), &json!({"metadata": {"name": name}})).await?.created()?;
    let path = format!("{NAMESPACES}/{name}");
    cx.remember(path.clone());
    let label = json!({"f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}});
    same("owners", &owners(&made), &vec![update_by("one", label.clone())])?;
    let changed =
        cx.patch(&by(&path, "two"), MERGE, &json!({"metadata": {"labels": {"a": "b"}}})).await?.ok()?;
    let taken = json!({"f:metadata": {"f:labels": {"f:a": {}}}});
    same("owners", &owners(&changed), &vec![update_by("one", label.clone()), update_by("two", taken)])?;
    // The label that names it is put back, and stays its owner's.
    let patch = json!({"metadata": {"labels": null}});
    let changed = cx.patch(&by(&path, "three"), MERGE, &patch).await?.ok()?;
    holds(
        "the label is there",
        changed["metadata"]["labels"]["kubernetes.io/metadata.name"] == name,
        &changed,
    )?;
    same("owners", &owners(&changed), &vec![update_by("one", label)])
}

async fn deletion(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/finalizers", json!(["example.com/hold"]));
    let made = cx.post(&by(&path, "one"), &object).await?.created()?;
    let item = format!("{path}/a");
    let marked = cx.delete(&by(&item, "two")).await?.ok()?;
    same("list", &marked["metadata"]["managedFields"], &made["metadata"]["managedFields"])?;
    let freed =
        cx.patch(&by(&item, "three"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    let left = json!({"f:data": {".": {}, "f:key": {}}});
    same("owners", &owners(&freed), &vec![update_by("one", left)])
}

async fn many_managers(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&by(&path, "m00"), &json!({"metadata": {"name": "a"}, "data": {"k00": "1"}})).await?.created()?;
    let mut last = Value::Null;
    for number in 1..=14 {
        let manager = format!("m{number:02}");
        let patch = json!({"data": {format!("k{number:02}"): "1"}});
        last = cx.patch(&by(&format!("{path}/a"), &manager), MERGE, &patch).await?.ok()?;
    }
    let owners = owners(&last);
    same("entries", &owners.len(), &10)?;
    let ancient = owners.iter().find(|owner| owner[0] == "ancient-changes").cloned().unwrap_or_default();
    // The oldest by time, then by name: of 15 managers 9 are still themselves.
    let count =
        ancient[3]["f:data"].as_object().map_or(0, |fields| fields.keys().filter(|key| *key != ".").count());
    same("keys of the ancient ones", &count, &6)
}

async fn dry_run(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let dry = |path: &str, manager: &str| query(path, &[("dryRun", "All"), ("fieldManager", manager)]);
    let fields = json!({"f:data": {".": {}, "f:key": {}}});
    let made = cx.post(&dry(&path, "one"), &config_map("a")).await?.created()?;
    same("owners of what is not made", &owners(&made), &vec![update_by("one", fields)])?;
    let made = cx.post(&by(&path, "one"), &config_map("a")).await?.created()?;
    let item = format!("{path}/a");
    let changed = cx.patch(&dry(&item, "two"), MERGE, &json!({"data": {"key": "2"}})).await?.ok()?;
    let expected =
        vec![update_by("one", json!({"f:data": {}})), update_by("two", json!({"f:data": {"f:key": {}}}))];
    same("owners of what is not changed", &owners(&changed), &expected)?;
    same("the object", &cx.get(&item).await?.ok()?, &made)
}

async fn schema_of_lists(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec = json!({
        "must": "m", "set": ["b", "a"], "byType": [{"type": "x", "value": "1"}], "steps": [{"name": "s"}],
        "free": {"a": {"b": [1]}, "c": {}}, "port": 1,
    });
    let made = cx.post(&by(&widgets.path(), "one"), &widgets.object("a", &spec)).await?.created()?;
    let fields = json!({"f:spec": {
        ".": {}, "f:filled": {}, "f:must": {}, "f:nested": {".": {}, "f:inner": {}},
        "f:set": {".": {}, "v:\"a\"": {}, "v:\"b\"": {}},
        "f:byType": {".": {}, "k:{\"type\":\"x\"}": {".": {}, "f:type": {}, "f:value": {}}},
        "f:steps": {}, "f:free": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:c": {}}, "f:port": {},
    }});
    same("owners", &owners(&made), &vec![update_by("one", fields)])?;
    let patch = json!({"spec": {
        "set": ["a", "c"], "byType": [{"type": "y"}, {"type": "x", "value": "2"}], "steps": [{"name": "t"}],
        "free": {"a": {"b": [2]}},
    }});
    let changed = cx.patch(&by(&widgets.item("a"), "two"), MERGE, &patch).await?.ok()?;
    let left = json!({"f:spec": {
        ".": {}, "f:filled": {}, "f:must": {}, "f:nested": {".": {}, "f:inner": {}},
        "f:set": {".": {}, "v:\"a\"": {}},
        "f:byType": {".": {}, "k:{\"type\":\"x\"}": {".": {}, "f:type": {}}},
        "f:free": {".": {}, "f:a": {}, "f:c": {}}, "f:port": {},
    }});
    let taken = json!({"f:spec": {
        "f:set": {"v:\"c\"": {}},
        "f:byType": {"k:{\"type\":\"x\"}": {"f:value": {}}, "k:{\"type\":\"y\"}": {".": {}, "f:type": {}}},
        "f:steps": {}, "f:free": {"f:a": {"f:b": {}}},
    }});
    same("owners", &owners(&changed), &vec![update_by("one", left), update_by("two", taken)])
}
