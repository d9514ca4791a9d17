//! The sample's Kymas, as kymactl prints them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::client::{Call, Crew, Endpoint, Job};
use crate::error::Error;
use crate::install::{self, collection};
use crate::tools::Tools;

/// Where the sample's Kymas are.
pub(crate) const NAMESPACE: &str = "pb";
/// How many of them are created at a time.
pub(crate) const CREATORS: usize = 32;
/// Components of a sample Kyma.
pub(crate) const COMPONENTS: usize = 18;

/// Kymas to be created, one by each request.
pub(crate) struct Sample {
    calls: Vec<Call>,
}

impl Sample {
    /// Creates the sample's namespace, and makes so many of its Kymas ready to be created.
    pub(crate) async fn new(endpoint: &Endpoint, kymas: usize, tools: &Tools) -> Result<Self, Error> {
        let documents = tools.documents(&["sample", "--kymas", &kymas.to_string()]).await?;
        let (namespaces, kymas): (Vec<Value>, Vec<Value>) =
            documents.into_iter().partition(|document| document["kind"] == "Namespace");
        for namespace in &namespaces {
            install::create_namespace(endpoint, namespace).await?;
        }
        let calls = kymas.iter().map(|kyma| {
            let path = collection(kyma["metadata"]["namespace"].as_str(), "kymas");
            Call::post(path, kyma)
        });
        Ok(Sample { calls: calls.collect() })
    }

    /// The last one, taken out.
    pub(crate) fn pop(&mut self) -> Option<Call> {
        self.calls.pop()
    }

    /// Creates all of them; returns how long that took.
    pub(crate) async fn create(self, crew: &mut Crew) -> Result<Duration, Error> {
        let created = crew.work(self.calls.len(), Arc::new(self)).await?;
        created.first_error.map_or(Ok(created.elapsed), |error| Err(Error::Invalid(error)))
    }
}

impl Job for Sample {
    fn call(&self, i: usize) -> Call {
        self.calls[i].clone()
    }
}
