//! The three kinds of the inventory, by their definitions in config/crd/bases.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::client::TABLE;
use crate::context::{Context, DEFINITIONS};
use crate::fixture::{plain, with};

cases! {
    "inventory/definitions" => definitions,
    "inventory/kyma" => kyma,
    "inventory/helm-component" => helm_component,
    "inventory/cluster" => cluster,
    "inventory/everything-is-optional" => everything_is_optional,
    "inventory/wrong-types" => wrong_types,
    "inventory/columns" => columns,
    "inventory/old-clients-status" => old_clients_status,
}

const GROUP: &str = "inventory.kyma-project.io";

fn path(namespace: &str, plural: &str) -> String {
    format!("/apis/{GROUP}/v1alpha1/namespaces/{namespace}/{plural}")
}

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1alpha1"), "kind": kind, "metadata": {"name": name}, "spec": spec,
    })
}

async fn definitions(cx: &Context) -> Outcome {
    for (plural, singular, kind) in [
        ("kymas", "kyma", "Kyma"),
        ("helmcomponents", "helmcomponent", "HelmComponent"),
        ("clusters", "cluster", "Cluster"),
    ] {
        let definition = cx.get(&format!("{DEFINITIONS}/{plural}.{GROUP}")).await?.ok()?;
        let names =
            json!({"plural": plural, "singular": singular, "kind": kind, "listKind": format!("{kind}List")});
        same("names", &definition["spec"]["names"], &names)?;
        same("scope", &definition["spec"]["scope"], &"Namespaced")?;
        let version = &definition["spec"]["versions"][0];
        includes("version", version, &json!({"name": "v1alpha1", "served": true, "storage": true}))?;
        same("status subresource", &version["subresources"], &json!({"status": {}}))?;
    }
    Ok(())
}

/// Sends an object whose answer has to be the same, and its status after it.
async fn round_trip(cx: &Context, plural: &str, sent: &Value, status: &Value) -> Outcome {
    let path = path(&cx.namespace().await?, plural);
    let strict = format!("{path}?fieldValidation=Strict");
    let made = cx.post(&strict, sent).await?.created()?;
    same("spec", &made["spec"], &sent["spec"])?;
    same("generation", &made["metadata"]["generation"], &1)?;
    let item = format!("{path}/{}", sent["metadata"]["name"].as_str().unwrap_or(""));
    let strict = format!("{item}/status?fieldValidation=Strict");
    let updated = cx.put(&strict, &with(made, "/status", status.clone())).await?.ok()?;
    same("status", &updated["status"], status)?;
    same("what is read", &cx.get(&item).await?.ok()?, &updated)
}

async fn kyma(cx: &Context) -> Outcome {
    let spec = json!({"components": [{"name": "istio", "namespace": "istio-system"}, {"name": "ory"}]});
    let status = json!({"status": "reconciling", "waitingFor": ["istio", "ory"]});
    round_trip(cx, "kymas", &object("Kyma", "a", &spec), &status).await
}

async fn helm_component(cx: &Context) -> Outcome {
    let spec = json!({"componentName": "istio", "chartLocation": "charts/istio", "version": "2.0", "namespace": "x"});
    let status = json!({"status": "pending", "lastReconciliation": "2021-06-01T10:00:00.123456Z"});
    round_trip(cx, "helmcomponents", &object("HelmComponent", "a", &spec), &status).await
}

async fn cluster(cx: &Context) -> Outcome {
    let oidc = json!({
        "clientID": "c", "groupsClaim": "g", "issuerURL": "https://issuer", "signingAlgs": ["RS256"],
        "usernameClaim": "u", "usernamePrefix": "-",
    });
    let spec = json!({"provider": "gcp", "region": "europe-west3", "oidc": oidc});
    round_trip(cx, "clusters", &object("Cluster", "a", &spec), &json!({})).await
}

/// An object that the first definitions took is still taken.
async fn everything_is_optional(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    for (plural, kind) in [("kymas", "Kyma"), ("helmcomponents", "HelmComponent"), ("clusters", "Cluster")] {
        let path = path(&namespace, plural);
        let bare = crate::fixture::without(object(kind, "bare", &json!({})), "/spec");
        let made = cx.post(&path, &bare).await?.created()?;
        let expected = with(with(bare, "/metadata/namespace", namespace.clone()), "/metadata/generation", 1);
        same("no spec", &plain(made), &expected)?;
        same(
            "empty spec",
            &cx.post(&path, &object(kind, "empty", &json!({}))).await?.created()?["spec"],
            &json!({}),
        )?;
    }
    let loose = json!({"components": [{}, {"name": ""}, {"name": "Not A Name"}, {"namespace": "only"}, {}]});
    let made = cx.post(&path(&namespace, "kymas"), &object("Kyma", "loose", &loose)).await?.created()?;
    same("components", &made["spec"], &loose)
}

async fn wrong_types(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    for (plural, kind, spec, field, expected) in [
        ("kymas", "Kyma", json!({"components": {}}), "spec.components", "array: \"object\""),
        ("kymas", "Kyma", json!({"components": ["x"]}), "spec.components[0]", "object: \"string\""),
        (
            "kymas",
            "Kyma",
            json!({"components": [{"name": 1}]}),
            "spec.components[0].name",
            "string: \"integer\"",
        ),
        ("helmcomponents", "HelmComponent", json!({"version": 2}), "spec.version", "string: \"integer\""),
        ("clusters", "Cluster", json!({"oidc": []}), "spec.oidc", "object: \"array\""),
        (
            "clusters",
            "Cluster",
            json!({"oidc": {"signingAlgs": "x"}}),
            "spec.oidc.signingAlgs",
            "array: \"string\"",
        ),
    ] {
        let found = expected.rsplit(' ').next().unwrap_or("");
        let message = format!("Invalid value: {found}: {field} in body must be of type {expected}");
        let answer = cx.post(&path(&namespace, plural), &object(kind, "a", &spec)).await?;
        answer.invalid(&[("FieldValueTypeInvalid", field, &message)])?;
    }
    let path = path(&namespace, "helmcomponents");
    let made = cx.post(&path, &object("HelmComponent", "a", &json!({}))).await?.created()?;
    let bad = with(made, "/status", json!({"lastReconciliation": "yesterday"}));
    let body = cx.put(&format!("{path}/a/status"), &bad).await?.refused_as(422, "Invalid")?;
    same("field", &body["details"]["causes"][0]["field"], &"status.lastReconciliation")
}

async fn columns(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = path(&namespace, "kymas");
    let spec = json!({"components": [{"name": "istio"}, {"name": "ory"}]});
    let made = cx.post(&path, &object("Kyma", "a", &spec)).await?.created()?;
    let status = json!({"status": "reconciling", "waitingFor": ["istio", "ory"]});
    cx.put(&format!("{path}/a/status"), &with(made, "/status", status)).await?.ok()?;
    let table = cx.get(&path).accept(TABLE).await?.ok()?;
    let names = table["columnDefinitions"].as_array().into_iter().flatten().map(|column| &column["name"]);
    same("columns", &names.collect::<Vec<_>>(), &["Name", "Ready", "WaitingFor"])?;
    same("cells", &table["rows"][0]["cells"], &json!(["a", "reconciling", "[\"istio\",\"ory\"]"]))?;

    let path = self::path(&namespace, "helmcomponents");
    cx.post(&path, &object("HelmComponent", "a", &json!({}))).await?.created()?;
    let table = cx.get(&path).accept(TABLE).await?.ok()?;
    same("cells", &table["rows"][0]["cells"], &json!(["a", null]))?;
    let path = self::path(&namespace, "clusters");
    cx.post(&path, &object("Cluster", "a", &json!({}))).await?.created()?;
    let table = cx.get(&path).accept(TABLE).await?.ok()?;
    holds(
        "name and age",
        table["rows"][0]["cells"].as_array().is_some_and(|cells| cells.len() == 2),
        &table["rows"],
    )
}

/// The proof of concept's controller wrote whole objects by PUT, with whole seconds.
async fn old_clients_status(cx: &Context) -> Outcome {
    let path = path(&cx.namespace().await?, "helmcomponents");
    let made =
        cx.post(&path, &object("HelmComponent", "a", &json!({"componentName": "a"}))).await?.created()?;
    let status = json!({"status": "success", "lastReconciliation": "2021-06-01T10:00:00Z"});
    let updated = cx.put(&format!("{path}/a/status"), &with(made, "/status", status.clone())).await?.ok()?;
    same("status", &updated["status"], &status)
}
