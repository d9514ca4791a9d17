//! Namespaces: their form and their life.

use std::time::Duration;

use serde_json::json;

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::client::MERGE;
use crate::context::{Context, NAMESPACES, leases};
use crate::fixture::{condition, lease, namespace, plain, text, with};
use crate::poll::eventually;

cases! {
    "namespaces/form" => form,
    "namespaces/what-cannot-be-set" => what_cannot_be_set,
    "namespaces/bad-names" => bad_names,
    "namespaces/taken" => taken,
    "namespaces/of-the-system" => of_the_system,
    "namespaces/phase-terminating" => phase_terminating,
    "namespaces/content-goes" within 90 => content_goes,
    "namespaces/empty-one-goes" within 60 => empty_one_goes,
    "namespaces/finalizers-hold-content" within 90 => finalizers_hold_content,
    "namespaces/finalizers-of-its-own" within 90 => finalizers_of_its_own,
    "namespaces/custom-resources-go" within 90 => custom_resources_go,
}

/// The real controller waits five seconds before it looks again, and sometimes longer.
const GONE: Duration = Duration::from_secs(50);

fn item(name: &str) -> String {
    format!("{NAMESPACES}/{name}")
}

async fn form(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    let read = cx.get(&item(&name)).await?.ok()?;
    same(
        "the object",
        &plain(read),
        &json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        }),
    )
}

/// The server puts these back.
async fn what_cannot_be_set(cx: &Context) -> Outcome {
    let name = cx.name();
    let object = with(namespace(&name), "/metadata/labels/kubernetes.io~1metadata.name", "other");
    let made = cx.post(NAMESPACES, &with(object, "/status/phase", "Terminating")).await?.created()?;
    cx.remember(item(&name));
    same("phase", &made["status"]["phase"], &"Active")?;
    same("label", &made["metadata"]["labels"], &json!({"kubernetes.io/metadata.name": name}))?;
    for patch in [json!({"metadata": {"labels": null}}), json!({"spec": {"finalizers": null}})] {
        same("no change", &cx.patch(&item(&name), MERGE, &patch).await?.ok()?, &made)?;
    }
    Ok(())
}

async fn bad_names(cx: &Context) -> Outcome {
    let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    for (name, message) in [
        ("a.b", "Invalid value: \"a.b\": must not contain dots".to_owned()),
        ("Upper", format!("Invalid value: \"Upper\": {label}")),
        ("-a", format!("Invalid value: \"-a\": {label}")),
    ] {
        let body = cx.post(NAMESPACES, &namespace(name)).await?.refused_as(422, "Invalid")?;
        let expected = json!({"reason": "FieldValueInvalid", "message": message, "field": "metadata.name"});
        same("the first cause", &body["details"]["causes"][0], &expected)?;
    }
    cx.post(NAMESPACES, &namespace(&"a".repeat(64))).await?.refused_as(422, "Invalid").map(drop)
}

async fn taken(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    cx.post(NAMESPACES, &namespace(&name)).await?.refused(&json!({
        "message": format!("namespaces \"{name}\" already exists"), "reason": "AlreadyExists",
        "details": {"name": name, "kind": "namespaces"}, "code": 409,
    }))
}

async fn of_the_system(cx: &Context) -> Outcome {
    for name in ["default", "kube-system", "kube-public"] {
        same("it is there", &cx.get(&item(name)).await?.ok()?["status"]["phase"], &"Active")?;
        cx.delete(&format!("{}?dryRun=All", item(name))).await?.refused(&json!({
            "message": format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted"),
            "reason": "Forbidden", "details": {"name": name, "kind": "namespaces"}, "code": 403,
        }))?;
    }
    cx.get(&item("kube-node-lease")).await?.ok().map(drop)
}

async fn phase_terminating(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    let held = with(lease("held"), "/metadata/finalizers", json!(["example.com/hold"]));
    cx.post(&leases(&name), &held).await?.created()?;
    let deleting = cx.delete(&item(&name)).await?.ok()?;
    same("kind", &deleting["kind"], &"Namespace")?;
    same("phase", &deleting["status"]["phase"], &"Terminating")?;
    holds("deletionTimestamp", deleting["metadata"]["deletionTimestamp"].is_string(), &deleting)?;
    same("finalizers", &deleting["spec"]["finalizers"], &json!(["kubernetes"]))?;
    cx.post(NAMESPACES, &namespace(&name)).await?.refused(&json!({
        "message": format!("object is being deleted: namespaces \"{name}\" already exists"),
        "reason": "AlreadyExists", "details": {"name": name, "kind": "namespaces"}, "code": 409,
    }))?;
    // What is in it can still be changed.
    let held = format!("{}/held", leases(&name));
    cx.patch(&held, MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok().map(drop)
}

async fn content_goes(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    let other = cx.namespace().await?;
    for path in [leases(&name), leases(&other)] {
        cx.post(&path, &lease("a")).await?.created()?;
    }
    cx.delete(&item(&name)).await?.ok()?;
    cx.gone(&item(&name), GONE).await?;
    cx.get(&format!("{}/a", leases(&name))).await?.refused_as(404, "NotFound")?;
    cx.get(&format!("{}/a", leases(&other))).await?.ok()?;
    // The name is free again.
    let again = cx.post(NAMESPACES, &namespace(&name)).await?.created()?;
    same("phase", &again["status"]["phase"], &"Active")?;
    same("items", &cx.get(&leases(&name)).await?.ok()?["items"], &json!([]))?;
    cx.delete(&item(&name)).await?.ok().map(drop)
}

async fn empty_one_goes(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    cx.delete(&item(&name)).json(&json!({"propagationPolicy": "Background"})).await?.ok()?;
    cx.gone(&item(&name), GONE).await?;
    cx.delete(&item(&name)).await?.refused(&json!({
        "message": format!("namespaces \"{name}\" not found"), "reason": "NotFound",
        "details": {"name": name, "kind": "namespaces"}, "code": 404,
    }))
}

async fn finalizers_hold_content(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    let held = with(lease("held"), "/metadata/finalizers", json!(["example.com/hold"]));
    cx.post(&leases(&name), &held).await?.created()?;
    cx.post(&leases(&name), &lease("free")).await?.created()?;
    cx.delete(&item(&name)).await?.ok()?;
    let remaining = "NamespaceContentRemaining";
    let seen = eventually("the conditions say what remains", GONE, || async {
        let object = cx.get(&item(&name)).await?.ok()?;
        let told = condition(&object, remaining)["status"] == "True";
        Ok(if told { Ok(object) } else { Err(object["status"].to_string()) })
    })
    .await?;
    for (kind, status, reason, message) in [
        (
            remaining,
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: leases.coordination.k8s.io has 1 resource instances",
        ),
        (
            "NamespaceFinalizersRemaining",
            "True",
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ),
        (
            "NamespaceDeletionContentFailure",
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        (
            "NamespaceDeletionDiscoveryFailure",
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
    ] {
        let expected = json!({"type": kind, "status": status, "reason": reason, "message": message});
        same(kind, &condition(&seen, kind), &expected)?;
    }
    cx.get(&format!("{}/free", leases(&name))).await?.refused_as(404, "NotFound")?;
    let held = format!("{}/held", leases(&name));
    cx.patch(&held, MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&item(&name), GONE).await
}

/// Those of metadata come after those of the spec, which stand for the content.
async fn finalizers_of_its_own(cx: &Context) -> Outcome {
    let name = cx.name();
    let object = with(namespace(&name), "/metadata/finalizers", json!(["example.com/hold"]));
    cx.post(NAMESPACES, &object).await?.created()?;
    cx.remember(item(&name));
    cx.delete(&item(&name)).await?.ok()?;
    let seen = eventually("only the object is left", GONE, || async {
        let object = cx.get(&item(&name)).await?.ok()?;
        Ok(if object["spec"]["finalizers"].is_null() { Ok(object) } else { Err(object["spec"].to_string()) })
    })
    .await?;
    includes("the object", &seen, &json!({"status": {"phase": "Terminating"}, "spec": {}}))?;
    same("held by", &text(&seen, "/metadata/finalizers/0"), &"example.com/hold")?;
    cx.patch(&item(&name), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&item(&name), GONE).await
}

async fn custom_resources_go(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    cx.post(&widgets.path(), &widgets.object("a", &json!({"must": "m"}))).await?.created()?;
    cx.delete(&item(&widgets.namespace)).await?.ok()?;
    cx.gone(&item(&widgets.namespace), GONE).await?;
    let everywhere = crate::fixture::Kind { namespace: String::new(), ..widgets.clone() };
    same("items", &cx.get(&everywhere.path()).await?.ok()?["items"], &json!([]))
}
