//! Carries the garbage collector: feeds its graph from the store's logs and does what it decides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kyma_registry::gc::{Action, Graph, Owner, Uid};
use kyma_registry::object::{self, Object, OwnerReference};
use kyma_registry::{
    ApiError, Catalog, DeleteOptions, FOREGROUND, ORPHAN, Preconditions, Propagation, Registry, Request,
    Resource, Subresource, UpdateOptions,
};
use kyma_store::{Key, ResourceId, Store, Watcher};
use serde_json::Value;

use super::{is_race, pause_after};

/// As whom the writes here are known: the program that does this beside the real server.
const MANAGER: &str = "kube-controller-manager";

pub(super) async fn drive(registry: Arc<Registry>) {
    let mut collector = Collector::new(Arc::clone(&registry));
    let mut changes = registry.store().changes();
    loop {
        collector.read();
        if let Err(error) = collector.work().await {
            pause_after("garbage", &error).await;
            continue;
        }
        if collector.look.is_empty() && !changes.changed().await {
            return;
        }
    }
}

struct Collector {
    registry: Arc<Registry>,
    store: Store,
    graph: Graph,
    watchers: BTreeMap<ResourceId, Watcher>,
    /// Whom to look at in the next pass.
    look: BTreeSet<Uid>,
    /// Objects whose owner's kind is not served: looked at again when the kinds change.
    unknown: BTreeSet<Uid>,
    epoch: u64,
}

impl Collector {
    fn new(registry: Arc<Registry>) -> Self {
        let store = registry.store().clone();
        let (look, unknown) = (BTreeSet::new(), BTreeSet::new());
        Collector {
            registry,
            store,
            graph: Graph::default(),
            watchers: BTreeMap::new(),
            look,
            unknown,
            epoch: 0,
        }
    }

    /// Takes note of all that has happened.
    fn read(&mut self) {
        for id in self.store.resources() {
            let Some(watcher) = self.watchers.get_mut(&id) else {
                self.begin(id);
                continue;
            };
            match watcher.try_next(usize::MAX) {
                Ok(batch) => {
                    for event in batch.events {
                        if event.deleted {
                            self.graph.remove(&event.object.index.uid, &mut self.look);
                        } else {
                            self.graph.observe(&event.object, &mut self.look);
                        }
                    }
                }
                Err(_) => {
                    self.begin(id);
                    // Whoever vanished unseen is found by asking all that it owned.
                    self.look.extend(self.graph.known().cloned());
                }
            }
        }
        let epoch = self.registry.catalog().epoch();
        if epoch != self.epoch {
            self.epoch = epoch;
            self.look.append(&mut self.unknown);
        }
    }

    fn begin(&mut self, id: ResourceId) {
        let (page, watcher) = self.store.watch_snapshot(id, None);
        for stored in &page.objects {
            self.graph.observe(stored, &mut self.look);
        }
        self.watchers.insert(id, watcher);
    }

    /// Looks at everybody who is due; who lost a race is due again.
    async fn work(&mut self) -> Result<(), ApiError> {
        let catalog = self.registry.catalog();
        for uid in std::mem::take(&mut self.look) {
            match self.look_at(&catalog, &uid).await {
                Ok(()) => {}
                Err(error) if error.code() == 404 => {}
                Err(error) => {
                    self.look.insert(uid);
                    if !is_race(&error) {
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    async fn look_at(&mut self, catalog: &Catalog, uid: &Uid) -> Result<(), ApiError> {
        let Some((resource, live)) = self.live(catalog, uid)? else { return Ok(()) };
        let namespace = object::namespace(&live).to_owned();
        let mut unknown = false;
        let action = {
            let states: BTreeMap<String, Owner> = object::owner_references(&live)
                .iter()
                .map(|owner| Ok((owner.uid.clone(), self.owner(catalog, owner, &namespace)?)))
                .collect::<Result<_, ApiError>>()?;
            unknown |= states.values().any(|state| *state == Owner::Unknown);
            let state = |owner: &OwnerReference| states.get(&owner.uid).copied().unwrap_or(Owner::Unknown);
            self.graph.decide(&live, state, |dependent| self.blocks(catalog, dependent, uid))
        };
        if unknown {
            self.unknown.insert(Arc::clone(uid));
        }
        let request = Request { resource: &resource, namespace: resource.namespaced().then_some(&namespace) };
        self.act(catalog, &request, &live, action).await
    }

    async fn act(
        &mut self,
        catalog: &Catalog,
        request: &Request<'_>,
        live: &Object,
        action: Action,
    ) -> Result<(), ApiError> {
        match action {
            Action::Leave => Ok(()),
            Action::Await(dependents) => {
                let waiting = dependents.into_iter().filter(|dependent| !self.is_going(catalog, dependent));
                let waiting: Vec<Uid> = waiting.collect();
                self.look.extend(waiting);
                Ok(())
            }
            Action::Delete(propagation) => self.delete(request, live, propagation).await,
            Action::DropOwners(owners) => self.drop_owners(request, live.clone(), &owners).await,
            Action::Orphan(dependents) => {
                let owner = vec![object::uid(live).to_owned()];
                for dependent in dependents {
                    let Some((resource, dependent)) = self.live(catalog, &dependent)? else { continue };
                    let namespace = object::namespace(&dependent).to_owned();
                    let request = Request {
                        resource: &resource,
                        namespace: resource.namespaced().then_some(&namespace),
                    };
                    self.drop_owners(&request, dependent, &owner).await?;
                }
                self.drop_finalizer(request, live.clone(), ORPHAN).await
            }
            Action::FinishForeground => self.drop_finalizer(request, live.clone(), FOREGROUND).await,
        }
    }

    /// The stored object of this UID, if it is still the one the graph knows.
    fn live(&self, catalog: &Catalog, uid: &Uid) -> Result<Option<(Arc<Resource>, Object)>, ApiError> {
        let Some(key) = self.graph.key(uid) else { return Ok(None) };
        let Some(stored) = self.store.get(key).filter(|stored| stored.index.uid == *uid) else {
            return Ok(None);
        };
        let Some(resource) = catalog.stored().find(|resource| resource.id == key.resource) else {
            return Ok(None);
        };
        Ok(Some((Arc::clone(resource), object::parse(&stored.json)?)))
    }

    /// What a reference points to, by the live state.
    fn owner(&self, catalog: &Catalog, owner: &OwnerReference, namespace: &str) -> Result<Owner, ApiError> {
        let Some(resource) = catalog.find_kind(&owner.api_version, &owner.kind) else {
            return Ok(Owner::Unknown);
        };
        if resource.namespaced() && namespace.is_empty() {
            // Nothing of cluster scope can be owned by something in a namespace.
            return Ok(Owner::Unknown);
        }
        let namespace = if resource.namespaced() { namespace } else { "" };
        let key =
            Key { resource: resource.id, namespace: namespace.into(), name: owner.name.as_str().into() };
        let Some(stored) = self.store.get(&key).filter(|stored| *stored.index.uid == *owner.uid) else {
            return Ok(Owner::Absent);
        };
        let waits =
            stored.index.deleting && object::finalizers(&object::parse(&stored.json)?).contains(&FOREGROUND);
        Ok(if waits { Owner::Waiting } else { Owner::Solid })
    }

    fn blocks(&self, catalog: &Catalog, dependent: &Uid, owner: &Uid) -> bool {
        let Ok(Some((_, live))) = self.live(catalog, dependent) else { return false };
        object::owner_references(&live).iter().any(|r| r.uid == **owner && r.block_owner_deletion)
    }

    /// Whether a dependent is on its way already.
    fn is_going(&self, catalog: &Catalog, dependent: &Uid) -> bool {
        matches!(self.live(catalog, dependent), Ok(Some((_, live))) if object::is_deleting(&live))
    }

    async fn delete(
        &self,
        request: &Request<'_>,
        live: &Object,
        propagation: Propagation,
    ) -> Result<(), ApiError> {
        let preconditions = Preconditions {
            uid: Some(object::uid(live).to_owned()),
            resource_version: Some(object::resource_version(live).to_owned()),
        };
        let options =
            DeleteOptions { preconditions, propagation: Some(propagation), ..DeleteOptions::default() };
        self.registry.delete(request, object::name(live), &options).await.map(|_| ())
    }

    async fn drop_owners(
        &self,
        request: &Request<'_>,
        mut live: Object,
        owners: &[String],
    ) -> Result<(), ApiError> {
        if let Some(Value::Array(list)) = object::metadata_mut(&mut live).get_mut("ownerReferences") {
            list.retain(|owner| {
                owner.get("uid").and_then(Value::as_str).is_none_or(|uid| !owners.iter().any(|o| o == uid))
            });
        }
        self.update(request, live).await
    }

    async fn drop_finalizer(
        &self,
        request: &Request<'_>,
        mut live: Object,
        finalizer: &str,
    ) -> Result<(), ApiError> {
        let kept =
            object::finalizers(&live).into_iter().filter(|f| *f != finalizer).map(str::to_owned).collect();
        object::set_finalizers(&mut live, kept);
        self.update(request, live).await
    }

    async fn update(&self, request: &Request<'_>, object: Object) -> Result<(), ApiError> {
        let name = object::name(&object).to_owned();
        self.registry
            .update(request, &name, object.into(), Subresource::Main, &UpdateOptions::by(MANAGER))
            .await
            .map(|_| ())
    }
}
