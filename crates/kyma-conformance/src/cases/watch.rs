//! Watch: which events come, from where, and with what in them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{MERGE, METADATA, TABLE, query};
use crate::context::{Context, NAMESPACES, leases};
use crate::fixture::{lease, text, version, with};
use crate::watch::{Event, Watch, briefs};

cases! {
    "watch/from-a-resource-version" => from_a_resource_version,
    "watch/replays-history" => replays_history,
    "watch/without-resource-version" => without_resource_version,
    "watch/label-selector-transitions" => label_selector_transitions,
    "watch/field-selector" => field_selector,
    "watch/deleted-carries-the-last-state" => deleted_carries_the_last_state,
    "watch/finalizers-then-deleted" => finalizers_then_deleted,
    "watch/no-event-for-no-change" => no_event_for_no_change,
    "watch/all-namespaces" => all_namespaces,
    "watch/cluster-scoped" => cluster_scoped,
    "watch/old-prefix" => old_prefix,
    "watch/ignored-on-one-object" => ignored_on_one_object,
    "watch/as-table" => as_table,
    "watch/as-metadata" => as_metadata,
    "watch/as-yaml-is-refused" => as_yaml_is_refused,
}

/// More than any `timeoutSeconds` in this file.
const END: Duration = Duration::from_secs(10);

/// Opens a watch from this version on.
async fn from(cx: &Context, path: &str, version: &str) -> Outcome<Watch> {
    Watch::open(
        cx.get(&query(path, &[("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", "20")])),
    )
    .await
}

/// Create, two label changes and a delete of the Lease `a`, with the versions that the answers had.
async fn change(cx: &Context, path: &str) -> Outcome<Vec<String>> {
    let labels = |value: &str| json!({"metadata": {"labels": {"app": value}}});
    let made = cx.post(path, &with(lease("a"), "/metadata/labels/app", "x")).await?.created()?;
    let y = cx.patch(&format!("{path}/a"), MERGE, &labels("y")).await?.ok()?;
    let x = cx.patch(&format!("{path}/a"), MERGE, &labels("x")).await?.ok()?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    Ok([&made, &y, &x].map(|object| version(object).to_owned()).into())
}

const CHANGES: [&str; 4] = ["ADDED a", "MODIFIED a", "MODIFIED a", "DELETED a"];

/// The next `count` events.
async fn take(watch: &mut Watch, count: usize) -> Outcome<Vec<Event>> {
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        events.push(watch.next().await?);
    }
    Ok(events)
}

async fn from_a_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("before")).await?.created()?;
    let list = cx.get(&path).await?.ok()?;
    let mut watch = from(cx, &path, version(&list)).await?;
    let versions = change(cx, &path).await?;
    let events = take(&mut watch, 4).await?;
    same("events", &briefs(&events), &CHANGES)?;
    for (event, expected) in events.iter().zip(&versions) {
        same("version", &version(&event.object), expected)?;
        same("kind", &event.object["kind"], &"Lease")?;
        same("apiVersion", &event.object["apiVersion"], &"coordination.k8s.io/v1")?;
    }
    Ok(())
}

async fn replays_history(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let list = cx.get(&path).await?.ok()?;
    let versions = change(cx, &path).await?;
    let all = take(&mut from(cx, &path, version(&list)).await?, 4).await?;
    same("from before", &briefs(&all), &CHANGES)?;
    let two = take(&mut from(cx, &path, &versions[1]).await?, 2).await?;
    same("what came after a version", &briefs(&two), &CHANGES[2..])
}

async fn without_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    for name in ["b", "a"] {
        cx.post(&path, &lease(name)).await?.created()?;
    }
    for parameters in ["", "&resourceVersion=0", "&resourceVersion="] {
        let call = cx.get(&format!("{path}?watch=1&timeoutSeconds=20{parameters}"));
        let mut watch = Watch::open(call).await?;
        let events = take(&mut watch, 2).await?;
        same("what is there comes as ADDED", &briefs(&events), &["ADDED a", "ADDED b"])?;
        cx.patch(&format!("{path}/b"), MERGE, &json!({"spec": {"holderIdentity": parameters}}))
            .await?
            .ok()?;
        if !parameters.is_empty() {
            same("then changes", &watch.next().await?.brief(), &"MODIFIED b")?;
        }
    }
    Ok(())
}

/// A change that moves an object into or out of the selection looks like its birth or its end.
async fn label_selector_transitions(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let list = cx.get(&path).await?.ok()?;
    let parameters = [
        ("watch", "true"),
        ("resourceVersion", version(&list)),
        ("labelSelector", "app=x"),
        ("timeoutSeconds", "20"),
    ];
    let call = || cx.get(&query(&path, &parameters));
    let mut live = Watch::open(call()).await?;
    let versions = change(cx, &path).await?;
    let mut replayed = Watch::open(call()).await?;
    for watch in [&mut live, &mut replayed] {
        let events = take(watch, 4).await?;
        same("events", &briefs(&events), &["ADDED a", "DELETED a", "ADDED a", "DELETED a"])?;
        let left = &events[1].object;
        same(
            "it leaves with the labels that it had in the selection",
            &text(left, "/metadata/labels/app"),
            &"x",
        )?;
        same("and with the version of the change", &version(left), &versions[1])?;
    }
    Ok(())
}

async fn field_selector(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let list = cx.get(&path).await?.ok()?;
    let parameters = [
        ("watch", "true"),
        ("resourceVersion", version(&list)),
        ("fieldSelector", "metadata.name=b"),
        ("timeoutSeconds", "20"),
    ];
    let mut watch = Watch::open(cx.get(&query(&path, &parameters))).await?;
    change(cx, &path).await?;
    cx.post(&path, &lease("b")).await?.created()?;
    cx.delete(&format!("{path}/b")).await?.ok()?;
    same("events", &briefs(&take(&mut watch, 2).await?), &["ADDED b", "DELETED b"])
}

async fn deleted_carries_the_last_state(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let mut watch = from(cx, &path, version(&made)).await?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    let event = watch.next().await?;
    same("type", &event.kind, &"DELETED")?;
    let number = |object: &Value| version(object).parse::<u64>().unwrap_or(0);
    holds("a new version", number(&event.object) > number(&made), &event.object)?;
    let state = with(event.object, "/metadata/resourceVersion", version(&made));
    same("the last state", &state, &made)
}

async fn finalizers_then_deleted(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let object = with(lease("a"), "/metadata/finalizers", json!(["example.com/hold"]));
    let made = cx.post(&path, &object).await?.created()?;
    let mut watch = from(cx, &path, version(&made)).await?;
    cx.delete(&format!("{path}/a")).await?.ok()?;
    let event = watch.next().await?;
    same("first a change", &event.kind, &"MODIFIED")?;
    holds(
        "with a time of deletion",
        event.object["metadata"]["deletionTimestamp"].is_string(),
        &event.object,
    )?;
    let asked = version(&event.object).to_owned();
    cx.patch(&format!("{path}/a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?.ok()?;
    let event = watch.next().await?;
    same("then the end", &event.kind, &"DELETED")?;
    holds("with a version of its own", version(&event.object) != asked, &event.object)?;
    same(
        "in the last state that was stored",
        &event.object["metadata"]["finalizers"],
        &json!(["example.com/hold"]),
    )
}

async fn no_event_for_no_change(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let mut watch = from(cx, &path, version(&made)).await?;
    cx.put(&format!("{path}/a"), &made).await?.ok()?;
    cx.patch(&format!("{path}/a"), MERGE, &json!({})).await?.ok()?;
    cx.post(&path, &lease("b")).await?.created()?;
    same("the next event", &watch.next().await?.brief(), &"ADDED b")
}

async fn all_namespaces(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let elsewhere = crate::fixture::Kind { namespace: cx.namespace().await?, ..widgets.clone() };
    let everywhere = crate::fixture::Kind { namespace: String::new(), ..widgets.clone() };
    let list = cx.get(&everywhere.path()).await?.ok()?;
    let mut all = from(cx, &everywhere.path(), version(&list)).await?;
    let mut one = from(cx, &elsewhere.path(), version(&list)).await?;
    for kind in [&widgets, &elsewhere] {
        cx.post(&kind.path(), &kind.object("a", &json!({"must": "m"}))).await?.created()?;
    }
    let events = take(&mut all, 2).await?;
    let namespaces =
        events.iter().map(|event| text(&event.object, "/metadata/namespace")).collect::<Vec<_>>();
    same("namespaces", &namespaces, &[widgets.namespace.as_str(), &elsewhere.namespace])?;
    same("in one", &text(&one.next().await?.object, "/metadata/namespace"), &elsewhere.namespace.as_str())
}

async fn cluster_scoped(cx: &Context) -> Outcome {
    let name = cx.name();
    let selector = format!("metadata.name={name}");
    let list = cx.get(&query(NAMESPACES, &[("fieldSelector", &selector)])).await?.ok()?;
    let parameters =
        [("watch", "true"), ("resourceVersion", version(&list)), ("fieldSelector", selector.as_str())];
    let mut watch = Watch::open(cx.get(&query(NAMESPACES, &parameters))).await?;
    cx.namespace().await?;
    let event = watch.next().await?;
    same("event", &event.brief(), &format!("ADDED {name}"))?;
    same("phase", &event.object["status"]["phase"], &"Active")
}

async fn old_prefix(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    cx.post(&leases(&namespace), &lease("a")).await?.created()?;
    let path = format!("/apis/coordination.k8s.io/v1/watch/namespaces/{namespace}/leases?timeoutSeconds=1");
    let events = Watch::open(cx.get(&path)).await?.rest(END).await?;
    same("events", &briefs(&events), &["ADDED a"])
}

async fn ignored_on_one_object(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let read = cx.get(&format!("{path}/a?watch=true&timeoutSeconds=1")).await?.ok()?;
    same("the object", &read, &made)
}

async fn as_table(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    for name in ["a", "b"] {
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    let call = cx.get(&format!("{}?watch=true&timeoutSeconds=1", widgets.path())).accept(TABLE);
    let events = Watch::open(call).await?.rest(END).await?;
    same("events", &events.len(), &2)?;
    for (event, name) in events.iter().zip(["a", "b"]) {
        same("kind", &event.object["kind"], &"Table")?;
        same("cells", &event.object["rows"][0]["cells"], &json!([name, "m", null, null, null]))?;
        same("row", &event.object["rows"][0]["object"]["metadata"]["name"], &name)?;
    }
    same("columns come once", &events[0].object["columnDefinitions"].as_array().map(Vec::len), &Some(5))?;
    same("and not again", &events[1].object["columnDefinitions"], &Value::Null)
}

async fn as_metadata(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let call = cx.get(&format!("{path}?watch=true&timeoutSeconds=1")).accept(METADATA);
    let events = Watch::open(call).await?.rest(END).await?;
    same("events", &briefs(&events), &["ADDED a"])?;
    let object = &events[0].object;
    same("kind", &object["kind"], &"PartialObjectMetadata")?;
    same("apiVersion", &object["apiVersion"], &"meta.k8s.io/v1")?;
    same("spec", &object["spec"], &Value::Null)
}

async fn as_yaml_is_refused(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let answer = cx.get(&format!("{path}?watch=true&timeoutSeconds=1")).accept("application/yaml").await?;
    same("code", &answer.code(), &406)
}
