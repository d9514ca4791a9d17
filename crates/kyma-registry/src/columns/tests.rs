use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn cell(kind: &str, path: &str, object: &Value) -> Value {
    let column = Column::from_definition(&json!({"name": "C", "type": kind, "jsonPath": path})).unwrap();
    column.cell(object.as_object().unwrap(), "2026-01-02T00:00:00Z".parse().unwrap())
}

/// Each cell is what the real table convertor gives.
#[test]
fn cells_show_what_the_path_finds() {
    let object = json!({
        "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"a.b/c": "x"}},
        "spec": {"n": 3, "f": 2.7, "big": 1e6, "ok": true, "list": [{"name": "p"}, {"name": "<q>", "n": 4}]},
        "status": {
            "status": "success", "waitingFor": ["istio", "ory"], "none": null, "empty": [],
            "conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
    });
    for (kind, path, shown) in [
        ("string", ".status.status", json!("success")),
        ("string", ".status.waitingFor", json!("[\"istio\",\"ory\"]")),
        ("string", ".status.empty", json!("[]")),
        ("string", ".status.missing", Value::Null),
        ("string", ".status.missing.deeper", Value::Null),
        ("string", ".status.none", json!("<no value>")),
        ("string", ".spec.n", json!("3")),
        ("string", ".spec.f", json!("2.7")),
        ("string", ".spec.big", json!("1e+06")),
        ("string", ".spec.ok", json!("true")),
        ("string", ".spec.list[1]", json!("{\"n\":4,\"name\":\"\\u003cq\\u003e\"}")),
        ("string", ".spec.list[1].name", json!("<q>")),
        ("string", ".spec.list[-1].name", json!("<q>")),
        ("string", ".spec.list[9].name", Value::Null),
        ("string", ".spec.list[*].name", json!("p")),
        ("string", ".spec.list[1:].name", json!("<q>")),
        ("string", ".spec.list[1,0].name", json!("<q>")),
        ("string", ".spec['ok']", json!("true")),
        ("string", ".metadata.labels['a.b/c']", Value::Null),
        ("string", ".metadata.labels['a\\.b/c']", json!("x")),
        ("string", ".metadata.labels.a\\.b/c", json!("x")),
        ("string", "..status.status", json!("success")),
        ("string", ".status.conditions[?(@.type==\"Ready\")].status", json!("True")),
        ("string", ".status.conditions[?(@.type=='Gone')].status", Value::Null),
        ("string", ".status.conditions[?(@.type!=\"A\")].status", json!("True")),
        ("string", ".spec.list[?(@.n>3)].name", json!("<q>")),
        ("string", ".spec.list[?(@.n)].name", json!("<q>")),
        ("string", ".spec.ok[?(@.n)]", Value::Null),
        ("integer", ".spec.n", json!(3)),
        ("integer", ".spec.f", json!(2)),
        ("integer", ".status.status", Value::Null),
        ("number", ".spec.f", json!(2.7)),
        ("number", ".spec.n", json!(3.0)),
        ("boolean", ".spec.ok", json!(true)),
        ("boolean", ".spec.n", Value::Null),
        ("date", ".metadata.creationTimestamp", json!("24h")),
        ("date", ".status.status", json!("<invalid>")),
        ("date", ".spec.n", Value::Null),
    ] {
        assert_eq!(cell(kind, path, &object), shown, "{kind} {path}");
    }
    assert_eq!(cell("date", ".a", &json!({"a": ""})), "<unknown>");
}

#[test]
fn paths_that_are_none_are_refused() {
    for path in [".spec[", ".spec[x]", ".spec[?(@.a", "....", ".a[\"b\"]", ".a['b\n']", ".a[?(@.b=="] {
        assert!(JsonPath::parse(path).is_err(), "{path}");
    }
    for path in ["", ".", ".spec", "spec", ".a#", ".a!b!", "...", ".a}{.b"] {
        assert!(JsonPath::parse(path).is_ok(), "{path}");
    }
    let error = Column::from_definition(&json!({"jsonPath": ".spec[\"x\"]"})).unwrap_err();
    assert_eq!(error.to_string(), r#"unrecognized column definition ".spec[\"x\"]""#);
}

#[test]
fn a_column_without_a_description_names_its_path() {
    let column = Column::from_definition(&json!({"name": "A", "jsonPath": ".a", "priority": 1})).unwrap();
    assert_eq!(column.description, "Custom resource definition column (in JSONPath format): .a");
    assert_eq!((column.name.as_str(), column.priority), ("A", 1));
}

/// Expected texts are those of `ValidateCustomResourceColumnDefinition`.
#[test]
fn definitions_of_columns_are_checked() {
    let path = Path::new("spec").child("additionalPrinterColumns").index(0);
    let texts = |definition: Value| -> Vec<String> {
        let errors = Column::validate(&definition, &path);
        errors.iter().map(|error| error.to_string().split_off(path.to_string().len() + 1)).collect()
    };
    assert!(texts(json!({"name": "A", "type": "date", "format": "int32", "jsonPath": ".a"})).is_empty());
    assert_eq!(
        texts(json!({})),
        [
            "name: Required value",
            "type: Required value: must be one of boolean,date,integer,number,string",
            "JSONPath: Required value",
        ]
    );
    assert_eq!(
        texts(json!({"name": "A", "type": "x", "format": "y", "jsonPath": "a"})),
        [
            "type: Invalid value: \"x\": must be one of boolean,date,integer,number,string",
            "format: Invalid value: \"y\": must be one of byte,date,date-time,double,float,int32,int64,password",
            "JSONPath: Invalid value: \"a\": must be a simple json path starting with .",
        ]
    );
}

#[test]
fn ages_have_two_or_three_figures() {
    for (seconds, shown) in [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (600, "10m"),
        (179 * 60, "179m"),
        (180 * 60, "3h"),
        (181 * 60, "3h1m"),
        (8 * 3600, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (731 * 86400, "2y1d"),
        (8 * 365 * 86400, "8y"),
    ] {
        assert_eq!(human_duration(SignedDuration::from_secs(seconds)), shown, "{seconds}");
    }
    let now = "2026-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(human_age("", now), "<unknown>");
    assert_eq!(human_age("0001-01-01T00:00:00Z", now), "<unknown>");
    assert_eq!(human_age("1000-01-01T00:00:00Z", now), "292y");
    assert_eq!(human_age("2026-01-01T23:59:00Z", now), "60s");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), (0..3i64).prop_map(Value::from), "[ab]".prop_map(Value::from)];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_path_makes_reading_or_walking_panic(path in "[.ab\\[\\]?()@='\"*0-9\\\\:,{} -]{0,16}", object in value()) {
        let definition = json!({"name": "C", "type": "string", "jsonPath": path});
        if let (Ok(column), Some(object)) = (Column::from_definition(&definition), object.as_object()) {
            column.cell(object, Timestamp::UNIX_EPOCH);
        }
    }
}
