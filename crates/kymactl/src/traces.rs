//! Traces: each reconcile with its requests, sent over OTLP (HTTP, protobuf) to a collector where one is named.
//!
//! What is sent how often, and how much may wait, is said by the usual variables (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_EXPORTER_OTLP_HEADERS`). What does not fit into the queue is dropped: tracing
//! never holds up the operator, but for the last seconds of its life.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use opentelemetry::Key;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tokio::runtime::Runtime;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::exit::{Failure, chain};

/// What the traces are of, unless `OTEL_SERVICE_NAME` says otherwise.
const SERVICE: &str = "kyma-operator";
/// The variable that names the collector.
pub(crate) const VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// How long the collector may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the last traces may take at the end of the process.
const LAST: Duration = Duration::from_secs(3);

/// Why there are no traces.
#[derive(Debug, Error)]
pub(crate) enum TracesError {
    /// The address is none.
    #[error("{0:?} is not the http:// or https:// address of a collector, such as http://localhost:4318")]
    Address(String),
    /// The thread that sends cannot be made.
    #[error("the runtime for traces does not start")]
    Runtime(#[source] std::io::Error),
    /// The certificates of the system, which say whom to trust, cannot be read.
    #[error("the system's root certificates cannot be read")]
    Roots(#[source] std::io::Error),
    /// A variable has a value that makes no sense.
    #[error("the exporter cannot be made")]
    Exporter(#[source] opentelemetry_otlp::ExporterBuildError),
}

impl From<TracesError> for Failure {
    fn from(error: TracesError) -> Self {
        match error {
            TracesError::Address(_) => Self::usage(format!("--otlp-endpoint: {error}")),
            _ => Self::new("--otlp-endpoint", &error),
        }
    }
}

/// Traces that are being sent. What was not sent yet is lost unless [`Traces::end`] is called.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Traces to the collector at this base address: they go to its `/v1/traces`.
    pub(crate) fn to(collector: &str) -> Result<Self, TracesError> {
        let address = address(collector).ok_or_else(|| TracesError::Address(collector.to_owned()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&address)
            .with_timeout(TIMEOUT)
            .with_http_client(Sender::new(address)?)
            .build()
            .map_err(TracesError::Exporter)?;
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        Ok(Self { provider })
    }

    /// What takes the spans of this project's crates.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target().starts_with("kyma_");
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_filter(filter_fn(ours))
    }

    /// Sends what is left, and says so where that is not possible.
    pub(crate) fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST) {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// Whether this collector is named by a variable.
pub(crate) fn is_from_environment(collector: Option<&str>) -> bool {
    collector.is_some_and(|collector| std::env::var_os(VARIABLE).is_some_and(|named| named == collector))
}

/// What this process is called: the variables know better than we do.
fn resource() -> Resource {
    let named = Resource::builder().build();
    let name = named.get(&Key::from_static_str("service.name"));
    match name.is_none_or(|name| name.as_str().starts_with("unknown_service")) {
        true => Resource::builder().with_service_name(SERVICE).build(),
        false => named,
    }
}

/// Where the traces go at a collector.
fn address(collector: &str) -> Option<String> {
    let base = collector.trim_end_matches('/');
    let uri: Uri = format!("{base}/v1/traces").parse().ok()?;
    let usable = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    usable.then(|| uri.to_string())
}

/// Sends on a runtime of its own, which runs only while the exporter's thread waits for the answer: the operator's threads have
/// no part in it.
struct Sender {
    client: Box<dyn HttpClient>,
    runtime: Runtime,
    address: String,
    /// Whether the last attempt failed: only the first of a row is told.
    failing: AtomicBool,
}

impl Sender {
    fn new(address: String) -> Result<Self, TracesError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(TracesError::Runtime)?;
        let client: Box<dyn HttpClient> = if address.starts_with("https:") {
            let builder = hyper_rustls::HttpsConnectorBuilder::new();
            let builder = builder.with_native_roots().map_err(TracesError::Roots)?;
            Box::new(HyperClient::new(builder.https_only().enable_http1().build(), TIMEOUT, None))
        } else {
            Box::new(HyperClient::with_default_connector(TIMEOUT, None))
        };
        Ok(Self { client, runtime, address, failing: AtomicBool::new(false) })
    }

    fn tell(&self, answer: &Result<Response<Bytes>, HttpError>) {
        let trouble = match answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(chain(error.as_ref())),
        };
        let was_failing = self.failing.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(why) if !was_failing => {
                tracing::warn!(address = self.address, "traces cannot be sent: {why}");
            }
            None if was_failing => tracing::warn!(address = self.address, "traces are sent again"),
            _ => {}
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("address", &self.address).finish_non_exhaustive()
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'r>(
        &'a self,
        request: Request<Bytes>,
    ) -> BoxFuture<'r, Result<Response<Bytes>, HttpError>>
    where
        'a: 'r,
        Self: 'r,
    {
        Box::pin(async move {
            let answer = self.runtime.block_on(self.client.send_bytes(request));
            self.tell(&answer);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_by_its_base_address() {
        for (collector, expected) in [
            ("http://localhost:4318", Some("http://localhost:4318/v1/traces")),
            ("https://otel.example.com/", Some("https://otel.example.com/v1/traces")),
            ("http://[::1]:4318/prefix", Some("http://[::1]:4318/prefix/v1/traces")),
            ("localhost:4318", None),
            ("grpc://localhost:4317", None),
            ("", None),
            ("http://", None),
            ("http://a b", None),
        ] {
            assert_eq!(address(collector).as_deref(), expected, "{collector}");
        }
    }
}
