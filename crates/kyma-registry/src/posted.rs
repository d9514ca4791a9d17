//! What is posted to a pod, changes it and is not stored itself: a Binding puts it on a node, an Eviction deletes it if
//! its disruption budget lets it go (k8s.io/kubernetes/pkg/registry/core/pod/storage).

mod binding;
mod budget;
mod eviction;

use std::sync::Arc;

use kyma_store::{Change, CommitError, Expect, Write};
use serde_json::Value;

use crate::builtin::Builtin;
use crate::create::{create_error, set_namespace};
use crate::delete::DeleteOptions;
use crate::object::{self, Live, Object};
use crate::options::read_deletion;
use crate::reason::{OPTIMISTIC_LOCK, aggregate};
use crate::registry::{Body, Registry, Request};
use crate::{ApiError, CreateOptions, Resource, form};

/// What can be posted to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// A Binding, also posted without a pod's name in the path.
    Binding,
    /// An Eviction.
    Eviction,
}

impl Posted {
    /// The kind.
    pub fn kind(self) -> &'static str {
        match self {
            Posted::Binding => "Binding",
            Posted::Eviction => "Eviction",
        }
    }

    /// The part of a pod's path to which it is posted.
    pub fn part(self) -> &'static str {
        match self {
            Posted::Binding => "binding",
            Posted::Eviction => "eviction",
        }
    }
}

/// How often a binding is tried again on the newer pod.
const BINDING_ATTEMPTS: usize = 5;

/// A posted object in its kind's form.
struct Given {
    object: Object,
    name: String,
    dry_run: bool,
}

impl Registry {
    /// The kind that is posted, by which its body is read.
    ///
    /// # Errors
    /// An internal error where the table of kinds has none such.
    pub fn posted_kind(&self, posted: Posted) -> Result<Arc<Resource>, ApiError> {
        let kind = Builtin::part(posted.kind(), self.pods()?.id);
        kind.map(Arc::new).ok_or_else(|| ApiError::internal("the kind is not in the table".to_owned()))
    }

    /// Does what a posted object asks for; the request's kind is the posted one. Gives what the client is warned of.
    ///
    /// # Errors
    /// 400 for a body that is not of the kind or of another pod, 404 where the pod is absent, 409 where it is bound
    /// already or has changed, 429 where its disruption budget keeps it.
    pub async fn post(
        &self,
        posted: Posted,
        request: &Request<'_>,
        name: Option<&str>,
        body: Body,
        options: &CreateOptions,
    ) -> Result<Vec<String>, ApiError> {
        let mut warnings = Vec::new();
        let (given, deletion) = self.read(posted, request, name, body, (options, &mut warnings))?;
        let resource = &self.pods()?;
        let pods = Request { resource, namespace: request.namespace };
        let done = match posted {
            Posted::Binding => self.bind(&pods, &given).await,
            Posted::Eviction => self.evict(&pods, &given, deletion).await,
        };
        done.map(|()| warnings.clone()).map_err(|error| error.with_warnings(warnings))
    }

    fn read(
        &self,
        posted: Posted,
        request: &Request<'_>,
        name: Option<&str>,
        body: Body,
        (options, warnings): (&CreateOptions, &mut Vec<String>),
    ) -> Result<(Given, DeleteOptions), ApiError> {
        let Body { mut object, complaints } = body;
        let deletion = read_deletion(object.get("deleteOptions").unwrap_or(&Value::Null), |_| None)?;
        form::decode(request.resource, &mut object, &complaints, options.field_validation, warnings)?;
        set_namespace(request, &mut object)?;
        let pods = Request { resource: &self.pods()?, namespace: request.namespace };
        self.admit_into_namespace(&pods, &object)?;
        let own = object::name(&object).to_owned();
        if name.is_some_and(|name| name != own) {
            let kind = posted.kind();
            return Err(ApiError::bad_request(format!("name in URL does not match name in {kind} object")));
        }
        Ok((Given { object, name: own, dry_run: options.dry_run }, deletion))
    }

    /// Puts a pod on a node.
    async fn bind(&self, pods: &Request<'_>, given: &Given) -> Result<(), ApiError> {
        let errors = binding::validate(&given.object);
        if !errors.is_empty() {
            return Err(ApiError::unexpected(aggregate(&errors)));
        }
        for _ in 0..BINDING_ATTEMPTS {
            let stored = self.get(pods, &given.name)?;
            let live = Live::parse(&stored.json)?;
            let mut pod = live.object;
            binding::assign(pods, &mut pod, given, &self.now_text())?;
            if given.dry_run {
                return Ok(());
            }
            let draft = object::draft(&mut pod, live.managed, pods.resource)?;
            let expect = Expect::At(stored.revision);
            let write = Write { key: stored.key.clone(), expect, change: Change::Put(draft) };
            match self.store.commit(write).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Stale(_)) => {}
                Err(error) => return Err(create_error(pods.resource, &given.name, &error)),
            }
        }
        Err(pods.conflict(&given.name, OPTIMISTIC_LOCK))
    }

    fn pods(&self) -> Result<Arc<Resource>, ApiError> {
        self.served("", "v1", "pods")
    }

    /// A built-in kind.
    fn served(&self, group: &str, version: &str, plural: &str) -> Result<Arc<Resource>, ApiError> {
        let catalog = self.catalog();
        let kind = catalog.find(group, version, plural).cloned();
        kind.ok_or_else(|| ApiError::internal(format!("the kind of {plural} is not served")))
    }
}

/// Puts a condition into a status; one of its type that says the same has been so since then (`SetStatusCondition`).
fn set_condition(status: &mut Object, mut condition: Value) {
    let conditions = object::as_array_mut(status.entry("conditions").or_insert(Value::Null));
    match conditions.iter_mut().find(|old| old["type"] == condition["type"]) {
        Some(old) => {
            if old["status"] == condition["status"] {
                condition["lastTransitionTime"] = old["lastTransitionTime"].take();
            }
            *old = condition;
        }
        None => conditions.push(condition),
    }
}
