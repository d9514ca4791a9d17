//! kube-rs as the client: its verbs, its watcher and reflector, its waits.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, pin_mut};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
    VersionMatch,
};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{WatchStreamExt, reflector};
use kube::{Api, Discovery, ResourceExt};
use serde_json::json;

use crate::case::cases;
use crate::check::{Failure, Outcome, holds, same};
use crate::client::chain;
use crate::context::Context;
use crate::fixture::{Kind, definition};

cases! {
    "kube-rs/verbs" => verbs,
    "kube-rs/dynamic-objects" => dynamic_objects,
    "kube-rs/errors" => errors,
    "kube-rs/reflector-pages" within 90 => reflector_pages,
    "kube-rs/watcher-follows" => watcher_follows,
    "kube-rs/watcher-streams-lists" => watcher_streams_lists,
    "kube-rs/wait-for-conditions" => wait_for_conditions,
    "kube-rs/discovery" => discovery,
    "kube-rs/metadata" => metadata,
}

/// What a library says when it fails, as a failure of the case.
#[track_caller]
fn failed(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new("kube-rs", "no error", chain(error))
}

fn config_map(name: &str) -> ConfigMap {
    let mut object =
        ConfigMap { data: Some([("key".to_owned(), "value".to_owned())].into()), ..ConfigMap::default() };
    object.metadata.name = Some(name.to_owned());
    object.metadata.labels = Some([("of".to_owned(), "case".to_owned())].into());
    object
}

async fn verbs(cx: &Context) -> Outcome {
    let api: Api<ConfigMap> = Api::namespaced(cx.kube(), &cx.namespace().await?);
    let create = PostParams::default();
    let made = api.create(&create, &config_map("a")).await.map_err(|error| failed(&error))?;
    let mut changed = made.clone();
    changed.data = Some([("key".to_owned(), "new".to_owned())].into());
    let replaced = api.replace("a", &create, &changed).await.map_err(|error| failed(&error))?;
    holds("a new version", replaced.resource_version() != made.resource_version(), &replaced)?;
    let patch = Patch::Merge(json!({"data": {"more": "1"}}));
    let patched = api.patch("a", &PatchParams::default(), &patch).await.map_err(|error| failed(&error))?;
    same("data", &patched.data.as_ref().map(std::collections::BTreeMap::len), &Some(2))?;
    let got = api.get("a").await.map_err(|error| failed(&error))?;
    same("the object", &got, &patched)?;
    same("absent", &api.get_opt("none").await.map_err(|error| failed(&error))?, &None::<ConfigMap>)?;
    let list = api.list(&ListParams::default().labels("of=case")).await.map_err(|error| failed(&error))?;
    same("names", &list.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), &["a"])?;
    let entry = api.entry("a").await.map_err(|error| failed(&error))?;
    holds("the entry is there", matches!(entry, kube::api::entry::Entry::Occupied(_)), "vacant")?;
    let deleted = api.delete("a", &DeleteParams::background()).await.map_err(|error| failed(&error))?;
    holds("the answer is a Status", deleted.is_right(), "an object")?;
    let all = ListParams::default().labels("of=case");
    api.delete_collection(&DeleteParams::default(), &all).await.map_err(|error| failed(&error)).map(drop)
}

/// The kind as kube-rs knows it without a type.
fn dynamic(cx: &Context, kind: &Kind) -> (Api<DynamicObject>, ApiResource) {
    let gvk = GroupVersionKind::gvk(&kind.group, "v1", &kind.kind);
    let resource = ApiResource::from_gvk_with_plural(&gvk, &kind.plural);
    (Api::namespaced_with(cx.kube(), &kind.namespace, &resource), resource)
}

async fn dynamic_objects(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let (api, resource) = dynamic(cx, &widgets);
    let object = DynamicObject::new("a", &resource).data(json!({"spec": {"must": "m"}}));
    let made = api.create(&PostParams::default(), &object).await.map_err(|error| failed(&error))?;
    same("default", &made.data["spec"]["filled"], &"by default")?;
    let mut status = made.clone();
    status.data["status"] = json!({"phase": "done"});
    let updated =
        api.replace_status("a", &PostParams::default(), &status).await.map_err(|error| failed(&error))?;
    same("status", &updated.data["status"]["phase"], &"done")?;
    let patch = Patch::Merge(json!({"status": {"count": 2}}));
    let patched =
        api.patch_status("a", &PatchParams::default(), &patch).await.map_err(|error| failed(&error))?;
    same("status", &patched.data["status"], &json!({"phase": "done", "count": 2}))?;
    same("generation", &patched.metadata.generation, &Some(1))?;
    let read = api.get_status("a").await.map_err(|error| failed(&error))?;
    same("what is read", &read, &patched)
}

async fn errors(cx: &Context) -> Outcome {
    let api: Api<ConfigMap> = Api::namespaced(cx.kube(), &cx.namespace().await?);
    let made = api.create(&PostParams::default(), &config_map("a")).await.map_err(|error| failed(&error))?;
    api.replace("a", &PostParams::default(), &ConfigMap { data: None, ..made.clone() })
        .await
        .map_err(|error| failed(&error))?;
    let status = |error: kube::Error| match error {
        kube::Error::Api(status) => Ok((status.code, status.reason.clone())),
        other => Err(failed(&other)),
    };
    let mut seen = Vec::new();
    for result in [
        api.get("none").await,
        api.create(&PostParams::default(), &config_map("a")).await,
        api.replace("a", &PostParams::default(), &made).await,
        api.create(&PostParams::default(), &config_map("Not_A_Name")).await,
    ] {
        match result {
            Ok(object) => return Err(Failure::new("kube-rs", "an error", object.name_any())),
            Err(error) => seen.push(status(error)?),
        }
    }
    let expected = [(404, "NotFound"), (409, "AlreadyExists"), (409, "Conflict"), (422, "Invalid")];
    same("errors", &seen, &expected.map(|(code, reason)| (code, reason.to_owned())))
}

/// More than one page of 500, which is what the watcher asks for.
const MANY: usize = 501 + 20;

async fn reflector_pages(cx: &Context) -> Outcome {
    let api: Api<ConfigMap> = Api::namespaced(cx.kube(), &cx.namespace().await?);
    let create = |number: usize| {
        let api = api.clone();
        async move {
            let object = config_map(&format!("many-{number:04}"));
            api.create(&PostParams::default(), &object).await.map(drop)
        }
    };
    let made = futures_util::stream::iter((0..MANY).map(create)).buffer_unordered(8);
    made.try_collect::<Vec<()>>().await.map_err(|error| failed(&error))?;
    let (reader, writer) = reflector::store();
    let stream = watcher(api.clone(), watcher::Config::default().labels("of=case"));
    let reflected = reflector(writer, stream).applied_objects();
    pin_mut!(reflected);
    let read_all = async {
        let mut seen = 0;
        while seen < MANY {
            match reflected.next().await {
                Some(Ok(_)) => seen += 1,
                Some(Err(error)) => return Err(failed(&error)),
                None => return Err(Failure::new("the reflector", "more objects", seen.to_string())),
            }
        }
        // Whoever lists has seen all of it when the store is ready, and not before.
        api.create(&PostParams::default(), &config_map("one-more")).await.map_err(|error| failed(&error))?;
        reflected.next().await;
        Ok(())
    };
    let late = |_| Failure::new("the reflector", format!("{MANY} objects"), reader.len().to_string());
    tokio::time::timeout(Duration::from_secs(60), read_all).await.map_err(late)??;
    same("objects in the store", &reader.len(), &(MANY + 1))
}

/// The kinds of events until `count` of them came; what belongs to the initial list is one.
async fn follow(
    stream: impl futures_util::Stream<Item = watcher::Result<Event<ConfigMap>>>,
    count: usize,
) -> Outcome<Vec<String>> {
    pin_mut!(stream);
    let mut seen = Vec::new();
    let all = async {
        while seen.len() < count {
            match stream.next().await {
                Some(Ok(Event::Init)) => {}
                Some(Ok(Event::InitApply(object))) => seen.push(format!("init {}", object.name_any())),
                Some(Ok(Event::InitDone)) => seen.push("done".to_owned()),
                Some(Ok(Event::Apply(object))) => seen.push(format!("apply {}", object.name_any())),
                Some(Ok(Event::Delete(object))) => seen.push(format!("delete {}", object.name_any())),
                Some(Err(error)) => return Err(failed(&error)),
                None => return Err(Failure::new("the watcher", "more events", "its end")),
            }
        }
        Ok(())
    };
    match tokio::time::timeout(Duration::from_secs(15), all).await {
        Ok(outcome) => outcome.map(|()| seen),
        Err(_) => Err(Failure::new("the watcher", format!("{count} events"), format!("{seen:?}"))),
    }
}

async fn watches(cx: &Context, config: watcher::Config) -> Outcome {
    let api: Api<ConfigMap> = Api::namespaced(cx.kube(), &cx.namespace().await?);
    let create = PostParams::default();
    let made = api.create(&create, &config_map("a")).await.map_err(|error| failed(&error))?;
    // A streamed list may begin with what lags, so the newest is waited for first.
    let newest = ListParams::default()
        .at(&made.resource_version().unwrap_or_default())
        .matching(VersionMatch::NotOlderThan);
    api.list(&newest).await.map_err(|error| failed(&error))?;
    let stream = watcher(api.clone(), config.labels("of=case"));
    let change = async {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let stream = stream.inspect_ok(move |event| {
            if matches!(event, Event::InitDone)
                && let Some(sender) = sender.take()
            {
                let _ = sender.send(());
            }
        });
        let write = async {
            let _ = receiver.await;
            api.create(&create, &config_map("b")).await.map_err(|error| failed(&error))?;
            api.delete("a", &DeleteParams::default()).await.map_err(|error| failed(&error))?;
            Ok::<(), Failure>(())
        };
        let (seen, written) = tokio::join!(follow(stream, 4), write);
        written?;
        seen
    };
    same("events", &change.await?, &["init a", "done", "apply b", "delete a"])
}

async fn watcher_follows(cx: &Context) -> Outcome {
    watches(cx, watcher::Config::default()).await
}

async fn watcher_streams_lists(cx: &Context) -> Outcome {
    watches(cx, watcher::Config::default().streaming_lists()).await
}

async fn wait_for_conditions(cx: &Context) -> Outcome {
    let sent = definition(&cx.group(), "Thing", &json!({"type": "object"}));
    let name = sent["metadata"]["name"].as_str().unwrap_or("").to_owned();
    let definitions: Api<CustomResourceDefinition> = Api::all(cx.kube());
    let typed: CustomResourceDefinition = serde_json::from_value(sent).map_err(|error| failed(&error))?;
    definitions.create(&PostParams::default(), &typed).await.map_err(|error| failed(&error))?;
    cx.remember(format!("{}/{name}", crate::context::DEFINITIONS));
    let established = await_condition(definitions.clone(), &name, conditions::is_crd_established());
    let late = |_| Failure::new("kube-rs", "the condition within 15 s", "not yet");
    let limit = Duration::from_secs(15);
    tokio::time::timeout(limit, established).await.map_err(late)?.map_err(|error| failed(&error))?;

    let api: Api<ConfigMap> = Api::namespaced(cx.kube(), &cx.namespace().await?);
    let made = api.create(&PostParams::default(), &config_map("a")).await.map_err(|error| failed(&error))?;
    let uid = made.uid().unwrap_or_default();
    let gone = await_condition(api.clone(), "a", conditions::is_deleted(&uid));
    let parameters = DeleteParams::default();
    let delete = api.delete("a", &parameters);
    let (gone, deleted) = tokio::join!(tokio::time::timeout(limit, gone), delete);
    gone.map_err(late)?.map_err(|error| failed(&error))?;
    deleted.map_err(|error| failed(&error)).map(drop)
}

async fn discovery(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    crate::poll::eventually("kube-rs finds the kind", Duration::from_secs(20), || async {
        let discovery = Discovery::new(cx.kube()).filter(&[&widgets.group]).run_aggregated().await;
        let discovery = discovery.map_err(|error| failed(&error))?;
        let gvk = GroupVersionKind::gvk(&widgets.group, "v1", "Widget");
        let found = discovery.resolve_gvk(&gvk).map(|(resource, _)| resource.plural);
        Ok(if found.as_deref() == Some("widgets") { Ok(()) } else { Err(format!("{found:?}")) })
    })
    .await?;
    let version = cx.kube().apiserver_version().await.map_err(|error| failed(&error))?;
    same("version", &version.major, &"1")
}

async fn metadata(cx: &Context) -> Outcome {
    let name = cx.namespace().await?;
    let api: Api<Namespace> = Api::all(cx.kube());
    let one = api.get_metadata(&name).await.map_err(|error| failed(&error))?;
    same("name", &one.name_any(), &name)?;
    let selected = ListParams::default().fields(&format!("metadata.name={name}"));
    let list = api.list_metadata(&selected).await.map_err(|error| failed(&error))?;
    same("names", &list.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), &[name])
}
