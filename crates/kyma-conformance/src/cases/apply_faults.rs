//! Server-side apply: what is refused, and how bodies are read.

use http::Method;
use serde_json::{Value, json};

use super::apply::{APPLY, apply, bad_request, data, item};
use super::managed_fields::by;
use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{MERGE, query};
use crate::context::Context;
use crate::fixture::{version, with};

cases! {
    "apply/faults-of-the-query" => faults_of_the_query,
    "apply/faults-of-the-body" => faults_of_the_body,
    "apply/faults-of-the-type" => faults_of_the_type,
    "apply/names" => names,
    "apply/preconditions" => preconditions,
    "apply/doubles" => doubles,
    "apply/yaml" => yaml,
    "apply/double-keys-in-yaml" => double_keys,
    "apply/media-types" => media_types,
}

async fn faults_of_the_query(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let refused = |reason: &str, field: &str, message: &str| {
        json!({
            "message": format!("PatchOptions.meta.k8s.io \"\" is invalid: {field}: {message}"),
            "reason": "Invalid", "code": 422,
            "details": {
                "group": "meta.k8s.io", "kind": "PatchOptions",
                "causes": [{"reason": reason, "message": message, "field": field}],
            },
        })
    };
    let nobody = cx.patch(&path, APPLY, &data(json!({}))).await?;
    nobody.refused(&refused(
        "FieldValueRequired",
        "fieldManager",
        "Required value: is required for apply patch",
    ))?;
    let message = "Forbidden: may not be specified for non-apply patch";
    for force in ["true", "false"] {
        let answer = cx.patch(&query(&path, &[("force", force)]), MERGE, &json!({})).await?;
        answer.refused(&refused("FieldValueForbidden", "force", message))?;
    }
    Ok(())
}

async fn faults_of_the_body(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    apply(cx, &path, "one", &data(json!({"x": "1"}))).await?.created()?;
    for (body, message) in [
        (json!(null), "invalid object type: /, Kind="),
        (json!({}), "invalid object type: /, Kind="),
        (json!({"kind": "ConfigMap"}), "invalid object type: /, Kind=ConfigMap"),
        (json!({"kind": "ConfigMap", "apiVersion": "v2"}), "invalid object type: /v2, Kind=ConfigMap"),
        (json!({"kind": "Secret", "apiVersion": "v1"}), "invalid object type: /v1, Kind=Secret"),
        (with(data(json!({})), "/metadata/managedFields", json!([])), "metadata.managedFields must be nil"),
        (with(data(json!({})), "/metadata/managedFields", json!([{}])), "metadata.managedFields must be nil"),
        (
            json!([]),
            "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of \
             type map[string]interface {}",
        ),
        (
            with(data(json!({})), "/metadata/namespace", "other"),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            with(data(json!({})), "/metadata/name", "b"),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
    ] {
        apply(cx, &path, "two", &body).await?.refused(&bad_request(message))?;
    }
    apply(cx, &path, "two", &with(data(json!({"x": "1"})), "/metadata/managedFields", Value::Null))
        .await?
        .ok()
        .map(drop)
}

async fn faults_of_the_type(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    for (body, problem) in [
        (with(data(json!({})), "/foo", 1), ".foo: field not declared in schema"),
        (data(json!({"x": 1})), ".data.x: expected string, got &value.valueUnstructured{Value:1}"),
        (
            data(json!({"x": ["y"]})),
            ".data.x: expected string, got &value.valueUnstructured{Value:[]interface {}{\"y\"}}",
        ),
        (data(json!("x")), ".data: expected map, got &{x}"),
        (data(json!([1])), ".data: expected map, got &{[1]}"),
        (with(data(json!({})), "/immutable", "x"), ".immutable: expected boolean, got &{x}"),
    ] {
        let message = format!("failed to create typed patch object (/a; /v1, Kind=ConfigMap): {problem}");
        apply(cx, &path, "one", &body).await?.refused(&json!({"message": message, "code": 500}))?;
    }
    Ok(())
}

async fn names(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let nameless = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "1"}});
    let message = "the name of the object (a based on URL) was undeterminable: name must be provided";
    apply(cx, &path, "one", &nameless).await?.refused(&bad_request(message))?;
    // Where the object is there, its own name will do.
    apply(cx, &path, "one", &data(json!({"x": "2"}))).await?.created()?;
    let changed = apply(cx, &path, "one", &nameless).await?.ok()?;
    same("data", &changed["data"], &json!({"x": "1"}))?;
    let elsewhere = "/api/v1/namespaces/there-is-no-such/configmaps/a";
    apply(cx, elsewhere, "one", &data(json!({}))).await?.refused(&json!({
        "message": "namespaces \"there-is-no-such\" not found", "reason": "NotFound", "code": 404,
        "details": {"name": "there-is-no-such", "kind": "namespaces"},
    }))
}

async fn preconditions(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let conflict = |detail: &str| {
        json!({
            "message": format!("Operation cannot be fulfilled on configmaps \"a\": {detail}"),
            "reason": "Conflict", "details": {"name": "a", "kind": "configmaps"}, "code": 409,
        })
    };
    let absent = "uid mismatch: the provided object specified uid abc, and no existing object was found";
    apply(cx, &path, "one", &with(data(json!({})), "/metadata/uid", "abc"))
        .await?
        .refused(&conflict(absent))?;
    let made =
        apply(cx, &path, "one", &with(data(json!({})), "/metadata/resourceVersion", "5")).await?.created()?;
    let stale = "the object has been modified; please apply your changes to the latest version and try again";
    apply(cx, &path, "one", &with(data(json!({"x": "1"})), "/metadata/resourceVersion", "5"))
        .await?
        .refused(&conflict(stale))?;
    let current = with(data(json!({"x": "1"})), "/metadata/resourceVersion", version(&made));
    apply(cx, &path, "one", &current).await?.ok()?;
    apply(cx, &path, "one", &with(data(json!({})), "/metadata/uid", "abc")).await?.invalid(&[(
        "FieldValueInvalid",
        "metadata.uid",
        "Invalid value: \"abc\": field is immutable",
    )])
}

async fn doubles(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let owner = json!({"apiVersion": "v1", "kind": "X", "name": "n", "uid": "u"});
    for (pointer, value, problem) in [
        (
            "/metadata/finalizers",
            json!(["a.b/c", "a.b/c"]),
            ".metadata.finalizers: duplicate entries for key [=\"a.b/c\"]",
        ),
        (
            "/metadata/ownerReferences",
            json!([owner, owner]),
            ".metadata.ownerReferences: duplicate entries for key [uid=\"u\"]",
        ),
    ] {
        let message = format!("failed to create typed patch object (/a; /v1, Kind=ConfigMap): {problem}");
        let body = with(data(json!({})), pointer, value);
        apply(cx, &path, "one", &body).await?.refused(&json!({"message": message, "code": 500}))?;
    }
    Ok(())
}

async fn yaml(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: \"1\"\n  z: |\n    two\n    lines\n";
    let made = cx.call(Method::PATCH, &by(&path, "one")).body(APPLY, text).await?.created()?;
    same("data", &made["data"], &json!({"x": "1", "z": "two\nlines\n"}))?;
    let body = cx
        .call(Method::PATCH, &by(&path, "one"))
        .body(APPLY, "a: b: c")
        .await?
        .refused_as(400, "BadRequest")?;
    let message = body["message"].as_str().unwrap_or_default();
    holds("the message", message.starts_with("error encoding patch: yaml: "), message)?;
    let empty = cx.call(Method::PATCH, &by(&path, "one")).body(APPLY, "").await?;
    empty.refused(&bad_request("invalid object type: /, Kind="))
}

async fn double_keys(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: '1'\n  x: '2'\n";
    let send = |validation: &'static str| {
        let path = query(&path, &[("fieldManager", "one"), ("fieldValidation", validation)]);
        cx.call(Method::PATCH, &path).body(APPLY, text)
    };
    let line = "line 7: key \"x\" already set in map";
    send("Strict").await?.refused(&bad_request(&format!(
        "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  {line}"
    )))?;
    let warned = send("Warn").await?;
    same("warnings", &warned.warnings(), &vec![line])?;
    same("data", &warned.created()?["data"], &json!({"x": "2"}))?;
    same("warnings", &send("Ignore").await?.warnings(), &Vec::<String>::new())
}

async fn media_types(cx: &Context) -> Outcome {
    let path = item(cx).await?;
    let cbor =
        cx.call(Method::PATCH, &by(&path, "one")).body("application/apply-patch+cbor", vec![0xa0]).await?;
    cbor.refused_as(415, "UnsupportedMediaType")?;
    let widgets = cx.widgets().await?;
    let path = by(&widgets.item("a"), "one");
    let cbor = cx.call(Method::PATCH, &path).body("application/apply-patch+cbor", vec![0xa0]).await?;
    cbor.refused_as(415, "UnsupportedMediaType")?;
    let body = widgets.object("a", &json!({"must": "m"}));
    cx.patch(&path, "application/apply-patch+yaml; charset=utf-8", &body).await?.created().map(drop)
}
