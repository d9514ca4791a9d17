//! Values that a schema refuses: the exact causes.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::{Cause, MERGE};
use crate::context::Context;
use crate::fixture::Kind;

cases! {
    "validation/wrong-types" => wrong_types,
    "validation/strings" => strings,
    "validation/numbers" => numbers,
    "validation/date-time" => date_time,
    "validation/required" => required,
    "validation/arrays" => arrays,
    "validation/maps" => maps,
    "validation/int-or-string" => int_or_string,
    "validation/all-faults-at-once" => all_faults_at_once,
    "validation/whole-answer" => whole_answer,
    "validation/on-update" => on_update,
}

const TYPE: &str = "FieldValueTypeInvalid";
const INVALID: &str = "FieldValueInvalid";

/// Each spec is refused with exactly these causes, and nothing is stored.
async fn refuses(cx: &Context, faults: &[(Value, &[Cause<'_>])]) -> Outcome {
    let widgets = cx.widgets().await?;
    for (spec, causes) in faults {
        cx.post(&widgets.path(), &widgets.object("a", spec)).await?.invalid(causes)?;
    }
    same("items", &cx.get(&widgets.path()).await?.ok()?["items"], &json!([]))
}

async fn wrong_types(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    for (spec, field, found, expected) in [
        (json!({"must": 5}), "spec.must", "integer", "string"),
        (json!({"must": true}), "spec.must", "boolean", "string"),
        (json!({"must": {}}), "spec.must", "object", "string"),
        (json!({"must": "m", "count": "1"}), "spec.count", "string", "integer"),
        (json!({"must": "m", "share": "1"}), "spec.share", "string", "number"),
        (json!({"must": "m", "flag": "true"}), "spec.flag", "string", "boolean"),
        (json!({"must": "m", "steps": "x"}), "spec.steps", "string", "array"),
        (json!({"must": "m", "nested": "x"}), "spec.nested", "string", "object"),
        (json!([1]), "spec", "array", "object"),
        (json!("x"), "spec", "string", "object"),
    ] {
        let message =
            format!("Invalid value: \"{found}\": {field} in body must be of type {expected}: \"{found}\"");
        let answer = cx.post(&widgets.path(), &widgets.object("a", &spec)).await?;
        answer.invalid(&[(TYPE, field, &message)])?;
    }
    same("items", &cx.get(&widgets.path()).await?.ok()?["items"], &json!([]))
}

async fn strings(cx: &Context) -> Outcome {
    refuses(
        cx,
        &[
            (
                json!({"must": "m", "choice": "c"}),
                &[(
                    "FieldValueNotSupported",
                    "spec.choice",
                    "Unsupported value: \"c\": supported values: \"a\", \"b\"",
                )],
            ),
            (
                json!({"must": "m", "text": "AB"}),
                &[(INVALID, "spec.text", "Invalid value: \"AB\": spec.text in body should match '^[a-z]+$'")],
            ),
            (
                json!({"must": "m", "text": "a"}),
                &[(
                    INVALID,
                    "spec.text",
                    "Invalid value: \"a\": spec.text in body should be at least 2 chars long",
                )],
            ),
            (
                json!({"must": "m", "text": "abcdef"}),
                &[("FieldValueTooLong", "spec.text", "Too long: may not be more than 5 bytes")],
            ),
        ],
    )
    .await
}

async fn numbers(cx: &Context) -> Outcome {
    refuses(
        cx,
        &[
            (
                json!({"must": "m", "count": 0}),
                &[(
                    INVALID,
                    "spec.count",
                    "Invalid value: 0: spec.count in body should be greater than or equal to 1",
                )],
            ),
            (
                json!({"must": "m", "count": 11}),
                &[(
                    INVALID,
                    "spec.count",
                    "Invalid value: 11: spec.count in body should be less than or equal to 10",
                )],
            ),
            (
                json!({"must": "m", "share": 0}),
                &[(INVALID, "spec.share", "Invalid value: 0: spec.share in body should be greater than 0")],
            ),
        ],
    )
    .await?;
    let widgets = Kind::of(&crate::fixture::definition(&cx.group(), "Widget", &json!({})), &cx.name());
    let fraction =
        cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m", "count": 1.5}))).await?;
    let body = fraction.refused_as(422, "Invalid")?;
    let message = "Invalid value: \"float64\": spec.count in body must be of type int64: \"float64\"";
    let expected = json!({"reason": TYPE, "message": message, "field": "spec.count"});
    same("the first cause", &body["details"]["causes"][0], &expected)?;
    // 2.0 is a whole number, and stored as one.
    let whole = widgets.object("a", &json!({"must": "m", "count": 2.0, "share": 0.5}));
    let made = cx.post(&widgets.path(), &whole).await?.created()?;
    same("count", &made["spec"]["count"], &2)?;
    same("share", &made["spec"]["share"], &0.5)
}

async fn date_time(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    for bad in ["yesterday", "2020-13-01T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00", ""] {
        let message = format!("Invalid value: {bad:?}: spec.when in body must be of type date-time: {bad:?}");
        let object = widgets.object("a", &json!({"must": "m", "when": bad}));
        cx.post(&widgets.path(), &object).await?.invalid(&[(TYPE, "spec.when", &message)])?;
    }
    for (index, good) in ["2020-02-29T23:59:59Z", "2020-01-01T00:00:00.123456Z", "2020-01-01T00:00:00+02:00"]
        .into_iter()
        .enumerate()
    {
        let object = widgets.object(&format!("good-{index}"), &json!({"must": "m", "when": good}));
        same("kept as it is", &cx.post(&widgets.path(), &object).await?.created()?["spec"]["when"], &good)?;
    }
    Ok(())
}

async fn required(cx: &Context) -> Outcome {
    let missing: &[Cause<'_>] = &[("FieldValueRequired", "spec.must", "Required value")];
    refuses(cx, &[(json!({}), missing), (json!({"must": null}), missing), (json!({"text": "abc"}), missing)])
        .await?;
    // What requires it is not required itself.
    let widgets = Kind::of(&crate::fixture::definition(&cx.group(), "Widget", &json!({})), &cx.name());
    let object = crate::fixture::without(widgets.object("a", &json!({})), "/spec");
    same("spec", &cx.post(&widgets.path(), &object).await?.created()?["spec"], &Value::Null)
}

async fn arrays(cx: &Context) -> Outcome {
    let step = json!({"name": "x"});
    refuses(cx, &[
        (json!({"must": "m", "steps": []}), &[(INVALID, "spec.steps", "Invalid value: 0: spec.steps in body should have at least 1 items")]),
        (json!({"must": "m", "steps": [step, step, step, step]}), &[("FieldValueTooMany", "spec.steps", "Too many: 4: must have at most 3 items")]),
        (json!({"must": "m", "steps": [step, {}]}), &[("FieldValueRequired", "spec.steps[1].name", "Required value")]),
        (json!({"must": "m", "steps": [{"name": 5}]}), &[(TYPE, "spec.steps[0].name", "Invalid value: \"integer\": spec.steps[0].name in body must be of type string: \"integer\"")]),
        (json!({"must": "m", "steps": [null]}), &[(TYPE, "spec.steps[0]", "Invalid value: \"null\": spec.steps[0] in body must be of type object: \"null\"")]),
        (json!({"must": "m", "set": ["a", "b", "a"]}), &[("FieldValueDuplicate", "spec.set[2]", "Duplicate value: \"a\"")]),
        (json!({"must": "m", "byType": [{"type": "a"}, {"type": "a", "value": "x"}]}), &[("FieldValueDuplicate", "spec.byType[1]", "Duplicate value: {\"type\":\"a\"}")]),
        (json!({"must": "m", "byType": [{"value": "x"}]}), &[("FieldValueRequired", "spec.byType[0].type", "Required value")]),
    ])
    .await
}

async fn maps(cx: &Context) -> Outcome {
    refuses(
        cx,
        &[
            (
                json!({"must": "m", "numbers": {"a": "x"}}),
                &[(
                    TYPE,
                    "spec.numbers.a",
                    "Invalid value: \"string\": spec.numbers.a in body must be of type integer: \"string\"",
                )],
            ),
            (
                json!({"must": "m", "numbers": {"a": 1, "b": 2, "c": 3}}),
                &[("FieldValueTooMany", "spec.numbers", "Too many: 3: must have at most 2 items")],
            ),
        ],
    )
    .await
}

async fn int_or_string(cx: &Context) -> Outcome {
    let causes = |found: &str| {
        format!("Invalid value: \"{found}\": spec.port in body must be of type integer,string: \"{found}\"")
    };
    refuses(
        cx,
        &[
            (json!({"must": "m", "port": true}), &[(TYPE, "spec.port", &causes("boolean"))]),
            (json!({"must": "m", "port": 1.5}), &[(TYPE, "spec.port", &causes("number"))]),
        ],
    )
    .await?;
    let widgets = Kind::of(&crate::fixture::definition(&cx.group(), "Widget", &json!({})), &cx.name());
    for (name, port) in [("number", json!(80)), ("text", json!("http"))] {
        let object = widgets.object(name, &json!({"must": "m", "port": port}));
        same("port", &cx.post(&widgets.path(), &object).await?.created()?["spec"]["port"], &port)?;
    }
    Ok(())
}

async fn all_faults_at_once(cx: &Context) -> Outcome {
    refuses(
        cx,
        &[(
            json!({"count": "x", "choice": "q", "text": "toolong"}),
            &[
                (
                    "FieldValueNotSupported",
                    "spec.choice",
                    "Unsupported value: \"q\": supported values: \"a\", \"b\"",
                ),
                ("FieldValueTooLong", "spec.text", "Too long: may not be more than 5 bytes"),
                (
                    TYPE,
                    "spec.count",
                    "Invalid value: \"string\": spec.count in body must be of type integer: \"string\"",
                ),
                ("FieldValueRequired", "spec.must", "Required value"),
            ],
        )],
    )
    .await
}

async fn whole_answer(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let message = "Invalid value: \"integer\": spec.must in body must be of type string: \"integer\"";
    cx.post(&widgets.path(), &widgets.object("a", &json!({"must": 5}))).await?.refused(&json!({
        "message": format!("Widget.{} \"a\" is invalid: spec.must: {message}", widgets.group),
        "reason": "Invalid",
        "details": {
            "name": "a", "group": widgets.group, "kind": "Widget",
            "causes": [{"reason": TYPE, "message": message, "field": "spec.must"}],
        },
        "code": 422,
    }))
}

async fn on_update(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let made = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    let message = "Unsupported value: \"c\": supported values: \"a\", \"b\"";
    let causes = [("FieldValueNotSupported", "spec.choice", message)];
    let changed = crate::fixture::with(made.clone(), "/spec/choice", "c");
    cx.put(&widgets.item("a"), &changed).await?.invalid(&causes)?;
    cx.patch(&widgets.item("a"), MERGE, &json!({"spec": {"choice": "c"}})).await?.invalid(&causes)?;
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}
