//! CustomResourceDefinitions: their status, the kinds that are served, and the end of a definition
//! (k8s.io/apiextensions-apiserver/pkg/controller/{status,establish,finalizer}).

use std::sync::Arc;

use kyma_registry::crd::{self, CLEANUP_FINALIZER};
use kyma_registry::object::{self, Object};
use kyma_registry::{
    ApiError, DeleteOptions, FieldValidation, ListOptions, Registry, Request, Resource, Subresource,
    UpdateOptions, builtin,
};
use kyma_store::{Key, ListQuery};

use super::{is_race, pause_after};

/// As whom the writes here are known: the real server does this itself.
const MANAGER: &str = "kube-apiserver";

pub(super) async fn drive(registry: Arc<Registry>) {
    let store = registry.store().clone();
    let mut changes = store.changes();
    let id = store.resource(builtin::DEFINITIONS);
    let (_, mut watcher) = store.watch_snapshot(id, None);
    let mut going = false;
    let mut first = true;
    loop {
        let changed = watcher.try_next(usize::MAX).map_or(true, |batch| !batch.events.is_empty());
        if changed || going || first {
            first = false;
            match pass(&registry).await {
                Ok(remain) => going = remain,
                Err(error) if is_race(&error) => continue,
                Err(error) => {
                    pause_after("definitions", &error).await;
                    first = true;
                    continue;
                }
            }
        }
        if !changes.changed().await {
            return;
        }
    }
}

/// Serves the kinds of the definitions that are there at the start. What fails is left to the driver: the kinds are
/// served before anything is written.
pub(super) async fn serve_known(registry: &Registry) {
    if let Err(error) = pass(registry).await {
        tracing::warn!(%error, "a definition could not be brought up to date at the start");
    }
}

/// Brings every definition one step further; says whether one is still going.
async fn pass(registry: &Registry) -> Result<bool, ApiError> {
    let catalog = registry.catalog();
    let Some(kind) = catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions") else {
        return Ok(false);
    };
    let request = Request { resource: kind, namespace: None };
    let mut definitions = Vec::new();
    for stored in registry.list(&request, &ListOptions::default())?.objects {
        definitions.push(object::parse(&stored.json)?);
    }
    // Oldest first: of two that want one name the first to come has it.
    definitions.sort_by(|a, b| {
        let age =
            |o: &Object| (object::meta_str(o, "creationTimestamp").to_owned(), object::name(o).to_owned());
        age(a).cmp(&age(b))
    });
    let now = registry.now_text();
    let mut changed = Vec::new();
    for position in 0..definitions.len() {
        if let Some(next) = crd::next_status(&definitions[position], &definitions, &now) {
            changed.push(next.clone());
            definitions[position] = next;
        }
    }
    // A kind is served before anybody is told so: who waits for Established finds it.
    registry.set_custom_kinds(&definitions);
    for next in changed {
        let name = object::name(&next).to_owned();
        let options =
            UpdateOptions { field_validation: FieldValidation::Ignore, ..UpdateOptions::by(MANAGER) };
        registry.update(&request, &name, next.into(), Subresource::Status, &options).await?;
    }
    let mut going = false;
    for definition in definitions.iter().filter(|definition| object::is_deleting(definition)) {
        going |= !end(registry, &request, definition).await?;
    }
    Ok(going)
}

/// Deletes the instances of a definition, then lets it go. Says whether it is gone.
async fn end(registry: &Registry, request: &Request<'_>, definition: &Object) -> Result<bool, ApiError> {
    if !object::finalizers(definition).contains(&CLEANUP_FINALIZER) {
        return Ok(true);
    }
    if let Some(kind) = crd::served(definition, registry.store()).into_iter().next().map(Arc::new)
        && delete_instances(registry, &kind).await? > 0
    {
        return Ok(false);
    }
    let mut next = definition.clone();
    let finalizers =
        object::finalizers(&next).into_iter().filter(|finalizer| *finalizer != CLEANUP_FINALIZER);
    let finalizers = finalizers.map(str::to_owned).collect();
    object::set_finalizers(&mut next, finalizers);
    let name = object::name(&next).to_owned();
    registry.update(request, &name, next.into(), Subresource::Main, &UpdateOptions::by(MANAGER)).await?;
    Ok(true)
}

/// Deletes what is left of a kind and says how many objects finalizers still hold.
async fn delete_instances(registry: &Registry, kind: &Arc<Resource>) -> Result<usize, ApiError> {
    let everywhere = ListQuery::all(kind.id);
    let left = registry.store().list(&everywhere).map_err(|e| ApiError::internal(e.to_string()))?;
    for stored in left.objects.iter().filter(|stored| !stored.index.deleting) {
        let Key { namespace, name, .. } = &stored.key;
        let request = Request { resource: kind, namespace: kind.namespaced().then_some(namespace) };
        match registry.delete(&request, name, &DeleteOptions::default()).await {
            Err(error) if !is_race(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(registry.store().count(kind.id))
}
