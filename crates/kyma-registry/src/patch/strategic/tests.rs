use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::structure::Struct;

fn of(kind: &str) -> &'static Struct {
    Struct::find(kind).unwrap()
}

fn patched(structure: &'static Struct, object: &Value, patch: &Value) -> Result<Value, (u16, String)> {
    let refused = |error: ApiError| (error.code(), error.message().to_owned());
    let (patch, _) = StrategicPatch::parse(patch.to_string().as_bytes()).map_err(refused)?;
    patch
        .apply(object.as_object().unwrap(), structure)
        .map(|(merged, _)| Value::Object(merged))
        .map_err(refused)
}

fn config_map(object: &Value, patch: &Value) -> Value {
    patched(of("core/v1.ConfigMap"), object, patch).unwrap()
}

fn finalizers(object: &[&str], patch: &Value) -> Value {
    let object = json!({"metadata": {"finalizers": object}});
    let merged = patched(of("core/v1.ConfigMap"), &object, &json!({"metadata": patch})).unwrap();
    merged["metadata"]["finalizers"].clone()
}

/// Conditions as `TYPE=STATUS`.
fn conditions(object: &[&str], patch: &Value) -> Result<Vec<String>, String> {
    let list = |texts: &[&str]| -> Value {
        let pairs = texts.iter().map(|text| text.split_once('=').unwrap());
        pairs.map(|(kind, status)| json!({"type": kind, "status": status})).collect()
    };
    let object = json!({"status": {"conditions": list(object)}});
    let merged =
        patched(of("core/v1.Namespace"), &object, &json!({"status": patch})).map_err(|(_, text)| text)?;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let items = merged["status"]["conditions"].as_array().cloned().unwrap_or_default();
    Ok(items.iter().map(|item| format!("{}={}", text(&item["type"]), text(&item["status"]))).collect())
}

#[test]
fn maps_are_merged_and_nulls_delete() {
    let object = json!({"data": {"a": "1", "b": "2"}, "immutable": true});
    for (patch, result) in [
        (json!({}), object.clone()),
        (json!({"data": {"a": "9"}}), json!({"data": {"a": "9", "b": "2"}, "immutable": true})),
        (json!({"data": {"a": null, "c": null}}), json!({"data": {"b": "2"}, "immutable": true})),
        (json!({"data": null, "immutable": null}), json!({})),
        (
            json!({"binaryData": {"x": "eA==", "y": null}}),
            json!({"data": {"a": "1", "b": "2"}, "immutable": true, "binaryData": {"x": "eA=="}}),
        ),
        (json!({"data": {"$patch": "replace", "z": "0"}}), json!({"data": {"z": "0"}, "immutable": true})),
        (json!({"data": {"$patch": "delete"}}), json!({"data": {}, "immutable": true})),
        (json!({"binaryData": {"$patch": "delete"}}), object.clone()),
        (
            json!({"$retainKeys": ["data"], "data": {"c": "3"}}),
            json!({"data": {"a": "1", "b": "2", "c": "3"}}),
        ),
        (json!({"$patch": "replace", "data": {"z": "0"}}), json!({"data": {"z": "0"}})),
    ] {
        assert_eq!(config_map(&object, &patch), result, "{patch}");
    }
}

/// Results of `strategicpatch.StrategicMergePatch` 0.37.
#[test]
fn lists_of_texts_are_sets_in_the_order_of_the_patch() {
    for (object, patch, result) in [
        (&["a", "b"][..], json!({"finalizers": ["c"]}), json!(["c", "a", "b"])),
        (&["a", "b"], json!({"finalizers": ["b"]}), json!(["a", "b"])),
        (&["a", "b"], json!({"finalizers": ["b", "a"]}), json!(["b", "a"])),
        (&["a", "b"], json!({"finalizers": []}), json!(["a", "b"])),
        (&["a", "b"], json!({"finalizers": null}), json!(null)),
        (&["a", "b", "c"], json!({"$deleteFromPrimitiveList/finalizers": ["b", "z"]}), json!(["a", "c"])),
        (&[], json!({"$deleteFromPrimitiveList/none": ["b"]}), json!([])),
        (&["a", "b", "c"], json!({"$setElementOrder/finalizers": ["c", "a"]}), json!(["b", "c", "a"])),
        (
            &["a", "c"],
            json!({"$setElementOrder/finalizers": ["c", "b"], "finalizers": ["b"]}),
            json!(["a", "c", "b"]),
        ),
    ] {
        assert_eq!(finalizers(object, &patch), result, "{object:?} with {patch}");
    }
}

#[test]
fn lists_of_objects_are_merged_by_their_key() {
    for (object, patch, result) in [
        (&["A=1", "B=2"][..], json!({"conditions": [{"type": "B", "status": "9"}]}), &["A=1", "B=9"][..]),
        (&["A=1"], json!({"conditions": [{"type": "C", "status": "3"}]}), &["C=3", "A=1"]),
        (&["A=1", "B=2"], json!({"conditions": [{"type": "A", "$patch": "delete"}]}), &["B=2"]),
        (
            &["A=1", "B=2"],
            json!({"conditions": [{"$patch": "replace"}, {"type": "C", "status": "3"}]}),
            &["C=3"],
        ),
        (
            &["A=1", "B=2", "C=3"],
            json!({"$setElementOrder/conditions": [{"type": "C"}, {"type": "A"}], "conditions": [{"type": "A", "status": "9"}]}),
            &["B=2", "C=3", "A=9"],
        ),
        (&["A=1"], json!({"conditions": [{"type": "A", "status": null}]}), &["A=-"]),
    ] {
        let merged = conditions(object, &patch);
        assert_eq!(merged.unwrap(), result, "{object:?} with {patch}");
    }
}

#[test]
fn owner_references_are_merged_by_uid() {
    let owner = |name: &str, uid: &str| json!({"name": name, "uid": uid});
    let object = json!({"metadata": {"ownerReferences": [owner("a", "1"), owner("b", "2")]}});
    let patch = json!({"metadata": {"ownerReferences": [{"uid": "2", "controller": true}, owner("c", "3")]}});
    let merged = config_map(&object, &patch);
    let expected = json!([owner("a", "1"), {"name": "b", "uid": "2", "controller": true}, owner("c", "3")]);
    assert_eq!(merged["metadata"]["ownerReferences"], expected);
}

/// A list without a strategy is replaced, as the versions of a definition are.
#[test]
fn other_lists_are_replaced() {
    let object = json!({"spec": {"versions": [{"name": "v1"}], "names": {"shortNames": ["a"]}}});
    let patch = json!({"spec": {"versions": [{"name": "v2"}], "names": {"shortNames": ["b"]}}});
    assert_eq!(patched(of("apiextensions/v1.CustomResourceDefinition"), &object, &patch), Ok(patch));
}

/// Codes and messages of the real server for the same patches.
#[test]
fn directives_that_make_no_sense_are_refused() {
    let object = json!({
        "metadata": {"finalizers": ["a"], "ownerReferences": [{"name": "n", "uid": "1"}]}, "data": {"a": "1"},
    });
    for (patch, code, message) in [
        (json!([]), 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (json!({"$patch": "merge"}), 500, "unknown patch type: merge in map: map[$patch:merge]"),
        (json!({"$retainKeys": ["metadata"], "data": {}}), 400, "invalid patch format of retainKeys"),
        (json!({"$retainKeys": "x"}), 400, "invalid patch format of retainKeys"),
        (
            json!({"metadata": {"$deleteFromPrimitiveList": ["a"]}}),
            400,
            "invalid patch format of primitive list",
        ),
        (
            json!({"metadata": {"$setElementOrder": ["a"]}}),
            400,
            "invalid patch format of setElementOrder list",
        ),
        (
            json!({"metadata": {"$setElementOrder/finalizers": "a"}}),
            500,
            "expected a []interface {}, but received a string",
        ),
        (
            json!({"metadata": {"$setElementOrder/none": ["a"], "none": ["a"]}}),
            500,
            "unable to find api field in struct ObjectMeta for the json field \"none\"",
        ),
        (
            json!({"metadata": {"ownerReferences": [{"name": "x"}]}}),
            500,
            "map: map[name:x] does not contain declared merge key: uid",
        ),
        (
            json!({"metadata": {"ownerReferences": [{"uid": "1", "$patch": "merge"}]}}),
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        (
            json!({"metadata": {"finalizers": ["b", 1]}}),
            500,
            "list element types are not identical: [[a] [b 1]]",
        ),
        (
            json!({"metadata": {"$setElementOrder/finalizers": ["a"], "finalizers": ["b"]}}),
            500,
            "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n",
        ),
    ] {
        let refused = patched(of("core/v1.ConfigMap"), &object, &patch);
        assert_eq!(refused, Err((code, message.to_owned())), "{patch}");
    }
}

/// The messages of a failed conversion show the patch without the directives that were followed.
#[test]
fn what_is_left_of_a_patch_has_no_directives() {
    let body = json!({
        "$retainKeys": ["metadata", "data"], "data": {"a": 5},
        "metadata": {"$setElementOrder/finalizers": ["a"], "finalizers": ["a"], "labels": {"x": "y"}},
    });
    let (patch, _) = StrategicPatch::parse(body.to_string().as_bytes()).unwrap();
    let (merged, rest) = patch.apply(&Map::new(), of("core/v1.ConfigMap")).unwrap();
    assert_eq!(merged["data"], json!({"a": 5}));
    let shown = gotext::value(&Value::Object(rest));
    assert!(!shown.contains("$retainKeys"), "{shown}");
    assert!(shown.starts_with("map[data:map[a:5] metadata:map["), "{shown}");
}

/// As long as a body may be, and both lists at once: each item is looked up, not searched for.
#[test]
fn long_lists_are_merged_without_searching_them() {
    let list = |start: usize| (start..start + 20_000).map(|n| format!("example.com/{n}")).collect::<Vec<_>>();
    let owners =
        |start: usize| (start..start + 20_000).map(|n| json!({"uid": n.to_string()})).collect::<Value>();
    let object = json!({"metadata": {"finalizers": list(0), "ownerReferences": owners(0)}});
    let patch = json!({"metadata": {
        "$setElementOrder/finalizers": list(10_000), "finalizers": list(10_000), "ownerReferences": owners(10_000),
    }});
    let merged = config_map(&object, &patch);
    assert_eq!(merged["metadata"]["finalizers"].as_array().map(Vec::len), Some(30_000));
    assert_eq!(merged["metadata"]["ownerReferences"].as_array().map(Vec::len), Some(30_000));
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-e]", 0..5).prop_map(|set| set.into_iter().collect()).prop_shuffle()
}

fn object() -> impl Strategy<Value = Value> {
    (texts(), prop::collection::btree_map("[a-c]", "[xyz]", 0..3))
        .prop_map(|(finalizers, data)| json!({"metadata": {"finalizers": finalizers}, "data": data}))
}

proptest! {
    #[test]
    fn a_patch_twice_is_the_patch_once(object in object(), patch in object()) {
        let once = config_map(&object, &patch);
        prop_assert_eq!(config_map(&once, &patch), once);
    }

    /// The patch's items are all there and in its order, and so are the server's among themselves.
    #[test]
    fn a_merged_list_has_both_lists_in_their_order(server in texts(), given in texts()) {
        let list: Vec<&str> = server.iter().map(String::as_str).collect();
        let merged = finalizers(&list, &json!({"finalizers": given}));
        let merged: Vec<String> = serde_json::from_value(merged).unwrap();
        let of = |wanted: &[String]| merged.iter().filter(|item| wanted.contains(item)).cloned().collect::<Vec<_>>();
        prop_assert_eq!(&of(&given), &given);
        let others: Vec<String> = server.iter().filter(|item| !given.contains(item)).cloned().collect();
        prop_assert_eq!(of(&others), others);
        prop_assert_eq!(merged.len(), server.len() + given.iter().filter(|item| !server.contains(item)).count());
    }

    /// What kubectl apply sends to make one list another.
    #[test]
    fn a_patch_with_deletions_and_an_order_makes_the_wanted_list(server in texts(), wanted in texts()) {
        prop_assume!(!server.is_empty());
        let list: Vec<&str> = server.iter().map(String::as_str).collect();
        let gone: Vec<&String> = server.iter().filter(|item| !wanted.contains(item)).collect();
        let new: Vec<&String> = wanted.iter().filter(|item| !server.contains(item)).collect();
        let mut patch = json!({"$setElementOrder/finalizers": wanted});
        if !gone.is_empty() {
            patch["$deleteFromPrimitiveList/finalizers"] = json!(gone);
        }
        if !new.is_empty() {
            patch["finalizers"] = json!(new);
        }
        prop_assert_eq!(finalizers(&list, &patch), json!(wanted));
    }

    #[test]
    fn no_body_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..64), object in object()) {
        if let Ok((patch, _)) = StrategicPatch::parse(&body) {
            let _ = patch.apply(object.as_object().unwrap(), of("core/v1.ConfigMap"));
        }
    }
}
