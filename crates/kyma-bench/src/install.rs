//! What a fresh server needs before it can be measured.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Call, Endpoint};
use crate::error::Error;
use crate::server::wait_for_ok;
use crate::tools::Tools;

/// How long a new kind may take to be served.
const SERVED_LIMIT: Duration = Duration::from_secs(30);

/// The group and version of the three kinds in paths.
pub(crate) const GROUP_VERSION: &str = "inventory.kyma-project.io/v1alpha1";

/// Creates the CustomResourceDefinitions that kymactl prints, and waits until their kinds are served.
pub(crate) async fn definitions(endpoint: &Endpoint, tools: &Tools) -> Result<(), Error> {
    let definitions = tools.documents(&["crds"]).await?;
    let mut connection = endpoint.connect().await?;
    for definition in &definitions {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        connection.accepted(&Call::post(path, definition)).await?;
    }
    for definition in &definitions {
        let plural = definition["spec"]["names"]["plural"].as_str().unwrap_or_default();
        wait_for_ok(endpoint, &collection(None, plural), SERVED_LIMIT).await?;
    }
    Ok(())
}

/// Creates a namespace.
pub(crate) async fn namespace(endpoint: &Endpoint, name: &str) -> Result<(), Error> {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    create_namespace(endpoint, &body).await
}

/// Creates a namespace from its document.
pub(crate) async fn create_namespace(endpoint: &Endpoint, body: &Value) -> Result<(), Error> {
    let mut connection = endpoint.connect().await?;
    connection.accepted(&Call::post("/api/v1/namespaces", body)).await.map(|_| ())
}

/// The path of a collection of one of the three kinds.
pub(crate) fn collection(namespace: Option<&str>, plural: &str) -> String {
    match namespace {
        Some(namespace) => format!("/apis/{GROUP_VERSION}/namespaces/{namespace}/{plural}"),
        None => format!("/apis/{GROUP_VERSION}/{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_have_their_paths() {
        assert_eq!(collection(None, "kymas"), "/apis/inventory.kyma-project.io/v1alpha1/kymas");
        assert!(collection(Some("pb"), "kymas").ends_with("/v1alpha1/namespaces/pb/kymas"));
    }
}
