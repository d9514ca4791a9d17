//! Bodies that are not what they should be: the right refusal, and nothing changes.

use http::Method;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::MERGE;
use crate::context::{Context, config_maps};
use crate::fixture::{Kind, config_map, names, with, without};

cases! {
    "bad-bodies/not-json" => not_json,
    "bad-bodies/not-an-object" => not_an_object,
    "bad-bodies/empty" => empty,
    "bad-bodies/other-kind" => other_kind,
    "bad-bodies/other-kind-of-custom-resource" => other_kind_of_custom_resource,
    "bad-bodies/wrong-types" => wrong_types,
    "bad-bodies/without-a-name" => without_a_name,
    "bad-bodies/illegal-names" => illegal_names,
    "bad-bodies/illegal-labels" => illegal_labels,
    "bad-bodies/illegal-finalizers" => illegal_finalizers,
    "bad-bodies/too-large" => too_large,
    "bad-bodies/too-large-to-keep" => too_large_to_keep,
    "bad-bodies/large-but-not-too-large" => large_but_not_too_large,
    "bad-bodies/unknown-content-type" => unknown_content_type,
    "bad-bodies/content-type-variants" => content_type_variants,
    "bad-bodies/of-an-update" => of_an_update,
}

/// Where to send ConfigMaps and Widgets, with the kind's name for messages.
async fn both(cx: &Context) -> Outcome<([(String, &'static str); 2], Kind)> {
    let widgets = cx.widgets().await?;
    Ok(([(config_maps(&widgets.namespace), "ConfigMap"), (widgets.path(), "Widget")], widgets))
}

/// The names of what cases made; the real control plane makes one of its own.
async fn left(cx: &Context, path: &str) -> Outcome<Vec<String>> {
    let all = names(&cx.get(path).await?.ok()?);
    Ok(all.into_iter().filter(|name| name != "kube-root-ca.crt").collect())
}

async fn not_json(cx: &Context) -> Outcome {
    let (paths, _) = both(cx).await?;
    for (path, kind) in &paths {
        for (body, why, shown) in [
            (
                "{\"apiVersion\":\"v1\",\"kind\":",
                "unexpected end of JSON input",
                "{\"apiVersion\":\"v1\",\"kind\":",
            ),
            (
                "{\"a\":1,,}",
                "invalid character ',' looking for beginning of object key string",
                "{\"a\":1,,}",
            ),
            ("hello", "invalid character 'h' looking for beginning of value", "68656c6c6f"),
        ] {
            let answer = cx.call(Method::POST, path).body("application/json", body).await?;
            answer.refused_as(400, "BadRequest")?;
            // What the decoder says of the text is its own; what stands around it is the API's.
            let start = format!(
                "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
                 error: "
            );
            let message = answer.message();
            let end = format!(" ({shown})");
            holds(why, message.starts_with(&start) && message.ends_with(&end), &message)?;
        }
        same("nothing is made", &left(cx, path).await?, &[""; 0])?;
    }
    Ok(())
}

async fn not_an_object(cx: &Context) -> Outcome {
    let (paths, _) = both(cx).await?;
    for (path, kind) in &paths {
        for (body, found, shown) in
            [("[]", "array", "5b5d"), ("\"x\"", "string", "227822"), ("3", "number", "33")]
        {
            let answer = cx.call(Method::POST, path).body("application/json", body).await?;
            answer.refused(&json!({
                "message": format!(
                    "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json \
                     parse error: json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string \
                     \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }} ({shown})"
                ),
                "reason": "BadRequest", "code": 400,
            }))?;
        }
    }
    Ok(())
}

async fn empty(cx: &Context) -> Outcome {
    let (paths, _) = both(cx).await?;
    for (path, kind) in &paths {
        let refusal = json!({
            "message": format!(
                "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
                 error: unexpected end of JSON input (<empty>)"
            ),
            "reason": "BadRequest", "code": 400,
        });
        cx.call(Method::POST, path).body("application/json", "").await?.refused(&refusal)?;
        cx.call(Method::POST, path).await?.refused(&refusal)?;
    }
    Ok(())
}

async fn other_kind(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &with(config_map("a"), "/kind", "Secret")).await?.refused_as(400, "BadRequest")?;
    for version in ["v2", "apps/v1", "nobody.example.com/v1"] {
        cx.post(&path, &with(config_map("a"), "/apiVersion", version))
            .await?
            .refused_as(400, "BadRequest")?;
    }
    cx.post(&path, &with(config_map("a"), "/kind", "Unheard")).await?.refused_as(400, "BadRequest")?;
    same("nothing is made", &left(cx, &path).await?, &[""; 0])
}

async fn other_kind_of_custom_resource(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let object = widgets.object("a", &json!({"must": "m"}));
    let answer = cx.post(&widgets.path(), &with(object.clone(), "/kind", "Gadget")).await?;
    answer.refused(&json!({
        "message": format!("Gadget.{} \"a\" is invalid: kind: Invalid value: \"Gadget\": must be Widget", widgets.group),
        "reason": "Invalid",
        "details": {
            "name": "a", "group": widgets.group, "kind": "Gadget",
            "causes": [
                {"reason": "FieldValueInvalid", "message": "Invalid value: \"Gadget\": must be Widget", "field": "kind"},
            ],
        },
        "code": 422,
    }))?;
    for version in [format!("{}/v2", widgets.group), "other.example.com/v1".to_owned(), String::new()] {
        let sent = match version.is_empty() {
            true => without(object.clone(), "/apiVersion"),
            false => with(object.clone(), "/apiVersion", version.clone()),
        };
        cx.post(&widgets.path(), &sent).await?.refused(&json!({
            "message": format!(
                "the API version in the data ({version}) does not match the expected API version ({})",
                widgets.api_version()
            ),
            "reason": "BadRequest", "code": 400,
        }))?;
    }
    let answer = cx.post(&widgets.path(), &without(object, "/kind")).await?;
    answer.refused_as(400, "BadRequest")?;
    holds("message", answer.message().contains("Object 'Kind' is missing in "), &answer.message())?;
    same("nothing is made", &left(cx, &widgets.path()).await?, &[""; 0])
}

async fn wrong_types(cx: &Context) -> Outcome {
    let (_, widgets) = both(cx).await?;
    let path = config_maps(&widgets.namespace);
    for (object, found) in [
        (with(config_map("a"), "/data/key", 5), "number into Go struct field ConfigMap.data of type string"),
        (
            with(config_map("a"), "/metadata", "x"),
            "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
        ),
        (
            with(config_map("a"), "/metadata/labels", json!({"a": 1})),
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
    ] {
        let answer = cx.post(&path, &object).await?;
        answer.refused_as(400, "BadRequest")?;
        // The types behind it are those of Go.
        let start = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: ";
        holds(found, answer.message().starts_with(start), &answer.message())?;
    }
    let object = widgets.object("a", &json!({"must": "m"}));
    for (object, found) in [
        (with(object.clone(), "/metadata", "x"), "string into Go value of type v1.ObjectMeta"),
        (
            with(object, "/metadata/labels", json!({"a": 1})),
            "number into Go struct field ObjectMeta.labels of type string",
        ),
    ] {
        cx.post(&widgets.path(), &object).await?.refused(&json!({
            "message": format!("Widget in version \"v1\" cannot be handled as a Widget: json: cannot unmarshal {found}"),
            "reason": "BadRequest", "code": 400,
        }))?;
    }
    Ok(())
}

async fn without_a_name(cx: &Context) -> Outcome {
    let (_, widgets) = both(cx).await?;
    let path = config_maps(&widgets.namespace);
    let causes =
        [("FieldValueRequired", "metadata.name", "Required value: name or generateName is required")];
    for object in [without(config_map(""), "/metadata/name"), config_map(""), json!({}), Value::Null] {
        cx.post(&path, &object).await?.invalid(&causes)?;
    }
    let object = widgets.object("", &json!({"must": "m"}));
    cx.post(&widgets.path(), &without(object, "/metadata/name")).await?.refused(&json!({
        "message": format!(
            "Widget.{} \"\" is invalid: metadata.name: Required value: name or generateName is required", widgets.group
        ),
        "reason": "Invalid",
        "details": {
            "group": widgets.group, "kind": "Widget",
            "causes": [{
                "reason": "FieldValueRequired", "field": "metadata.name",
                "message": "Required value: name or generateName is required",
            }],
        },
        "code": 422,
    }))
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

async fn illegal_names(cx: &Context) -> Outcome {
    let (_, widgets) = both(cx).await?;
    let path = config_maps(&widgets.namespace);
    let long = "a".repeat(254);
    let mut faults: Vec<(String, String)> =
        ["Upper", "under_score", "-dash", "dot.", "sp ace", "a..b", "\u{e4}"]
            .into_iter()
            .map(|name| (name.to_owned(), format!("Invalid value: \"{name}\": {SUBDOMAIN}")))
            .collect();
    faults.push((long.clone(), format!("Invalid value: \"{long}\": must be no more than 253 characters")));
    for (name, message) in &faults {
        let causes = [("FieldValueInvalid", "metadata.name", message.as_str())];
        cx.post(&path, &config_map(name)).await?.invalid(&causes)?;
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.invalid(&causes)?;
    }
    let slash = cx.post(&path, &config_map("a/b")).await?;
    let body = slash.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"metadata.name")?;
    for legal in ["a", "0", "a.b-c", &"a".repeat(253)] {
        cx.post(&path, &config_map(legal)).await?.created()?;
    }
    Ok(())
}

async fn illegal_labels(cx: &Context) -> Outcome {
    let (_, widgets) = both(cx).await?;
    let name = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                 regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let bad_key = format!("Invalid value: \"-a\": {name}");
    let bad_value = format!("Invalid value: \"b c\": {value}");
    let bad_prefix = format!("Invalid value: \"_/x\": prefix part {SUBDOMAIN}");
    let causes = [
        ("FieldValueInvalid", "metadata.labels", bad_key.as_str()),
        ("FieldValueInvalid", "metadata.labels", &bad_value),
        ("FieldValueInvalid", "metadata.annotations", &bad_prefix),
    ];
    for (path, object) in [
        (config_maps(&widgets.namespace), config_map("a")),
        (widgets.path(), widgets.object("a", &json!({"must": "m"}))),
    ] {
        let object = with(object, "/metadata/labels", json!({"-a": "b c"}));
        let object = with(object, "/metadata/annotations", json!({"_/x": "any value \u{e4}"}));
        cx.post(&path, &object).await?.invalid(&causes)?;
    }
    let long = with(config_map("a"), "/metadata/labels", json!({"a": "b".repeat(64)}));
    cx.post(&config_maps(&widgets.namespace), &long).await?.refused_as(422, "Invalid").map(drop)
}

async fn illegal_finalizers(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/finalizers", json!(["short"]));
    let message =
        "Invalid value: \"short\": name is neither a standard finalizer name nor is it fully qualified";
    cx.post(&path, &object).await?.invalid(&[("FieldValueInvalid", "metadata.finalizers[0]", message)])
}

const LIMIT: usize = 3 * 1024 * 1024;

async fn too_large(cx: &Context) -> Outcome {
    let (_, widgets) = both(cx).await?;
    let refusal = json!({
        "message": "Request entity too large: limit is 3145728", "reason": "RequestEntityTooLarge", "code": 413,
    });
    let big = "x".repeat(LIMIT);
    cx.post(&config_maps(&widgets.namespace), &with(config_map("a"), "/data/key", big.clone()))
        .await?
        .refused(&refusal)?;
    let object = widgets.object("a", &json!({"must": big}));
    cx.post(&widgets.path(), &object).await?.refused(&refusal)?;
    same("nothing is made", &left(cx, &widgets.path()).await?, &[""; 0])
}

/// What etcd takes is less than what the API server takes.
async fn too_large_to_keep(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = widgets.path();
    let of = |bytes: usize| widgets.object("a", &json!({"must": "x".repeat(bytes)}));
    let refusal = json!({"message": "etcdserver: request is too large", "code": 500});
    for bytes in [1_573_000, 2_000_000] {
        cx.post(&path, &of(bytes)).await?.refused(&refusal)?;
    }
    let unsent = cx.post(&path, &of(2_200_000)).await?;
    let message = unsent.value()["message"].clone();
    unsent.refused(&json!({"message": message, "code": 500}))?;
    let message = message.as_str().unwrap_or_default();
    let words = "rpc error: code = ResourceExhausted desc = trying to send message larger than max (";
    let words = message.starts_with(words) && message.ends_with(" vs. 2097152)");
    holds("the message is that of etcd's client", words, message)?;
    same("nothing is made", &left(cx, &path).await?, &[""; 0])?;

    // Who owns what is left out where the object fits without that.
    let labels: serde_json::Map<String, Value> =
        (0..80_000).map(|number| (format!("label-{number:05}"), Value::from(""))).collect();
    let labelled = with(config_map("labelled"), "/metadata/labels", labels);
    let made = cx.post(&config_maps(&widgets.namespace), &labelled).await?.created()?;
    same("managed fields", &made["metadata"].get("managedFields"), &None)?;

    let made = cx.post(&path, &of(1_500_000)).await?.created()?;
    let grown = json!({"metadata": {"annotations": {"a": "x".repeat(100_000)}}});
    cx.patch(&widgets.item("a"), MERGE, &grown).await?.refused(&refusal)?;
    cx.put(&widgets.item("a"), &with(made.clone(), "/metadata/annotations/a", "x".repeat(100_000)))
        .await?
        .refused(&refusal)?;
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)?;
    cx.delete(&widgets.item("a")).await?.ok().map(drop)
}

async fn large_but_not_too_large(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let object = widgets.object("a", &json!({"must": "x".repeat(1_000_000)}));
    cx.post(&widgets.path(), &object).await?.created()?;
    // A ConfigMap has a limit of its own.
    let big = with(config_map("a"), "/data/key", "x".repeat(1024 * 1024 + 1));
    cx.post(&config_maps(&widgets.namespace), &big).await?.refused_as(422, "Invalid").map(drop)
}

async fn unknown_content_type(cx: &Context) -> Outcome {
    let (paths, widgets) = both(cx).await?;
    let refusal = json!({
        "message":
            "the body of the request was in an unknown format - accepted media types include: application/json, \
             application/yaml, application/vnd.kubernetes.protobuf",
        "reason": "UnsupportedMediaType", "code": 415,
    });
    let bodies = [config_map("a"), widgets.object("a", &json!({"must": "m"}))];
    for ((path, _), body) in paths.iter().zip(bodies) {
        for content_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded", ";;;"] {
            cx.call(Method::POST, path).body(content_type, body.to_string()).await?.refused(&refusal)?;
        }
        same("nothing is made", &left(cx, path).await?, &[""; 0])?;
    }
    Ok(())
}

async fn content_type_variants(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let charset =
        cx.call(Method::POST, &path).body("application/json; charset=utf-8", config_map("a").to_string());
    charset.await?.created()?;
    cx.call(Method::POST, &path).bare(config_map("b").to_string()).await?.created().map(drop)
}

async fn of_an_update(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let made = cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    for body in ["{", "[]", "", "null"] {
        let answer = cx.call(Method::PUT, &widgets.item("a")).body("application/json", body).await?;
        answer.refused_as(400, "BadRequest")?;
    }
    let text = cx.call(Method::PUT, &widgets.item("a")).body("text/plain", made.to_string());
    text.await?.refused_as(415, "UnsupportedMediaType")?;
    let big = with(made.clone(), "/spec/must", "x".repeat(LIMIT));
    cx.put(&widgets.item("a"), &big).await?.refused_as(413, "RequestEntityTooLarge")?;
    same("nothing changed", &cx.get(&widgets.item("a")).await?.ok()?, &made)
}
