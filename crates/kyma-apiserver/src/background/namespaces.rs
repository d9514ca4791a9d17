//! Namespaces that are going: their content is deleted, then they are finalized
//! (k8s.io/kubernetes/pkg/controller/namespace/deletion).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kyma_registry::namespace::{Remains, Step, next_step, without_finalizer};
use kyma_registry::object::{self, Object};
use kyma_registry::{
    ApiError, DeleteOptions, ListOptions, Propagation, Registry, Request, Resource, Subresource,
    UpdateOptions, builtin,
};

use kyma_store::Object as Stored;
use tokio::time::Instant;

use super::{is_race, pause_after};

/// How long the content of a namespace is left alone, so that every server has seen that it is going
/// (`namespaceDeletionGracePeriod`).
const GRACE: Duration = Duration::from_secs(5);

/// As whom the writes here are known: the program that does this beside the real server.
const MANAGER: &str = "kube-controller-manager";

pub(super) async fn drive(registry: Arc<Registry>) {
    let store = registry.store().clone();
    let mut changes = store.changes();
    let id = store.resource(builtin::NAMESPACES);
    let (page, mut watcher) = store.watch_snapshot(id, None);
    let mut going = Going::default();
    going.add(page.objects.iter());
    loop {
        match watcher.try_next(usize::MAX) {
            Ok(batch) => {
                going.add(batch.events.iter().filter(|event| !event.deleted).map(|event| &event.object));
            }
            // The window has moved on: begin anew with what is there.
            Err(_) => {
                let (page, fresh) = store.watch_snapshot(id, None);
                watcher = fresh;
                going.add(page.objects.iter());
            }
        }
        let mut again = false;
        for name in going.due() {
            match pass(&registry, &name).await {
                Ok(true) => going.remove(&name),
                Ok(false) => {}
                Err(error) if is_race(&error) => again = true,
                Err(error) => {
                    pause_after("namespaces", &error).await;
                    again = true;
                }
            }
        }
        if again {
            continue;
        }
        tokio::select! {
            biased;
            () = going.next() => {}
            open = changes.changed() => if !open { return },
        }
    }
}

/// Namespaces that are going, and when their content is first looked at.
#[derive(Default)]
struct Going(BTreeMap<Arc<str>, Instant>);

impl Going {
    fn add<'a>(&mut self, objects: impl Iterator<Item = &'a Arc<Stored>>) {
        for stored in objects.filter(|stored| stored.index.deleting) {
            self.0.entry(Arc::clone(&stored.key.name)).or_insert_with(|| Instant::now() + GRACE);
        }
    }

    fn due(&self) -> Vec<Arc<str>> {
        let now = Instant::now();
        self.0.iter().filter(|(_, since)| **since <= now).map(|(name, _)| Arc::clone(name)).collect()
    }

    fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Waits until a further one is due.
    async fn next(&self) {
        let now = Instant::now();
        match self.0.values().filter(|since| **since > now).min() {
            Some(since) => tokio::time::sleep_until(*since).await,
            None => std::future::pending().await,
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
