//! What a request asks for, whoever asks: path and method, taken apart once.

use std::borrow::Cow;

use http::Method;
use http::request::Parts;
use kyma_registry::authz::{Attributes, Impersonated, User};

use crate::path::{ResourcePath, Target, parse};
use crate::query::Query;
use crate::router::Verb;

/// The head of a request, understood.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) target: Target<'a>,
    /// What is to be done with a kind; `None` where the path names none, or the method stands for nothing.
    pub(crate) verb: Option<Verb>,
    /// As authorization and the audit log name it: the verb on a kind, else the method in lower case.
    pub(crate) verb_name: Cow<'static, str>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        let target = parse(parts.uri.path());
        let verb = match &target {
            Target::Resource(path) => verb_of(&parts.method, path, &Query::parse(parts.uri.query())),
            _ => None,
        };
        let verb_name = verb.map_or_else(|| lower_case(&parts.method), |verb| verb.as_str().into());
        Asked { parts, target, verb, verb_name }
    }

    /// Whether everybody may ask that (ClusterRole `system:public-info-viewer`): for the health of the whole, not for a
    /// single check, which shows why it fails.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.target, Target::Health { check: None, .. } | Target::Version)
    }

    /// As authorization sees it.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        let verb = &self.verb_name;
        match &self.target {
            Target::Resource(path) => Attributes::Kind {
                verb,
                group: path.group,
                resource: path.resource,
                subresource: path.subresource,
                // A namespace lies in itself, so that who has rights in it has them over it.
                namespace: path.namespace.or(path.name.filter(|_| path.resource == "namespaces")),
                name: path.name,
            },
            _ => Attributes::Path { verb, path: self.parts.uri.path() },
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// Whose credentials came with the request; `None` where none did.
    pub(crate) user: Option<&'a User>,
    /// Whom they act as.
    pub(crate) other: Option<&'a Impersonated>,
}

impl<'a> Asker<'a> {
    /// Whose rules apply.
    pub(crate) fn acting(&self) -> Option<&'a User> {
        self.other.map(|other| &other.user).or(self.user)
    }
}

/// The verb of a method on a kind; HEAD has none.
fn verb_of(method: &Method, path: &ResourcePath<'_>, query: &Query<'_>) -> Option<Verb> {
    Some(match *method {
        Method::GET if path.watch || (path.name.is_none() && query.flag("watch")) => Verb::Watch,
        Method::GET if path.name.is_some() => Verb::Get,
        Method::GET => Verb::List,
        Method::POST => Verb::Create,
        Method::PUT => Verb::Update,
        Method::PATCH => Verb::Patch,
        Method::DELETE if path.name.is_some() => Verb::Delete,
        Method::DELETE => Verb::DeleteCollection,
        _ => return None,
    })
}

fn lower_case(method: &Method) -> Cow<'static, str> {
    match *method {
        Method::GET => "get".into(),
        Method::HEAD => "head".into(),
        Method::POST => "post".into(),
        Method::PUT => "put".into(),
        Method::PATCH => "patch".into(),
        Method::DELETE => "delete".into(),
        _ => method.as_str().to_ascii_lowercase().into(),
    }
}
