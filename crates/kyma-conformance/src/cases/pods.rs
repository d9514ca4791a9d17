//! What is posted to a pod and not stored: a Binding and an Eviction. How pods end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::client::{Answer, MERGE, collection};
use crate::context::{Context, NAMESPACES};
use crate::fixture::with;
use crate::poll::eventually;

cases! {
    "pods/binding" => binding,
    "pods/binding-without-a-name-in-the-path" => binding_without_a_name,
    "pods/binding-of-what-cannot-be-bound" => binding_refused,
    "pods/binding-that-is-no-binding" => binding_malformed,
    "pods/binding-as-a-dry-run" => binding_dry,
    "pods/eviction-of-what-has-not-begun" => eviction_pending,
    "pods/eviction-of-what-runs" => eviction_running,
    "pods/eviction-within-a-budget" => eviction_within,
    "pods/eviction-beyond-a-budget" => eviction_beyond,
    "pods/eviction-that-is-no-eviction" => eviction_malformed,
    "pods/eviction-with-preconditions" => eviction_preconditions,
    "pods/other-methods" => other_methods,
    "pods/deletion" => deletion,
    "pods/deletion-with-finalizers" => deletion_held,
    "pods/deletion-shows-what-is-gone" => deletion_shown,
}

/// How long the real server takes to make a namespace's account, without which there are no pods.
const ACCOUNT_LIMIT: Duration = Duration::from_secs(20);

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "a"}},
        "spec": {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": false},
    })
}

fn binding_of(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "n1"},
    })
}

fn eviction_of(name: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})
}

/// A namespace with pods of these names, and the path of its pods.
async fn pods(cx: &Context, names: &[&str]) -> Outcome<String> {
    let path = format!("{NAMESPACES}/{}/pods", cx.namespace().await?);
    for name in names {
        eventually("a pod is taken", ACCOUNT_LIMIT, || async {
            let answer = cx.post(&path, &pod(name)).await?;
            Ok(if answer.code() == 403 { Err(answer.shown()) } else { Ok(answer) })
        })
        .await?
        .created()?;
    }
    Ok(path)
}

/// The path of another kind in the namespace of these pods.
fn beside(pods: &str, plural: &str) -> String {
    format!("{}/{plural}", pods.trim_end_matches("/pods"))
}

fn succeeded(answer: &Answer) -> Outcome {
    let done =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    same("the answer", &answer.created()?, &done)
}

async fn binding(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a");
    let before = cx.get(&item).await?.ok()?;
    let with_notes = with(binding_of("a"), "/metadata/annotations", json!({"note": "x"}));
    succeeded(&cx.post(&format!("{item}/binding"), &with_notes).await?)?;
    let after = cx.get(&item).await?.ok()?;
    same("the node", &after["spec"]["nodeName"], &"n1")?;
    same("the annotations", &after["metadata"]["annotations"], &json!({"note": "x"}))?;
    same("the generation", &after["metadata"]["generation"], &before["metadata"]["generation"])?;
    same("the managers", &after["metadata"]["managedFields"], &before["metadata"]["managedFields"])?;
    let conditions = after["status"]["conditions"].as_array().cloned().unwrap_or_default();
    same("how many conditions", &conditions.len(), &1)?;
    holds("when it was scheduled", conditions[0]["lastTransitionTime"].is_string(), &conditions)?;
    let condition = with(conditions[0].clone(), "/lastTransitionTime", Value::Null);
    let scheduled =
        json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": null});
    same("the condition", &condition, &scheduled)?;
    let selected = cx.get(&format!("{path}?fieldSelector=spec.nodeName%3Dn1")).await?.ok()?;
    same("found by its node", &selected["items"].as_array().map_or(0, Vec::len), &1)?;
    cx.post(&format!("{item}/binding"), &binding_of("a")).await?.refused(&json!({
        "message": "Operation cannot be fulfilled on pods/binding \"a\": pod a is already assigned to node \"n1\"",
        "reason": "Conflict", "details": {"name": "a", "kind": "pods/binding"}, "code": 409,
    }))
}

async fn binding_without_a_name(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let bindings = beside(&path, "bindings");
    succeeded(&cx.post(&bindings, &binding_of("a")).await?)?;
    same("the node", &cx.get(&format!("{path}/a")).await?.ok()?["spec"]["nodeName"], &"n1")?;
    cx.post(&bindings, &binding_of("b")).await?.refused(&json!({
        "message": "pods \"b\" not found", "reason": "NotFound", "details": {"name": "b", "kind": "pods"}, "code": 404,
    }))
}

async fn binding_refused(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let uid = cx.get(&format!("{path}/a")).await?.ok()?["metadata"]["uid"].clone();
    cx.post(&format!("{path}/b/binding"), &binding_of("b")).await?.refused_as(404, "NotFound")?;
    for (pointer, value) in [("/metadata/uid", "u"), ("/metadata/resourceVersion", "1")] {
        let other = with(binding_of("a"), pointer, json!(value));
        cx.post(&format!("{path}/a/binding"), &other).await?.refused_as(409, "Conflict")?;
    }
    let right = with(binding_of("a"), "/metadata/uid", uid);
    let gated = with(pod("gated"), "/spec/schedulingGates", json!([{"name": "wait"}]));
    cx.post(&path, &gated).await?.created()?;
    cx.post(&format!("{path}/gated/binding"), &binding_of("gated")).await?.refused(&json!({
        "message": "Operation cannot be fulfilled on pods/binding \"gated\": pod gated has non-empty .spec.schedulingGates",
        "reason": "Conflict", "details": {"name": "gated", "kind": "pods/binding"}, "code": 409,
    }))?;
    succeeded(&cx.post(&format!("{path}/a/binding"), &right).await?)
}

async fn binding_malformed(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a/binding");
    cx.post(&item, &binding_of("b")).await?.refused(&json!({
        "message": "name in URL does not match name in Binding object", "reason": "BadRequest", "code": 400,
    }))?;
    let wrong = with(binding_of("a"), "/target/kind", json!("Pod"));
    cx.post(&item, &wrong).await?.refused(&json!({
        "message": "target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\"", "code": 500,
    }))?;
    let none = with(binding_of("a"), "/target/name", json!(""));
    cx.post(&item, &none).await?.refused(&json!({"message": "target.name: Required value", "code": 500}))?;
    cx.post(&item, &pod("a")).await?.refused_as(400, "BadRequest")?;
    let unknown = with(binding_of("a"), "/x", json!(1));
    cx.post(&format!("{item}?fieldValidation=Strict"), &unknown).await?.refused_as(400, "BadRequest")?;
    same("the node", &cx.get(&format!("{path}/a")).await?.ok()?["spec"]["nodeName"], &Value::Null)
}

async fn binding_dry(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    succeeded(&cx.post(&format!("{path}/a/binding?dryRun=All"), &binding_of("a")).await?)?;
    same("the node", &cx.get(&format!("{path}/a")).await?.ok()?["spec"]["nodeName"], &Value::Null)
}

/// Puts a pod on a node and lets it run.
async fn run(cx: &Context, item: &str, name: &str, ready: bool) -> Outcome {
    succeeded(&cx.post(&format!("{item}/binding"), &binding_of(name)).await?)?;
    let status = if ready { "True" } else { "False" };
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": status}]}});
    cx.patch(&format!("{item}/status"), MERGE, &status).await?.ok().map(drop)
}

/// A budget for the pods `app: a`, in the state that its controller would have given it.
async fn budget(cx: &Context, path: &str, name: &str, status: &Value) -> Outcome<String> {
    let budgets = beside(path, "poddisruptionbudgets").replace("/api/v1", "/apis/policy/v1");
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}},
    });
    cx.post(&budgets, &budget).await?.created()?;
    let item = format!("{budgets}/{name}");
    cx.patch(&format!("{item}/status"), MERGE, &json!({"status": status})).await?.ok()?;
    Ok(item)
}

async fn eviction_pending(cx: &Context) -> Outcome {
    let path = pods(cx, &["a", "b"]).await?;
    // Its budget is not even asked.
    budget(cx, &path, "none", &json!({"observedGeneration": 1, "disruptionsAllowed": 0})).await?;
    succeeded(&cx.post(&format!("{path}/b/eviction?dryRun=All"), &eviction_of("b")).await?)?;
    let dry = with(eviction_of("b"), "/deleteOptions", json!({"dryRun": ["All"]}));
    succeeded(&cx.post(&format!("{path}/b/eviction"), &dry).await?)?;
    cx.get(&format!("{path}/b")).await?.ok()?;
    succeeded(&cx.post(&format!("{path}/a/eviction"), &eviction_of("a")).await?)?;
    cx.get(&format!("{path}/a")).await?.refused_as(404, "NotFound")?;
    cx.post(&format!("{path}/a/eviction"), &eviction_of("a")).await?.refused_as(404, "NotFound").map(drop)
}

async fn eviction_running(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a");
    run(cx, &item, "a", true).await?;
    let hasty = with(eviction_of("a"), "/deleteOptions", json!({"gracePeriodSeconds": 7}));
    succeeded(&cx.post(&format!("{item}/eviction"), &hasty).await?)?;
    let pod = cx.get(&item).await?.ok()?;
    same("its grace", &pod["metadata"]["deletionGracePeriodSeconds"], &7)?;
    // It is going, so that nothing is asked any more.
    succeeded(&cx.post(&format!("{item}/eviction"), &eviction_of("a")).await?)?;
    cx.delete(&item).json(&json!({"gracePeriodSeconds": 0})).await?.ok().map(drop)
}

async fn eviction_within(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a");
    run(cx, &item, "a", true).await?;
    let allowed = json!({
        "observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2,
    });
    let budget = budget(cx, &path, "one", &allowed).await?;
    succeeded(&cx.post(&format!("{item}/eviction?dryRun=All"), &eviction_of("a")).await?)?;
    same("allowed", &cx.get(&budget).await?.ok()?["status"]["disruptionsAllowed"], &1)?;
    succeeded(&cx.post(&format!("{item}/eviction"), &eviction_of("a")).await?)?;
    let status = cx.get(&budget).await?.ok()?["status"].clone();
    same("allowed now", &status["disruptionsAllowed"], &0)?;
    holds("the pod is noted", status["disruptedPods"]["a"].is_string(), &status)?;
    let condition = json!({
        "type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "", "observedGeneration": 1,
    });
    includes("the condition", &status["conditions"][0], &condition)?;
    cx.delete(&item).json(&json!({"gracePeriodSeconds": 0})).await?.ok().map(drop)
}

async fn eviction_beyond(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a");
    run(cx, &item, "a", true).await?;
    let evict = || cx.post(&format!("{item}/eviction"), &eviction_of("a"));
    let text = "Cannot evict pod as it would violate the pod's disruption budget.";
    let none = json!({
        "observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1,
    });
    let first = budget(cx, &path, "none", &none).await?;
    let cause = "The disruption budget none needs 1 healthy pods and has 1 currently";
    evict().await?.refused(&json!({
        "message": text, "reason": "TooManyRequests", "code": 429,
        "details": {"causes": [{"reason": "DisruptionBudget", "message": cause}]},
    }))?;
    cx.patch(&first, MERGE, &json!({"spec": {"minAvailable": 2}})).await?.ok()?;
    let cause = "The disruption budget none is still being processed by the server.";
    evict().await?.refused(&json!({
        "message": text, "reason": "TooManyRequests", "code": 429,
        "details": {"causes": [{"reason": "DisruptionBudget", "message": cause}], "retryAfterSeconds": 10},
    }))?;
    let failed = json!({"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "Why.",
        "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let status = json!({"status": {"observedGeneration": 2, "conditions": [failed]}});
    cx.patch(&format!("{first}/status"), MERGE, &status).await?.ok()?;
    let cause =
        "The disruption budget none does not allow evicting pods currently because it failed sync: Why.";
    evict().await?.refused(&json!({
        "message": text, "reason": "TooManyRequests", "code": 429,
        "details": {"causes": [{"reason": "DisruptionBudget", "message": cause}]},
    }))?;
    budget(cx, &path, "other", &none).await?;
    evict().await?.refused(&json!({
        "message": "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        "code": 500,
    }))?;
    cx.delete(&item).json(&json!({"gracePeriodSeconds": 0})).await?.ok().map(drop)
}

async fn eviction_malformed(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a/eviction");
    cx.post(&item, &eviction_of("b")).await?.refused(&json!({
        "message": "name in URL does not match name in Eviction object", "reason": "BadRequest", "code": 400,
    }))?;
    let other = with(eviction_of("a"), "/apiVersion", json!("policy/v2"));
    cx.post(&item, &other).await?.refused_as(400, "BadRequest")?;
    cx.post(&item, &binding_of("a")).await?.refused_as(400, "BadRequest")?;
    cx.get(&format!("{path}/a")).await?.ok().map(drop)
}

async fn eviction_preconditions(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    for (name, value) in [("uid", "u"), ("resourceVersion", "1")] {
        let options = json!({"preconditions": {name: value}});
        let other = with(eviction_of("a"), "/deleteOptions", options);
        cx.post(&format!("{path}/a/eviction"), &other).await?.refused_as(409, "Conflict")?;
    }
    cx.get(&format!("{path}/a")).await?.ok().map(drop)
}

async fn deletion(cx: &Context) -> Outcome {
    let path = pods(cx, &["idle", "a"]).await?;
    let since =
        cx.get(&path).await?.ok()?["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    // What runs nowhere is gone at once, but first all see it marked.
    let gone = cx.delete(&format!("{path}/idle")).await?.ok()?;
    same("the answer", &json!([gone["kind"], gone["metadata"]["name"]]), &json!(["Pod", "idle"]))?;
    same("its grace", &gone["metadata"]["deletionGracePeriodSeconds"], &0)?;
    let watch = format!("{path}?watch=true&timeoutSeconds=1&resourceVersion={since}");
    let text = cx.get(&watch).await?.text();
    let events: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["type"]).collect();
    same("what is seen", &kinds, &vec![&json!("MODIFIED"), &json!("DELETED")])?;
    same("the mark", &events[0]["object"]["metadata"]["deletionGracePeriodSeconds"], &0)?;
    let item = format!("{path}/a");
    run(cx, &item, "a", true).await?;
    let before = cx.get(&item).await?.ok()?["metadata"]["generation"].as_i64().unwrap_or_default();
    let first = cx.delete(&item).await?.ok()?["metadata"].clone();
    same("its grace", &first["deletionGracePeriodSeconds"], &30)?;
    same("its generation", &first["generation"], &(before + 1))?;
    let again = cx.delete(&item).await?.ok()?["metadata"].clone();
    same("asked again", &again, &first)?;
    let hasty = cx.delete(&item).json(&json!({"gracePeriodSeconds": 5})).await?.ok()?["metadata"].clone();
    same("its shorter grace", &hasty["deletionGracePeriodSeconds"], &5)?;
    let status = json!({"status": {"phase": "Succeeded"}});
    cx.patch(&format!("{item}/status"), MERGE, &status).await?.ok()?;
    cx.get(&item).await?.ok()?;
    let last = cx.delete(&item).json(&json!({"gracePeriodSeconds": 0})).await?.ok()?["metadata"].clone();
    same("no grace", &last["deletionGracePeriodSeconds"], &0)?;
    cx.get(&item).await?.refused_as(404, "NotFound").map(drop)
}

async fn deletion_held(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    let item = format!("{path}/a");
    let held = json!({"metadata": {"finalizers": ["example.com/wait"]}});
    cx.patch(&item, MERGE, &held).await?.ok()?;
    run(cx, &item, "a", true).await?;
    cx.delete(&item).await?.ok()?;
    let free = json!({"metadata": {"finalizers": null}});
    cx.patch(&item, MERGE, &free).await?.ok()?;
    // Its grace is not over.
    cx.get(&item).await?.ok()?;
    cx.patch(&item, MERGE, &held).await?.refused_as(422, "Invalid")?;
    cx.delete(&item).json(&json!({"gracePeriodSeconds": 0})).await?.ok()?;
    cx.get(&item).await?.refused_as(404, "NotFound").map(drop)
}

/// Some kinds answer a deletion with the object that is gone, others with a Status.
async fn deletion_shown(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let port = json!({"ports": [{"port": 80}]});
    for (root, plural, kind, spec, shown) in [
        ("/api/v1", "services", "Service", port, "Service"),
        ("/api/v1", "serviceaccounts", "ServiceAccount", Value::Null, "ServiceAccount"),
        ("/api/v1", "resourcequotas", "ResourceQuota", json!({}), "ResourceQuota"),
        ("/api/v1", "limitranges", "LimitRange", json!({"limits": [{"type": "Pod"}]}), "Status"),
        (
            "/apis/networking.k8s.io/v1",
            "networkpolicies",
            "NetworkPolicy",
            json!({"podSelector": {}}),
            "Status",
        ),
    ] {
        let path = collection(root, plural, Some(&namespace));
        let version = root.trim_start_matches("/apis/").trim_start_matches("/api/");
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}});
        if !spec.is_null() {
            object["spec"] = spec;
        }
        cx.post(&path, &object).await?.created()?;
        same(plural, &cx.delete(&format!("{path}/a")).await?.ok()?["kind"], &shown)?;
    }
    Ok(())
}

async fn other_methods(cx: &Context) -> Outcome {
    let path = pods(cx, &["a"]).await?;
    for part in ["binding", "eviction"] {
        let item = format!("{path}/a/{part}");
        cx.get(&item).await?.refused_as(405, "MethodNotAllowed")?;
        cx.put(&item, &binding_of("a")).await?.refused_as(405, "MethodNotAllowed")?;
        cx.delete(&item).await?.refused_as(405, "MethodNotAllowed")?;
    }
    cx.get(&beside(&path, "bindings")).await?.refused_as(405, "MethodNotAllowed").map(drop)
}
