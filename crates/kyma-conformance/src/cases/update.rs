//! Update: what may change, what does not, and who is too late.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{Kind, config_map, lease, plain, version, with, without};

cases! {
    "update/changes" => changes,
    "update/no-change-keeps-the-version" => no_change_keeps_the_version,
    "update/stale" => stale,
    "update/needs-a-resource-version" => needs_a_resource_version,
    "update/may-do-without-a-resource-version" => may_do_without_a_resource_version,
    "update/impossible-resource-version" => impossible_resource_version,
    "update/absent" => absent,
    "update/absent-lease-is-made" => absent_lease_is_made,
    "update/other-name" => other_name,
    "update/other-namespace" => other_namespace,
    "update/other-kind" => other_kind,
    "update/uid-is-a-precondition" => uid_is_a_precondition,
    "update/metadata-that-does-not-change" => metadata_that_does_not_change,
    "update/deletion-timestamp" => deletion_timestamp,
    "update/two-controllers" => two_controllers,
    "update/spec-counts-generations" => spec_counts_generations,
    "update/immutable-config-map" => immutable_config_map,
    "update/invalid-changes-nothing" => invalid_changes_nothing,
}

/// The widget `a`, as the server answered it.
async fn widget(cx: &Context) -> Outcome<(Kind, Value)> {
    let widgets = cx.widgets().await?;
    let object = with(widgets.object("a", &json!({"must": "m"})), "/metadata/labels/app", "x");
    let made = cx.post(&widgets.path(), &object).await?.created()?;
    Ok((widgets, made))
}

const TOO_LATE: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

async fn changes(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let changed = with(made.clone(), "/spec", json!({"holderIdentity": "other", "leaseDurationSeconds": 5}));
    let updated = cx.put(&format!("{path}/a"), &changed).await?.ok()?;
    same("the object", &plain(updated.clone()), &plain(changed))?;
    for key in ["uid", "creationTimestamp"] {
        same(key, &updated["metadata"][key], &made["metadata"][key])?;
    }
    holds("a new version", version(&updated) != version(&made), &updated)?;
    same("what is read", &cx.get(&format!("{path}/a")).await?.ok()?, &updated)?;
    // What is left out is gone.
    let less = with(updated, "/spec", json!({}));
    let updated = cx.put(&format!("{path}/a"), &less).await?.ok()?;
    same("spec", &updated["spec"], &json!({}))
}

async fn no_change_keeps_the_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    same("lease", &cx.put(&format!("{path}/a"), &made).await?.ok()?, &made)?;
    let (widgets, made) = widget(cx).await?;
    same("widget", &cx.put(&widgets.item("a"), &made).await?.ok()?, &made)
}

async fn stale(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let newer = cx.put(&format!("{path}/a"), &with(made.clone(), "/spec/holderIdentity", "b")).await?.ok()?;
    let refusal = json!({
        "message": format!("Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": {TOO_LATE}"),
        "reason": "Conflict", "details": {"name": "a", "group": "coordination.k8s.io", "kind": "leases"},
        "code": 409,
    });
    // The second would change nothing against what the writer saw, which makes no difference.
    for object in [with(made.clone(), "/spec/holderIdentity", "c"), made.clone()] {
        cx.put(&format!("{path}/a"), &object).await?.refused(&refusal)?;
    }
    let future = with(made, "/metadata/resourceVersion", "9000000000000");
    cx.put(&format!("{path}/a"), &future).await?.refused(&refusal)?;
    same("nothing changed", &cx.get(&format!("{path}/a")).await?.ok()?, &newer)?;

    let (widgets, made) = widget(cx).await?;
    let changed = with(made.clone(), "/spec/choice", "a");
    cx.put(&widgets.item("a"), &changed).await?.ok()?;
    cx.put(&widgets.item("a"), &with(made, "/spec/choice", "b")).await?.refused(&json!({
        "message": format!("Operation cannot be fulfilled on {} \"a\": {TOO_LATE}", widgets.resource()),
        "reason": "Conflict", "details": widgets.details("a"), "code": 409,
    }))
}

async fn needs_a_resource_version(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let message = "Invalid value: 0: must be specified for an update";
    for object in
        [without(made.clone(), "/metadata/resourceVersion"), with(made, "/metadata/resourceVersion", "0")]
    {
        cx.put(&widgets.item("a"), &object).await?.refused(&json!({
            "message":
                format!("{} \"a\" is invalid: metadata.resourceVersion: {message}", widgets.resource()),
            "reason": "Invalid",
            "details": {
                "name": "a", "group": widgets.group, "kind": widgets.plural,
                "causes": [
                    {"reason": "FieldValueInvalid", "message": message, "field": "metadata.resourceVersion"},
                ],
            },
            "code": 422,
        }))?;
    }
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let answer = cx.put(&format!("{path}/a"), &lease("a")).await?;
    answer.invalid(&[("FieldValueInvalid", "metadata.resourceVersion", message)])
}

/// The oldest kinds allow it: the last writer wins.
async fn may_do_without_a_resource_version(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &config_map("a")).await?.created()?;
    let updated = cx.put(&format!("{path}/a"), &with(config_map("a"), "/data/key", "new")).await?.ok()?;
    same("data", &updated["data"], &json!({"key": "new"}))
}

async fn impossible_resource_version(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let refusal = json!({"message": "strconv.ParseUint: parsing \"abc\": invalid syntax", "code": 500});
    let object = with(made, "/metadata/resourceVersion", "abc");
    cx.put(&widgets.item("a"), &object).await?.refused(&refusal)
}

async fn absent(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let refusal = json!({
        "message": format!("{} \"a\" not found", widgets.resource()), "reason": "NotFound",
        "details": widgets.details("a"), "code": 404,
    });
    let object = widgets.object("a", &json!({"must": "m"}));
    cx.put(&widgets.item("a"), &object).await?.refused(&refusal)?;
    cx.put(&widgets.item("a"), &with(object, "/metadata/resourceVersion", "1")).await?.refused(&refusal)?;
    let path = config_maps(&cx.namespace().await?);
    cx.put(&format!("{path}/a"), &config_map("a")).await?.refused(&json!({
        "message": "configmaps \"a\" not found", "reason": "NotFound",
        "details": {"name": "a", "kind": "configmaps"}, "code": 404,
    }))
}

async fn absent_lease_is_made(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.put(&format!("{path}/a"), &lease("a")).await?.created()?;
    same("what is read", &cx.get(&format!("{path}/a")).await?.ok()?, &made)
}

async fn other_name(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    cx.put(&widgets.item("a"), &with(made.clone(), "/metadata/name", "b")).await?.refused(&json!({
        "message": "the name of the object (b) does not match the name on the URL (a)",
        "reason": "BadRequest", "code": 400,
    }))?;
    cx.put(&widgets.item("a"), &without(made, "/metadata/name")).await?.refused(&json!({
        "message": "the name of the object (a based on URL) was undeterminable: name must be provided",
        "reason": "BadRequest", "code": 400,
    }))
}

async fn other_namespace(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    cx.put(&widgets.item("a"), &with(made.clone(), "/metadata/namespace", "elsewhere")).await?.refused(&json!({
        "message": "the namespace of the provided object does not match the namespace sent on the request",
        "reason": "BadRequest", "code": 400,
    }))?;
    // The path says it, so the object need not.
    same(
        "none",
        &cx.put(&widgets.item("a"), &without(made.clone(), "/metadata/namespace")).await?.ok()?,
        &made,
    )
}

async fn other_kind(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let answer = cx.put(&widgets.item("a"), &with(made.clone(), "/kind", "Gadget")).await?;
    answer.invalid(&[("FieldValueInvalid", "kind", "Invalid value: \"Gadget\": must be Widget")])?;
    let answer = cx.put(&widgets.item("a"), &with(made, "/apiVersion", "v1")).await?;
    answer.refused_as(400, "BadRequest")?;
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    cx.put(&format!("{path}/a"), &config_map("a")).await?.refused_as(400, "BadRequest").map(drop)
}

/// An object of the same name that was made anew is another object.
async fn uid_is_a_precondition(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let other = "11111111-2222-3333-4444-555555555555";
    let answer = cx.put(&widgets.item("a"), &with(made.clone(), "/metadata/uid", other)).await?;
    let body = answer.refused_as(409, "Conflict")?;
    same("details", &body["details"], &widgets.details("a"))?;
    let said = format!(
        "Precondition failed: UID in precondition: {other}, UID in object meta: {}",
        made["metadata"]["uid"].as_str().unwrap_or("")
    );
    holds("message", answer.message().ends_with(&said), &body)
}

/// The server puts these back without a word.
async fn metadata_that_does_not_change(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    for (pointer, value) in [
        ("/metadata/creationTimestamp", json!("2001-01-01T00:00:00Z")),
        ("/metadata/generation", json!(99)),
        ("/metadata/selfLink", json!("/x")),
    ] {
        let answer = cx.put(&widgets.item("a"), &with(made.clone(), pointer, value)).await?;
        same(pointer, &answer.ok()?, &made)?;
    }
    Ok(())
}

/// Only a delete sets it.
async fn deletion_timestamp(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let object = with(made, "/metadata/deletionTimestamp", "2001-01-01T00:00:00Z");
    let answer = cx.put(&widgets.item("a"), &object).await?;
    let body = answer.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"metadata.deletionTimestamp")
}

async fn two_controllers(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let owner = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": name, "controller": true});
    let object = with(made, "/metadata/ownerReferences", json!([owner("x"), owner("y")]));
    let answer = cx.put(&widgets.item("a"), &object).await?;
    let body = answer.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"metadata.ownerReferences")?;
    let said = "Only one reference can have Controller set to true. Found \"true\" in references for ConfigMap/x and ConfigMap/y";
    holds("message", answer.message().contains(said), &body)
}

async fn spec_counts_generations(cx: &Context) -> Outcome {
    let (widgets, mut object) = widget(cx).await?;
    for (pointer, value, generation) in [
        ("/metadata/labels/app", json!("y"), 1),
        ("/metadata/annotations/note", json!("n"), 1),
        ("/spec/choice", json!("a"), 2),
        ("/spec/choice", json!("a"), 2),
        ("/spec/choice", json!("b"), 3),
        ("/status/phase", json!("done"), 3),
    ] {
        object = cx.put(&widgets.item("a"), &with(object, pointer, value)).await?.ok()?;
        same(&format!("generation after {pointer}"), &object["metadata"]["generation"], &generation)?;
    }
    same("status is not written here", &object["status"], &Value::Null)
}

async fn immutable_config_map(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let made = cx.post(&path, &with(config_map("a"), "/immutable", true)).await?.created()?;
    let answer = cx.put(&format!("{path}/a"), &with(made, "/data/key", "new")).await?;
    answer.invalid(&[(
        "FieldValueForbidden",
        "data",
        "Forbidden: field is immutable when `immutable` is set",
    )])
}

async fn invalid_changes_nothing(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let answer = cx.put(&widgets.item("a"), &with(made.clone(), "/spec/must", 5)).await?;
    let message = "Invalid value: \"integer\": spec.must in body must be of type string: \"integer\"";
    answer.invalid(&[("FieldValueTypeInvalid", "spec.must", message)])?;
    same("the object", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}
