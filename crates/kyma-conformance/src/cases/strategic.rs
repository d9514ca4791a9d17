//! Strategic merge patches of the built-in kinds.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::STRATEGIC;
use crate::context::{Context, NAMESPACES, config_maps, leases};
use crate::fixture::{config_map, lease, with};

cases! {
    "strategic/maps-and-nulls" => maps_and_nulls,
    "strategic/lists-of-texts" => lists_of_texts,
    "strategic/lists-of-objects" => lists_of_objects,
    "strategic/conditions" => conditions,
    "strategic/lists-without-a-key-are-replaced" => lists_without_a_key_are_replaced,
    "strategic/directives" => directives,
    "strategic/no-change-keeps-the-version" => no_change_keeps_the_version,
    "strategic/refused-directives" => refused_directives,
    "strategic/wrong-types" => wrong_types,
    "strategic/unknown-fields" => unknown_fields,
    "strategic/bad-bodies" => bad_bodies,
    "strategic/resource-version-and-name" => resource_version_and_name,
    "strategic/dry-run" => dry_run,
}

/// A ConfigMap with finalizers and an owner that is not there, and its path.
async fn held(cx: &Context) -> Outcome<(String, Value)> {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/finalizers", json!(["example.com/a", "example.com/b"]));
    let object = with(object, "/metadata/labels/app", "x");
    let made = cx.post(&path, &object).await?.created()?;
    Ok((format!("{path}/a"), made))
}

async fn maps_and_nulls(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    let patch = json!({
        "data": {"key": null, "more": "1", "none": null},
        "metadata": {"labels": {"tier": "y"}, "annotations": {"note": "n", "gone": null}},
    });
    let patched = cx.patch(&item, STRATEGIC, &patch).await?.ok()?;
    same("data", &patched["data"], &json!({"more": "1"}))?;
    same("labels", &patched["metadata"]["labels"], &json!({"app": "x", "tier": "y"}))?;
    same("annotations", &patched["metadata"]["annotations"], &json!({"note": "n"}))?;
    same("what is read", &cx.get(&item).await?.ok()?, &patched)?;
    let patched = cx.patch(&item, STRATEGIC, &json!({"data": null, "immutable": true})).await?.ok()?;
    same("data", &patched["data"], &Value::Null)?;
    same("immutable", &patched["immutable"], &true)
}

async fn lists_of_texts(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    let full = |names: &[&str]| -> Value { names.iter().map(|name| format!("example.com/{name}")).collect() };
    for (patch, expected) in [
        (json!({"finalizers": full(&["c"])}), &["c", "a", "b"][..]),
        (json!({"finalizers": full(&["b"])}), &["c", "a", "b"]),
        (json!({"$deleteFromPrimitiveList/finalizers": full(&["a", "none"])}), &["c", "b"]),
        (json!({"$setElementOrder/finalizers": full(&["b", "c"])}), &["b", "c"]),
        (
            json!({
                "$setElementOrder/finalizers": full(&["d", "b"]), "finalizers": full(&["d"]),
                "$deleteFromPrimitiveList/finalizers": full(&["c"]),
            }),
            &["d", "b"],
        ),
        (json!({"finalizers": []}), &["d", "b"]),
    ] {
        let patched = cx.patch(&item, STRATEGIC, &json!({"metadata": patch})).await?.ok()?;
        same(&patch.to_string(), &patched["metadata"]["finalizers"], &full(expected))?;
    }
    let patched = cx.patch(&item, STRATEGIC, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    same("none left", &patched["metadata"]["finalizers"], &Value::Null)
}

async fn lists_of_objects(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    // An owner that is there, or the object would be collected: itself.
    let own = cx.get(&item).await?.ok()?;
    let uid = own["metadata"]["uid"].as_str().unwrap_or_default();
    let owner = |more: Value| {
        let mut owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": uid});
        if let (Value::Object(owner), Value::Object(more)) = (&mut owner, more) {
            owner.extend(more);
        }
        owner
    };
    let patch = |owners: Value| json!({"metadata": {"ownerReferences": owners}});
    let patched = cx.patch(&item, STRATEGIC, &patch(json!([owner(json!({}))]))).await?.ok()?;
    same("added", &patched["metadata"]["ownerReferences"], &json!([owner(json!({}))]))?;
    let more = json!([{"uid": uid, "controller": true}]);
    let patched = cx.patch(&item, STRATEGIC, &patch(more)).await?.ok()?;
    same("merged", &patched["metadata"]["ownerReferences"], &json!([owner(json!({"controller": true}))]))?;
    let gone = json!([{"uid": uid, "$patch": "delete"}]);
    let patched = cx.patch(&item, STRATEGIC, &patch(gone)).await?.ok()?;
    same("deleted", &patched["metadata"]["ownerReferences"], &Value::Null)?;
    let answer = cx.patch(&item, STRATEGIC, &patch(json!([{"uid": "other"}]))).await?;
    answer.refused_as(422, "Invalid").map(drop)
}

async fn conditions(cx: &Context) -> Outcome {
    let path = format!("{NAMESPACES}/{}/status", cx.namespace().await?);
    let condition =
        |kind: &str, status: &str| json!({"type": kind, "status": status, "lastTransitionTime": null});
    let patch = |conditions: Value| json!({"status": {"conditions": conditions}});
    cx.patch(&path, STRATEGIC, &patch(json!([{"type": "A", "status": "True"}]))).await?.ok()?;
    let given = json!([{"type": "B", "status": "False"}, {"type": "A", "status": "False"}]);
    let patched = cx.patch(&path, STRATEGIC, &patch(given)).await?.ok()?;
    let expected = json!([condition("B", "False"), condition("A", "False")]);
    same("conditions", &patched["status"]["conditions"], &expected)?;
    same("phase", &patched["status"]["phase"], &"Active")?;
    let given = json!([{"$patch": "replace"}, {"type": "C", "status": "True"}]);
    let patched = cx.patch(&path, STRATEGIC, &patch(given)).await?.ok()?;
    same("replaced", &patched["status"]["conditions"], &json!([condition("C", "True")]))
}

async fn lists_without_a_key_are_replaced(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let item = format!("{}/{}", crate::context::DEFINITIONS, widgets.definition);
    let patched =
        cx.patch(&item, STRATEGIC, &json!({"spec": {"names": {"shortNames": ["aa", "bb"]}}})).await?.ok()?;
    same("short names", &patched["spec"]["names"]["shortNames"], &json!(["aa", "bb"]))?;
    let patched =
        cx.patch(&item, STRATEGIC, &json!({"spec": {"names": {"shortNames": ["cc"]}}})).await?.ok()?;
    same("replaced", &patched["spec"]["names"]["shortNames"], &json!(["cc"]))?;
    let answer =
        cx.patch(&item, STRATEGIC, &json!({"spec": {"versions": [{"name": "v9", "served": true}]}})).await?;
    answer.refused_as(422, "Invalid").map(drop)
}

async fn directives(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    for (patch, expected) in [
        (json!({"data": {"$patch": "replace", "only": "1"}}), json!({"only": "1"})),
        (json!({"data": {"$patch": "merge-not", "only": "1"}}), json!(null)),
        (json!({"binaryData": {"$patch": "delete"}}), json!({"only": "1"})),
        (
            json!({"$retainKeys": ["kind", "apiVersion", "metadata", "data"], "data": {"more": "2"}}),
            json!({"more": "2", "only": "1"}),
        ),
        (json!({"data": {"$patch": "delete"}}), json!(null)),
    ] {
        let answer = cx.patch(&item, STRATEGIC, &patch).await?;
        if patch["data"]["$patch"] == "merge-not" {
            same("an unknown directive", &answer.code(), &500)?;
            continue;
        }
        same(&patch.to_string(), &answer.ok()?["data"], &expected)?;
    }
    Ok(())
}

async fn no_change_keeps_the_version(cx: &Context) -> Outcome {
    let (item, made) = held(cx).await?;
    for patch in [
        json!({}),
        json!(null),
        json!({"data": {"key": "value"}}),
        json!({"metadata": {"finalizers": ["example.com/a"]}}),
        json!({"metadata": {"annotations": {"none": null}}}),
        json!({"metadata": {"$setElementOrder/finalizers": ["example.com/a", "example.com/b"]}}),
    ] {
        same(&patch.to_string(), &cx.patch(&item, STRATEGIC, &patch).await?.ok()?, &made)?;
    }
    Ok(())
}

async fn refused_directives(cx: &Context) -> Outcome {
    let (item, made) = held(cx).await?;
    for (patch, message) in [
        (json!({"$retainKeys": ["metadata"], "data": {}}), "invalid patch format of retainKeys"),
        (json!({"$retainKeys": "data"}), "invalid patch format of retainKeys"),
        (json!({"metadata": {"$deleteFromPrimitiveList": ["a"]}}), "invalid patch format of primitive list"),
        (json!({"metadata": {"$setElementOrder": ["a"]}}), "invalid patch format of setElementOrder list"),
    ] {
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        cx.patch(&item, STRATEGIC, &patch).await?.refused(&refusal)?;
    }
    for (patch, message) in [
        (json!({"$patch": "merge"}), "unknown patch type: merge in map: map[$patch:merge]"),
        (
            json!({"metadata": {"$setElementOrder/none": ["a"]}}),
            "unable to find api field in struct ObjectMeta for the json field \"none\"",
        ),
        (
            json!({"$setElementOrder/data": ["a"], "data": ["a"]}),
            "expected a []interface {}, but received a map[string]interface {}",
        ),
        (
            json!({"metadata": {"finalizers": [1]}}),
            "list element types are not identical: [[example.com/a example.com/b] [1]]",
        ),
    ] {
        cx.patch(&item, STRATEGIC, &patch).await?.refused(&json!({"message": message, "code": 500}))?;
    }
    same("nothing changed", &cx.get(&item).await?.ok()?, &made)
}

/// A strategic merge patch is not decoded but converted, and the faults have other words.
async fn wrong_types(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    let namespace = item.split('/').nth(4).unwrap_or_default();
    let lease_path = leases(namespace);
    cx.post(&lease_path, &lease("a")).await?.created()?;
    let lease_item = format!("{lease_path}/a");
    for (item, patch, shown, problem) in [
        (&item, json!({"data": {"a": 5}}), "map[data:map[a:5]]", "cannot convert int64 to string"),
        (&item, json!({"data": {"a": true}}), "map[data:map[a:true]]", "unrecognized type: string"),
        (&item, json!({"data": "x"}), "map[data:x]", "cannot restore map from string"),
        (&item, json!({"data": ["x"]}), "map[data:[x]]", "cannot restore map from slice"),
        (&item, json!({"immutable": "x"}), "map[immutable:x]", "unrecognized type: bool"),
        (
            &item,
            json!({"metadata": {"finalizers": "x"}}),
            "map[metadata:map[finalizers:x]]",
            "cannot restore slice from string",
        ),
        (&item, json!({"metadata": 1}), "map[metadata:1]", "cannot restore struct from: int64"),
        (
            &item,
            json!({"binaryData": {"a": "?"}}),
            "map[binaryData:map[a:?]]",
            "error decoding from json: illegal base64 data at input byte 0",
        ),
        (
            &lease_item,
            json!({"spec": {"leaseDurationSeconds": "x"}}),
            "map[spec:map[leaseDurationSeconds:x]]",
            "unrecognized type: int32",
        ),
        (
            &lease_item,
            json!({"spec": {"leaseDurationSeconds": 1.5}}),
            "map[spec:map[leaseDurationSeconds:1.5]]",
            "cannot convert float64 to int32",
        ),
        (
            &lease_item,
            json!({"spec": {"renewTime": 5}}),
            "map[spec:map[renewTime:5]]",
            "json: cannot unmarshal number into Go value of type string",
        ),
    ] {
        let message = format!("Invalid value: \"{shown}\": {problem}");
        cx.patch(item, STRATEGIC, &patch).await?.invalid(&[("FieldValueInvalid", "patch", &message)])?;
    }
    Ok(())
}

async fn unknown_fields(cx: &Context) -> Outcome {
    let (item, made) = held(cx).await?;
    let patch = json!({"spec": {"a": 1}, "metadata": {"lables": {"a": "b"}}});
    let answer = cx.patch(&item, STRATEGIC, &patch).await?;
    same("dropped", &answer.ok()?, &made)?;
    let expected = ["unknown field \"metadata.lables\"", "unknown field \"spec\""];
    same("warnings", &answer.warnings(), &expected)?;
    let answer = cx.patch(&format!("{item}?fieldValidation=Strict"), STRATEGIC, &patch).await?;
    let message = "Invalid value: \"map[metadata:map[lables:map[a:b]] spec:map[a:1]]\": strict decoding error: \
                   unknown field \"metadata.lables\", unknown field \"spec\"";
    answer.invalid(&[("FieldValueInvalid", "patch", message)])?;
    let twice =
        cx.call(http::Method::PATCH, &item).body(STRATEGIC, r#"{"data": {"a": "1"}, "data": {"a": "2"}}"#);
    let answer = twice.await?;
    same("the last counts", &answer.ok()?["data"]["a"], &"2")?;
    same("warnings", &answer.warnings(), &["duplicate field \"data\""])
}

async fn bad_bodies(cx: &Context) -> Outcome {
    let (item, made) = held(cx).await?;
    let none = item.replace("/configmaps/a", "/configmaps/none");
    let shape =
        |kind: &str| format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}");
    for (body, message, code_of_absent) in [
        ("{\"data\":", "invalid JSON patch".to_owned(), 400),
        ("", "invalid JSON patch".to_owned(), 400),
        ("[]", shape("array"), 404),
        ("\"x\"", shape("string"), 404),
    ] {
        let patch = |path: &str| cx.call(http::Method::PATCH, path).body(STRATEGIC, body);
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        patch(&item).await?.refused(&refusal)?;
        same(&format!("{body} for an absent object"), &patch(&none).await?.code(), &code_of_absent)?;
    }
    same("nothing changed", &cx.get(&item).await?.ok()?, &made)
}

async fn resource_version_and_name(cx: &Context) -> Outcome {
    let (item, _) = held(cx).await?;
    let stale = json!({"metadata": {"resourceVersion": "1"}, "data": {"a": "b"}});
    cx.patch(&item, STRATEGIC, &stale).await?.refused_as(409, "Conflict")?;
    let renamed = json!({"metadata": {"name": "b"}});
    cx.patch(&item, STRATEGIC, &renamed).await?.refused_as(400, "BadRequest")?;
    let emptied = json!({"$patch": "delete"});
    cx.patch(&item, STRATEGIC, &emptied).await?.refused_as(400, "BadRequest").map(drop)
}

async fn dry_run(cx: &Context) -> Outcome {
    let (item, made) = held(cx).await?;
    let patched =
        cx.patch(&format!("{item}?dryRun=All"), STRATEGIC, &json!({"data": {"a": "b"}})).await?.ok()?;
    same("the answer", &patched["data"], &json!({"a": "b", "key": "value"}))?;
    same("what is stored", &cx.get(&item).await?.ok()?, &made)
}
