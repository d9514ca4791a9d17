//! What a server has before anybody has asked for anything: the namespaces and the Service that kube-apiserver makes at its
//! first start (k8s.io/kubernetes/pkg/controlplane/controller/{systemnamespaces,kubernetesservice}). The other kinds that it
//! fills (roles, flow schemas, priority classes, a range of addresses) have nobody here who reads them.

use kyma_registry::object::Object;
use kyma_registry::{ApiError, CreateOptions, Registry, Request};
use serde_json::{Value, json};

const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// As whom the server itself writes.
const MANAGER: &str = "kube-apiserver";

/// Creates those of them that are absent.
///
/// # Errors
/// Where one cannot be stored.
pub(crate) async fn ensure(registry: &Registry) -> Result<(), ApiError> {
    for name in NAMESPACES {
        ensure_object(registry, "namespaces", None, name, json!({"kind": "Namespace"})).await?;
    }
    ensure_object(registry, "services", Some("default"), "kubernetes", service()).await
}

/// Where programs in a cluster find its API: the first address of the range that Services have by default. Nothing
/// listens there here.
fn service() -> Value {
    json!({
        "kind": "Service",
        "metadata": {"labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.0.0.1",
            "clusterIPs": ["10.0.0.1"],
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
        },
    })
}

async fn ensure_object(
    registry: &Registry,
    plural: &str,
    namespace: Option<&str>,
    name: &str,
    mut object: Value,
) -> Result<(), ApiError> {
    let catalog = registry.catalog();
    let Some(resource) = catalog.find("", "v1", plural) else {
        return Err(ApiError::internal(format!("the kind of {plural} is not served")));
    };
    let request = Request { resource, namespace };
    if registry.get(&request, name).is_ok() {
        return Ok(());
    }
    object["apiVersion"] = "v1".into();
    object["metadata"]["name"] = name.into();
    let object: Object =
        serde_json::from_value(object).map_err(|error| ApiError::internal(error.to_string()))?;
    let options = CreateOptions { manager: MANAGER.to_owned(), ..CreateOptions::default() };
    registry.create(&request, object.into(), &options).await.map(drop)
}
