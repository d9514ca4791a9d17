//! What is wrong with claims of volumes, and with those that others make (`ValidatePersistentVolumeClaim`).

use serde_json::Value;

use super::super::spot::{Errors, IMMUTABLE, NOT_POSITIVE, Spot};
use super::super::{difference, internal};
use crate::names;
use crate::object::Object;
use crate::reason::{FieldError, Path};
use crate::selector::object as selector;
use crate::structure::Quantity;
use crate::update::Subresource;

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const ALONE: &str = "ReadWriteOncePod";
/// Where the class was once.
const CLASS_NOTE: &str = "volume.beta.kubernetes.io/storage-class";
const FIXED: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

pub(super) fn validate(claim: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    if existing.is_some() && subresource == Subresource::Status {
        for (_, size) in Spot::of(claim, "status").member("capacity").entries() {
            if Quantity::parse(size.text()).is_ok_and(|size| size.is_negative()) {
                let shown = size.text().parse::<i64>().unwrap_or(-1);
                errors.push(FieldError::invalid(&size.path, shown, "must be a valid resource quantity"));
            }
        }
        return errors;
    }
    let claimed = Spot::of(claim, "spec");
    spec(&claimed, &mut errors);
    if let Some(existing) = existing {
        unchanged(claim, existing, &mut errors);
    }
    errors
}

/// The specification of a claim, whoever makes it.
pub(in crate::builtin) fn spec(spec: &Spot<'_>, errors: &mut Errors) {
    let modes = spec.member("accessModes");
    if modes.len() == 0 {
        modes.required("at least 1 access mode is required", errors);
    }
    let wanted = spec.member("selector");
    selector::check(wanted.value, &wanted.path, errors);
    modes.items().for_each(|mode| mode.at(modes.path.clone()).one_of(&MODES, errors));
    let known: Vec<&str> =
        modes.items().map(|mode| mode.text()).filter(|mode| MODES.contains(mode)).collect();
    if known.contains(&ALONE) && known.iter().any(|mode| *mode != ALONE) {
        modes.forbidden("may not use ReadWriteOncePod with other access modes", errors);
    }
    let size = spec.member("resources").member("requests").member("storage");
    let size = size.at(spec.path.child("resources").key("storage"));
    match Quantity::parse(size.text()) {
        _ if !size.is_set() => size.required("", errors),
        Ok(quantity) if quantity.is_negative() || quantity.is_zero() => size.invalid(NOT_POSITIVE, errors),
        _ => {}
    }
    spec.member("storageClassName").name(names::dns1123_subdomain, errors);
    let mode = spec.member("volumeMode");
    if mode.is_set() {
        mode.one_of(&["Block", "Filesystem"], errors);
    }
    sources(spec, errors);
    spec.member("volumeAttributesClassName").name(names::dns1123_subdomain, errors);
}

/// Where the data of the new volume come from, in the old member and the new one, which say the same.
fn sources(spec: &Spot<'_>, errors: &mut Errors) {
    let (old, new) = (spec.member("dataSource"), spec.member("dataSourceRef"));
    for source in [&old, &new] {
        if !source.is_set() {
            continue;
        }
        source.require(&["name", "kind"], errors);
        let (group, kind) = (source.member("apiGroup"), source.member("kind").text());
        if group.text().is_empty() && kind != "PersistentVolumeClaim" {
            let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
            errors.push(FieldError::invalid(&source.path, kind, detail));
        }
        group.name(names::dns1123_subdomain, errors);
        source.member("namespace").name(names::dns1123_label, errors);
    }
    if !old.is_set() || !new.is_set() {
        return;
    }
    let same =
        ["apiGroup", "kind", "name"].iter().all(|name| old.member(name).value == new.member(name).value);
    let problem = match new.member("namespace").text().is_empty() {
        false => "may not be specified when dataSourceRef.namespace is specified",
        true if same => return,
        true => "must match dataSourceRef",
    };
    // What is shown is a path, which has nothing that JSON shows.
    errors.push(FieldError::invalid_written(&spec.path, "{}".to_owned(), problem));
}

/// A claim stays what it is; one that is bound can grow, and take other attributes.
fn unchanged(claim: &Object, existing: &Object, errors: &mut Errors) {
    let (new, old) = (Spot::of(claim, "spec"), Spot::of(existing, "spec"));
    let note = |claim: &Object| {
        Spot::of(claim, "metadata").member("annotations").member(CLASS_NOTE).text().to_owned()
    };
    if note(claim) != note(existing) {
        let path = Path::new("metadata").child("annotations").child(CLASS_NOTE);
        errors.push(FieldError::invalid(&path, note(claim), IMMUTABLE));
    }
    let mut rest = new.value.clone();
    let mut keep = Vec::new();
    if old.member("volumeName").text().is_empty() {
        keep.push("volumeName");
    }
    let class = new.member("storageClassName");
    let noted = note(existing);
    if class.is_set()
        && !old.member("storageClassName").is_set()
        && (noted.is_empty() || noted == class.text())
    {
        keep.push("storageClassName");
    }
    let bound = Spot::of(claim, "status").member("phase").text() == "Bound";
    if bound {
        keep.push("volumeAttributesClassName");
    }
    let storage =
        |spec: &Spot<'_>| spec.member("resources").member("requests").member("storage").value.clone();
    if let Some(members) = rest.as_object_mut() {
        for name in keep {
            match old.value.get(name) {
                Some(value) => members.insert(name.to_owned(), value.clone()),
                None => members.remove(name),
            };
        }
    }
    if let Some(requests) = rest.pointer_mut("/resources/requests").and_then(Value::as_object_mut)
        && bound
    {
        requests.insert("storage".to_owned(), storage(&old));
    }
    if &rest != old.value {
        let shown =
            [old.value, &rest].map(|spec| internal::pretty(spec, "core/v1.PersistentVolumeClaimSpec"));
        let changes = difference::unified(&shown[0], &shown[1]);
        new.forbidden(&format!("{FIXED}\n{changes}"), errors);
    }
    let size = |value: Value| Quantity::parse(value.as_str().unwrap_or("0")).ok();
    let capacity = Spot::of(existing, "status").member("capacity").member("storage").value.clone();
    if let (Some(now), Some(before), Some(actual)) =
        (size(storage(&new)), size(storage(&old)), size(capacity))
        && now.compare(&before).is_lt()
        && now.compare(&actual).is_le()
    {
        let path = new.path.child("resources").child("requests").child("storage");
        errors.push(FieldError::forbidden(&path, "field can not be less than status.capacity"));
    }
    new.member("volumeMode").at(Path::new("volumeMode")).unchanged(old.member("volumeMode").value, errors);
}
