//! What a server finds that is not the first on its store: everything that was there, and what was left half done.

use std::sync::Arc;

use http::StatusCode;
use kyma_apiserver::Seeded;
use kyma_registry::{Body, CreateOptions, DeleteOptions, Propagation, Registry, Request};
use kyma_store::{FaultyDisk, Options, Store};
use serde_json::{Value, json};

use crate::server::{Server, clock, let_go, settle};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn open(disk: &Arc<FaultyDisk>) -> Store {
    Store::on_disk(Options::default(), clock(), Arc::clone(disk) as _).unwrap()
}

async fn start(disk: &Arc<FaultyDisk>) -> (Server, Store) {
    let store = open(disk);
    (Server::with(|builder| builder.store(store.clone())).await, store)
}

fn end(server: Server, store: &Store) {
    drop(server);
    store.close();
}

/// What a server did just before it ended: the verbs alone, without what goes on by itself.
struct Unattended(Registry);

impl Unattended {
    fn new(store: &Store) -> Self {
        Unattended(Registry::new(store.clone(), clock(), Arc::new(Seeded::new(3))))
    }

    async fn delete(
        &self,
        (group, plural): (&str, &str),
        namespace: Option<&str>,
        name: &str,
        policy: Propagation,
    ) {
        let catalog = self.0.catalog();
        let resource = catalog.find(group, "v1", plural).unwrap();
        let options = DeleteOptions { propagation: Some(policy), ..DeleteOptions::default() };
        self.0.delete(&Request { resource, namespace }, name, &options).await.unwrap();
    }

    async fn create(&self, plural: &str, object: Value) -> Value {
        let catalog = self.0.catalog();
        let resource = catalog.find("", "v1", plural).unwrap();
        let namespace = resource.namespaced().then_some("default");
        let body = Body::from(object.as_object().unwrap().clone());
        let made = self.0.create(&Request { resource, namespace }, body, &CreateOptions::default()).await;
        serde_json::from_slice(&made.unwrap().object.json).unwrap()
    }
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}})
}

#[tokio::test(start_paused = true)]
async fn everything_is_there_again_and_custom_kinds_from_the_first_moment() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    server.config_map("a").await;
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    server.create(WIDGETS, &widget("w")).await;
    let before = [server.get(MAPS).await, server.get(WIDGETS).await, server.get("/api/v1/namespaces").await];
    let revision = store.revision();
    end(server, &store);

    let (server, store) = start(&disk).await;
    assert_eq!(store.revision(), revision, "a start changes nothing");
    let after = [server.get(MAPS).await, server.get(WIDGETS).await, server.get("/api/v1/namespaces").await];
    assert_eq!(after, before);
    let expired = server.get(&format!("{MAPS}?resourceVersion=2&resourceVersionMatch=Exact")).await;
    assert_eq!(expired["code"], 410, "history is not kept: {expired}");
    server.create(WIDGETS, &widget("another")).await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_was_never_seen_is_served_when_the_start_returns() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    end(server, &store);
    let store = open(&disk);
    let unattended = Unattended::new(&store);
    let catalog = unattended.0.catalog();
    let resource = catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions").unwrap();
    let request = Request { resource, namespace: None };
    let body = Body::from(definition().as_object().unwrap().clone());
    unattended.0.create(&request, body, &CreateOptions::default()).await.unwrap();
    store.close();

    let (server, _store) = start(&disk).await;
    server.create(WIDGETS, &widget("w")).await;
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_was_going_goes() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    server.create("/api/v1/namespaces", &json!({"metadata": {"name": "pb"}})).await;
    server.create("/api/v1/namespaces/pb/configmaps", &json!({"metadata": {"name": "a"}})).await;
    end(server, &store);
    let store = open(&disk);
    Unattended::new(&store).delete(("", "namespaces"), None, "pb", Propagation::Background).await;
    store.close();

    let (server, store) = start(&disk).await;
    let going = server.get("/api/v1/namespaces/pb").await;
    assert_eq!(going["status"]["phase"], "Terminating", "{going}");
    let_go().await;
    assert_eq!(server.code("/api/v1/namespaces/pb").await, StatusCode::NOT_FOUND);
    assert_eq!(server.code("/api/v1/namespaces/pb/configmaps/a").await, StatusCode::NOT_FOUND);
    end(server, &store);
}

#[tokio::test(start_paused = true)]
async fn an_orphan_is_collected_whose_owner_went_with_the_last_breath() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    end(server, &store);
    let store = open(&disk);
    let unattended = Unattended::new(&store);
    let owner = unattended.create("configmaps", json!({"metadata": {"name": "owner"}})).await;
    let reference =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]});
    let child = json!({"metadata": {"name": "child", "ownerReferences": [reference]}});
    unattended.create("configmaps", child).await;
    unattended.create("configmaps", json!({"metadata": {"name": "free"}})).await;
    unattended.delete(("", "configmaps"), Some("default"), "owner", Propagation::Background).await;
    store.close();

    let (server, _store) = start(&disk).await;
    settle().await;
    assert_eq!(server.code(&format!("{MAPS}/child")).await, StatusCode::NOT_FOUND);
    assert_eq!(server.code(&format!("{MAPS}/free")).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_foreground_deletion_goes_on() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    end(server, &store);
    let store = open(&disk);
    let unattended = Unattended::new(&store);
    let owner = unattended.create("configmaps", json!({"metadata": {"name": "owner"}})).await;
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true});
    unattended
        .create("configmaps", json!({"metadata": {"name": "child", "ownerReferences": [reference]}}))
        .await;
    unattended.delete(("", "configmaps"), Some("default"), "owner", Propagation::Foreground).await;
    store.close();

    let (server, _store) = start(&disk).await;
    settle().await;
    assert_eq!(server.code(&format!("{MAPS}/owner")).await, StatusCode::NOT_FOUND);
    assert_eq!(server.code(&format!("{MAPS}/child")).await, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_was_going_goes_with_its_instances() {
    let disk = Arc::new(FaultyDisk::new(1));
    let (server, store) = start(&disk).await;
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    server.create(WIDGETS, &widget("w")).await;
    end(server, &store);
    let store = open(&disk);
    let definitions = ("apiextensions.k8s.io", "customresourcedefinitions");
    let unattended = Unattended::new(&store);
    unattended.delete(definitions, None, "widgets.example.com", Propagation::Background).await;
    store.close();

    let (server, _store) = start(&disk).await;
    settle().await;
    assert_eq!(server.code(&format!("{DEFINITIONS}/widgets.example.com")).await, StatusCode::NOT_FOUND);
    assert_eq!(server.code(WIDGETS).await, StatusCode::NOT_FOUND);
    server.create(DEFINITIONS, &definition()).await;
    settle().await;
    assert_eq!(server.get(WIDGETS).await["items"], json!([]));
}
