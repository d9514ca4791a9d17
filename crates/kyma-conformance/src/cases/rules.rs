//! CEL rules of custom resources (`x-kubernetes-validations`).

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::{MERGE, query};
use crate::context::{Context, DEFINITIONS};
use crate::fixture::{Kind, definition};

cases! {
    "rules/hold-or-refuse" => hold_or_refuse,
    "rules/messages-reasons-and-paths" => messages,
    "rules/without-a-value" => without_a_value,
    "rules/transitions" => transitions,
    "rules/optional-old-self" => optional_old_self,
    "rules/what-has-not-changed" => unchanged,
    "rules/other-faults-first" => other_faults_first,
    "rules/of-the-root" => of_the_root,
    "rules/of-items-and-values" => of_items_and_values,
    "rules/on-status" => on_status,
    "rules/faults-of-a-rule" => faults_of_a_rule,
    "rules/faults-of-an-expression" => faults_of_an_expression,
    "rules/costs" => costs,
    "rules/libraries" => libraries,
}

const INVALID: &str = "FieldValueInvalid";

fn schema(rules: &Value) -> Value {
    let short = json!({"type": "string", "maxLength": 20});
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "x-kubernetes-validations": rules, "properties": {
            "min": {"type": "integer"}, "max": {"type": "integer"}, "text": short, "class": short, "either": {"x-kubernetes-int-or-string": true},
            "when": {"type": "string", "format": "date-time"},
            "list": {"type": "array", "maxItems": 5, "items": short},
        }},
        "status": {"type": "object", "properties": {"phase": short}},
    }})
}

async fn ruled(cx: &Context, rules: Value) -> Outcome<Kind> {
    cx.install(&definition(&cx.group(), "Thing", &schema(&rules))).await
}

async fn hold_or_refuse(cx: &Context) -> Outcome {
    let things = ruled(cx, json!([{"rule": "self.min <= self.max"}])).await?;
    let refused = cx.post(&things.path(), &things.object("a", &json!({"min": 2, "max": 1}))).await?;
    refused.invalid(&[(INVALID, "spec", "Invalid value: failed rule: self.min <= self.max")])?;
    cx.post(&things.path(), &things.object("a", &json!({"min": 1, "max": 2}))).await?.created()?;
    let item = things.item("a");
    let refused = cx.patch(&item, MERGE, &json!({"spec": {"min": 3}})).await?;
    refused.invalid(&[(INVALID, "spec", "Invalid value: failed rule: self.min <= self.max")])?;
    cx.patch(&item, MERGE, &json!({"spec": {"min": 2}})).await?.ok().map(drop)
}

async fn messages(cx: &Context) -> Outcome {
    let things = ruled(
        cx,
        json!([
            {"rule": "!has(self.min) || self.min > 0", "message": " too small ", "fieldPath": ".min"},
            {"rule": "!has(self.min) || self.min > 1", "reason": "FieldValueForbidden", "message": "not that"},
            {"rule": "!has(self.min) || self.min > 2", "reason": "FieldValueRequired", "message": "more of it"},
            {"rule": "!has(self.min) || self.min > 3", "reason": "FieldValueDuplicate", "message": "again"},
            {"rule": "!has(self.text) || self.text != 'a'", "messageExpression": "'no ' + self.text + ' here'"},
            {"rule": "!has(self.text) || self.text != 'a'", "message": "the other", "messageExpression": "self.class"},
        ]),
    )
    .await?;
    let answer = cx.post(&things.path(), &things.object("a", &json!({"min": 0, "text": "a"}))).await?;
    answer.invalid(&[
        (INVALID, "spec.min", "Invalid value: too small"),
        ("FieldValueForbidden", "spec", "Forbidden: not that"),
        ("FieldValueRequired", "spec", "Required value: more of it"),
        ("FieldValueDuplicate", "spec", "Duplicate value"),
        (INVALID, "spec", "Invalid value: no a here"),
        (INVALID, "spec", "Invalid value: the other"),
    ])
}

async fn without_a_value(cx: &Context) -> Outcome {
    let things = ruled(
        cx,
        json!([
            {"rule": "self.min > 0"},
            {"rule": "self.list[3] == 'x'", "message": "the fourth"},
            {"rule": "type(self.either) == int ? self.either + 1 > 0 : self.either > 0"},
            {"rule": "has(self.max) && 10 / self.max > 1"},
        ]),
    )
    .await?;
    let spec = json!({"list": ["a"], "either": "x", "max": 0});
    cx.post(&things.path(), &things.object("a", &spec)).await?.invalid(&[
        (INVALID, "spec", "Invalid value: \"object\": no such key: min evaluating rule: self.min > 0"),
        (INVALID, "spec", "Invalid value: \"object\": index out of bounds: 3 evaluating rule: the fourth"),
        (
            INVALID,
            "spec",
            "Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function or \
             macro signature for rule: type(self.either) == int ? self.either + 1 > 0 : self.either > 0",
        ),
        (INVALID, "spec", "Invalid value: \"object\": division by zero evaluating rule: has(self.max) && 10 / self.max > 1"),
    ])
}

async fn transitions(cx: &Context) -> Outcome {
    let things = ruled(cx, json!([{"rule": "self.min >= oldSelf.min", "message": "never less"}])).await?;
    cx.post(&things.path(), &things.object("a", &json!({"min": 5}))).await?.created()?;
    let item = things.item("a");
    cx.patch(&item, MERGE, &json!({"spec": {"min": 6}})).await?.ok()?;
    let refused = cx.patch(&item, MERGE, &json!({"spec": {"min": 5}})).await?;
    refused.invalid(&[(INVALID, "spec", "Invalid value: never less")])
}

async fn optional_old_self(cx: &Context) -> Outcome {
    let rule = "oldSelf.hasValue() || self.text == 'first'";
    let things = ruled(cx, json!([{"rule": rule, "optionalOldSelf": true}])).await?;
    let refused = cx.post(&things.path(), &things.object("a", &json!({"text": "second"}))).await?;
    refused.invalid(&[(INVALID, "spec", &format!("Invalid value: failed rule: {rule}"))])?;
    cx.post(&things.path(), &things.object("a", &json!({"text": "first"}))).await?.created()?;
    cx.patch(&things.item("a"), MERGE, &json!({"spec": {"text": "second"}})).await?.ok().map(drop)
}

/// What was stored before there was a rule is let pass as long as it stays.
async fn unchanged(cx: &Context) -> Outcome {
    let things = ruled(cx, json!([])).await?;
    cx.post(&things.path(), &things.object("a", &json!({"min": 2, "max": 1}))).await?.created()?;
    let rules = json!([{"rule": "self.min <= self.max"}]);
    let path = format!("{DEFINITIONS}/{}", things.definition);
    let versions = definition(&cx.group(), "Thing", &schema(&rules))["spec"]["versions"].clone();
    cx.patch(&path, MERGE, &json!({"spec": {"versions": versions}})).await?.ok()?;
    let item = things.item("a");
    crate::poll::eventually("the rule is in force", std::time::Duration::from_secs(20), || async {
        let path = query(&things.path(), &[("dryRun", "All")]);
        let answer = cx.post(&path, &things.object("b", &json!({"min": 2, "max": 1}))).await?;
        Ok(if answer.code() == 422 { Ok(()) } else { Err(answer.shown()) })
    })
    .await?;
    let before = cx.get(&item).await?.ok()?["spec"].clone();
    let kept = cx.patch(&item, MERGE, &json!({"metadata": {"labels": {"a": "b"}}})).await?;
    let warned: Vec<String> = vec!["spec: Invalid value: failed rule: self.min <= self.max".to_owned()];
    same("warnings", &kept.warnings(), &warned)?;
    same("spec", &kept.ok()?["spec"], &before)
}

async fn other_faults_first(cx: &Context) -> Outcome {
    let things = ruled(cx, json!([{"rule": "self.min <= self.max"}])).await?;
    cx.post(&things.path(), &things.object("a", &json!({"min": "x", "max": 1}))).await?.invalid(&[
        (
            "FieldValueTypeInvalid",
            "spec.min",
            "Invalid value: \"string\": spec.min in body must be of type integer: \"string\"",
        ),
        (
            INVALID,
            "<nil>",
            "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing \
             errors to complete validation",
        ),
    ])
}

async fn of_the_root(cx: &Context) -> Outcome {
    let mut schema = schema(&json!([]));
    schema["x-kubernetes-validations"] = json!([{"rule": "self.metadata.name.startsWith('a') && self.kind == 'Thing'", "message": "a name with an a"}]);
    let things = cx.install(&definition(&cx.group(), "Thing", &schema)).await?;
    let refused = cx.post(&things.path(), &things.object("b", &json!({}))).await?;
    refused.invalid(&[(INVALID, "<nil>", "Invalid value: a name with an a")])?;
    cx.post(&things.path(), &things.object("a", &json!({}))).await?.created().map(drop)
}

async fn of_items_and_values(cx: &Context) -> Outcome {
    let mut schema = schema(&json!([]));
    schema["properties"]["spec"]["properties"]["list"]["items"]["x-kubernetes-validations"] =
        json!([{"rule": "self != 'bad'"}]);
    schema["properties"]["spec"]["properties"]["map"] = json!({
        "type": "object", "maxProperties": 5,
        "additionalProperties": {"type": "integer", "x-kubernetes-validations": [{"rule": "self % 2 == 0"}]},
    });
    let things = cx.install(&definition(&cx.group(), "Thing", &schema)).await?;
    let spec = json!({"list": ["good", "bad"]});
    let refused = cx.post(&things.path(), &things.object("a", &spec)).await?;
    refused.invalid(&[(INVALID, "spec.list[1]", "Invalid value: \"bad\": failed rule: self != 'bad'")])?;
    let refused = cx.post(&things.path(), &things.object("a", &json!({"map": {"x": 3}}))).await?;
    refused.invalid(&[(INVALID, "spec.map[x]", "Invalid value: 3: failed rule: self % 2 == 0")])
}

async fn on_status(cx: &Context) -> Outcome {
    let mut schema = schema(&json!([]));
    schema["properties"]["status"]["x-kubernetes-validations"] = json!([{"rule": "self.phase != 'Odd'"}]);
    let things = cx.install(&definition(&cx.group(), "Thing", &schema)).await?;
    cx.post(&things.path(), &things.object("a", &json!({}))).await?.created()?;
    let status = format!("{}/status", things.item("a"));
    let refused = cx.patch(&status, MERGE, &json!({"status": {"phase": "Odd"}})).await?;
    refused.invalid(&[(INVALID, "status", "Invalid value: failed rule: self.phase != 'Odd'")])?;
    cx.patch(&status, MERGE, &json!({"status": {"phase": "Even"}})).await?.ok().map(drop)
}

/// A definition with this rule is refused for these causes, at the rule unless the field says otherwise.
async fn refuses(cx: &Context, rule: Value, causes: &[(&str, &str, &str)]) -> Outcome {
    let thing = definition(&cx.group(), "Thing", &schema(&json!([rule])));
    let answer = cx.post(DEFINITIONS, &thing).await?;
    let fields: Vec<String> = causes
        .iter()
        .map(|(_, field, _)| {
            let at = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]";
            format!("{at}.{field}")
        })
        .collect();
    let causes: Vec<_> = causes
        .iter()
        .zip(&fields)
        .map(|((reason, _, message), field)| (*reason, field.as_str(), *message))
        .collect();
    answer.invalid(&causes)
}

async fn faults_of_a_rule(cx: &Context) -> Outcome {
    for (rule, reason, field, message) in [
        (json!({"rule": " "}), "FieldValueRequired", "rule", "Required value: rule is not specified"),
        (
            json!({"rule": "true", "message": " "}),
            INVALID,
            "message",
            "Invalid value: \" \": must be non-empty if specified",
        ),
        (
            json!({"rule": "true", "message": "a\nb"}),
            INVALID,
            "message",
            "Invalid value: \"a\\nb\": must not contain line breaks",
        ),
        (
            json!({"rule": "true\n&& true"}),
            "FieldValueRequired",
            "message",
            "Required value: message must be specified if rule contains line breaks",
        ),
        (
            json!({"rule": "true", "messageExpression": " "}),
            "FieldValueRequired",
            "messageExpression",
            "Required value: messageExpression must be non-empty if specified",
        ),
        (
            json!({"rule": "true", "reason": "Odd"}),
            "FieldValueNotSupported",
            "reason",
            "Unsupported value: \"Odd\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \
             \"FieldValueInvalid\", \"FieldValueRequired\"",
        ),
        (
            json!({"rule": "true", "fieldPath": ".no"}),
            INVALID,
            "fieldPath",
            "Invalid value: \".no\": must be a valid path",
        ),
        (
            json!({"rule": "true", "optionalOldSelf": true}),
            INVALID,
            "optionalOldSelf",
            "Invalid value: true: may not be set if oldSelf is not used in rule",
        ),
    ] {
        refuses(cx, rule, &[(reason, field, message)]).await?;
    }
    Ok(())
}

async fn faults_of_an_expression(cx: &Context) -> Outcome {
    for (rule, problem) in [
        (
            "self.none == 1",
            "compilation failed: ERROR: <input>:1:5: undefined field 'none'\n | self.none == 1\n | ....^",
        ),
        (
            "self.min == 'a'",
            "compilation failed: ERROR: <input>:1:10: found no matching overload for '_==_' applied to '(int, string)'\n | \
             self.min == 'a'\n | .........^",
        ),
        (
            "nobody(1)",
            "compilation failed: ERROR: <input>:1:7: undeclared reference to 'nobody' (in container '')\n | nobody(1)\n | \
             ......^",
        ),
        ("self.min", "cel expression must evaluate to a bool"),
        (
            "self.text.matches('[')",
            "compilation failed: ERROR: <input>:1:19: invalid matches argument\n | self.text.matches('[')\n | ..................^",
        ),
    ] {
        let thing = definition(&cx.group(), "Thing", &schema(&json!([{"rule": rule}])));
        let answer = cx.post(DEFINITIONS, &thing).await?;
        let shown = json!(rule).to_string();
        let message = format!(
            "Invalid value: {{\"Rule\":{shown},\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\
             \"OptionalOldSelf\":null}}: {problem}"
        );
        let field = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule";
        answer.invalid(&[(INVALID, field, &message)])?;
    }
    Ok(())
}

async fn costs(cx: &Context) -> Outcome {
    let mut schema = schema(&json!([]));
    schema["properties"]["spec"]["properties"]["rows"] = json!({
        "type": "array", "items": {"type": "array", "items": {"type": "string"}},
        "x-kubernetes-validations": [{"rule": "self.all(a, a.all(b, b.contains('x')))"}],
    });
    let refused = cx.post(DEFINITIONS, &definition(&cx.group(), "Thing", &schema)).await?;
    let at =
        "spec.validation.openAPIV3Schema.properties[spec].properties[rows].x-kubernetes-validations[0].rule";
    let hint = "exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and \
                maxLength where arrays, maps, and strings are declared)";
    refused.invalid(&[
        ("FieldValueForbidden", at, &format!("Forbidden: estimated rule cost {hint}")),
        (
            "FieldValueForbidden",
            at,
            "Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
        ),
        (
            "FieldValueForbidden",
            "spec.validation.openAPIV3Schema",
            &format!("Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema {hint}"),
        ),
    ])
}

async fn libraries(cx: &Context) -> Outcome {
    let rules = [
        "self.text.lowerAscii() == 'a-b' && self.text.split('-').size() == 2",
        "isQuantity(self.class) && quantity(self.class).isLessThan(quantity('2Gi'))",
        "self.when > timestamp('2020-01-01T00:00:00Z')",
        "self.list.isSorted() && self.list.exists_one(x, x == 'b')",
        "ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.2.3')",
        "semver('1.2.3').isLessThan(semver('1.3.0')) && url('https://a.b/c').getHost() == 'a.b'",
        "self.?min.orValue(7) == 7 && optional.of(1).hasValue()",
        "'%s-%d'.format(['a', 3]) == 'a-3' && sets.contains([1, 2], [2])",
    ];
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"rule": rule})).collect();
    let things = ruled(cx, rules.into()).await?;
    let spec = json!({"text": "A-B", "class": "1Gi", "when": "2026-01-01T00:00:00Z", "list": ["a", "b"]});
    cx.post(&things.path(), &things.object("a", &spec)).await?.created()?;
    let spec =
        json!({"text": "c", "class": "4Gi", "when": "2019-01-01T00:00:00Z", "list": ["b", "a"], "min": 1});
    let refused = cx.post(&things.path(), &things.object("b", &spec)).await?.refused_as(422, "Invalid")?;
    same("faults", &refused["details"]["causes"].as_array().map(Vec::len), &Some(5))
}
