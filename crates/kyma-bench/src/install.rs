//! What a fresh server needs before it can be measured.

use std::path::{Path, PathBuf};
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

/// Creates a ServiceAccount that may do everything, and writes a kubeconfig of its token into a folder.
pub(crate) async fn service_account(
    endpoint: &Endpoint,
    admin: &Path,
    folder: &Path,
) -> Result<PathBuf, Error> {
    const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";
    let name = json!({"name": "kyma-operator"});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name});
    let subject = json!({"kind": "ServiceAccount", "name": "kyma-operator", "namespace": "default"});
    let rbac = "rbac.authorization.k8s.io";
    let binding = json!({
        "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": name, "subjects": [subject],
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
    });
    let asked = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200},
    });
    let mut connection = endpoint.connect().await?;
    connection.accepted(&Call::post(ACCOUNTS, &account)).await?;
    connection.accepted(&Call::post(format!("/apis/{rbac}/v1/clusterrolebindings"), &binding)).await?;
    let path = format!("{ACCOUNTS}/kyma-operator/token");
    let answer = connection.accepted(&Call::post(&path, &asked)).await?;
    let token = answer.json::<Value>(&path)?["status"]["token"].clone();
    let text = std::fs::read_to_string(admin)
        .map_err(|source| Error::ReadFile { file: admin.display().to_string(), source })?;
    let mut kubeconfig: Value =
        serde_saphyr::from_str(&text).map_err(|error| Error::ParseYaml(Box::new(error)))?;
    for user in kubeconfig["users"].as_array_mut().into_iter().flatten() {
        user["user"] = json!({ "token": token });
    }
    let file = folder.join("kubeconfig");
    std::fs::write(&file, kubeconfig.to_string())
        .map_err(|source| Error::WriteFile { file: file.display().to_string(), source })?;
    Ok(file)
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
