//! `HelmComponent`: one chart that is to be installed into one managed cluster.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::conditions::Condition;
use crate::kind::namespaced_kind;

/// The target namespace of a component that names none.
pub const DEFAULT_TARGET_NAMESPACE: &str = "kyma-system";

/// A component of a Kyma, or one made by hand.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HelmComponent {
    /// Name, namespace, owner and the rest of the usual metadata.
    pub metadata: ObjectMeta,
    /// What is to be installed, and where.
    pub spec: HelmComponentSpec,
    /// How far the installation is; absent until the operator's first write.
    pub status: Option<HelmComponentStatus>,
}

namespaced_kind!(HelmComponent, HelmComponentSpec, "helmcomponents");

/// What is to be installed, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct HelmComponentSpec {
    /// The chart's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub component_name: String,
    /// Where the chart is; the folder named as the component where it is absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chart_location: String,
    /// The Kyma version that the chart belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The namespace in the managed cluster to install into; kyma-system where it is absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

impl HelmComponentSpec {
    /// The folder of the chart, the default applied.
    #[must_use]
    pub fn chart_location(&self) -> &str {
        if self.chart_location.is_empty() { &self.component_name } else { &self.chart_location }
    }

    /// The namespace to install into, the default applied.
    #[must_use]
    pub fn target_namespace(&self) -> &str {
        if self.namespace.is_empty() { DEFAULT_TARGET_NAMESPACE } else { &self.namespace }
    }
}

/// How far the installation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct HelmComponentStatus {
    /// The stage of the installation: "pending", "started", "failing", "retrying" or "success".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// When the last change of stage was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub last_reconciliation: Option<String>,
    /// The generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The usual conditions; the operator writes the one of type Ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

#[cfg(test)]
mod tests {
    use super::HelmComponentSpec;

    #[test]
    fn defaults_apply_where_the_spec_is_silent() {
        let spec = HelmComponentSpec { component_name: "istio".into(), ..Default::default() };
        assert_eq!((spec.chart_location(), spec.target_namespace()), ("istio", "kyma-system"));
        let spec = HelmComponentSpec {
            chart_location: "charts/istio".into(),
            namespace: "istio-system".into(),
            ..spec
        };
        assert_eq!((spec.chart_location(), spec.target_namespace()), ("charts/istio", "istio-system"));
    }
}
