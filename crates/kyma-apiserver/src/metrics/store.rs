//! What is asked of the store, under the names that kube-apiserver has for what it asks of etcd
//! (k8s.io/apiserver/pkg/storage/etcd3/metrics). The time is that of the operation with its checks, to the acknowledged
//! write; not that of reading the request and writing the answer.

use std::sync::Arc;
use std::time::Duration;

use kyma_registry::Resource;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry as Metric;

use super::requests::SECONDS;
use super::watches::Text;

/// What is done with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Get,
    List,
    Create,
    Update,
    Delete,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Operation::Get => "get",
            Operation::List => "list",
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    operation: &'static str,
    group: Text,
    resource: Text,
}

/// All operations. Bounded: kinds that are served, times five.
pub(crate) struct Operations {
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
    requests: Family<Labels, Counter>,
    errors: Family<Labels, Counter>,
}

impl Operations {
    pub(super) fn registered(metrics: &mut Metric) -> Self {
        let operations = Operations {
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            requests: Family::default(),
            errors: Family::default(),
        };
        let Operations { seconds, requests, errors } = &operations;
        let help = "Seconds of each operation on the store by kind";
        metrics.register("etcd_request_duration_seconds", help, seconds.clone());
        // Counters get their suffix `_total` from the encoder.
        metrics.register("etcd_requests", "Operations on the store by kind", requests.clone());
        let help = "Operations on the store that failed by the server's fault";
        metrics.register("etcd_request_errors", help, errors.clone());
        operations
    }

    /// An operation is done.
    pub(crate) fn done(&self, operation: Operation, resource: &Resource, took: Duration, failed: bool) {
        let labels = Labels {
            operation: operation.as_str(),
            group: Text(Arc::clone(&resource.group)),
            resource: Text(Arc::clone(&resource.names.plural)),
        };
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.requests.get_or_create(&labels).inc();
        if failed {
            self.errors.get_or_create(&labels).inc();
        }
    }
}
