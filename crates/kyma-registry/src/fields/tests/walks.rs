use serde_json::{Value, json};

use super::super::element::{Datum, Element};
use super::super::{check, codec, compare, extract, merge, reconcile, remove};
use super::*;

#[test]
fn sets_are_written_in_upstreams_order_and_read_in_any() {
    for (written, canonical) in [
        (r#"{"f:b":{},"f:a":{}}"#, r#"{"f:a":{},"f:b":{}}"#),
        (r#"{"f:a":{".":{},"f:b":{}}}"#, r#"{"f:a":{".":{},"f:b":{}}}"#),
        (r#"{"f:a":{".":{}}}"#, r#"{"f:a":{}}"#),
        (r#"{"v:2":{},"v:10":{},"f:z":{}}"#, r#"{"f:z":{},"v:2":{},"v:10":{}}"#),
        (
            r#"{"f:p":{"k:{\"port\":443}":{},"k:{\"port\":80}":{".":{},"f:x":{}}}}"#,
            r#"{"f:p":{"k:{\"port\":80}":{".":{},"f:x":{}},"k:{\"port\":443}":{}}}"#,
        ),
        (r#"{"k:{\"b\":1,\"a\":\"x\"}":{}}"#, r#"{"k:{\"a\":\"x\",\"b\":1}":{}}"#),
        (r#"{"i:3":{},"i:1":{}}"#, r#"{"i:1":{},"i:3":{}}"#),
        (r#"{"f:a":{},"f:a":{"f:b":{}}}"#, r#"{"f:a":{".":{},"f:b":{}}}"#),
        (r#"{"x:later":{"f:a":{}},"f:a":{}}"#, r#"{"f:a":{}}"#),
        (r#"{"f:with \"quotes\"":{}}"#, r#"{"f:with \"quotes\"":{}}"#),
        (r#"{"v:\"a<b\"":{}}"#, r#"{"v:\"a\\u003cb\"":{}}"#),
        ("{}", "{}"),
    ] {
        assert_eq!(text(&codec::decode(written).unwrap()), canonical, "{written}");
    }
    for broken in [
        "",
        "[]",
        "1",
        r#"{"f":{}}"#,
        r#"{"fa":{}}"#,
        r#"{"k:x":{}}"#,
        r#"{"i:x":{}}"#,
        r#"{"f:a":1}"#,
        "{} {}",
    ] {
        assert!(codec::decode(broken).is_err(), "{broken}");
    }
}

#[test]
fn the_sets_of_custom_resources_are_in_the_order_of_go_maps() {
    let set = codec::decode(r#"{"f:p":{"k:{\"port\":80}":{".":{}},"k:{\"port\":443}":{"i:1":{},"f:a":{}}}}"#)
        .unwrap();
    let mut out = String::new();
    codec::encode(&set, codec::Order::Texts, &mut out);
    assert_eq!(out, r#"{"f:p":{"k:{\"port\":443}":{"f:a":{},"i:1":{}},"k:{\"port\":80}":{}}}"#);
}

#[test]
fn elements_are_shown_as_in_gos_messages() {
    for (element, shown) in [
        (Element::Field("a".into()), ".a"),
        (Element::Value(Datum::Text("a\"b".into())), r#"[="a\"b"]"#),
        (Element::Value(Datum::Float(2_097_152.0)), "[=2.097152e+06]"),
        (Element::Value(Datum::Integer(2_097_152)), "[=2097152]"),
        (
            Element::Key([("a".into(), Datum::Integer(80)), ("b".into(), Datum::Bool(true))].into()),
            "[a=80,b=true]",
        ),
        (Element::Index(3), "[3]"),
    ] {
        assert_eq!(element.to_string(), shown);
    }
}

#[test]
fn what_an_object_holds_depends_on_the_schema() {
    let schema = schema();
    for (spec, fields) in [
        (json!({"text": "x", "count": 1}), r#"{"f:count":{},"f:text":{}}"#),
        (json!({"map": {"a": "1"}}), r#"{"f:map":{"f:a":{}}}"#),
        (json!({"map": {}}), r#"{"f:map":{}}"#),
        (json!({"atom": {"a": "1"}}), r#"{"f:atom":{}}"#),
        (json!({"list": [1, 2]}), r#"{"f:list":{}}"#),
        (json!({"set": ["b", "a"]}), r#"{"f:set":{"v:\"a\"":{},"v:\"b\"":{}}}"#),
        (
            json!({"ports": [{"port": 80, "value": "v"}]}),
            r#"{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:value":{}}}}"#,
        ),
        (json!({"free": {"a": {"b": [1]}}}), r#"{"f:free":{"f:a":{".":{},"f:b":{}}}}"#),
        (json!({"nested": {"deep": {"x": "1"}}}), r#"{"f:nested":{"f:deep":{"f:x":{}}}}"#),
        (json!({"text": null}), r#"{"f:text":{}}"#),
        (json!({"either": "1"}), r#"{"f:either":{}}"#),
        (json!({"set": ["a", "a", "b"]}), r#"{"f:set":{"v:\"a\"":{},"v:\"b\"":{}}}"#),
    ] {
        let object = object(json!({"spec": spec}));
        let set = extract::fields(&object, place(&schema));
        assert_eq!(text(&set), format!(r#"{{"f:spec":{fields}}}"#), "{spec}");
    }
}

#[test]
fn changes_are_added_modified_or_removed() {
    let schema = schema();
    for (old, new, added, modified, removed) in [
        (json!({"text": "x"}), json!({"text": "y"}), "{}", r#"{"f:text":{}}"#, "{}"),
        (json!({}), json!({"map": {"a": "1"}}), r#"{"f:map":{".":{},"f:a":{}}}"#, "{}", "{}"),
        (json!({"map": {"a": "1"}}), json!({"map": {}}), "{}", "{}", r#"{"f:map":{"f:a":{}}}"#),
        (json!({"map": {}}), json!({}), "{}", "{}", r#"{"f:map":{}}"#),
        (
            json!({"set": ["a", "b"]}),
            json!({"set": ["b", "c"]}),
            r#"{"f:set":{"v:\"c\"":{}}}"#,
            "{}",
            r#"{"f:set":{"v:\"a\"":{}}}"#,
        ),
        (json!({"list": [1]}), json!({"list": [2]}), "{}", r#"{"f:list":{}}"#, "{}"),
        (json!({"count": 1}), json!({"count": 1.0}), "{}", "{}", "{}"),
        (
            json!({"ports": [{"port": 1, "value": "a"}]}),
            json!({"ports": [{"port": 1, "value": "b", "protocol": "TCP"}]}),
            r#"{"f:ports":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{"f:protocol":{}}}}"#,
            r#"{"f:ports":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{"f:value":{}}}}"#,
            "{}",
        ),
        (
            json!({"set": ["a"]}),
            json!({"set": ["a", "a"]}),
            r#"{"f:set":{"v:\"a\"":{}}}"#,
            "{}",
            r#"{"f:set":{"v:\"a\"":{}}}"#,
        ),
        (
            json!({"free": {"a": 1}}),
            json!({"free": {"a": {"b": 1}}}),
            r#"{"f:free":{"f:a":{"f:b":{}}}}"#,
            r#"{"f:free":{"f:a":{}}}"#,
            "{}",
        ),
    ] {
        let (a, b) = (object(json!({"spec": old})), object(json!({"spec": new})));
        let difference = compare::objects(&a, &b, place(&schema));
        let shown = |set| match text(set).as_str() {
            "{}" => "{}".to_owned(),
            other => other.trim_start_matches(r#"{"f:spec":"#).strip_suffix('}').unwrap().to_owned(),
        };
        assert_eq!(
            [shown(&difference.added), shown(&difference.modified), shown(&difference.removed)],
            [added, modified, removed],
            "{old} to {new}"
        );
    }
}

/// Orders that `typed/merge_test.go` expects of sets.
#[test]
fn merged_lists_keep_the_order_of_both_sides() {
    let schema = schema();
    for (live, config, merged) in [
        ("abcd", "", "abcd"),
        ("", "abc", "abc"),
        ("abc", "cba", "cba"),
        ("abcde", "be", "abcde"),
        ("abcde", "ec", "abdec"),
        ("acd", "abc", "abcd"),
        ("ab", "xa", "xab"),
    ] {
        let list = |letters: &str| {
            object(json!({"spec": {"set": letters.chars().map(String::from).collect::<Vec<_>>()}}))
        };
        let all = merge::objects(&list(live), &list(config), place(&schema));
        let items: String = all["spec"]["set"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(items, merged, "{live} with {config}");
    }
}

#[test]
fn a_merge_adds_and_replaces() {
    let schema = schema();
    for (live, config, merged) in [
        (json!({"text": "a", "count": 1}), json!({"text": "b"}), json!({"text": "b", "count": 1})),
        (json!({"map": {"a": "1"}}), json!({"map": {"b": "2"}}), json!({"map": {"a": "1", "b": "2"}})),
        (json!({"atom": {"a": "1"}}), json!({"atom": {"b": "2"}}), json!({"atom": {"b": "2"}})),
        (json!({"list": [1, 2]}), json!({"list": [3]}), json!({"list": [3]})),
        (json!({"map": {"a": "1"}}), json!({"map": {}}), json!({"map": {"a": "1"}})),
        (json!({"free": {"a": 1}}), json!({"free": {"a": {"b": 2}}}), json!({"free": {"a": {"b": 2}}})),
        (
            json!({"ports": [{"port": 1, "value": "a"}, {"port": 2}]}),
            json!({"ports": [{"port": 2, "value": "b", "protocol": "TCP"}]}),
            json!({"ports": [{"port": 1, "value": "a"}, {"port": 2, "value": "b", "protocol": "TCP"}]}),
        ),
    ] {
        let of = |spec: &Value| object(json!({"spec": spec}));
        let all = merge::objects(&of(&live), &of(&config), place(&schema));
        assert_eq!(all["spec"], merged, "{live} with {config}");
    }
}

#[test]
fn removal_takes_members_and_items_but_no_part_of_an_atom() {
    let schema = schema();
    for (spec, gone, left) in [
        (json!({"text": "a", "count": 1}), r#"{"f:text":{}}"#, json!({"count": 1})),
        (json!({"set": ["a", "b"]}), r#"{"f:set":{"v:\"a\"":{}}}"#, json!({"set": ["b"]})),
        (json!({"set": ["a"], "count": 1}), r#"{"f:set":{"v:\"a\"":{}}}"#, json!({"set": null, "count": 1})),
        (json!({"atom": {"a": "1"}, "count": 1}), r#"{"f:atom":{}}"#, json!({"count": 1})),
        (
            json!({"ports": [{"port": 1, "value": "a"}, {"port": 2}]}),
            r#"{"f:ports":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{"f:value":{}}}}"#,
            json!({"ports": [{"port": 1}, {"port": 2}]}),
        ),
    ] {
        let (whole, gone) = (object(json!({"spec": spec})), format!(r#"{{"f:spec":{gone}}}"#));
        let rest = remove::objects(&whole, &codec::decode(&gone).unwrap(), place(&schema));
        assert_eq!(rest["spec"], left, "{spec} without {gone}");
    }
}

/// Messages of the real server.
#[test]
fn what_does_not_fit_is_named_in_gos_words() {
    let schema = schema();
    for (spec, problem) in [
        (json!({"text": 1}), ".spec.text: expected string, got &value.valueUnstructured{Value:1}"),
        (
            json!({"text": [1]}),
            ".spec.text: expected string, got &value.valueUnstructured{Value:[]interface {}{1}}",
        ),
        (json!({"count": "x"}), ".spec.count: expected numeric (int or float), got string"),
        (json!({"map": "x"}), ".spec.map: expected map, got &{x}"),
        (json!({"map": []}), ".spec.map: expected map, got &{[]}"),
        (json!({"set": "x"}), ".spec.set: expected list, got &{x}"),
        (json!({"other": 1}), ".spec.other: field not declared in schema"),
        (json!({"set": ["a", "a"]}), r#".spec.set: duplicate entries for key [="a"]"#),
        (
            json!({"ports": [{"port": 1}, {"port": 1}]}),
            r#".spec.ports: duplicate entries for key [port=1,protocol="TCP"]"#,
        ),
        (
            json!({"set": [null]}),
            ".spec.set: element 0: associative list without keys has an element that's an explicit null",
        ),
        (
            json!({"count": "x", "text": 1}),
            "errors:\n  .spec.count: expected numeric (int or float), got string\n  .spec.text: expected string, got \
             &value.valueUnstructured{Value:1}",
        ),
    ] {
        let whole = object(json!({"spec": spec}));
        assert_eq!(check::problem(&whole, place(&schema)).as_deref(), Some(problem), "{spec}");
    }
}

#[test]
fn what_has_become_atomic_is_owned_whole() {
    let schema = schema();
    for (before, after) in [
        (r#"{"f:spec":{"f:atom":{".":{},"f:a":{}}}}"#, r#"{"f:spec":{"f:atom":{}}}"#),
        (r#"{"f:spec":{"f:list":{"v:1":{}}}}"#, r#"{"f:spec":{"f:list":{}}}"#),
        (r#"{"f:spec":{"f:atom":{}}}"#, r#"{"f:spec":{"f:atom":{}}}"#),
        (r#"{"f:spec":{"f:free":{"f:a":{"f:b":{}}}}}"#, r#"{"f:spec":{"f:free":{"f:a":{"f:b":{}}}}}"#),
        (r#"{"f:spec":{"f:gone":{"f:b":{}}}}"#, r#"{"f:spec":{"f:gone":{"f:b":{}}}}"#),
    ] {
        let mut set = codec::decode(before).unwrap();
        assert_eq!(reconcile::set(&mut set, place(&schema)), before != after);
        assert_eq!(text(&set), after);
    }
}
