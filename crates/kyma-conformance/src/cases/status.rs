//! The status subresource of custom resources.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::{JSON_PATCH, MERGE, STRATEGIC};
use crate::context::Context;
use crate::fixture::{Kind, definition, version, with, without};

cases! {
    "status/put-leaves-the-rest-alone" => put_leaves_the_rest_alone,
    "status/main-leaves-status-alone" => main_leaves_status_alone,
    "status/patch-leaves-the-rest-alone" => patch_leaves_the_rest_alone,
    "status/get" => get,
    "status/stale" => stale,
    "status/no-change-keeps-the-version" => no_change_keeps_the_version,
    "status/invalid" => invalid,
    "status/unknown-fields" => unknown_fields,
    "status/absent" => absent,
    "status/other-methods" => other_methods,
    "status/kind-without-the-subresource" => kind_without_the_subresource,
}

async fn widget(cx: &Context) -> Outcome<(Kind, Value, String)> {
    let widgets = cx.widgets().await?;
    let object = with(widgets.object("a", &json!({"must": "m"})), "/metadata/labels/app", "x");
    let made = cx.post(&widgets.path(), &object).await?.created()?;
    let status = format!("{}/status", widgets.item("a"));
    Ok((widgets, made, status))
}

async fn put_leaves_the_rest_alone(cx: &Context) -> Outcome {
    let (widgets, made, path) = widget(cx).await?;
    let sent = with(made.clone(), "/status", json!({"phase": "done"}));
    let sent = with(sent, "/spec", json!({"must": "changed"}));
    let sent = with(with(sent, "/metadata/labels/app", "y"), "/metadata/annotations/note", "n");
    let sent = with(sent, "/metadata/finalizers", json!(["example.com/hold"]));
    let updated = cx.put(&path, &sent).await?.ok()?;
    same("status", &updated["status"], &json!({"phase": "done"}))?;
    same("spec", &updated["spec"], &made["spec"])?;
    for key in ["labels", "annotations", "finalizers", "generation"] {
        same(key, &updated["metadata"][key], &made["metadata"][key])?;
    }
    same("what is read", &cx.get(&widgets.item("a")).await?.ok()?, &updated)
}

async fn main_leaves_status_alone(cx: &Context) -> Outcome {
    let (widgets, made, path) = widget(cx).await?;
    let object = cx.put(&path, &with(made, "/status/phase", "done")).await?.ok()?;
    for sent in [without(object.clone(), "/status"), with(object.clone(), "/status/phase", "other")] {
        let updated = cx.put(&widgets.item("a"), &sent).await?.ok()?;
        same("the object", &updated, &object)?;
    }
    let patched = cx.patch(&widgets.item("a"), MERGE, &json!({"status": {"phase": "other"}})).await?.ok()?;
    same("patched", &patched, &object)?;
    let sent = with(without(object, "/status"), "/spec/choice", "a");
    let updated = cx.put(&widgets.item("a"), &sent).await?.ok()?;
    same("status beside a change", &updated["status"], &json!({"phase": "done"}))
}

async fn patch_leaves_the_rest_alone(cx: &Context) -> Outcome {
    let (_, made, path) = widget(cx).await?;
    let patch = json!({"status": {"count": 3}, "spec": {"must": "z"}, "metadata": {"labels": {"app": "y"}}});
    let patched = cx.patch(&path, MERGE, &patch).await?.ok()?;
    same("status", &patched["status"], &json!({"count": 3}))?;
    same("spec", &patched["spec"], &made["spec"])?;
    same("labels", &patched["metadata"]["labels"], &made["metadata"]["labels"])?;
    same("generation", &patched["metadata"]["generation"], &1)?;
    let patch = json!([
        {"op": "test", "path": "/status/count", "value": 3},
        {"op": "replace", "path": "/status/count", "value": 4},
        {"op": "replace", "path": "/spec/must", "value": "z"},
    ]);
    let patched = cx.patch(&path, JSON_PATCH, &patch).await?.ok()?;
    same("status", &patched["status"], &json!({"count": 4}))?;
    same("spec", &patched["spec"], &made["spec"])?;
    cx.patch(&path, STRATEGIC, &json!({})).await?.refused_as(415, "UnsupportedMediaType").map(drop)
}

async fn get(cx: &Context) -> Outcome {
    let (_, made, path) = widget(cx).await?;
    same("the whole object", &cx.get(&path).await?.ok()?, &made)
}

async fn stale(cx: &Context) -> Outcome {
    let (widgets, made, path) = widget(cx).await?;
    cx.put(&path, &with(made.clone(), "/status/count", 1)).await?.ok()?;
    cx.put(&path, &with(made.clone(), "/status/count", 2)).await?.refused(&json!({
        "message": format!(
            "Operation cannot be fulfilled on {} \"a\": the object has been modified; please apply your changes to \
             the latest version and try again", widgets.resource()
        ),
        "reason": "Conflict", "details": widgets.details("a"), "code": 409,
    }))?;
    let sent = with(without(made, "/metadata/resourceVersion"), "/status/count", 2);
    let message = "Invalid value: 0: must be specified for an update";
    cx.put(&path, &sent).await?.invalid(&[("FieldValueInvalid", "metadata.resourceVersion", message)])
}

async fn no_change_keeps_the_version(cx: &Context) -> Outcome {
    let (_, made, path) = widget(cx).await?;
    let object = cx.put(&path, &with(made, "/status/count", 1)).await?.ok()?;
    same("the object", &cx.put(&path, &object).await?.ok()?, &object)?;
    // Also when only what this path ignores is different.
    let sent = with(object.clone(), "/spec/choice", "b");
    same("version", &version(&cx.put(&path, &sent).await?.ok()?), &version(&object))
}

async fn invalid(cx: &Context) -> Outcome {
    let (widgets, made, path) = widget(cx).await?;
    let answer = cx.put(&path, &with(made.clone(), "/status/phase", 5)).await?;
    let body = answer.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"status.phase")?;
    same("reason", &body["details"]["causes"][0]["reason"], &"FieldValueTypeInvalid")?;
    same("the object", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

async fn unknown_fields(cx: &Context) -> Outcome {
    let (_, made, path) = widget(cx).await?;
    let sent = with(with(made, "/status/phase", "done"), "/status/more", 1);
    let answer = cx.put(&path, &sent).await?;
    same("status", &answer.ok()?["status"], &json!({"phase": "done"}))?;
    same("warnings", &answer.warnings(), &["unknown field \"status.more\""])
}

async fn absent(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = format!("{}/status", widgets.item("a"));
    let refusal = json!({
        "message": format!("{} \"a\" not found", widgets.resource()), "reason": "NotFound",
        "details": widgets.details("a"), "code": 404,
    });
    cx.get(&path).await?.refused(&refusal)?;
    let object = with(widgets.object("a", &json!({"must": "m"})), "/metadata/resourceVersion", "1");
    cx.put(&path, &object).await?.refused(&refusal)?;
    cx.patch(&path, MERGE, &json!({"status": {"count": 1}})).await?.refused(&refusal)
}

async fn other_methods(cx: &Context) -> Outcome {
    let (widgets, made, path) = widget(cx).await?;
    for (answer, verb) in [(cx.post(&path, &made).await?, "create"), (cx.delete(&path).await?, "delete")] {
        answer.refused(&json!({
            "message": format!("{verb} is not supported on resources of kind \"{}\"", widgets.resource()),
            "reason": "MethodNotAllowed", "details": {"group": widgets.group, "kind": widgets.plural}, "code": 405,
        }))?;
    }
    same("the object", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

/// Then `status` is a field as any other.
async fn kind_without_the_subresource(cx: &Context) -> Outcome {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let mut plain = definition(&cx.group(), "Plain", &schema);
    if let Some(version) = plain["spec"]["versions"][0].as_object_mut() {
        version.remove("subresources");
    }
    let kind = cx.install(&plain).await?;
    let object = with(kind.object("a", &json!({})), "/status/phase", "new");
    let made = cx.post(&kind.path(), &object).await?.created()?;
    same("status", &made["status"], &json!({"phase": "new"}))?;
    let updated = cx.put(&kind.item("a"), &with(made, "/status/phase", "old")).await?.ok()?;
    same("status", &updated["status"], &json!({"phase": "old"}))?;
    same("a change of it counts", &updated["metadata"]["generation"], &2)?;
    cx.get(&format!("{}/status", kind.item("a"))).await?.refused(&json!({
        "message": format!("{} \"a\" not found", kind.resource()), "reason": "NotFound",
        "details": kind.details("a"), "code": 404,
    }))
}
