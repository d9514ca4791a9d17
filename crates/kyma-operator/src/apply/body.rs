//! What goes out and what is read of the answers.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, OwnerReference, Preconditions};
use kube::Resource;
use kube::core::ObjectMeta;
use kyma_controller::{ObjectKey, Uid};
use kyma_inventory::names::SHARD_LABEL;
use kyma_inventory::{API_VERSION, Kyma};
use serde::{Deserialize, Serialize};

use crate::decide::ChildToPatch;

/// An object of which only the status counts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartialStatus<'a, S> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'a str,
    pub(super) metadata: ObjectMeta,
    pub(super) status: &'a S,
}

/// A JSON patch that replaces the status of an object, if it still is at the revision that was read.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct StatusPatch<'a, S>([Operation<'a, S>; 2]);

#[derive(Serialize)]
struct Operation<'a, S> {
    op: &'static str,
    path: &'static str,
    value: Value<'a, S>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a, S> {
    Revision(String),
    Status(&'a S),
}

impl<'a, S> StatusPatch<'a, S> {
    pub(super) fn to(revision: u64, status: &'a S) -> Self {
        // A patch that sets another resourceVersion than the object's is a conflict, as a PUT is.
        let revision = Value::Revision(revision.to_string());
        Self([
            Operation { op: "replace", path: "/metadata/resourceVersion", value: revision },
            Operation { op: "add", path: "/status", value: Value::Status(status) },
        ])
    }
}

/// A merge patch of `spec.namespace`; null takes the field out. Another resourceVersion than the object's is a conflict.
#[derive(Serialize)]
pub(super) struct NamespacePatch<'a> {
    metadata: ObjectMeta,
    spec: NamespaceField<'a>,
}

#[derive(Serialize)]
struct NamespaceField<'a> {
    namespace: Option<&'a str>,
}

impl<'a> NamespacePatch<'a> {
    pub(super) fn to(child: &'a ChildToPatch) -> Self {
        let namespace = Some(child.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        let metadata =
            ObjectMeta { resource_version: Some(child.revision.to_string()), ..ObjectMeta::default() };
        Self { metadata, spec: NamespaceField { namespace } }
    }
}

/// A merge patch of the shard label.
pub(super) fn label_patch(shard: u8) -> impl Serialize {
    serde_json::json!({ "metadata": { "labels": { SHARD_LABEL: shard.to_string() } } })
}

/// What is read of an answer that is an object.
#[derive(Deserialize)]
pub(super) struct Answer<S> {
    pub(super) metadata: AnswerMeta,
    #[serde(default = "Option::default")]
    pub(super) spec: Option<S>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerMeta {
    #[serde(default)]
    pub(super) uid: String,
    #[serde(default)]
    pub(super) generation: i64,
    #[serde(default)]
    resource_version: String,
}

impl AnswerMeta {
    /// The number in the resourceVersion; 0, which is older than anything, when it is none.
    pub(super) fn revision(&self) -> u64 {
        self.resource_version.parse().unwrap_or_default()
    }
}

/// What is read of the answer to a delete: a Status when the object is gone, the object while finalizers hold it.
#[derive(Deserialize)]
pub(super) struct Deleted {
    kind: String,
}

impl Deleted {
    pub(super) fn is_gone(&self) -> bool {
        self.kind == "Status"
    }
}

pub(super) fn owner_reference(kyma: &ObjectKey, uid: &Uid) -> OwnerReference {
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: Kyma::kind(&()).into_owned(),
        name: kyma.name().to_owned(),
        uid: uid.to_string(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

pub(super) fn delete_options(uid: &Uid, revision: u64) -> DeleteOptions {
    DeleteOptions {
        api_version: Some("v1".to_owned()),
        kind: Some("DeleteOptions".to_owned()),
        preconditions: Some(Preconditions {
            uid: Some(uid.to_string()),
            resource_version: Some(revision.to_string()),
        }),
        ..DeleteOptions::default()
    }
}
