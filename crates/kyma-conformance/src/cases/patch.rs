//! JSON patches and merge patches.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{JSON_PATCH, MERGE, STRATEGIC, query};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{Kind, config_map, lease, version, with};

cases! {
    "patch/merge" => merge,
    "patch/merge-null-removes" => merge_null_removes,
    "patch/json-operations" => json_operations,
    "patch/json-pointers" => json_pointers,
    "patch/json-replaces-what-is-absent" => json_replaces_what_is_absent,
    "patch/json-that-fails" => json_that_fails,
    "patch/no-change-keeps-the-version" => no_change_keeps_the_version,
    "patch/bad-bodies" => bad_bodies,
    "patch/bad-bodies-that-nobody-looks-into" => bad_bodies_that_nobody_looks_into,
    "patch/too-many-operations" => too_many_operations,
    "patch/absent" => absent,
    "patch/resource-version-and-uid" => resource_version_and_uid,
    "patch/name-and-namespace" => name_and_namespace,
    "patch/kind-and-version" => kind_and_version,
    "patch/invalid-result" => invalid_result,
    "patch/unknown-fields" => unknown_fields,
    "patch/unsupported-types" => unsupported_types,
    "patch/media-type-parameters" => media_type_parameters,
    "patch/generation" => generation,
}

async fn widget(cx: &Context) -> Outcome<(Kind, Value)> {
    let widgets = cx.widgets().await?;
    let spec = json!({"must": "m", "steps": [{"name": "one"}, {"name": "two"}]});
    let made = cx.post(&widgets.path(), &widgets.object("a", &spec)).await?.created()?;
    Ok((widgets, made))
}

async fn merge(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let patch =
        json!({"spec": {"choice": "a", "steps": [{"name": "only"}]}, "metadata": {"labels": {"app": "x"}}});
    let patched = cx.patch(&widgets.item("a"), MERGE, &patch).await?.ok()?;
    same("a new field", &patched["spec"]["choice"], &"a")?;
    same("what is not named stays", &patched["spec"]["must"], &"m")?;
    same("an array is replaced whole", &patched["spec"]["steps"], &json!([{"name": "only", "size": 7}]))?;
    same("labels", &patched["metadata"]["labels"], &json!({"app": "x"}))?;
    holds("a new version", version(&patched) != version(&made), &patched)?;
    same("what is read", &cx.get(&widgets.item("a")).await?.ok()?, &patched)?;

    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &config_map("a")).await?.created()?;
    let patched = cx.patch(&format!("{path}/a"), MERGE, &json!({"data": {"more": "1"}})).await?.ok()?;
    same("data", &patched["data"], &json!({"key": "value", "more": "1"}))
}

async fn merge_null_removes(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    let item = widgets.item("a");
    let patched = cx.patch(&item, MERGE, &json!({"spec": {"steps": null, "choice": null}})).await?.ok()?;
    same("steps", &patched["spec"]["steps"], &Value::Null)?;
    let answer = cx.patch(&item, MERGE, &json!({"spec": {"must": null}})).await?;
    answer.invalid(&[("FieldValueRequired", "spec.must", "Required value")])?;
    let patched = cx.patch(&item, MERGE, &json!({"spec": null})).await?.ok()?;
    same("spec", &patched["spec"], &Value::Null)
}

async fn json_operations(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    let patch = json!([
        {"op": "test", "path": "/spec/must", "value": "m"},
        {"op": "replace", "path": "/spec/must", "value": "n"},
        {"op": "add", "path": "/spec/choice", "value": "a"},
        {"op": "add", "path": "/spec/steps/-", "value": {"name": "last"}},
        {"op": "add", "path": "/spec/steps/0", "value": {"name": "first"}},
        {"op": "remove", "path": "/spec/steps/1"},
        {"op": "move", "from": "/spec/steps/0", "path": "/spec/steps/2"},
        {"op": "copy", "from": "/spec/must", "path": "/spec/text"},
        {"op": "replace", "path": "/spec/text", "value": "xyz"},
        {"op": "add", "path": "/metadata/labels", "value": {"app": "x"}},
    ]);
    let patched = cx.patch(&widgets.item("a"), JSON_PATCH, &patch).await?.ok()?;
    let names = patched["spec"]["steps"].as_array().into_iter().flatten().map(|step| &step["name"]);
    same("steps", &names.collect::<Vec<_>>(), &["two", "last", "first"])?;
    for (key, expected) in [("must", "n"), ("choice", "a"), ("text", "xyz")] {
        same(key, &patched["spec"][key], &expected)?;
    }
    same("labels", &patched["metadata"]["labels"], &json!({"app": "x"}))
}

async fn json_pointers(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let patch = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/example.com~1key", "value": "v"},
    ]);
    let patched = cx.patch(&format!("{path}/a"), JSON_PATCH, &patch).await?.ok()?;
    same("annotations", &patched["metadata"]["annotations"], &json!({"example.com/key": "v"}))
}

/// Unlike the RFC: the library of the real server takes `replace` for `add` in objects.
async fn json_replaces_what_is_absent(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    let patch = json!([{"op": "replace", "path": "/spec/choice", "value": "b"}]);
    let patched = cx.patch(&widgets.item("a"), JSON_PATCH, &patch).await?.ok()?;
    same("choice", &patched["spec"]["choice"], &"b")
}

async fn json_that_fails(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let refusal = json!({
        "message": "the server rejected our request due to an error in our request",
        "reason": "Invalid", "details": {}, "code": 422,
    });
    for operation in [
        json!({"op": "test", "path": "/spec/must", "value": "other"}),
        json!({"op": "test", "path": "/spec/none", "value": "x"}),
        json!({"op": "remove", "path": "/spec/none"}),
        json!({"op": "remove", "path": "/spec/steps/9"}),
        json!({"op": "add", "path": "/spec/steps/9", "value": {}}),
        json!({"op": "add", "path": "/spec/none/deeper", "value": 1}),
        json!({"op": "add", "path": "no-slash", "value": 1}),
        json!({"op": "add", "value": 1}),
        json!({"op": "move", "from": "/spec/none", "path": "/spec/text"}),
        json!({"op": "jump", "path": "/spec/must"}),
    ] {
        // The first operation would have worked: all or nothing.
        let patch = json!([{"op": "replace", "path": "/spec/must", "value": "changed"}, operation]);
        let patch = match operation["value"] == "other" {
            true => json!([operation]),
            false => patch,
        };
        cx.patch(&widgets.item("a"), JSON_PATCH, &patch).await?.refused(&refusal)?;
    }
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

/// Without an eye on unknown fields a patch is read only when it is applied, by a library with words of its own.
async fn bad_bodies_that_nobody_looks_into(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let path = config_maps(&widgets.namespace);
    cx.post(&path, &config_map("a")).await?.created()?;
    for item in [widgets.item("a"), format!("{path}/a")] {
        let patch = |media_type: &'static str, body: &'static str| {
            cx.call(http::Method::PATCH, &query(&item, &[("fieldValidation", "Ignore")]))
                .body(media_type, body)
        };
        for (media_type, body, message) in [
            (MERGE, "5", "Invalid JSON Patch"),
            (MERGE, "\"x\"", "Invalid JSON Patch"),
            (MERGE, "null", "Invalid JSON Patch"),
            (JSON_PATCH, "[1]", "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
        ] {
            let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
            patch(media_type, body).await?.refused(&refusal)?;
        }
        for body in [
            r#"[{"op": 1, "path": "/spec"}]"#,
            r#"[{"op": "add", "path": 5, "value": 1}]"#,
            r#"[{"op": "move", "from": 7, "path": "/x"}]"#,
            "[null]",
        ] {
            patch(JSON_PATCH, body).await?.refused_as(422, "Invalid")?;
        }
    }
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

async fn no_change_keeps_the_version(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    for (media_type, patch) in [
        (MERGE, json!({})),
        (MERGE, json!({"spec": {"must": "m"}})),
        (JSON_PATCH, json!([])),
        (JSON_PATCH, json!([{"op": "replace", "path": "/spec/must", "value": "m"}])),
    ] {
        let patched = cx.patch(&widgets.item("a"), media_type, &patch).await?.ok()?;
        same("the object", &patched, &made)?;
    }
    Ok(())
}

async fn bad_bodies(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let operations =
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
    let object = |found: &str| {
        format!(
            "error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        )
    };
    for (media_type, body, message, code_of_absent) in [
        // What is no JSON is refused before the object is looked for.
        (MERGE, "{\"spec\":", "invalid JSON patch".to_owned(), 400),
        (MERGE, "", "invalid JSON patch".to_owned(), 400),
        (JSON_PATCH, "[{", "invalid JSON patch".to_owned(), 400),
        (MERGE, "[]", object("array"), 404),
        (MERGE, "\"x\"", object("string"), 404),
        (MERGE, "null", "Invalid JSON Patch".to_owned(), 404),
        (JSON_PATCH, "{}", operations.to_owned(), 404),
    ] {
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        let patch = |name: &str| cx.call(http::Method::PATCH, &widgets.item(name)).body(media_type, body);
        patch("a").await?.refused(&refusal)?;
        same(&format!("{body} for an absent object"), &patch("none").await?.code(), &code_of_absent)?;
    }
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}

async fn too_many_operations(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let operation = json!({"op": "test", "path": "/kind", "value": "Lease"});
    let patch = Value::Array(vec![operation; 10_001]);
    cx.patch(&format!("{path}/a"), JSON_PATCH, &patch).await?.refused(&json!({
        "message":
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        "reason": "RequestEntityTooLarge", "code": 413,
    }))
}

async fn absent(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let refusal = json!({
        "message": format!("{} \"a\" not found", widgets.resource()), "reason": "NotFound",
        "details": widgets.details("a"), "code": 404,
    });
    cx.patch(&widgets.item("a"), MERGE, &json!({"spec": {}})).await?.refused(&refusal)?;
    cx.patch(&widgets.item("a"), JSON_PATCH, &json!([])).await?.refused(&refusal)
}

async fn resource_version_and_uid(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let item = widgets.item("a");
    let patch = |version: &str| json!({"metadata": {"resourceVersion": version}, "spec": {"choice": "a"}});
    cx.patch(&item, MERGE, &patch("1")).await?.refused(&json!({
        "message": format!(
            "Operation cannot be fulfilled on {} \"a\": the object has been modified; please apply your changes to \
             the latest version and try again", widgets.resource()
        ),
        "reason": "Conflict", "details": widgets.details("a"), "code": 409,
    }))?;
    let refusal = json!({"message": "strconv.ParseUint: parsing \"abc\": invalid syntax", "code": 500});
    cx.patch(&item, MERGE, &patch("abc")).await?.refused(&refusal)?;
    let answer = cx.patch(&item, MERGE, &json!({"metadata": {"uid": "q"}})).await?;
    let body = answer.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"metadata.uid")?;
    let patched = cx.patch(&item, MERGE, &patch(version(&made))).await?.ok()?;
    same("with the right version", &patched["spec"]["choice"], &"a")
}

async fn name_and_namespace(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    for (patch, message) in [
        (
            json!({"metadata": {"name": "b"}}),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (
            json!({"metadata": {"namespace": "elsewhere"}}),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ] {
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        cx.patch(&widgets.item("a"), MERGE, &patch).await?.refused(&refusal)?;
    }
    Ok(())
}

async fn kind_and_version(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    let answer = cx.patch(&widgets.item("a"), MERGE, &json!({"kind": "Gadget"})).await?;
    answer.invalid(&[("FieldValueInvalid", "kind", "Invalid value: \"Gadget\": must be Widget")])?;
    let answer = cx.patch(&widgets.item("a"), MERGE, &json!({"apiVersion": "v1"})).await?;
    let message = format!("Invalid value: \"v1\": must be {}", widgets.api_version());
    answer.invalid(&[("FieldValueInvalid", "apiVersion", &message)])?;
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let answer = cx.patch(&format!("{path}/a"), MERGE, &json!({"kind": "Gadget"})).await?;
    answer.refused_as(422, "Invalid").map(drop)
}

async fn invalid_result(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let answer = cx.patch(&widgets.item("a"), MERGE, &json!({"spec": {"choice": "z"}})).await?;
    let message = "Unsupported value: \"z\": supported values: \"a\", \"b\"";
    answer.invalid(&[("FieldValueNotSupported", "spec.choice", message)])?;
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)?;

    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let patch = json!({"spec": {"leaseDurationSeconds": -1}});
    let answer = cx.patch(&format!("{path}/a"), MERGE, &patch).await?;
    let message = "Invalid value: -1: must be greater than 0";
    answer.invalid(&[("FieldValueInvalid", "spec.leaseDurationSeconds", message)])?;
    let patch = json!({"spec": {"leaseDurationSeconds": "x"}});
    cx.patch(&format!("{path}/a"), MERGE, &patch).await?.refused_as(422, "Invalid").map(drop)
}

async fn unknown_fields(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let patch = json!({"spec": {"more": 1}});
    let answer = cx.patch(&widgets.item("a"), MERGE, &patch).await?;
    same("pruned again", &answer.ok()?, &made)?;
    same("warnings", &answer.warnings(), &["unknown field \"spec.more\""])?;
    let strict = format!("{}?fieldValidation=Strict", widgets.item("a"));
    let answer = cx.patch(&strict, MERGE, &patch).await?;
    answer.refused_as(422, "Invalid")?;
    holds(
        "message",
        answer.message().ends_with("strict decoding error: unknown field \"spec.more\""),
        &answer.message(),
    )
}

/// What is accepted instead is named, for custom resources.
async fn unsupported_types(cx: &Context) -> Outcome {
    let (widgets, _) = widget(cx).await?;
    // A server that knows no server-side apply does not name it.
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json";
    for media_type in [STRATEGIC, "application/json", "application/yaml", "text/plain"] {
        let answer = cx.patch(&widgets.item("a"), media_type, &json!({})).await?;
        answer.refused_as(415, "UnsupportedMediaType")?;
        holds("message", answer.message().starts_with(message), &answer.message())?;
    }
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    for media_type in ["application/json", "application/yaml", "text/plain"] {
        cx.patch(&format!("{path}/a"), media_type, &json!({}))
            .await?
            .refused_as(415, "UnsupportedMediaType")?;
    }
    let bare = cx.call(http::Method::PATCH, &format!("{path}/a")).bare("{}");
    bare.await?.refused_as(415, "UnsupportedMediaType").map(drop)
}

async fn media_type_parameters(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let media_type = format!("{MERGE}; charset=utf-8");
    same("the object", &cx.patch(&format!("{path}/a"), &media_type, &json!({})).await?.ok()?, &made)
}

async fn generation(cx: &Context) -> Outcome {
    let (widgets, made) = widget(cx).await?;
    let item = widgets.item("a");
    same("at first", &made["metadata"]["generation"], &1)?;
    let patched = cx.patch(&item, MERGE, &json!({"metadata": {"labels": {"app": "x"}}})).await?.ok()?;
    same("after labels", &patched["metadata"]["generation"], &1)?;
    let patched = cx.patch(&item, MERGE, &json!({"spec": {"choice": "a"}})).await?.ok()?;
    same("after the spec", &patched["metadata"]["generation"], &2)?;
    let patch = with(json!({}), "/metadata/generation", 50);
    let patched = cx.patch(&item, MERGE, &patch).await?.ok()?;
    same("nobody sets it", &patched["metadata"]["generation"], &2)
}
