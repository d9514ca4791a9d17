//! A small operator, as somebody would write it with kube-rs: a `Greeting` asks for a ConfigMap with a text, which is
//! looked after every hour.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::Controller;
use kube::runtime::controller::Action;
use kube::runtime::watcher;
use kube::{Client, CustomResource, Resource, ResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How often a greeting is looked after when nothing happens.
pub const RESYNC: Duration = Duration::from_secs(3600);

/// Who is to be greeted.
#[derive(CustomResource, Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[kube(group = "example.com", version = "v1", kind = "Greeting", namespaced, status = "GreetingStatus")]
pub struct GreetingSpec {
    /// The name in the text.
    pub name: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
pub struct GreetingStatus {
    /// Whether the ConfigMap is there.
    pub ready: bool,
}

/// Why a greeting could not be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused something, or is not there.
    #[error("the API server refused")]
    Kube(#[source] Box<kube::Error>),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Kube(Box::new(error))
    }
}

/// What all reconciliations share.
struct Context {
    client: Client,
    reconciliations: Arc<AtomicU64>,
}

/// Runs the operator until its client has no server any more, and counts its reconciliations.
pub async fn run(client: Client, reconciliations: Arc<AtomicU64>) {
    let greetings: Api<Greeting> = Api::all(client.clone());
    let config_maps: Api<ConfigMap> = Api::all(client.clone());
    let context = Arc::new(Context { client, reconciliations });
    Controller::new(greetings, watcher::Config::default())
        .owns(config_maps, watcher::Config::default())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(5)), context)
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(greeting: Arc<Greeting>, context: Arc<Context>) -> Result<Action, Error> {
    context.reconciliations.fetch_add(1, Ordering::Relaxed);
    let namespace = greeting.namespace().unwrap_or_default();
    let name = greeting.name_any();
    let owner: Vec<_> = greeting.controller_owner_ref(&()).into_iter().collect();
    let config_map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": owner},
        "data": {"text": format!("Hello, {}!", greeting.spec.name)},
    });
    let params = PatchParams::apply("greeter").force();
    let config_maps: Api<ConfigMap> = Api::namespaced(context.client.clone(), &namespace);
    config_maps.patch(&name, &params, &Patch::Apply(config_map)).await?;
    let greetings: Api<Greeting> = Api::namespaced(context.client.clone(), &namespace);
    let status = json!({"status": {"ready": true}});
    greetings.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(Action::requeue(RESYNC))
}
