//! The CustomResourceDefinitions, for commands that bring their own server.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, PostParams};

use crate::exit::Failure;

/// How long the definitions may take to be served.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(10);

/// Creates the definitions, brings those that are there from an earlier start up to date, and waits until all are served.
pub(crate) async fn install(client: &Client) -> Result<(), Failure> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in kyma_inventory::crds::all().map_err(|error| Failure::of(&error))? {
        let name = definition.metadata.name.clone().unwrap_or_default();
        put(&api, &name, definition)
            .await
            .map_err(|error| Failure::new(format!("failed to install the CRD {name}"), &error))?;
        let established = kube::runtime::wait::await_condition(
            api.clone(),
            &name,
            kube::runtime::conditions::is_crd_established(),
        );
        match tokio::time::timeout(ESTABLISH_TIMEOUT, established).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Failure::new(format!("failed to wait for the CRD {name}"), &error)),
            Err(_) => {
                return Err(Failure::text(format!(
                    "the CRD {name} was not served within {ESTABLISH_TIMEOUT:?}"
                )));
            }
        }
    }
    Ok(())
}

/// Creates a definition, or gives the one that is there our specification. The server writes nothing where it has it
/// already.
async fn put(
    api: &Api<CustomResourceDefinition>,
    name: &str,
    definition: CustomResourceDefinition,
) -> Result<(), kube::Error> {
    let Some(mut there) = api.get_opt(name).await? else {
        return api.create(&PostParams::default(), &definition).await.map(|_| ());
    };
    there.spec = definition.spec;
    api.replace(name, &PostParams::default(), &there).await.map(|_| ())
}
