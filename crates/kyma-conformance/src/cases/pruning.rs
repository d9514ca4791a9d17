//! Fields that a schema does not know, defaults, and null.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::context::{Context, config_maps};
use crate::fixture::{config_map, widget_spec, with};

cases! {
    "pruning/unknown-fields-go" => unknown_fields_go,
    "pruning/preserved-fields-stay" => preserved_fields_stay,
    "pruning/strict" => strict,
    "pruning/warn-and-ignore" => warn_and_ignore,
    "pruning/duplicate-fields" => duplicate_fields,
    "pruning/unknown-metadata" => unknown_metadata,
    "pruning/built-in-kinds" => built_in_kinds,
    "pruning/bad-field-validation" => bad_field_validation,
    "pruning/defaults" => defaults,
    "pruning/defaults-on-update" => defaults_on_update,
    "pruning/null" => null,
}

async fn unknown_fields_go(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec = json!({
        "must": "m", "more": 1, "steps": [{"name": "x", "more": {"deep": 1}}], "nested": {"more": 1},
        "numbers": {"any": 1},
    });
    let made = cx.post(&widgets.path(), &with(widgets.object("a", &spec), "/extra", 1)).await?.created()?;
    same("at the root", &made["extra"], &Value::Null)?;
    let expected = with(
        with(widget_spec("m"), "/steps", json!([{"name": "x", "size": 7}])),
        "/numbers",
        json!({"any": 1}),
    );
    same("spec", &made["spec"], &expected)
}

async fn preserved_fields_stay(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let free = json!({"any": {"thing": [1, {"deep": null}]}});
    let made = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m", "free": free}))).await?;
    same("free", &made.created()?["spec"]["free"], &free)?;
    same("warnings", &made.warnings(), &[""; 0])
}

async fn strict(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec = json!({"must": "m", "more": 1, "steps": [{"name": "x", "more": 1}]});
    let object = with(widgets.object("a", &spec), "/extra", 1);
    cx.post(&format!("{}?fieldValidation=Strict", widgets.path()), &object).await?.refused(&json!({
        "message":
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"extra\", \
             unknown field \"spec.more\", unknown field \"spec.steps[0].more\"",
        "reason": "BadRequest", "code": 400,
    }))?;
    cx.get(&widgets.item("a")).await?.refused_as(404, "NotFound")?;
    let sound = widgets.object("a", &json!({"must": "m"}));
    cx.post(&format!("{}?fieldValidation=Strict", widgets.path()), &sound).await?.created().map(drop)
}

async fn warn_and_ignore(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let warned =
        ["unknown field \"extra\"", "unknown field \"spec.more\"", "unknown field \"spec.nested.more\""];
    let spec = json!({"must": "m", "more": 1, "nested": {"more": 1}});
    for (name, parameters, warnings) in [
        ("default", "", warned.as_slice()),
        ("warn", "?fieldValidation=Warn", &warned),
        ("ignore", "?fieldValidation=Ignore", &[]),
    ] {
        let object = with(widgets.object(name, &spec), "/extra", 1);
        let answer = cx.post(&format!("{}{parameters}", widgets.path()), &object).await?;
        same("spec", &answer.created()?["spec"], &widget_spec("m"))?;
        same(name, &answer.warnings(), &warnings)?;
    }
    Ok(())
}

async fn duplicate_fields(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let body = |name: &str| {
        let object = widgets.object(name, &json!({"must": "m"})).to_string();
        object.replace("\"must\":\"m\"", "\"must\":\"m\",\"must\":\"n\"")
    };
    let post = |parameters: &str, name: &str| {
        let path = format!("{}{parameters}", widgets.path());
        cx.call(http::Method::POST, &path).body("application/json", body(name))
    };
    post("?fieldValidation=Strict", "strict").await?.refused(&json!({
        "message":
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: duplicate field \
             \"spec.must\"",
        "reason": "BadRequest", "code": 400,
    }))?;
    let answer = post("", "warn").await?;
    same("the last one counts", &answer.created()?["spec"]["must"], &"n")?;
    same("warnings", &answer.warnings(), &["duplicate field \"spec.must\""])
}

async fn unknown_metadata(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let object = with(widgets.object("a", &json!({"must": "m"})), "/metadata/more", "x");
    cx.post(&format!("{}?fieldValidation=Strict", widgets.path()), &object).await?.refused(&json!({
        "message":
            "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \
             \"metadata.more\"",
        "reason": "BadRequest", "code": 400,
    }))?;
    let answer = cx.post(&widgets.path(), &object).await?;
    same("dropped", &answer.created()?["metadata"]["more"], &Value::Null)?;
    same("warnings", &answer.warnings(), &["unknown field \"metadata.more\""])
}

async fn built_in_kinds(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = |name: &str| with(with(config_map(name), "/more", 1), "/metadata/other", 1);
    let answer = cx.post(&path, &object("default")).await?;
    same("dropped", &answer.created()?["more"], &Value::Null)?;
    let mut warnings = answer.warnings();
    warnings.sort_unstable();
    same("warnings", &warnings, &["unknown field \"metadata.other\"", "unknown field \"more\""])?;
    let answer = cx.post(&format!("{path}?fieldValidation=Ignore"), &object("ignore")).await?;
    answer.created()?;
    same("warnings", &answer.warnings(), &[""; 0])?;
    let more = with(config_map("strict"), "/more", 1);
    cx.post(&format!("{path}?fieldValidation=Strict"), &more).await?.refused(&json!({
        "message":
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \
             \"more\"",
        "reason": "BadRequest", "code": 400,
    }))
}

async fn bad_field_validation(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let answer = cx.post(&format!("{path}?fieldValidation=Loose"), &config_map("a")).await?;
    let message = "Unsupported value: \"Loose\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
    answer.invalid(&[("FieldValueNotSupported", "fieldValidation", message)])
}

async fn defaults(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec = json!({"must": "m", "steps": [{"name": "x"}, {"name": "y", "size": 1}]});
    let made = cx.post(&widgets.path(), &widgets.object("a", &spec)).await?.created()?;
    let steps = json!([{"name": "x", "size": 7}, {"name": "y", "size": 1}]);
    same("spec", &made["spec"], &with(widget_spec("m"), "/steps", steps))?;
    let given = json!({"must": "m", "filled": "", "nested": {"inner": "given"}});
    let made = cx.post(&widgets.path(), &widgets.object("b", &given)).await?.created()?;
    same("what is given stays, also when empty", &made["spec"], &given)
}

async fn defaults_on_update(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let made = cx
        .post(&widgets.path(), &widgets.object("a", &json!({"must": "m", "filled": "given"})))
        .await?
        .created()?;
    let less = with(made, "/spec", json!({"must": "m"}));
    let updated = cx.put(&widgets.item("a"), &less).await?.ok()?;
    same("spec", &updated["spec"], &widget_spec("m"))?;
    same("generation", &updated["metadata"]["generation"], &2)
}

/// Where null is allowed it stays; elsewhere it stands for "not given".
async fn null(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec =
        json!({"must": "m", "nothing": null, "filled": null, "text": null, "steps": null, "nested": null});
    let made = cx.post(&widgets.path(), &widgets.object("a", &spec)).await?.created()?;
    same("spec", &made["spec"], &with(widget_spec("m"), "/nothing", Value::Null))
}
