//! From a path and a method to a verb on a kind, and to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use kyma_registry::authz::{User, authorize};
use kyma_registry::reason::PAGE_NOT_FOUND;
use kyma_registry::{ApiError, Posted, Resource, Subresource};

use crate::asked::Asked;
use crate::body::Body;
use crate::encode::Accept;
use crate::exchange::Exchange;
use crate::limits::Class;
use crate::path::{ResourcePath, Target};
use crate::query::Query;
use crate::service::Shared;
use crate::verbs::review::Review;
use crate::verbs::{self, Call};
use crate::{discovery, health, openapi, response};

/// An API verb (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// As authorization and metrics name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
        }
    }
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Route<'a> {
    /// A verb on a kind.
    Kind { resource: Arc<Resource>, path: ResourcePath<'a>, verb: Verb, subresource: Subresource },
    /// What is done to a pod and not stored, with its kind.
    Post { posted: Posted, resource: Arc<Resource>, path: ResourcePath<'a> },
    /// A question of this user about themselves.
    Review { review: Review, user: User },
    /// Anything else.
    Other(Target<'a>),
    /// No handler: the answer is no Status.
    NoSuchPage,
}

impl Route<'_> {
    /// Whether the verb has a body that is read.
    pub(crate) fn has_body(&self, method: &Method) -> bool {
        matches!(self, Route::Kind { .. } | Route::Post { .. } | Route::Review { .. })
            && *method != Method::GET
    }

    /// What the request counts as (k8s.io/apiserver/pkg/server/filters/{maxinflight,longrunning}.go).
    pub(crate) fn class(&self, method: &Method) -> Class {
        match self {
            Route::Kind { verb: Verb::Watch, .. } => Class::LongRunning,
            Route::Other(Target::Health { .. }) => Class::Health,
            _ if matches!(*method, Method::GET | Method::HEAD) => Class::ReadOnly,
            _ => Class::Mutating,
        }
    }
}

/// Finds where a request goes, if its user may go there.
pub(crate) fn route<'a>(
    shared: &Shared,
    asked: &Asked<'a>,
    user: Option<&User>,
) -> Result<Route<'a>, ApiError> {
    if asked.is_open() {
        return Ok(Route::Other(asked.target.clone()));
    }
    let Some(user) = user else { return Err(ApiError::unauthorized()) };
    let Target::Resource(path) = asked.target else {
        authorize(user, &asked.attributes())?;
        return Ok(Route::Other(asked.target.clone()));
    };
    let Some(verb) = asked.verb else { return Err(ApiError::method_not_allowed()) };
    authorize(user, &asked.attributes())?;
    if let Some(review) = Review::of(&path) {
        return match verb {
            Verb::Create => Ok(Route::Review { review, user: user.clone() }),
            _ => Err(ApiError::method_not_allowed()),
        };
    }
    if let Some(posted) = verbs::post::posted(&path) {
        return match verb {
            Verb::Create => Ok(Route::Post { posted, resource: shared.registry.posted_kind(posted)?, path }),
            _ => Err(ApiError::method_not_allowed()),
        };
    }
    let catalog = shared.registry.catalog();
    let Some(resource) = catalog.find(path.group, path.version, path.resource) else {
        // Groups of custom kinds have one handler for all their paths, which knows only served kinds.
        let known = catalog.all().any(|resource| *resource.group == *path.group && !resource.is_custom());
        return if known { Err(ApiError::resource_not_found()) } else { Ok(Route::NoSuchPage) };
    };
    let misplaced = path.namespace.is_some() && !resource.namespaced()
        || path.namespace.is_none() && resource.namespaced() && (path.name.is_some() || verb == Verb::Create);
    if misplaced && resource.is_custom() {
        return Ok(Route::NoSuchPage);
    }
    if misplaced && verb != Verb::Create {
        return Err(ApiError::resource_not_found());
    }
    // A custom kind's server does not look at what stands behind the name of a part.
    let known = resource.is_custom() || !path.more;
    let part = subresource_of(resource, path.subresource).filter(|_| known);
    let subresource = part.ok_or_else(|| match path.name {
        Some(name) if resource.is_custom() => ApiError::not_found(path.group, path.resource, name),
        _ => ApiError::resource_not_found(),
    })?;
    check_method(resource, &path, verb, subresource)?;
    Ok(Route::Kind { resource: Arc::clone(resource), path, verb, subresource })
}

fn subresource_of(resource: &Resource, part: Option<&str>) -> Option<Subresource> {
    match part {
        None => Some(Subresource::Main),
        Some("status") if resource.status => Some(Subresource::Status),
        Some("scale") if resource.scale.is_some() => Some(Subresource::Scale),
        Some("approval") if resource.builtin().is_some_and(|kind| kind.table.part("approval").is_some()) => {
            Some(Subresource::Approval)
        }
        Some("finalize") if &*resource.names.plural == "namespaces" && resource.group.is_empty() => {
            Some(Subresource::Finalize)
        }
        Some(_) => None,
    }
}

/// Some verbs make no sense on a path: the real server answers 405.
fn check_method(
    resource: &Resource,
    path: &ResourcePath<'_>,
    verb: Verb,
    subresource: Subresource,
) -> Result<(), ApiError> {
    let named = path.name.is_some();
    let fits = match (verb, subresource) {
        (Verb::Get | Verb::Watch | Verb::List, Subresource::Main | Subresource::Status) => true,
        (Verb::Get, Subresource::Scale | Subresource::Approval) => named,
        // The server of custom kinds does not look at a name behind the kind's.
        (Verb::Create, Subresource::Main) => {
            (!named || resource.is_custom()) && (path.namespace.is_some() || !resource.namespaced())
        }
        (Verb::DeleteCollection, Subresource::Main) => {
            (path.namespace.is_some() || !resource.namespaced())
                && resource.names.plural.as_ref() != "namespaces"
        }
        (Verb::Update, _) | (Verb::Delete, Subresource::Main) => named,
        (Verb::Patch, _) => named && subresource != Subresource::Finalize,
        _ => false,
    };
    match fits {
        true => Ok(()),
        false if resource.is_custom() => {
            Err(ApiError::method_not_supported(path.group, path.resource, verb.as_str()))
        }
        false => Err(ApiError::method_not_allowed()),
    }
}

/// Answers a request that has been routed.
pub(crate) async fn answer(
    shared: &Shared,
    parts: &Parts,
    route: Route<'_>,
    body: Bytes,
    exchange: &Exchange,
) -> Result<Response<Body>, ApiError> {
    match route {
        Route::Kind { resource, path, verb, subresource } => {
            let call = called(shared, parts, (&resource, &path, subresource), body);
            match verb {
                Verb::Get => verbs::get::get(&call).await,
                Verb::List => verbs::list::list(&call).await,
                Verb::Watch => {
                    let meter = shared.metrics.watch(&resource, exchange.labels());
                    verbs::watch::watch(&call, &shared.registry, shared.closing.subscribe(), meter)
                }
                Verb::Create => verbs::create::create(&call).await,
                Verb::Update => verbs::update::update(&call).await,
                Verb::Patch => verbs::patch::patch(&call).await,
                Verb::Delete => verbs::delete::delete(&call).await,
                Verb::DeleteCollection => verbs::delete::delete_collection(&call).await,
            }
        }
        Route::Post { posted, resource, path } => {
            let call = called(shared, parts, (&resource, &path, Subresource::Main), body);
            verbs::post::post(&call, posted).await
        }
        Route::Review { review, user } => review.answer(&user, &parts.headers, &body),
        Route::Other(target) => other(shared, parts, &target),
        Route::NoSuchPage => Ok(no_such_page()),
    }
}

fn called<'a>(
    shared: &'a Shared,
    parts: &'a Parts,
    (resource, path, subresource): (&'a Arc<Resource>, &ResourcePath<'a>, Subresource),
    body: Bytes,
) -> Call<'a> {
    Call {
        registry: &shared.registry,
        answers: shared.gates.answers(),
        metrics: &shared.metrics,
        resource,
        namespace: path.namespace,
        name: path.name,
        subresource,
        query: Query::parse(parts.uri.query()),
        headers: &parts.headers,
        body,
    }
}

fn no_such_page() -> Response<Body> {
    response::text(StatusCode::NOT_FOUND, PAGE_NOT_FOUND)
}

fn other(shared: &Shared, parts: &Parts, target: &Target<'_>) -> Result<Response<Body>, ApiError> {
    if let Target::Health { endpoint, check } = target {
        let state = health::State::new(shared.registry.store(), *shared.closing.borrow());
        // Whatever the method, as in the real server.
        return Ok(health::answer(&state, endpoint, *check, parts.uri.query()));
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(ApiError::method_not_allowed());
    }
    let catalog = shared.registry.catalog();
    let document = match target {
        Target::Metrics => {
            let (content_type, text) = shared.metrics.encode(&parts.headers);
            return Ok(response::bytes(StatusCode::OK, content_type, text));
        }
        Target::OpenApiV3(path) => return openapi::v3(&catalog, *path),
        Target::OpenApiV2 => return openapi::v2(&catalog, &parts.headers),
        Target::Version => discovery::version_document(),
        Target::Root => discovery::paths(&catalog),
        Target::CoreVersions | Target::Groups if discovery::wants_aggregated(&parts.headers) => {
            return discovery::aggregated(&catalog, *target == Target::CoreVersions, &parts.headers);
        }
        Target::CoreVersions => discovery::core_versions(&parts.headers),
        Target::Groups => discovery::groups(&catalog),
        Target::Group(group) => match discovery::group(&catalog, group) {
            Some(group) => group,
            None => return Ok(no_such_page()),
        },
        Target::GroupVersion { group, version } => match discovery::resources(&catalog, group, version) {
            Some(resources) => resources,
            None => return Ok(no_such_page()),
        },
        Target::Health { .. } | Target::Resource(_) | Target::Unknown => return Ok(no_such_page()),
    };
    let accept = Accept::from_headers(&parts.headers, false)?;
    response::document(StatusCode::OK, accept, document)
}
