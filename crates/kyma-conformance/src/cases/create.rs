//! Create: what the server fills in, and what it refuses.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::client::MERGE;
use crate::context::{Context, config_maps, leases};
use crate::fixture::{config_map, lease, text, with, without};

cases! {
    "create/sets-identity" => sets_identity,
    "create/ignores-given-identity" => ignores_given_identity,
    "create/custom-resource-starts-at-generation-1" => custom_resource_starts_at_generation_1,
    "create/custom-resource-drops-status" => custom_resource_drops_status,
    "create/generate-name" => generate_name,
    "create/name-taken" => name_taken,
    "create/refuses-resource-version" => refuses_resource_version,
    "create/namespace-absent" => namespace_absent,
    "create/namespace-mismatch" => namespace_mismatch,
    "create/namespace-terminating" => namespace_terminating,
    "create/dry-run" => dry_run,
    "create/kind-and-version-may-be-left-out" => kind_and_version_may_be_left_out,
    "create/secret-string-data" => secret_string_data,
    "create/event-is-completed" => event_is_completed,
}

/// A UUID, a time and a number; an RFC 3339 time has 20 characters without fractions.
fn has_identity(object: &Value) -> Outcome {
    let metadata = &object["metadata"];
    holds("uid", text(metadata, "/uid").len() == 36, metadata)?;
    holds("resourceVersion", text(metadata, "/resourceVersion").parse::<u64>().is_ok(), metadata)?;
    let created = text(metadata, "/creationTimestamp");
    holds("creationTimestamp", created.len() == 20 && created.ends_with('Z'), metadata)
}

async fn sets_identity(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = config_maps(&namespace);
    let made = cx.post(&path, &config_map("a")).await?.created()?;
    has_identity(&made)?;
    includes("the object", &made, &with(config_map("a"), "/metadata/namespace", namespace))?;
    let read = cx.get(&format!("{path}/a")).await?.ok()?;
    same("what is read is what was answered", &read, &made)
}

async fn ignores_given_identity(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let given = json!({
        "name": "a", "uid": "11111111-2222-3333-4444-555555555555", "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3, "selfLink": "/x",
    });
    let made = cx.post(&path, &with(config_map("a"), "/metadata", given.clone())).await?.created()?;
    has_identity(&made)?;
    for key in ["uid", "creationTimestamp"] {
        holds(&format!("{key} is the server's"), made["metadata"][key] != given[key], &made)?;
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        same(key, &made["metadata"][key], &Value::Null)?;
    }
    Ok(())
}

async fn custom_resource_starts_at_generation_1(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let widget = with(widgets.object("a", &json!({"must": "m"})), "/metadata/generation", 7);
    let made = cx.post(&widgets.path(), &widget).await?.created()?;
    has_identity(&made)?;
    same("generation", &made["metadata"]["generation"], &1)
}

async fn custom_resource_drops_status(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let widget = with(widgets.object("a", &json!({"must": "m"})), "/status/phase", "done");
    let made = cx.post(&widgets.path(), &widget).await?.created()?;
    same("status", &made["status"], &Value::Null)
}

async fn generate_name(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let long = "g".repeat(100);
    for (prefix, kept) in [("gen-", "gen-"), (long.as_str(), &long[..58])] {
        let object = with(without(config_map(""), "/metadata/name"), "/metadata/generateName", prefix);
        let (one, other) =
            (cx.post(&path, &object).await?.created()?, cx.post(&path, &object).await?.created()?);
        for made in [&one, &other] {
            let name = text(made, "/metadata/name");
            let suffix = name.strip_prefix(kept).unwrap_or("");
            holds("five letters behind the prefix", suffix.len() == 5, made)?;
            same("generateName", &made["metadata"]["generateName"], &prefix)?;
        }
        holds("two names", one["metadata"]["name"] != other["metadata"]["name"], &one)?;
    }
    // A name wins over a prefix.
    let both = with(config_map("named"), "/metadata/generateName", "gen-");
    same("name", &cx.post(&path, &both).await?.created()?["metadata"]["name"], &"named")
}

async fn name_taken(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &config_map("a")).await?.created()?;
    cx.post(&path, &with(config_map("a"), "/data/key", "other")).await?.refused(&json!({
        "message": "configmaps \"a\" already exists", "reason": "AlreadyExists",
        "details": {"name": "a", "kind": "configmaps"}, "code": 409,
    }))?;
    same("data", &cx.get(&format!("{path}/a")).await?.ok()?["data"]["key"], &"value")?;

    let widgets = cx.widgets().await?;
    let widget = widgets.object("w", &json!({"must": "m"}));
    cx.post(&widgets.path(), &widget).await?.created()?;
    cx.post(&widgets.path(), &widget).await?.refused(&json!({
        "message": format!("{} \"w\" already exists", widgets.resource()), "reason": "AlreadyExists",
        "details": widgets.details("w"), "code": 409,
    }))
}

async fn refuses_resource_version(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/resourceVersion", "5");
    let refusal =
        json!({"message": "resourceVersion should not be set on objects to be created", "code": 500});
    cx.post(&path, &object).await?.refused(&refusal)?;
    cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn namespace_absent(cx: &Context) -> Outcome {
    let absent = cx.name();
    let refusal = json!({
        "message": format!("namespaces \"{absent}\" not found"), "reason": "NotFound",
        "details": {"name": absent, "kind": "namespaces"}, "code": 404,
    });
    cx.post(&config_maps(&absent), &config_map("a")).await?.refused(&refusal)?;
    cx.post(&leases(&absent), &lease("a")).await?.refused(&refusal)
}

async fn namespace_mismatch(cx: &Context) -> Outcome {
    let refusal = json!({
        "message": "the namespace of the provided object does not match the namespace sent on the request",
        "reason": "BadRequest", "code": 400,
    });
    let path = config_maps(&cx.namespace().await?);
    let object = with(config_map("a"), "/metadata/namespace", "elsewhere");
    cx.post(&path, &object).await?.refused(&refusal)?;
    let widgets = cx.widgets().await?;
    let widget = with(widgets.object("a", &json!({"must": "m"})), "/metadata/namespace", "elsewhere");
    cx.post(&widgets.path(), &widget).await?.refused(&refusal)
}

async fn namespace_terminating(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    // Something holds the namespace, so that it is still there.
    let held = with(lease("held"), "/metadata/finalizers", json!(["example.com/hold"]));
    cx.post(&leases(&namespace), &held).await?.created()?;
    cx.delete(&format!("/api/v1/namespaces/{namespace}")).await?.ok()?;
    // This is asked before the object is looked at: the name is illegal as well.
    cx.post(&leases(&namespace), &lease("Illegal_Name")).await?.refused(&json!({
        "message": format!(
            "leases.coordination.k8s.io \"Illegal_Name\" is forbidden: unable to create new content in namespace \
             {namespace} because it is being terminated"
        ),
        "reason": "Forbidden",
        "details": {
            "name": "Illegal_Name", "group": "coordination.k8s.io", "kind": "leases",
            "causes": [{
                "reason": "NamespaceTerminating", "field": "metadata.namespace",
                "message": format!("namespace {namespace} is being terminated"),
            }],
        },
        "code": 403,
    }))?;
    let free = json!({"metadata": {"finalizers": null}});
    cx.patch(&format!("{}/held", leases(&namespace)), MERGE, &free).await?.ok().map(|_| ())
}

async fn dry_run(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let made = cx.post(&format!("{path}?dryRun=All"), &config_map("a")).await?.created()?;
    same("name", &made["metadata"]["name"], &"a")?;
    cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound")?;
    cx.post(&format!("{path}?dryRun=Some"), &config_map("a")).await?.invalid(&[(
        "FieldValueNotSupported",
        "dryRun",
        "Unsupported value: [\"Some\"]: supported values: \"All\"",
    )])
}

/// The path says it already, for kinds of the server's own.
async fn kind_and_version_may_be_left_out(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = |name: &str| config_map(name);
    for object in [
        without(object("no-kind"), "/kind"),
        without(object("no-version"), "/apiVersion"),
        without(without(object("neither"), "/kind"), "/apiVersion"),
    ] {
        let made = cx.post(&path, &object).await?.created()?;
        includes("the answer", &made, &json!({"kind": "ConfigMap", "apiVersion": "v1"}))?;
    }
    Ok(())
}

async fn secret_string_data(cx: &Context) -> Outcome {
    let path = format!("/api/v1/namespaces/{}/secrets", cx.namespace().await?);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
        "data": {"key": "b2xk", "other": "eA=="}, "stringData": {"key": "new"},
    });
    let made = cx.post(&path, &secret).await?.created()?;
    same("data", &made["data"], &json!({"key": "bmV3", "other": "eA=="}))?;
    same("stringData", &made["stringData"], &Value::Null)?;
    same("type", &made["type"], &"Opaque")
}

async fn event_is_completed(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = format!("/api/v1/namespaces/{namespace}/events");
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "Tried", "message": "m",
        "type": "Normal", "involvedObject": {"kind": "ConfigMap", "namespace": namespace, "name": "x"},
    });
    let made = cx.post(&path, &event).await?.created()?;
    includes(
        "what Go leaves in",
        &made,
        &json!({
            "source": {}, "firstTimestamp": null, "lastTimestamp": null, "eventTime": null,
            "reportingComponent": "", "reportingInstance": "",
        }),
    )?;
    let elsewhere = with(with(event, "/metadata/name", "f"), "/involvedObject/namespace", "elsewhere");
    cx.post(&path, &elsewhere).await?.invalid(&[(
        "FieldValueInvalid",
        "involvedObject.namespace",
        "Invalid value: \"elsewhere\": does not match event.namespace",
    )])
}
