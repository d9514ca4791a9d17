//! What is listed and watched, in words.

use kube::runtime::watcher;
use kube::{Api, Resource};

/// The names of a resource.
#[derive(Debug)]
pub(super) struct Target {
    /// For logs and metrics.
    pub(super) kind: String,
    /// As RBAC and kubectl write it: `helmcomponents.inventory.kyma-project.io`.
    pub(super) resource: String,
    /// `all namespaces`, or `namespace pb`.
    pub(super) place: String,
}

impl Target {
    pub(super) fn of<K: Resource<DynamicType = ()>>(api: &Api<K>) -> Self {
        let (plural, group) = (K::plural(&()), K::group(&()));
        Self {
            kind: K::kind(&()).into_owned(),
            resource: if group.is_empty() { plural.into_owned() } else { format!("{plural}.{group}") },
            place: api
                .namespace()
                .map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}")),
        }
    }

    /// A failure as a sentence. A 403 names the verb, resource and namespace, which is what has to be granted.
    pub(super) fn explain(&self, error: &watcher::Error) -> String {
        let Self { resource, place, .. } = self;
        let (verb, source) = match error {
            watcher::Error::InitialListFailed(source) => ("list", Some(source)),
            watcher::Error::WatchStartFailed(source) | watcher::Error::WatchFailed(source) => {
                ("watch", Some(source))
            }
            watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => ("watch", None),
        };
        let status = match (error, source) {
            (watcher::Error::WatchError(status), _) | (_, Some(kube::Error::Api(status))) => Some(status),
            _ => None,
        };
        match (status, source) {
            (Some(status), _) if status.code == 403 => {
                format!("not allowed to {verb} {resource} in {place}: {}", status.message)
            }
            (Some(status), _) => {
                format!("failed to {verb} {resource} in {place}: {} ({})", status.message, status.code)
            }
            // kube prints an error's source with the error.
            (None, Some(source)) => format!("failed to {verb} {resource} in {place}: {source}"),
            (None, None) => format!("failed to {verb} {resource} in {place}: {error}"),
        }
    }
}
