//! The labels of a request.

use std::sync::Arc;

use http::request::Parts;
use http::{Method, header::CONTENT_TYPE};
use kyma_registry::{Resource, Subresource};

use crate::path::{ResourcePath, Target};
use crate::query::Query;
use crate::router::{Route, Verb};

/// The labels by which requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Labels {
    pub(super) verb: &'static str,
    pub(super) group: Arc<str>,
    pub(super) version: Arc<str>,
    pub(super) resource: Arc<str>,
    pub(super) subresource: &'static str,
    pub(super) scope: &'static str,
    pub(super) component: &'static str,
    pub(super) dry_run: &'static str,
}

impl Labels {
    /// The labels of a request; those of one that goes nowhere have its method only.
    pub(crate) fn of(parts: &Parts, route: Option<&Route<'_>>) -> Self {
        match route {
            Some(Route::Kind { resource, path, verb, subresource }) => {
                Labels::of_kind(parts, resource, path, *verb, *subresource)
            }
            Some(Route::Post { posted, resource, path }) => Labels {
                group: Arc::default(),
                version: path.version.into(),
                resource: path.resource.into(),
                subresource: path.subresource.map_or("", |_| posted.part()),
                ..Labels::of_kind(parts, resource, path, Verb::Create, Subresource::Main)
            },
            Some(Route::Other(Target::Health { endpoint, check: None })) => {
                let subresource = match *endpoint {
                    "healthz" => "/healthz",
                    "livez" => "/livez",
                    _ => "/readyz",
                };
                Labels { verb: method(&parts.method), subresource, ..Labels::default() }
            }
            _ => Labels { verb: method(&parts.method), ..Labels::default() },
        }
    }

    fn of_kind(
        parts: &Parts,
        resource: &Resource,
        path: &ResourcePath<'_>,
        verb: Verb,
        subresource: Subresource,
    ) -> Self {
        let apply =
            || parts.headers.get(CONTENT_TYPE).is_some_and(|value| value == "application/apply-patch+yaml");
        // Most queries have no such word, and are not taken apart.
        let dry_run =
            |query: &str| query.contains("dryRun") && Query::parse(Some(query)).get("dryRun") == Some("All");
        Labels {
            verb: match verb {
                Verb::Get => "GET",
                Verb::List => "LIST",
                Verb::Watch => "WATCH",
                Verb::Create => "POST",
                Verb::Update => "PUT",
                Verb::Patch if apply() => "APPLY",
                Verb::Patch => "PATCH",
                // Told apart by the scope.
                Verb::Delete | Verb::DeleteCollection => "DELETE",
            },
            group: Arc::clone(&resource.group),
            version: Arc::clone(&resource.version),
            resource: Arc::clone(&resource.names.plural),
            subresource: subresource.name(),
            scope: match (path.name, path.namespace, verb) {
                (Some(_), _, _) | (_, _, Verb::Create) => "resource",
                (None, Some(_), _) => "namespace",
                (None, None, _) => "cluster",
            },
            component: "apiserver",
            dry_run: if parts.uri.query().is_some_and(dry_run) { "All" } else { "" },
        }
    }

    /// All but `dry_run`.
    pub(super) fn pairs(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("verb", self.verb),
            ("group", &self.group),
            ("version", &self.version),
            ("resource", &self.resource),
            ("subresource", self.subresource),
            ("scope", self.scope),
            ("component", self.component),
        ]
    }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET | Method::HEAD => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
