//! Writes of `/scale`: what is changed is the object's Scale, and the object gets its replicas and who owns them.

use super::{UpdateOptions, check_name};
use crate::builtin::Builtin;
use crate::create::{Written, set_namespace};
use crate::fields::{Author, FieldManager, Mapping, of_parent, of_subresource};
use crate::object::{self, Live, Object};
use crate::patch::Patch;
use crate::registry::{Body, FieldValidation, Outcome, Registry, Request};
use crate::scale::{self, Paths};
use crate::update::Subresource;
use crate::{ApiError, Catalog, Resource, form};

/// What a write makes of a Scale.
type Change<'a> =
    dyn Fn(&Live<'_>, &FieldManager<'_>, &mut Vec<String>) -> Result<Written, ApiError> + Sync + 'a;

impl Registry {
    /// Replaces an object's Scale.
    pub(super) async fn update_scale(
        &self,
        request: &Request<'_>,
        name: &str,
        body: Body,
        options: &UpdateOptions,
    ) -> Result<Outcome, ApiError> {
        let kind = &scale_kind(request)?;
        let Body { object: mut scale, complaints } = body;
        let mut warnings = Vec::new();
        let decoded = form::decode(kind, &mut scale, &complaints, options.field_validation, &mut warnings);
        decoded.map_err(|error| match request.resource.is_custom() {
            // The server of custom kinds does not know the type by which it would name what is wrong.
            true => ApiError::bad_request(
                "no kind is registered for the type v1.Scale in scheme \"pkg/runtime/scheme.go:111\"",
            ),
            false => error,
        })?;
        let checked = set_namespace(request, &mut scale).and_then(|()| check_name(name, &scale));
        checked.map_err(|error| error.with_warnings(warnings.clone()))?;
        self.change_scale(request, name, options, warnings, &|live, fields, _| {
            let mut object = scale.clone();
            let managed = fields.update(Some(live), &mut object);
            Ok(Written { object, managed })
        })
        .await
    }

    /// Applies a patch to an object's Scale.
    pub(super) async fn patch_scale(
        &self,
        request: &Request<'_>,
        name: &str,
        patch: &Patch,
        options: &UpdateOptions,
    ) -> Result<Outcome, ApiError> {
        let kind = &scale_kind(request)?;
        let mode = options.field_validation;
        if let Some(configuration) = patch.configuration() {
            let warned = if mode == FieldValidation::Warn { patch.complaints().to_vec() } else { Vec::new() };
            return self
                .change_scale(request, name, options, warned, &|live, fields, _| {
                    let applied = fields.apply(Some(live), configuration, options.force)?;
                    let mut object = applied.object;
                    form::applied(kind, &mut object)
                        .map_err(|problem| fields.unconvertible(configuration, &problem))?;
                    set_namespace(request, &mut object)?;
                    check_name(name, &object)?;
                    Ok(Written { object, managed: applied.managed })
                })
                .await;
        }
        self.change_scale(request, name, options, Vec::new(), &|live, fields, warnings| {
            let mut patched = patch.apply(kind, &live.whole())?;
            form::patched(kind, &mut patched, patch.complaints(), mode, warnings)?;
            let mut object = patched.object;
            set_namespace(request, &mut object)?;
            check_name(name, &object)?;
            let managed = fields.update(Some(live), &mut object);
            Ok(Written { object, managed })
        })
        .await
    }

    async fn change_scale(
        &self,
        request: &Request<'_>,
        name: &str,
        options: &UpdateOptions,
        warnings: Vec<String>,
        change: &Change<'_>,
    ) -> Result<Outcome, ApiError> {
        let kind = &scale_kind(request)?;
        let Some(paths) = &request.resource.scale else { return Err(ApiError::resource_not_found()) };
        let (catalog, now) = (self.catalog(), self.now_text());
        let author = Author { manager: &options.manager, subresource: Subresource::Scale.name() };
        let fields = FieldManager::new(kind, &catalog, author, &now);
        let version = request.resource.api_version();
        let mapping = Mapping { version: &version, paths: mapped(request.resource, &catalog) };
        self.modify(request, name, Subresource::Scale, options, warnings, |parent, own, warnings| {
            let before = paths.before(request.resource.is_custom(), &parent.object);
            let before = before.map_err(ApiError::bad_request)?;
            let managed = of_subresource(parent.managed, &mapping);
            let live = Live { object: before, managed: &managed };
            let Written { object: scale, managed } = change(&live, &fields, warnings)?;
            check(request, name, paths, &scale, &parent.object)?;
            let mut object = parent.object.clone();
            paths.put(&scale, &mut object);
            let version = object::resource_version(&scale);
            if !version.is_empty() || !request.resource.is_custom() {
                object::metadata_mut(&mut object).insert("resourceVersion".into(), version.into());
            }
            let managed = of_parent(parent.managed, &managed.text, &mapping, own.order());
            Ok(Written { object, managed: managed.into() })
        })
        .await
    }
}

fn scale_kind(request: &Request<'_>) -> Result<Resource, ApiError> {
    Builtin::part("Scale", request.resource.id)
        .ok_or_else(|| ApiError::internal("the kind Scale is not in the table".to_owned()))
}

/// In each version of a kind, where its replicas are.
fn mapped<'a>(resource: &'a Resource, catalog: &'a Catalog) -> Vec<(String, Option<&'a scale::Steps>)> {
    let versions = catalog.all().filter(|other| other.id == resource.id);
    versions.map(|other| (other.api_version(), other.scale.as_deref().map(|paths| &paths.spec))).collect()
}

/// What makes a Scale one that the object cannot have.
fn check(
    request: &Request<'_>,
    name: &str,
    paths: &Paths,
    scale: &Object,
    parent: &Object,
) -> Result<(), ApiError> {
    let resource = request.resource;
    if resource.is_custom() {
        if Paths::is_set(scale) {
            return Ok(());
        }
        let text = format!("the spec replicas field {:?} cannot be empty", paths.spec_text());
        return Err(ApiError::bad_request(text));
    }
    let errors = scale::validate(scale);
    if !errors.is_empty() {
        return Err(ApiError::invalid("autoscaling", "Scale", name, errors));
    }
    let (given, actual) = (object::uid(scale), object::uid(parent));
    if given.is_empty() || given == actual {
        return Ok(());
    }
    let detail = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {actual}");
    let named = format!("{}/scale", resource.names.plural);
    Err(ApiError::conflict(&resource.group, &named, name, &detail))
}
