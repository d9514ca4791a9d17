//! Objects of built-in kinds are decoded into structures: what is written back, and what is refused, in Go's words.

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::TABLE;
use crate::context::{Context, DEFINITIONS, NAMESPACES, config_maps, leases};
use crate::fixture::{config_map, with};

cases! {
    "typed/wrong-types" => wrong_types,
    "typed/wrong-types-in-metadata" => wrong_types_in_metadata,
    "typed/empty-members-go" => empty_members_go,
    "typed/members-that-are-always-written" => members_that_are_always_written,
    "typed/micro-times" => micro_times,
    "typed/base64" => base64,
    "typed/secrets-of-well-known-types" => secrets_of_well_known_types,
    "typed/one-key-in-both-bags" => one_key_in_both_bags,
    "typed/columns-and-their-texts" => columns,
}

fn secret(kind: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": kind, "data": data})
}

async fn refused(cx: &Context, path: &str, kind: &str, sent: &Value, problem: &str) -> Outcome {
    let version = "v1";
    let message = format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {problem}");
    let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
    cx.post(path, sent).await?.refused(&refusal)
}

async fn wrong_types(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    for (member, value, problem) in [
        ("/data", json!({"a": 1}), "number into Go struct field ConfigMap.data of type string"),
        ("/data", json!("x"), "string into Go struct field ConfigMap.data of type map[string]string"),
        ("/immutable", json!("x"), "string into Go struct field ConfigMap.immutable of type bool"),
        (
            "/binaryData",
            json!([]),
            "array into Go struct field ConfigMap.binaryData of type map[string][]uint8",
        ),
    ] {
        let sent = with(config_map("a"), member, value);
        let problem = format!("json: cannot unmarshal {problem}");
        refused(cx, &config_maps(&namespace), "ConfigMap", &sent, &problem).await?;
    }
    let lease = |spec: Value| json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": spec});
    for (spec, problem) in [
        (
            json!({"leaseDurationSeconds": "x"}),
            "string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32",
        ),
        (
            json!({"leaseDurationSeconds": 1.5}),
            "number 1.5 into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32",
        ),
        (
            json!({"leaseTransitions": 3_000_000_000_i64}),
            "number 3000000000 into Go struct field LeaseSpec.spec.leaseTransitions of type int32",
        ),
        (
            json!({"holderIdentity": []}),
            "array into Go struct field LeaseSpec.spec.holderIdentity of type string",
        ),
        (json!(5), "number into Go struct field Lease.spec of type v1.LeaseSpec"),
    ] {
        let problem = format!("json: cannot unmarshal {problem}");
        refused(cx, &leases(&namespace), "Lease", &lease(spec), &problem).await?;
    }
    Ok(())
}

async fn wrong_types_in_metadata(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    for (member, value, problem) in [
        ("labels", json!({"a": true}), "bool into Go struct field ObjectMeta.metadata.labels of type string"),
        (
            "finalizers",
            json!("x"),
            "string into Go struct field ObjectMeta.metadata.finalizers of type []string",
        ),
        (
            "ownerReferences",
            json!([{"controller": 1}]),
            "number into Go struct field OwnerReference.metadata.ownerReferences.controller of type bool",
        ),
    ] {
        let sent = with(config_map("a"), &format!("/metadata/{member}"), value);
        refused(cx, &path, "ConfigMap", &sent, &format!("json: cannot unmarshal {problem}")).await?;
    }
    let sent = with(config_map("a"), "/metadata", json!("x"));
    let problem =
        "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta";
    refused(cx, &path, "ConfigMap", &sent, problem).await
}

async fn empty_members_go(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let sent = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {}, "annotations": null, "finalizers": []},
        "data": {}, "binaryData": null, "immutable": null,
    });
    let made = cx.post(&path, &sent).await?.created()?;
    let members: Vec<&String> = made.as_object().into_iter().flat_map(|map| map.keys()).collect();
    same("members", &members, &["apiVersion", "kind", "metadata"])?;
    for member in ["labels", "annotations", "finalizers"] {
        same(member, &made["metadata"][member], &Value::Null)?;
    }
    let sent = with(with(config_map("b"), "/data", json!({"a": null})), "/immutable", false);
    let made = cx.post(&path, &sent).await?.created()?;
    same("a null text", &made["data"], &json!({"a": ""}))?;
    same("a flag that is off", &made["immutable"], &false)
}

async fn members_that_are_always_written(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}});
    let made = cx.post(&leases(&namespace), &lease).await?.created()?;
    same("an empty spec", &made["spec"], &json!({}))?;
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}, "involvedObject": {"namespace": namespace},
        "series": {"count": 2}, "count": 0,
    });
    let path = format!("/api/v1/namespaces/{namespace}/events");
    let made = cx.post(&path, &event).await?.created()?;
    for (member, expected) in [
        ("eventTime", Value::Null),
        ("firstTimestamp", Value::Null),
        ("reportingComponent", json!("")),
        ("source", json!({})),
        ("series", json!({"count": 2, "lastObservedTime": null})),
    ] {
        same(member, &made[member], &expected)?;
        same("it is there", &made.get(member).is_some(), &true)?;
    }
    same("a count of none", &made.get("count").is_some(), &false)
}

async fn micro_times(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let lease = |name: &str, time: &str| json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name}, "spec": {"renewTime": time}});
    for (name, time, written) in [
        ("a", "2020-01-01T00:00:00.123456Z", "2020-01-01T00:00:00.123456Z"),
        ("b", "2020-01-01T02:00:00.000001+02:00", "2020-01-01T00:00:00.000001Z"),
    ] {
        let made = cx.post(&path, &lease(name, time)).await?.created()?;
        same(time, &made["spec"]["renewTime"], &written)?;
    }
    for (time, rest, element) in [
        ("2020-01-01T00:00:00Z", "Z", ".000000"),
        ("2020-01-01T00:00:00.123Z", ".123Z", ".000000"),
        ("2020-01-01T00:00:00.123456", "", "Z07:00"),
        ("x", "x", "2006"),
    ] {
        let problem = format!(
            "parsing time \"{time}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"{rest}\" as \"{element}\""
        );
        refused(cx, &path, "Lease", &lease("c", time), &problem).await?;
    }
    Ok(())
}

async fn base64(cx: &Context) -> Outcome {
    let path = format!("/api/v1/namespaces/{}/secrets", cx.namespace().await?);
    for (text, place) in [("???", 0), ("YQ=", 4), ("YQ", 0), ("YWJj?A==", 4), ("YWJjYQ", 4)] {
        let problem = format!("illegal base64 data at input byte {place}");
        let sent = secret("Opaque", &json!({"a": text}));
        let answer = cx.post(&path, &sent).await?;
        let answered = answer.message();
        same(
            &format!("{text}: {problem}"),
            &(answer.code(), answered.split(" at ").next()),
            &(400, Some("Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data")),
        )?;
    }
    let sent = secret("Opaque", &json!({"a": "YW\nJj", "b": ""}));
    let made = cx.post(&path, &sent).await?.created()?;
    same("data", &made["data"], &json!({"a": "YWJj", "b": ""}))
}

async fn secrets_of_well_known_types(cx: &Context) -> Outcome {
    let path = format!("/api/v1/namespaces/{}/secrets", cx.namespace().await?);
    let required = |field: &'static str| ("FieldValueRequired", field, "Required value");
    for (kind, data, causes) in [
        ("kubernetes.io/tls", json!({}), &[required("data[tls.crt]"), required("data[tls.key]")][..]),
        (
            "kubernetes.io/basic-auth",
            json!({"x": "eA=="}),
            &[required("data[username]"), required("data[password]")],
        ),
        ("kubernetes.io/ssh-auth", json!({"ssh-privatekey": ""}), &[required("data[ssh-privatekey]")]),
        ("kubernetes.io/dockercfg", json!({}), &[required("data[.dockercfg]")]),
        ("kubernetes.io/dockerconfigjson", json!({}), &[required("data[.dockerconfigjson]")]),
        (
            "kubernetes.io/dockercfg",
            json!({".dockercfg": "eA=="}),
            &[(
                "FieldValueInvalid",
                "data[.dockercfg]",
                "Invalid value: \"<secret contents redacted>\": invalid character 'x' looking for beginning of value",
            )],
        ),
        (
            "kubernetes.io/service-account-token",
            json!({}),
            &[required("metadata.annotations[kubernetes.io/service-account.name]")],
        ),
    ] {
        cx.post(&path, &secret(kind, &data)).await?.invalid(causes)?;
    }
    for (name, kind, data) in [
        ("a", "kubernetes.io/basic-auth", json!({"username": ""})),
        ("b", "kubernetes.io/dockerconfigjson", json!({".dockerconfigjson": "e30="})),
        ("c", "example.com/any", json!({})),
    ] {
        let sent = with(secret(kind, &data), "/metadata/name", name);
        same(kind, &cx.post(&path, &sent).await?.created()?["type"], &kind)?;
    }
    Ok(())
}

async fn one_key_in_both_bags(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let sent = with(config_map("a"), "/binaryData", json!({"key": "eA==", "b/c": "eA=="}));
    let key = "Invalid value: \"b/c\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' \
               (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    cx.post(&path, &sent).await?.invalid(&[
        ("FieldValueInvalid", "data[key]", "Invalid value: \"key\": duplicate of key present in binaryData"),
        ("FieldValueInvalid", "binaryData[b/c]", key),
    ])
}

async fn columns(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let described = |text: &str, column: &Value| {
        let description = column["description"].as_str().unwrap_or_default();
        holds(text, description.starts_with(text), column)
    };
    for (path, columns) in [
        (
            config_maps(&namespace),
            &[
                "Name must be unique",
                "Data contains the configuration data. Each key",
                "CreationTimestamp is",
            ][..],
        ),
        (
            leases(&namespace),
            &["Name must be unique", "holderIdentity contains the identity", "CreationTimestamp is"],
        ),
        (
            NAMESPACES.to_owned(),
            &["Name must be unique", "The status of the namespace", "CreationTimestamp is"],
        ),
        (
            DEFINITIONS.to_owned(),
            &[
                "Name must be unique",
                "Cluster/Namespaced",
                "Served versions",
                "CreationTimestamp is",
                "API group",
            ],
        ),
    ] {
        let table = cx.get(&path).accept(TABLE).await?.ok()?;
        for (number, text) in columns.iter().enumerate() {
            described(text, &table["columnDefinitions"][number])?;
        }
    }
    Ok(())
}
