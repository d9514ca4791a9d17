//! What the caches hold: not the objects, only what decisions need. A component costs about 300 bytes with its
//! key and its place in the owner index, a whole object five kilobytes.

use std::sync::Arc;

use jiff::Timestamp;
use kube::Resource;
use kube::api::ObjectMeta;
use kyma_controller::{ObjectKey, Record, Uid, cache};
use kyma_inventory::conditions::{self, Condition, Previous};
use kyma_inventory::helm_component::HelmComponentStatus;
use kyma_inventory::kyma::{Component, KymaStatus};
use kyma_inventory::names::{SHARD_LABEL, shard_of};
use kyma_inventory::plan::{ReadyFacts, StatusFacts};
use kyma_inventory::stages::{self, Progress};
use kyma_inventory::{Cluster, GROUP, HelmComponent, Kyma, Stage};

use crate::apply::Created;

mod claim;
mod pool;
mod sparse;
mod tally;

pub use claim::claimed;
pub use pool::Pools;
pub use sparse::Sparse;
pub use tally::{Tallies, Tally};

/// What is known of a Kyma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KymaRecord {
    pub(crate) revision: u64,
    pub(crate) uid: Uid,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether a status write has to spare its metadata: see [`claimed`].
    pub claimed: bool,
    /// `spec.components`; Kymas with the same list share it.
    pub components: Arc<[Component]>,
    /// How many different names `components` has.
    pub wanted: usize,
    /// The length in bytes of the longest of these names.
    pub longest: usize,
    /// `status.status`.
    pub state: Arc<str>,
    /// `status.waitingFor`.
    pub waiting_for: Box<[Arc<str>]>,
    /// `status.observedGeneration`.
    pub observed_generation: Option<i64>,
    /// The Ready condition.
    pub ready: Option<Box<Condition>>,
    /// The other conditions, which each write must preserve.
    pub foreign: Box<[Condition]>,
}

impl KymaRecord {
    /// The record of an object.
    #[must_use]
    pub fn of(kyma: &Kyma, pools: &mut Pools) -> Self {
        let meta = &kyma.metadata;
        let components = pools.components(&kyma.spec.components);
        let mut names: Vec<&str> = components.iter().map(|component| component.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let (wanted, longest) = (names.len(), names.iter().map(|name| name.len()).max().unwrap_or(0));
        let record = Self {
            revision: cache::revision_of(meta),
            uid: uid_of(meta),
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            claimed: claimed(meta),
            components,
            wanted,
            longest,
            state: pools.text(""),
            waiting_for: Box::default(),
            observed_generation: None,
            ready: None,
            foreign: Box::default(),
        };
        let revision = record.revision;
        match &kyma.status {
            Some(status) => record.with_status(status, revision, pools),
            None => record,
        }
    }

    /// This record after a write of `status` that was answered with `revision`.
    #[must_use]
    pub fn with_status(self, status: &KymaStatus, revision: u64, pools: &mut Pools) -> Self {
        let (ready, foreign) = split(&status.conditions);
        Self {
            revision,
            state: pools.text(&status.status),
            waiting_for: status.waiting_for.iter().map(|name| pools.text(name)).collect(),
            observed_generation: status.observed_generation,
            ready: ready.cloned().map(Box::new),
            foreign,
            ..self
        }
    }

    /// The status, as plans want it.
    #[must_use]
    pub fn status(&self) -> StatusFacts<'_> {
        StatusFacts {
            state: &self.state,
            waiting_for: self.waiting_for.iter().map(AsRef::as_ref).collect(),
            observed_generation: self.observed_generation,
            ready: self.ready.as_deref().map(ReadyFacts::from),
        }
    }

    /// Whether the spec has changed since the status was written, or there is no status yet.
    #[must_use]
    pub fn is_new_to_us(&self) -> bool {
        self.state.is_empty() || self.observed_generation.is_some_and(|seen| seen != self.generation)
    }
}

/// What is known of a `HelmComponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentRecord {
    pub(crate) revision: u64,
    pub(crate) uid: Uid,
    /// The Kyma that is its controller owner; its components share this.
    pub owner: Option<Arc<KymaOwner>>,
    /// The shard that its label names, where that is one.
    pub shard: Option<u8>,
    /// What of its spec is needed; components with the same share it.
    pub chart: Arc<Chart>,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed_generation: Sparse,
    /// `status.lastReconciliation` in microseconds since 1970, where it is readable.
    pub last_reconciliation: Sparse,
    /// When the Ready condition's status began, in seconds since 1970, where it is readable.
    pub ready_since: Sparse,
    /// The conditions of others, which each write must preserve. Hardly any component has some.
    pub foreign: Option<Box<Vec<Condition>>>,
    /// `status.status`.
    pub stage: Stage,
    /// The status of the Ready condition; none where there is no such condition.
    pub ready: Option<bool>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether a status write has to spare its metadata: see [`claimed`].
    pub claimed: bool,
}

/// What a component installs, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chart {
    /// `spec.componentName`.
    pub name: Box<str>,
    /// `spec.namespace`.
    pub namespace: Box<str>,
}

/// The Kyma that a component belongs to, by its controller owner reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KymaOwner {
    /// Its UID.
    pub uid: Uid,
    /// Its namespace, which is the component's, and its name.
    pub key: ObjectKey,
}

impl ComponentRecord {
    /// The record of an object.
    #[must_use]
    pub fn of(component: &HelmComponent, pools: &mut Pools) -> Self {
        let meta = &component.metadata;
        let status = component.status.as_ref();
        let (ready, foreign) = split(status.map_or(&[], |status| status.conditions.as_slice()));
        let time = status.and_then(|status| status.last_reconciliation.as_deref());
        Self {
            revision: cache::revision_of(meta),
            uid: uid_of(meta),
            owner: owner_of(meta, pools),
            shard: shard_label(meta),
            chart: pools.chart(&component.spec.component_name, &component.spec.namespace),
            generation: meta.generation.unwrap_or_default(),
            observed_generation: status.and_then(|status| status.observed_generation).into(),
            last_reconciliation: time.and_then(stages::parse_time).map(Timestamp::as_microsecond).into(),
            ready_since: ready
                .and_then(|ready| ready.last_transition_time.parse::<Timestamp>().ok())
                .map(Timestamp::as_second)
                .into(),
            foreign: (!foreign.is_empty()).then(|| Box::new(foreign.into_vec())),
            stage: Stage::parse(status.map_or("", |status| &status.status)),
            ready: ready.map(|ready| ready.status == "True"),
            deleting: meta.deletion_timestamp.is_some(),
            claimed: claimed(meta),
        }
    }

    /// The record of a component that was just created for the Kyma `kyma` with this UID.
    pub(crate) fn created(created: &Created, kyma: &ObjectKey, uid: &Uid, pools: &mut Pools) -> Self {
        Self {
            revision: created.revision,
            uid: created.uid.clone(),
            owner: Some(pools.owner(uid, kyma.namespace(), kyma.name())),
            shard: Some(shard_of(kyma.namespace(), kyma.name())),
            chart: pools.chart(&created.spec.component_name, &created.spec.namespace),
            generation: created.generation,
            observed_generation: Sparse::from(None),
            last_reconciliation: Sparse::from(None),
            ready_since: Sparse::from(None),
            foreign: None,
            stage: Stage::EMPTY,
            ready: None,
            deleting: false,
            claimed: false,
        }
    }

    /// Who acts upon the component: the holder of the shard that its label names, else of its Kyma's, else of shard 0.
    #[must_use]
    pub fn acting_shard(&self) -> u8 {
        let of_owner = |owner: &Arc<KymaOwner>| shard_of(owner.key.namespace(), owner.key.name());
        self.shard.unwrap_or_else(|| self.owner.as_ref().map_or(0, of_owner))
    }

    /// The length of `spec.componentName`, of which the stages' times are made.
    #[must_use]
    pub fn name_bytes(&self) -> usize {
        self.chart.name.len()
    }

    /// What decides the next step.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            stage: self.stage,
            name_bytes: self.name_bytes(),
            last_reconciliation: self.last_reconciliation(),
            generation: self.generation,
            observed_generation: self.observed_generation.get(),
        }
    }

    /// `status.lastReconciliation`, where it is there and readable.
    #[must_use]
    pub fn last_reconciliation(&self) -> Option<Timestamp> {
        self.last_reconciliation.get().and_then(|micros| Timestamp::from_microsecond(micros).ok())
    }

    /// The time in seconds until it has arrived, at the longest.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        stages::remaining(self.stage, self.name_bytes())
    }

    /// The whole status to write when `stage` is entered at `now`.
    #[must_use]
    pub fn status_entering(&self, stage: Stage, now: Timestamp) -> HelmComponentStatus {
        let since = self.ready_since.get().and_then(|second| Timestamp::from_second(second).ok());
        let since = since.map(conditions::seconds);
        let previous = self.ready.zip(since.as_deref()).map(|(ready, since)| Previous {
            status: if ready { "True" } else { "False" },
            last_transition_time: since,
        });
        let foreign = self.foreign.as_ref().map_or(&[][..], |foreign| foreign.as_slice());
        let ready = stage.ready();
        HelmComponentStatus {
            status: stage.word().to_owned(),
            last_reconciliation: Some(stages::format_time(now)),
            observed_generation: Some(self.generation),
            conditions: conditions::with_ready(foreign, ready.condition(previous, self.generation, now)),
        }
    }

    /// This record after that status was written and answered with `revision`.
    #[must_use]
    pub fn entered(&self, stage: Stage, now: Timestamp, revision: u64) -> Self {
        let ready = stage.ready().ready;
        let kept = if self.ready == Some(ready) { self.ready_since.get() } else { None };
        Self {
            revision,
            observed_generation: Some(self.generation).into(),
            last_reconciliation: Some(now.as_microsecond()).into(),
            ready_since: Some(kept.unwrap_or_else(|| now.as_second())).into(),
            stage,
            ready: Some(ready),
            ..self.clone()
        }
    }
}

/// What is known of a `Cluster`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterRecord {
    revision: u64,
    uid: Uid,
}

impl ClusterRecord {
    /// The record of an object.
    #[must_use]
    pub fn of(cluster: &Cluster) -> Self {
        Self { revision: cache::revision_of(&cluster.metadata), uid: uid_of(&cluster.metadata) }
    }
}

impl Record for KymaRecord {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn uid(&self) -> &Uid {
        &self.uid
    }

    fn owner(&self) -> Option<&Uid> {
        None
    }
}

impl Record for ComponentRecord {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn uid(&self) -> &Uid {
        &self.uid
    }

    fn owner(&self) -> Option<&Uid> {
        self.owner.as_ref().map(|owner| &owner.uid)
    }
}

impl Record for ClusterRecord {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn uid(&self) -> &Uid {
        &self.uid
    }

    fn owner(&self) -> Option<&Uid> {
        None
    }
}

fn uid_of(meta: &ObjectMeta) -> Uid {
    Uid::parse(meta.uid.as_deref().unwrap_or_default())
}

/// The controller owner, if it is a Kyma; of any version, since only the group and the kind make the kind.
fn owner_of(meta: &ObjectMeta, pools: &mut Pools) -> Option<Arc<KymaOwner>> {
    let references = meta.owner_references.as_deref().unwrap_or_default();
    let controller = references.iter().find(|reference| reference.controller == Some(true))?;
    let group = controller.api_version.split_once('/').map_or("", |(group, _)| group);
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    (group == GROUP && controller.kind == Kyma::kind(&()))
        .then(|| pools.owner(&Uid::parse(&controller.uid), namespace, &controller.name))
}

/// The number in the shard label. What the label selector for a number does not find is none.
fn shard_label(meta: &ObjectMeta) -> Option<u8> {
    let label = meta.labels.as_ref()?.get(SHARD_LABEL)?;
    label.parse().ok().filter(|shard: &u8| shard.to_string() == *label)
}

/// The Ready condition, and all others.
fn split(all: &[Condition]) -> (Option<&Condition>, Box<[Condition]>) {
    let foreign = all.iter().filter(|condition| condition.kind != conditions::READY);
    (conditions::ready(all), foreign.cloned().collect())
}

#[cfg(test)]
mod tests;
