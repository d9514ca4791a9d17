//! The operator against a whole API server in the test's own process, under tokio's paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, PostParams};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Client, CustomResourceExt};
use kyma_apiserver::{ApiServer, User};
use operator_test::{Greeting, GreetingSpec, RESYNC, run};

/// A server with the operator's kind, the operator running, a client, and the number of reconciliations.
async fn cluster() -> (Client, Arc<AtomicU64>) {
    let server = ApiServer::builder().start().await.unwrap();
    let client = Client::new(server.client(User::admin()), "default");
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.create(&PostParams::default(), &Greeting::crd()).await.unwrap();
    await_condition(definitions, Greeting::crd_name(), is_crd_established()).await.unwrap();
    let reconciliations = Arc::new(AtomicU64::new(0));
    tokio::spawn(run(client.clone(), Arc::clone(&reconciliations)));
    (client, reconciliations)
}

async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look().await {
            return found;
        }
        // Of virtual time: nobody waits.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_greeting_gets_its_text_and_is_looked_after_every_hour() {
    let (client, reconciliations) = cluster().await;
    let greetings: Api<Greeting> = Api::default_namespaced(client.clone());
    let config_maps: Api<ConfigMap> = Api::default_namespaced(client);
    let greeting = Greeting::new("world", GreetingSpec { name: "World".into() });
    greetings.create(&PostParams::default(), &greeting).await.unwrap();

    let ready = async || greetings.get("world").await.unwrap().status.filter(|status| status.ready);
    eventually(ready).await;
    let text = config_maps.get("world").await.unwrap().data.unwrap()["text"].clone();
    assert_eq!(text, "Hello, World!");

    // Its own writes wake the operator, until one changes nothing.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let before = reconciliations.load(Ordering::Relaxed);
    // A day passes in the blink of an eye.
    tokio::time::sleep(24 * RESYNC).await;
    assert_eq!(reconciliations.load(Ordering::Relaxed) - before, 24);
}

#[tokio::test(start_paused = true)]
async fn the_text_goes_with_its_greeting() {
    let (client, _) = cluster().await;
    let greetings: Api<Greeting> = Api::default_namespaced(client.clone());
    let config_maps: Api<ConfigMap> = Api::default_namespaced(client);
    let greeting = Greeting::new("world", GreetingSpec { name: "World".into() });
    greetings.create(&PostParams::default(), &greeting).await.unwrap();
    eventually(async || config_maps.get_opt("world").await.unwrap()).await;

    greetings.delete("world", &DeleteParams::default()).await.unwrap();
    // The garbage collector is part of the server.
    eventually(async || config_maps.get_opt("world").await.unwrap().is_none().then_some(())).await;
}

/// Each test has a server of its own; a thousand of them fit into one process.
#[tokio::test]
async fn a_thousand_servers() {
    let mut servers = Vec::new();
    for _ in 0..1000 {
        servers.push(ApiServer::builder().start().await.unwrap());
    }
    let client = Client::new(servers[999].client(User::admin()), "default");
    assert!(client.apiserver_version().await.unwrap().git_version.starts_with('v'));
}
