//! Namespaces that are going: their content is deleted, then they are finalized
//! (k8s.io/kubernetes/pkg/controller/namespace/deletion).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kyma_registry::namespace::{Remains, Step, next_step, without_finalizer};
use kyma_registry::object::{self, Object};
use kyma_registry::{
    ApiError, DeleteOptions, ListOptions, Propagation, Registry, Request, Resource, Subresource,
    UpdateOptions, builtin,
};

use super::{is_race, pause_after};

/// As whom the writes here are known: the program that does this beside the real server.
const MANAGER: &str = "kube-controller-manager";

pub(super) async fn drive(registry: Arc<Registry>) {
    let store = registry.store().clone();
    let mut changes = store.changes();
    let id = store.resource(builtin::NAMESPACES);
    let (page, mut watcher) = store.watch_snapshot(id, None);
    let mut going: BTreeSet<Arc<str>> = page
        .objects
        .iter()
        .filter(|stored| stored.index.deleting)
        .map(|stored| Arc::clone(&stored.key.name))
        .collect();
    loop {
        match watcher.try_next(usize::MAX) {
            Ok(batch) => {
                let marked =
                    batch.events.iter().filter(|event| event.object.index.deleting && !event.deleted);
                going.extend(marked.map(|event| Arc::clone(&event.object.key.name)));
            }
            // The window has moved on: begin anew with what is there.
            Err(_) => {
                let (page, fresh) = store.watch_snapshot(id, None);
                watcher = fresh;
                let marked = page.objects.iter().filter(|stored| stored.index.deleting);
                going.extend(marked.map(|stored| Arc::clone(&stored.key.name)));
            }
        }
        let mut again = false;
        for name in going.clone() {
            match pass(&registry, &name).await {
                Ok(true) => {
                    going.remove(&name);
                }
                Ok(false) => {}
                Err(error) if is_race(&error) => again = true,
                Err(error) => {
                    pause_after("namespaces", &error).await;
                    again = true;
                }
            }
        }
        if !again && !changes.changed().await {
            return;
        }
    }
}

/// Brings one namespace a step further; says whether it is gone.
async fn pass(registry: &Registry, name: &str) -> Result<bool, ApiError> {
    let catalog = registry.catalog();
    let Some(kind) = catalog.find("", "v1", "namespaces") else { return Ok(true) };
    let request = Request { resource: kind, namespace: None };
    let namespace = match registry.get_value(&request, name) {
        Ok(namespace) if object::is_deleting(&namespace) => namespace,
        Ok(_) => return Ok(true),
        Err(error) if error.code() == 404 => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut remains = Vec::new();
    for resource in catalog.stored().filter(|resource| resource.namespaced()) {
        remains.push(empty(registry, resource, name).await?);
    }
    step(registry, &request, namespace, &remains).await
}

async fn step(
    registry: &Registry,
    request: &Request<'_>,
    namespace: Object,
    remains: &[Remains],
) -> Result<bool, ApiError> {
    let name = object::name(&namespace).to_owned();
    let options = UpdateOptions::by(MANAGER);
    match next_step(&namespace, remains, &registry.now_text()) {
        Step::Finalize => {
            let next = without_finalizer(&namespace);
            registry.update(request, &name, next.into(), Subresource::Finalize, &options).await?;
            Ok(true)
        }
        Step::Wait(Some(status)) => {
            let mut next = namespace;
            next.insert("status".into(), status);
            registry.update(request, &name, next.into(), Subresource::Status, &options).await?;
            Ok(false)
        }
        Step::Wait(None) => Ok(false),
    }
}

/// Deletes a kind's objects in the namespace and says what is left.
async fn empty(registry: &Registry, resource: &Arc<Resource>, namespace: &str) -> Result<Remains, ApiError> {
    let request = Request { resource, namespace: Some(namespace) };
    let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
    for stored in
        registry.list(&request, &ListOptions::default())?.objects.iter().filter(|o| !o.index.deleting)
    {
        match registry.delete(&request, &stored.key.name, &options).await {
            Err(error) if !is_race(&error) => return Err(error),
            _ => {}
        }
    }
    let left = registry.list(&request, &ListOptions::default())?.objects;
    let mut finalizers: BTreeMap<String, usize> = BTreeMap::new();
    for stored in &left {
        for finalizer in object::finalizers(&object::parse(&stored.json)?) {
            *finalizers.entry(finalizer.to_owned()).or_default() += 1;
        }
    }
    Ok(Remains { resource: resource.qualified(), count: left.len(), finalizers })
}
