//! Server-side apply.

use serde_json::{Value, json};

use super::managed_fields::{by, entry, owners};
use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::{Call, MERGE, query};
use crate::context::{Context, config_maps};
use crate::fixture::{Kind, config_map, definition, version, with, without};

cases! {
    "apply/creates-and-changes" => creates_and_changes,
    "apply/twice-changes-nothing" => twice,
    "apply/conflict" => conflict,
    "apply/conflicts" => conflicts,
    "apply/force" => force,
    "apply/what-two-apply-alike" => together,
    "apply/what-is-no-longer-applied-goes" => goes,
    "apply/what-others-own-stays" => stays,
    "apply/lists-by-their-keys" => lists,
    "apply/atomic-and-free-parts" => atoms,
    "apply/dry-run" => dry_run,
    "apply/status" => status,
    "apply/before-the-first" => before_the_first,
    "apply/in-another-version" => another_version,
    "apply/invalid" => invalid,
    "apply/from-client-side-apply" => from_client_side_apply,
}

pub(super) const APPLY: &str = "application/apply-patch+yaml";

pub(super) fn apply(cx: &Context, path: &str, manager: &str, body: &Value) -> Call {
    cx.patch(&by(path, manager), APPLY, body)
}

fn forced(cx: &Context, path: &str, manager: &str, body: &Value) -> Call {
    cx.patch(&query(path, &[("fieldManager", manager), ("force", "true")]), APPLY, body)
}

fn applied_by(manager: &str, fields: Value) -> Value {
    entry(manager, "Apply", "", fields)
}

pub(super) fn bad_request(message: &str) -> Value {
    json!({"message": message, "reason": "BadRequest", "code": 400})
}

/// A ConfigMap with this data.
pub(super) fn data(data: Value) -> Value {
    with(config_map("a"), "/data", data)
}

/// The path of a ConfigMap that is not there yet.
pub(super) async fn item(cx: &Context) -> Outcome<String> {
    Ok(format!("{}/a", config_maps(&cx.namespace().await?)))
}

async fn creates_and_changes(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let made = apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    same("owners", &owners(&made), &vec![applied_by("one", json!({"f:data": {"f:x": {}}}))])?;
    same("data", &made["data"], &json!({"x": "1"}))?;
    let changed = apply(cx, &path, "one", &data(json!({"x": "2", "y": "1"}))).await?.ok()?;
    same("data", &changed["data"], &json!({"x": "2", "y": "1"}))?;
    let fields = json!({"f:data": {"f:x": {}, "f:y": {}}});
    same("owners", &owners(&changed), &vec![applied_by("one", fields)])?;
    same("what is read", &cx.get(&path).await?.ok()?, &changed)
}

async fn twice(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let made = apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    same("again", &apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.ok()?, &made)?;
    same("forced", &forced(cx, &path, "one", &data(json!({"x": "1"}))).await?.ok()?, &made)
}

async fn conflict(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let made = apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    apply(cx, &path, "two", &data(json!({"x": "2", "y": "2"}))).await?.refused(&json!({
        "message": "Apply failed with 1 conflict: conflict with \"one\": .data.x",
        "reason": "Conflict", "code": 409,
        "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.x"},
        ]},
    }))?;
    same("the object", &cx.get(&path).await?.ok()?, &made)
}

async fn conflicts(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    cx.post(&by(&path[..path.len() - 2], "up\"dater"), &data(json!({"x": "1", "y": "1"})))
        .await?
        .created()?;
    let owner = "\"up\\\"dater\" using v1";
    let cause = |field: &str| json!({"reason": "FieldManagerConflict", "message": format!("conflict with {owner}"), "field": field});
    apply(cx, &path, "two", &data(json!({"x": "2", "y": "2"}))).await?.refused(&json!({
        "message": format!("Apply failed with 2 conflicts: conflicts with {owner}:\n- .data.x\n- .data.y"),
        "reason": "Conflict", "code": 409,
        "details": {"causes": [cause(".data.x"), cause(".data.y")]},
    }))
}

async fn force(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    apply(cx, &path, "one", &data(json!({"x": "1", "z": "1"}))).await?.created()?;
    let taken = forced(cx, &path, "two", &data(json!({"x": "2"}))).await?.ok()?;
    let expected = vec![
        applied_by("one", json!({"f:data": {"f:z": {}}})),
        applied_by("two", json!({"f:data": {"f:x": {}}})),
    ];
    same("owners", &owners(&taken), &expected)?;
    same("data", &taken["data"], &json!({"x": "2", "z": "1"}))
}

async fn together(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    let both = apply(cx, &path, "two", &data(json!({"x": "1"}))).await?.ok()?;
    let fields = json!({"f:data": {"f:x": {}}});
    let mut actual = owners(&both);
    actual.sort_by_key(ToString::to_string);
    same("owners", &actual, &vec![applied_by("one", fields.clone()), applied_by("two", fields.clone())])?;
    // Nothing has changed but who owns it: the newcomer has no time.
    let list = both["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let newcomer = list.iter().find(|entry| entry["manager"] == "two").cloned().unwrap_or_default();
    same("time", &newcomer["time"], &Value::Null)?;
    let left = apply(cx, &path, "one", &without(config_map("a"), "/data")).await?.ok()?;
    same("owners", &owners(&left), &vec![applied_by("two", fields)])?;
    same("data", &left["data"], &json!({"x": "1"}))
}

async fn goes(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let labelled = with(data(json!({"x": "1", "y": "1"})), "/metadata/labels", json!({"a": "1", "b": "1"}));
    apply(cx, &path, "one", &labelled).await?.created()?;
    let less = with(data(json!({"y": "1"})), "/metadata/labels", json!({"b": "1"}));
    let left = apply(cx, &path, "one", &less).await?.ok()?;
    same("data", &left["data"], &json!({"y": "1"}))?;
    same("labels", &left["metadata"]["labels"], &json!({"b": "1"}))?;
    let left = apply(cx, &path, "one", &without(config_map("a"), "/data")).await?.ok()?;
    same("data", &left["data"], &Value::Null)?;
    same("labels", &left["metadata"]["labels"], &Value::Null)?;
    same("owners", &owners(&left), &Vec::<Value>::new())
}

async fn stays(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    apply(cx, &path, "one", &data(json!({"x": "1", "y": "1"}))).await?.created()?;
    cx.patch(&by(&path, "two"), MERGE, &json!({"data": {"x": "2", "z": "2"}})).await?.ok()?;
    let left = apply(cx, &path, "one", &data(json!({"y": "1"}))).await?.ok()?;
    same("data", &left["data"], &json!({"x": "2", "y": "1", "z": "2"}))
}

/// A kind with lists and maps of every type.
async fn things(cx: &Context) -> Outcome<Kind> {
    let port = json!({"type": "object", "required": ["port"], "properties": {
        "port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}, "value": {"type": "string"},
    }});
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "text": {"type": "string"}, "count": {"type": "integer"},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "items": {"type": "string"}},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "ports": {
                "type": "array", "items": port, "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    }});
    let mut definition = definition(&cx.group(), "Thing", &schema);
    let mut second = definition["spec"]["versions"][0].clone();
    second["name"] = "v2".into();
    second["storage"] = false.into();
    if let Some(versions) = definition.pointer_mut("/spec/versions").and_then(Value::as_array_mut) {
        versions.push(second);
    }
    cx.install(&definition).await
}

async fn lists(cx: &Context) -> Outcome {
    let things = things(cx).await?;
    let path = things.item("a");
    let spec = json!({"set": ["a", "b"], "ports": [{"port": 80, "value": "1"}, {"port": 443}]});
    apply(cx, &path, "one", &things.object("a", &spec)).await?.created()?;
    let spec = json!({"set": ["c"], "ports": [{"port": 80, "protocol": "UDP"}, {"port": 443, "value": "2"}]});
    let both = apply(cx, &path, "two", &things.object("a", &spec)).await?.ok()?;
    let ports = json!([
        {"port": 80, "protocol": "TCP", "value": "1"}, {"port": 80, "protocol": "UDP"},
        {"port": 443, "protocol": "TCP", "value": "2"},
    ]);
    same("ports", &both["spec"]["ports"], &ports)?;
    same("set", &both["spec"]["set"], &json!(["a", "b", "c"]))?;
    let fields = json!({"f:spec": {
        "f:set": {"v:\"c\"": {}},
        "f:ports": {
            "k:{\"port\":80,\"protocol\":\"UDP\"}": {".": {}, "f:port": {}, "f:protocol": {}},
            "k:{\"port\":443,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:value": {}},
        },
    }});
    let mine = owners(&both).into_iter().find(|owner| owner[0] == "two").unwrap_or_default();
    same("owner", &mine, &applied_by("two", fields))?;
    let left = apply(cx, &path, "one", &things.object("a", &json!({"set": ["b"], "ports": [{"port": 443}]})))
        .await?
        .ok()?;
    same("set", &left["spec"]["set"], &json!(["b", "c"]))?;
    let ports = json!([{"port": 80, "protocol": "UDP"}, {"port": 443, "protocol": "TCP", "value": "2"}]);
    same("ports", &left["spec"]["ports"], &ports)
}

async fn atoms(cx: &Context) -> Outcome {
    let things = things(cx).await?;
    let path = things.item("a");
    let spec =
        json!({"atom": {"a": "1"}, "list": ["x"], "free": {"p": {"q": 1}, "r": [1]}, "map": {"k": "1"}});
    let made = apply(cx, &path, "one", &things.object("a", &spec)).await?.created()?;
    let fields = json!({"f:spec": {
        "f:atom": {}, "f:list": {}, "f:free": {"f:p": {".": {}, "f:q": {}}, "f:r": {}}, "f:map": {"f:k": {}},
    }});
    same("owners", &owners(&made), &vec![applied_by("one", fields)])?;
    let spec = json!({"atom": {"b": "1"}, "list": ["x", "y"], "free": {"r": [2]}});
    let body = apply(cx, &path, "two", &things.object("a", &spec)).await?.refused_as(409, "Conflict")?;
    let causes = body["details"]["causes"].as_array().into_iter().flatten();
    let mut fields: Vec<&str> = causes.filter_map(|cause| cause["field"].as_str()).collect();
    fields.sort_unstable();
    same("fields", &fields, &vec![".spec.atom", ".spec.free.r", ".spec.list"])?;
    let taken = forced(cx, &path, "two", &things.object("a", &spec)).await?.ok()?;
    same("atom", &taken["spec"]["atom"], &json!({"b": "1"}))?;
    same("free", &taken["spec"]["free"], &json!({"p": {"q": 1}, "r": [2]}))
}

async fn dry_run(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let dry = query(&path, &[("fieldManager", "one"), ("dryRun", "All")]);
    let made = cx.patch(&dry, APPLY, &data(json!({"x": "1"}))).await?.created()?;
    same("version", &version(&made), &"")?;
    same("owners", &owners(&made), &vec![applied_by("one", json!({"f:data": {"f:x": {}}}))])?;
    cx.get(&path).await?.refused_as(404, "NotFound")?;
    let made = apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    let changed = cx.patch(&dry, APPLY, &data(json!({"y": "1"}))).await?.ok()?;
    same("data", &changed["data"], &json!({"y": "1"}))?;
    same("the object", &cx.get(&path).await?.ok()?, &made)
}

async fn status(cx: &Context) -> Outcome {
    let things = things(cx).await?;
    let path = things.item("a");
    let status = format!("{path}/status");
    let body = with(things.object("a", &json!({"text": "no"})), "/status/phase", "x");
    let absent = apply(cx, &status, "one", &body).await?;
    absent.refused(&json!({
        "message": format!("{} \"a\" not found", things.resource()), "reason": "NotFound", "code": 404,
        "details": things.details("a"),
    }))?;
    let made = apply(cx, &path, "one", &body).await?.created()?;
    same("status by the main path", &made["status"], &Value::Null)?;
    let changed = apply(cx, &status, "one", &with(body, "/spec/text", "other")).await?.ok()?;
    same("spec", &changed["spec"], &json!({"text": "no"}))?;
    same("status", &changed["status"], &json!({"phase": "x"}))?;
    let mut actual = owners(&changed);
    actual.sort_by_key(ToString::to_string);
    let expected = vec![
        entry("one", "Apply", "status", json!({"f:status": {"f:phase": {}}})),
        applied_by("one", json!({"f:spec": {"f:text": {}}})),
    ];
    same("owners", &actual, &expected)?;
    let body = with(things.object("a", &json!({})), "/status/phase", "y");
    let refused = apply(cx, &status, "two", &body).await?;
    let message =
        "Apply failed with 1 conflict: conflict with \"one\" with subresource \"status\": .status.phase";
    same("message", &refused.message(), &message)
}

async fn before_the_first(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let made = cx.post(&by(&path[..path.len() - 2], "one"), &data(json!({"x": "1"}))).await?.created()?;
    cx.put(&path, &with(made, "/metadata/managedFields", json!([{}]))).await?.ok()?;
    let applied = apply(cx, &path, "two", &data(json!({"y": "1"}))).await?.ok()?;
    let before = entry("before-first-apply", "Update", "", json!({"f:data": {".": {}, "f:x": {}}}));
    same("owners", &owners(&applied), &vec![applied_by("two", json!({"f:data": {"f:y": {}}})), before])?;
    let refused = apply(cx, &path, "two", &data(json!({"x": "2"}))).await?;
    let message = "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.x";
    same("message", &refused.message(), &message)
}

async fn another_version(cx: &Context) -> Outcome {
    let things = things(cx).await?;
    let made = apply(cx, &things.item("a"), "one", &things.object("a", &json!({"text": "x", "count": 1})))
        .await?
        .created()?;
    let other = things.item("a").replace("/v1/", "/v2/");
    let api_version = format!("{}/v2", things.group);
    let body = with(things.object("a", &json!({"text": "x"})), "/apiVersion", api_version.as_str());
    let changed = apply(cx, &other, "one", &body).await?.ok()?;
    same("spec", &changed["spec"], &json!({"text": "x"}))?;
    same("owners", &owners(&changed), &vec![applied_by("one", json!({"f:spec": {"f:text": {}}}))])?;
    same("version of the list", &changed["metadata"]["managedFields"][0]["apiVersion"], &api_version)?;
    same("uid", &changed["metadata"]["uid"], &made["metadata"]["uid"])?;
    same("again", &apply(cx, &other, "one", &body).await?.ok()?, &changed)?;
    let wrong = apply(cx, &things.item("a"), "one", &body).await?;
    wrong.refused(&bad_request(&format!("invalid object type: {api_version}, Kind=Thing")))
}

async fn invalid(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = widgets.item("a");
    let body = widgets.object("a", &json!({"must": "m", "choice": "z"}));
    let refused = apply(cx, &path, "one", &body).await?.refused_as(422, "Invalid")?;
    same("field", &refused["details"]["causes"][0]["field"], &"spec.choice")?;
    let missing =
        apply(cx, &path, "one", &widgets.object("a", &json!({}))).await?.refused_as(422, "Invalid")?;
    same("field", &missing["details"]["causes"][0]["field"], &"spec.must")?;
    cx.get(&path).await?.refused_as(404, "NotFound").map(drop)
}

async fn from_client_side_apply(cx: &Context) -> Outcome {
    const ANNOTATION: &str = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    let path = item(cx).await?;
    let first = data(json!({"x": "1", "y": "1"}));
    let sent = with(first.clone(), ANNOTATION, format!("{first}\n"));
    cx.post(&by(&path[..path.len() - 2], "kubectl-client-side-apply"), &sent).await?.created()?;
    // Of others it is a conflict.
    apply(cx, &path, "other", &data(json!({"x": "2"}))).await?.refused_as(409, "Conflict")?;
    let taken = apply(cx, &path, "kubectl", &data(json!({"x": "2"}))).await?.ok()?;
    same("data", &taken["data"], &json!({"x": "2", "y": "1"}))?;
    let noted = taken.pointer(ANNOTATION).and_then(Value::as_str).unwrap_or_default();
    let noted: Value = serde_json::from_str(noted).unwrap_or_default();
    same("annotation", &noted, &data(json!({"x": "2"})))?;
    cx.patch(&by(&path, "hand"), MERGE, &json!({"data": {"x": "3"}})).await?.ok()?;
    let refused = apply(cx, &path, "kubectl", &data(json!({"x": "4"}))).await?;
    same(
        "message",
        &refused.message(),
        &"Apply failed with 1 conflict: conflict with \"hand\" using v1: .data.x",
    )
}
