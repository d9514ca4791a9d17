//! The only writer of the three kinds (Events have their own).
//!
//! Requests are built by hand: a status write sends the status with the few names that identify the object, and
//! reads one number from the answer. The server takes nothing else from a write to `/status` anyway (upstream:
//! apiextensions-apiserver, registry/customresource/status_strategy.go). Except that it takes whoever applied labels
//! or annotations for their manager no more when a PUT comes without them: objects that carry some get a patch, which
//! costs the server more.

use http::{Method, Request};
use kube::core::ObjectMeta;
use kube::{Client, Resource};
use kyma_controller::{ErrorClass, ObjectKey, Uid};
use kyma_inventory::helm_component::{HelmComponentSpec, HelmComponentStatus};
use kyma_inventory::kyma::KymaStatus;
use kyma_inventory::names::{SHARD_LABEL, shard_of};
use kyma_inventory::plan::Create;
use kyma_inventory::{API_VERSION, HelmComponent, Kyma};
use kyma_workqueue::Turn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decide::ChildToPatch;
use crate::meters::{Meters, Verb};

mod body;

use body::{
    Answer, Deleted, NamespacePatch, PartialStatus, StatusPatch, delete_options, label_patch, owner_reference,
};

/// Why a write did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The object is newer than what was read. Not an error: the newer one comes by watch.
    #[error("the object has changed since it was read")]
    Conflict,
    /// There is no such object any more.
    #[error("the object is gone")]
    Gone,
    /// The name of the object to create is taken.
    #[error("the name is taken")]
    Taken,
    /// The server will not take this, now or later.
    #[error("the server refuses the object: {0}")]
    Refused(String),
    /// The operator may not do this: a lack of rights, or a policy against the object.
    #[error("the server forbids it: {0}")]
    Forbidden(String),
    /// The server could not be asked, or could not do it now.
    #[error("the request failed")]
    Request(#[source] kube::Error),
}

impl From<kube::Error> for WriteError {
    fn from(error: kube::Error) -> Self {
        match (ErrorClass::of(&error), error) {
            (ErrorClass::Conflict, _) => Self::Conflict,
            (ErrorClass::NotFound, _) => Self::Gone,
            (ErrorClass::AlreadyExists, _) => Self::Taken,
            (ErrorClass::Invalid, kube::Error::Api(status)) => Self::Refused(status.message),
            (ErrorClass::Forbidden, kube::Error::Api(status)) => Self::Forbidden(status.message),
            (_, error) => Self::Request(error),
        }
    }
}

/// What identifies the state that a write starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base<'a> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) uid: &'a Uid,
    pub(crate) revision: u64,
    /// Whether its metadata is more than we know: see [`claimed`](crate::records::claimed).
    pub(crate) claimed: bool,
}

/// A component as the server created it.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) uid: Uid,
    pub(crate) revision: u64,
    pub(crate) generation: i64,
    pub(crate) spec: HelmComponentSpec,
}

/// Writes through a client, each request with the turn of the work that it belongs to.
#[derive(Clone)]
pub(crate) struct Writer {
    client: Client,
    meters: Meters,
}

impl Writer {
    pub(crate) fn new(client: Client, meters: Meters) -> Self {
        Self { client, meters }
    }

    /// Replaces a Kyma's status; returns the new revision.
    pub(crate) async fn kyma_status(
        &self,
        base: Base<'_>,
        status: &KymaStatus,
        turn: Turn,
    ) -> Result<u64, WriteError> {
        self.status::<Kyma, _>(base, status, turn).await
    }

    /// Replaces a component's status; returns the new revision.
    pub(crate) async fn component_status(
        &self,
        base: Base<'_>,
        status: &HelmComponentStatus,
        turn: Turn,
    ) -> Result<u64, WriteError> {
        self.status::<HelmComponent, _>(base, status, turn).await
    }

    /// Creates a component of a Kyma.
    pub(crate) async fn create(
        &self,
        kyma: &ObjectKey,
        uid: &Uid,
        create: &Create,
        turn: Turn,
    ) -> Result<Created, WriteError> {
        let shard = shard_of(kyma.namespace(), kyma.name()).to_string();
        let spec = HelmComponentSpec {
            component_name: create.component.name.clone(),
            namespace: create.component.namespace.clone(),
            ..HelmComponentSpec::default()
        };
        let mut object = HelmComponent::new(kyma.namespace(), &create.name, spec);
        object.metadata.labels = Some([(SHARD_LABEL.to_owned(), shard)].into());
        object.metadata.owner_references = Some(vec![owner_reference(kyma, uid)]);
        let path = HelmComponent::url_path(&(), Some(kyma.namespace()));
        let answer: Answer<HelmComponentSpec> = self.send(Method::POST, path, JSON, &object, turn).await?;
        self.meters.written::<HelmComponent>(Verb::Create);
        Ok(Created {
            uid: Uid::parse(&answer.metadata.uid),
            revision: answer.metadata.revision(),
            generation: answer.metadata.generation,
            spec: answer.spec.unwrap_or_default(),
        })
    }

    /// Changes a component's target namespace, if it still is what was read; an empty one is taken out.
    pub(crate) async fn patch(&self, child: &ChildToPatch, turn: Turn) -> Result<HelmComponent, WriteError> {
        let path = object_path::<HelmComponent>(child.key.namespace(), child.key.name());
        let body = NamespacePatch::to(child);
        let object = self.send(Method::PATCH, path, MERGE_PATCH, &body, turn).await?;
        self.meters.written::<HelmComponent>(Verb::Patch);
        Ok(object)
    }

    /// Gives a component the label of its shard.
    pub(crate) async fn relabel(
        &self,
        namespace: &str,
        name: &str,
        shard: u8,
        turn: Turn,
    ) -> Result<HelmComponent, WriteError> {
        let path = object_path::<HelmComponent>(namespace, name);
        let object = self.send(Method::PATCH, path, MERGE_PATCH, &label_patch(shard), turn).await?;
        self.meters.written::<HelmComponent>(Verb::Patch);
        Ok(object)
    }

    /// Deletes a component, if it still is what was read. Says whether it is gone already; if not, finalizers hold
    /// it.
    pub(crate) async fn delete(&self, base: Base<'_>, turn: Turn) -> Result<bool, WriteError> {
        let path = object_path::<HelmComponent>(base.key.namespace(), base.key.name());
        let options = delete_options(base.uid, base.revision);
        let deleted: Deleted = self.send(Method::DELETE, path, JSON, &options, turn).await?;
        self.meters.written::<HelmComponent>(Verb::Delete);
        Ok(deleted.is_gone())
    }

    /// Reads a component from the server.
    pub(crate) async fn get_component(
        &self,
        key: &ObjectKey,
        turn: Turn,
    ) -> Result<HelmComponent, WriteError> {
        let path = object_path::<HelmComponent>(key.namespace(), key.name());
        self.send(Method::GET, path, JSON, &(), turn).await
    }

    /// The UID that the server knows for a Kyma; none when there is no such Kyma.
    pub(crate) async fn kyma_uid(&self, key: &ObjectKey, turn: Turn) -> Result<Option<Uid>, WriteError> {
        let path = object_path::<Kyma>(key.namespace(), key.name());
        match self.send::<_, Answer<serde::de::IgnoredAny>>(Method::GET, path, JSON, &(), turn).await {
            Ok(answer) => Ok(Some(Uid::parse(&answer.metadata.uid))),
            Err(WriteError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn status<K, S>(&self, base: Base<'_>, status: &S, turn: Turn) -> Result<u64, WriteError>
    where
        K: Resource<DynamicType = ()>,
        S: Serialize + Sync,
    {
        let path = format!("{}/status", object_path::<K>(base.key.namespace(), base.key.name()));
        if base.claimed {
            let patch = StatusPatch::to(base.revision, status);
            let answer: Answer<serde::de::IgnoredAny> =
                self.send(Method::PATCH, path, JSON_PATCH, &patch, turn).await?;
            self.meters.written::<K>(Verb::PatchStatus);
            return Ok(answer.metadata.revision());
        }
        let body = PartialStatus {
            api_version: API_VERSION,
            kind: &K::kind(&()),
            metadata: ObjectMeta {
                name: Some(base.key.name().to_owned()),
                namespace: Some(base.key.namespace().to_owned()),
                uid: Some(base.uid.to_string()),
                resource_version: Some(base.revision.to_string()),
                ..ObjectMeta::default()
            },
            status,
        };
        let answer: Answer<serde::de::IgnoredAny> = self.send(Method::PUT, path, JSON, &body, turn).await?;
        self.meters.written::<K>(Verb::UpdateStatus);
        Ok(answer.metadata.revision())
    }

    async fn send<B, A>(
        &self,
        method: Method,
        path: String,
        content_type: &'static str,
        body: &B,
        turn: Turn,
    ) -> Result<A, WriteError>
    where
        B: Serialize,
        A: DeserializeOwned,
    {
        let body = if method == Method::GET { Ok(Vec::new()) } else { serde_json::to_vec(body) };
        let validates = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let uri = if validates { path + IGNORE_UNKNOWN } else { path };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(http::header::CONTENT_TYPE, content_type)
            .extension(turn)
            .body(body.map_err(|error| WriteError::Request(kube::Error::SerdeError(error)))?)
            .map_err(|error| WriteError::Request(kube::Error::HttpError(error)))?;
        Ok(self.client.request(request).await?)
    }
}

const JSON: &str = "application/json";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
/// Without it the server decodes each body strictly, to warn of unknown and duplicate fields. Our bodies are written
/// from types, and nobody reads the warnings (KEP-2885).
const IGNORE_UNKNOWN: &str = "?fieldValidation=Ignore";

/// Names come from objects that exist, so they are legal parts of a path.
fn object_path<K: Resource<DynamicType = ()>>(namespace: &str, name: &str) -> String {
    format!("{}/{name}", K::url_path(&(), Some(namespace)))
}

#[cfg(test)]
mod tests;
