use serde_json::{Value, json};

use super::to_yaml;

/// What `sigs.k8s.io/yaml` 1.6.0 printed: `in` is the value, `out` the text.
const FIXTURES: &str = include_str!("fixtures.jsonl");

#[test]
fn values_are_printed_as_go_prints_them() {
    let mut count = 0;
    for line in FIXTURES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        assert_eq!(to_yaml(&case["in"]), case["out"].as_str().unwrap(), "{line}");
        count += 1;
    }
    assert!(count >= 300, "{count} fixtures");
}

#[test]
fn an_object_reads_as_from_the_server() {
    let object = json!({
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "a", "managedFields": [{"fieldsV1": {"f:data": {".": {}, "f:x": {}}}, "manager": "m"}]},
        "data": {"b10": "yes", "b9": "1", "script": "set -e\n\necho hi\n", "": " padded", "y": "~"},
        "finalizers": [],
    });
    let expected = "\
apiVersion: v1
data:
  \"\": ' padded'
  b9: \"1\"
  b10: \"yes\"
  script: |
    set -e

    echo hi
  \"y\": \"~\"
finalizers: []
kind: ConfigMap
metadata:
  managedFields:
  - fieldsV1:
      f:data:
        .: {}
        f:x: {}
    manager: m
  name: a
";
    assert_eq!(to_yaml(&object), expected);
}

#[test]
fn what_is_folded_is_read_back_as_it_was() {
    for text in
        ["word ".repeat(40) + "end", "it's ".repeat(40) + ": end", "\t".to_owned() + &"word ".repeat(40)]
    {
        let printed = to_yaml(&json!({"a": [{"b": &text}]}));
        assert!(printed.lines().count() > 3, "{printed}");
        let read: Value = serde_saphyr::from_str(&printed).unwrap();
        assert_eq!(read["a"][0]["b"], text);
    }
}

#[test]
fn keys_without_a_total_order_are_no_panic() {
    // Each is in front of the next one, and the last in front of the first.
    let cycle = ["a2", "a10", "a1b"];
    let keys: Vec<String> =
        (0..200).map(|n| format!("{}{n}", cycle[n % 3])).chain(cycle.map(str::to_owned)).collect();
    let object: Value =
        keys.iter().map(|key| (key.clone(), json!(1))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(to_yaml(&object).lines().count(), keys.len());
}
