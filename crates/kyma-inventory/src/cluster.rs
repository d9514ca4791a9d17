//! `Cluster`: what is known of a managed cluster's provider and sign-in.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conditions::Condition;
use crate::kind::namespaced_kind;

/// A managed cluster.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Name, namespace, UID and the rest of the usual metadata.
    pub metadata: ObjectMeta,
    /// What the user knows of the cluster.
    pub spec: ClusterSpec,
    /// What the operator knows of it.
    pub status: Option<ClusterStatus>,
}

namespaced_kind!(Cluster, ClusterSpec, "clusters");

/// Where a cluster runs and how its users sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterSpec {
    /// The cloud provider.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider: String,
    /// The provider's region.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// How the cluster's users sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
}

/// The OpenID Connect settings of a cluster's API server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Oidc {
    /// The client that tokens must be issued for.
    #[serde(rename = "clientID", skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// The claim that holds the user's groups.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub groups_claim: String,
    /// The issuer of the tokens.
    #[serde(rename = "issuerURL", skip_serializing_if = "String::is_empty")]
    pub issuer_url: String,
    /// The signing algorithms that are accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signing_algs: Vec<String>,
    /// The claim that holds the user's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username_claim: String,
    /// What is put before each user name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username_prefix: String,
}

/// What the operator knows of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The usual conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
