//! Owner references and what becomes of dependents.

use std::time::Duration;

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::MERGE;
use crate::context::{Context, config_maps, leases};
use crate::fixture::{config_map, lease, owned_by, with};
use crate::poll::eventually;

cases! {
    "garbage/dependents-go-with-their-owner" => dependents_go_with_their_owner,
    "garbage/two-owners" => two_owners,
    "garbage/owner-that-never-was" => owner_that_never_was,
    "garbage/owner-of-another-namespace" => owner_of_another_namespace,
    "garbage/owner-of-the-cluster" => owner_of_the_cluster,
    "garbage/orphans" => orphans,
    "garbage/foreground" => foreground,
    "garbage/foreground-that-is-not-blocked" => foreground_that_is_not_blocked,
    "garbage/chain" => chain,
    "garbage/cycle" => cycle,
    "garbage/custom-resources" within 120 => custom_resources,
    "garbage/finalizers-of-dependents" => finalizers_of_dependents,
    "garbage/bad-references" => bad_references,
}

/// What takes milliseconds when the collector is idle, and seconds when the machine is not.
const COLLECTED: Duration = Duration::from_secs(25);

/// A ConfigMap with these owners.
async fn make(cx: &Context, path: &str, name: &str, owners: &[Value]) -> Outcome<Value> {
    let object = with(config_map(name), "/metadata/ownerReferences", Value::from(owners));
    cx.post(path, &object).await?.created()
}

async fn delete(cx: &Context, path: &str, policy: &str) -> Outcome {
    cx.delete(path).json(&json!({"propagationPolicy": policy})).await?.ok().map(drop)
}

async fn dependents_go_with_their_owner(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let path = config_maps(&namespace);
    let owner = make(cx, &path, "owner", &[]).await?;
    make(cx, &path, "dependent", &[owned_by(&owner)]).await?;
    let other = with(lease("dependent"), "/metadata/ownerReferences", json!([owned_by(&owner)]));
    cx.post(&leases(&namespace), &other).await?.created()?;
    make(cx, &path, "bystander", &[]).await?;
    cx.delete(&format!("{path}/owner")).await?.ok()?;
    cx.gone(&format!("{path}/dependent"), COLLECTED).await?;
    cx.gone(&format!("{}/dependent", leases(&namespace)), COLLECTED).await?;
    cx.get(&format!("{path}/bystander")).await?.ok().map(drop)
}

/// One owner is enough to live; references to those that are gone are taken out.
async fn two_owners(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let (one, other) = (make(cx, &path, "one", &[]).await?, make(cx, &path, "other", &[]).await?);
    make(cx, &path, "dependent", &[owned_by(&one), owned_by(&other)]).await?;
    cx.delete(&format!("{path}/one")).await?.ok()?;
    eventually("one reference is left", COLLECTED, || async {
        let object = cx.get(&format!("{path}/dependent")).await?.ok()?;
        let left = &object["metadata"]["ownerReferences"];
        Ok(if *left == json!([owned_by(&other)]) { Ok(()) } else { Err(left.to_string()) })
    })
    .await?;
    cx.delete(&format!("{path}/other")).await?.ok()?;
    cx.gone(&format!("{path}/dependent"), COLLECTED).await
}

/// The UID counts, not the name; a kind that the server does not know could be there all the same.
async fn owner_that_never_was(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let owner = make(cx, &path, "owner", &[]).await?;
    let other_uid = with(owned_by(&owner), "/uid", "11111111-2222-3333-4444-555555555555");
    let unknown = json!({"apiVersion": "nobody.example.com/v1", "kind": "Unknown", "name": "x", "uid": "u"});
    make(cx, &path, "of-unknown-kind", &[unknown]).await?;
    make(cx, &path, "of-other-uid", std::slice::from_ref(&other_uid)).await?;
    make(cx, &path, "of-absent-name", &[with(other_uid, "/name", "absent")]).await?;
    for name in ["of-other-uid", "of-absent-name"] {
        cx.gone(&format!("{path}/{name}"), COLLECTED).await?;
    }
    cx.get(&format!("{path}/of-unknown-kind")).await?.ok().map(drop)
}

/// Only an object of the same namespace, or of the cluster, can be an owner.
async fn owner_of_another_namespace(cx: &Context) -> Outcome {
    let (here, there) = (config_maps(&cx.namespace().await?), config_maps(&cx.namespace().await?));
    let owner = make(cx, &there, "owner", &[]).await?;
    make(cx, &here, "dependent", &[owned_by(&owner)]).await?;
    cx.gone(&format!("{here}/dependent"), COLLECTED).await?;
    cx.get(&format!("{there}/owner")).await?.ok().map(drop)
}

async fn owner_of_the_cluster(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let other = cx.namespace().await?;
    let owner = cx.get(&format!("/api/v1/namespaces/{other}")).await?.ok()?;
    make(cx, &path, "dependent", &[owned_by(&owner)]).await?;
    // Made after it and collected: so the collector has seen the first one as well.
    let absent = with(owned_by(&owner), "/uid", "11111111-2222-3333-4444-555555555555");
    make(cx, &path, "later", &[absent]).await?;
    cx.gone(&format!("{path}/later"), COLLECTED).await?;
    cx.get(&format!("{path}/dependent")).await?.ok()?;
    cx.delete(&format!("/api/v1/namespaces/{other}")).await?.ok()?;
    cx.gone(&format!("{path}/dependent"), COLLECTED).await
}

async fn orphans(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let owner = make(cx, &path, "owner", &[]).await?;
    make(cx, &path, "dependent", &[owned_by(&owner)]).await?;
    delete(cx, &format!("{path}/owner"), "Orphan").await?;
    cx.gone(&format!("{path}/owner"), COLLECTED).await?;
    let left = cx.get(&format!("{path}/dependent")).await?.ok()?;
    same("the references", &left["metadata"]["ownerReferences"], &Value::Null)
}

/// The owner goes last.
async fn foreground(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let owner = make(cx, &path, "owner", &[]).await?;
    let reference = with(owned_by(&owner), "/blockOwnerDeletion", true);
    let held = with(config_map("held"), "/metadata/ownerReferences", json!([reference]));
    cx.post(&path, &with(held, "/metadata/finalizers", json!(["example.com/hold"]))).await?.created()?;
    make(cx, &path, "free", &[reference]).await?;
    delete(cx, &format!("{path}/owner"), "Foreground").await?;
    cx.gone(&format!("{path}/free"), COLLECTED).await?;
    eventually("the held dependent is being deleted", COLLECTED, || async {
        let object = cx.get(&format!("{path}/held")).await?.ok()?;
        Ok(if object["metadata"]["deletionTimestamp"].is_string() { Ok(()) } else { Err(object.to_string()) })
    })
    .await?;
    let owner = cx.get(&format!("{path}/owner")).await?.ok()?;
    same("the owner waits", &owner["metadata"]["finalizers"], &json!(["foregroundDeletion"]))?;
    cx.patch(&format!("{path}/held"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&format!("{path}/owner"), COLLECTED).await
}

async fn foreground_that_is_not_blocked(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let owner = make(cx, &path, "owner", &[]).await?;
    let held = with(config_map("held"), "/metadata/ownerReferences", json!([owned_by(&owner)]));
    cx.post(&path, &with(held, "/metadata/finalizers", json!(["example.com/hold"]))).await?.created()?;
    delete(cx, &format!("{path}/owner"), "Foreground").await?;
    cx.gone(&format!("{path}/owner"), COLLECTED).await?;
    let held = cx.get(&format!("{path}/held")).await?.ok()?;
    holds("it is being deleted", held["metadata"]["deletionTimestamp"].is_string(), &held)?;
    cx.patch(&format!("{path}/held"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&format!("{path}/held"), COLLECTED).await
}

async fn chain(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let first = make(cx, &path, "first", &[]).await?;
    let second = make(cx, &path, "second", &[owned_by(&first)]).await?;
    make(cx, &path, "third", &[owned_by(&second)]).await?;
    cx.delete(&format!("{path}/first")).await?.ok()?;
    for name in ["second", "third"] {
        cx.gone(&format!("{path}/{name}"), COLLECTED).await?;
    }
    Ok(())
}

async fn cycle(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let one = make(cx, &path, "one", &[]).await?;
    let other = make(cx, &path, "other", &[owned_by(&one)]).await?;
    let patch = json!({"metadata": {"ownerReferences": [owned_by(&other)]}});
    cx.patch(&format!("{path}/one"), MERGE, &patch).await?.ok()?;
    cx.delete(&format!("{path}/one")).await?.ok()?;
    for name in ["one", "other"] {
        cx.gone(&format!("{path}/{name}"), COLLECTED).await?;
    }
    Ok(())
}

/// The real collector learns of a new kind within a minute.
async fn custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let spec = json!({"must": "m"});
    let owner = cx.post(&widgets.path(), &widgets.object("owner", &spec)).await?.created()?;
    let reference = with(with(owned_by(&owner), "/controller", true), "/blockOwnerDeletion", true);
    let object = with(widgets.object("dependent", &spec), "/metadata/ownerReferences", json!([reference]));
    cx.post(&widgets.path(), &object).await?.created()?;
    cx.delete(&widgets.item("owner")).await?.ok()?;
    cx.gone(&widgets.item("dependent"), Duration::from_secs(100)).await
}

/// Collecting is deleting: a finalizer holds what is collected, too.
async fn finalizers_of_dependents(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let owner = make(cx, &path, "owner", &[]).await?;
    let held = with(config_map("held"), "/metadata/ownerReferences", json!([owned_by(&owner)]));
    cx.post(&path, &with(held, "/metadata/finalizers", json!(["example.com/hold"]))).await?.created()?;
    cx.delete(&format!("{path}/owner")).await?.ok()?;
    eventually("it is being deleted", COLLECTED, || async {
        let object = cx.get(&format!("{path}/held")).await?.ok()?;
        Ok(if object["metadata"]["deletionTimestamp"].is_string() { Ok(()) } else { Err(object.to_string()) })
    })
    .await?;
    cx.patch(&format!("{path}/held"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    cx.gone(&format!("{path}/held"), COLLECTED).await
}

async fn bad_references(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let object = with(config_map("a"), "/metadata/ownerReferences", json!([reference]));
    cx.post(&path, &object).await?.invalid(&[
        ("FieldValueRequired", "metadata.ownerReferences[0].name", "Required value: must not be empty"),
        ("FieldValueRequired", "metadata.ownerReferences[0].uid", "Required value: must not be empty"),
    ])
}
