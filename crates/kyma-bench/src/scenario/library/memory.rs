//! How much memory an object takes.

use std::time::Duration;

use http::Method;
use kyma_store::Options;
use serde_json::{Value, json};

use super::table::Stored;
use super::{CONFIG_MAPS, ask, server_on};
use crate::error::Error;
use crate::process::Process;

/// After so long the allocator gives back what it no longer needs, once it is called again.
const DECAY: Duration = Duration::from_millis(1500);
/// Requests that call it.
const STIRRING: usize = 2000;
/// Text in an object, so that with its metadata and the list of managers it has about 650 bytes of JSON.
const FILL: usize = 150;

/// Creates objects and compares what is resident before and after, with the history forgotten.
pub(super) async fn run(objects: usize) -> Result<Stored, Error> {
    let own = Process { name: "kyma-bench", pid: std::process::id() };
    let (server, store) = server_on(Options::default()).await?;
    let settle = async || {
        store.forget_history();
        for _ in 0..2 {
            tokio::time::sleep(DECAY).await;
            for _ in 0..STIRRING {
                ask(&server, Method::GET, "/api/v1/namespaces/default", None, 200).await?;
            }
        }
        own.memory_kib()
    };
    let before = settle().await?;
    let stats = store.stats();
    for number in 0..objects {
        ask(&server, Method::POST, CONFIG_MAPS, Some(&config_map(number)), 201).await?;
    }
    let after = settle().await?;
    let grown = store.stats();
    Ok(Stored {
        objects,
        json_bytes: grown.object_bytes.saturating_sub(stats.object_bytes),
        memory_bytes: after.saturating_sub(before) * 1024,
    })
}

pub(super) fn config_map(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("object-{number}"), "labels": {"app": "bench", "part": "one"}},
        "data": {"text": "x".repeat(FILL)},
    })
}
