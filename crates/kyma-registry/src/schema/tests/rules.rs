//! CEL rules. What the expressions themselves do is for kyma-cel's tests.

use serde_json::{Value, json};

use super::compile::refused;
use super::{object_of, schema_of, texts};

fn spec(rules: &Value) -> Value {
    json!({"type": "object", "x-kubernetes-validations": rules, "properties": {
        "min": {"type": "integer"}, "max": {"type": "integer"},
        "rows": {"type": "array", "maxItems": 10, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"],
            "items": {"type": "object", "required": ["key"], "properties": {
                "key": {"type": "string", "maxLength": 10},
                "value": {"type": "string", "maxLength": 10, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}}},
    }})
}

fn errors(rules: &Value, new: &Value, old: Option<&Value>) -> Vec<String> {
    let schema = schema_of(&spec(rules));
    let new = object_of(new.clone());
    let found = match old {
        Some(old) => schema.validate_update(&new, &object_of(old.clone()), Vec::new()),
        None => schema.validate(&new, Vec::new()),
    };
    texts(&found.errors)
}

#[test]
fn a_rule_that_does_not_hold_is_an_error_with_its_message() {
    let rules = json!([{"rule": "self.min <= self.max"}]);
    assert_eq!(errors(&rules, &json!({"min": 1, "max": 2}), None), [""; 0]);
    let found = errors(&rules, &json!({"min": 3, "max": 2}), None);
    assert_eq!(found, ["spec: Invalid value: failed rule: self.min <= self.max"]);
    let found = errors(&rules, &json!({"min": 3}), None);
    assert_eq!(
        found,
        ["spec: Invalid value: \"object\": no such key: max evaluating rule: self.min <= self.max"]
    );
    let rules = json!([{
        "rule": "self.min <= self.max", "message": "too little", "fieldPath": ".max", "reason": "FieldValueForbidden",
        "messageExpression": "self.min > 2 ? 'at least three' : 'at least one'",
    }]);
    assert_eq!(errors(&rules, &json!({"min": 3, "max": 2}), None), ["spec.max: Forbidden: at least three"]);
}

#[test]
fn transition_rules_compare_what_is_the_same_before_and_after() {
    let none = json!([]);
    let rows = |value: &str| json!({"rows": [{"key": "b", "value": "x"}, {"key": "a", "value": value}]});
    let before = json!({"rows": [{"key": "a", "value": "1"}]});
    assert_eq!(errors(&none, &rows("2"), None), [""; 0]);
    assert_eq!(errors(&none, &rows("1"), Some(&before)), [""; 0]);
    assert_eq!(
        errors(&none, &rows("2"), Some(&before)),
        ["spec.rows[1].value: Invalid value: \"2\": failed rule: self == oldSelf"]
    );
}

#[test]
fn what_has_not_changed_is_only_warned_of() {
    let schema = schema_of(&spec(&json!([{"rule": "self.min <= self.max"}])));
    let wrong = object_of(json!({"min": 3, "max": 2}));
    let found = schema.validate_update(&wrong, &wrong, Vec::new());
    assert_eq!(texts(&found.errors), [""; 0]);
    assert_eq!(found.warnings, ["spec: Invalid value: failed rule: self.min <= self.max"]);
}

#[test]
fn other_faults_come_first() {
    let found = errors(&json!([{"rule": "self.min <= self.max"}]), &json!({"min": "x"}), None);
    assert_eq!(
        found,
        [
            "spec.min: Invalid value: \"string\": spec.min in body must be of type integer: \"string\"",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the \
             existing errors to complete validation",
        ]
    );
}

#[test]
fn rules_that_make_no_sense_are_refused_with_the_schema() {
    let found = |rule: Value| refused(&spec(&json!([rule])));
    assert_eq!(
        found(json!({"rule": " "})),
        ["x-kubernetes-validations[0].rule: Required value: rule is not specified"]
    );
    let text = found(json!({"rule": "self.none == 1"})).join("\n");
    assert!(text.contains("compilation failed: ERROR: <input>:1:5: undefined field 'none'"), "{text}");
    let text = found(json!({"rule": "self.min"})).join("\n");
    assert!(text.ends_with("cel expression must evaluate to a bool"), "{text}");
    let text = found(json!({"rule": "true", "fieldPath": ".no", "reason": "Odd", "optionalOldSelf": true}))
        .join("\n");
    assert!(text.contains("must be a valid path") && text.contains("Unsupported value: \"Odd\""), "{text}");
}
