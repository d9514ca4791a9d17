//! `Kyma`: a managed cluster's wish list of components.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conditions::Condition;
use crate::kind::namespaced_kind;

/// `status.status` while a component is missing or on its way.
pub const RECONCILING: &str = "reconciling";

/// `status.status` when every component has arrived.
pub const SUCCESS: &str = "success";

/// A Kyma: one managed cluster and the components that it shall have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Kyma {
    /// Name, namespace, UID and the rest of the usual metadata.
    pub metadata: ObjectMeta,
    /// What the user wants.
    pub spec: KymaSpec,
    /// What the operator has seen; absent until its first write.
    pub status: Option<KymaStatus>,
}

namespaced_kind!(Kyma, KymaSpec, "kymas");

/// The components that a cluster shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KymaSpec {
    /// The components, in the order in which status.waitingFor names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
}

/// One component that a cluster shall have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Component {
    /// The component's name, which is its chart's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The namespace in the managed cluster to install into; kyma-system where it is absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// How far a Kyma's components are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct KymaStatus {
    /// "reconciling" while components are awaited, then "success".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// The components that have not reached "success", in the order of spec.components.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting_for: Vec<String>,
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The usual conditions; the operator writes the one of type Ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
