//! What volumes of several files consist of: keys of secrets and maps, fields of the pod, tokens.

use std::collections::BTreeSet;

use super::super::super::spot::{Errors, Spot};
use super::{env, paths};
use crate::reason::FieldError;

/// The shortest and the longest time for which a token can be asked, in seconds.
const TOKEN_MIN: i64 = 10 * 60;
const TOKEN_MAX: i64 = 1 << 32;

/// Which keys of a secret or a map become files, and how.
pub(super) fn keys(source: &Spot<'_>, errors: &mut Errors) {
    paths::mode(&source.member("defaultMode"), errors);
    source.member("items").items().for_each(|item| key(&item, errors));
}

fn key(item: &Spot<'_>, errors: &mut Errors) {
    item.member("key").required_text(errors);
    let path = item.member("path");
    path.required_text(errors);
    paths::unreserved(&path, errors);
    paths::mode(&item.member("mode"), errors);
}

/// A file with a field of the pod or a resource of a container. The complaints name the list, not the file.
pub(super) fn file(file: &Spot<'_>, errors: &mut Errors) {
    let path = file.member("path");
    path.required_text(errors);
    paths::unreserved(&path, errors);
    let (field, resource) = (file.member("fieldRef"), file.member("resourceFieldRef"));
    if field.is_set() {
        env::field(&field, &env::VOLUME_FIELDS, errors);
        if resource.is_set() {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            errors.push(FieldError::invalid(&file.path, "resource", detail));
        }
    } else if resource.is_set() {
        env::resource(&resource, true, errors);
    } else {
        file.required("one of fieldRef and resourceFieldRef is required", errors);
    }
    paths::mode(&file.member("mode"), errors);
}

/// Several sources in one directory.
pub(super) fn projected(volume: &Spot<'_>, errors: &mut Errors) {
    paths::mode(&volume.member("defaultMode"), errors);
    let mut taken = BTreeSet::new();
    for source in volume.member("sources").items() {
        for kind in ["secret", "configMap"] {
            let bag = source.member(kind);
            if bag.is_set() {
                let name = bag.member("name");
                name.required_text(errors);
                for item in bag.member("items").items() {
                    key(&item, errors);
                    take(&mut taken, &item, volume, name.text(), errors);
                }
            }
        }
        let api = source.member("downwardAPI");
        for item in api.member("items").items() {
            file(&item.at(api.path.clone()), errors);
            take(&mut taken, &item, volume, item.member("path").text(), errors);
        }
        let token = source.member("serviceAccountToken");
        if token.is_set() {
            check_token(&token, volume, errors);
        }
        if source.value.as_object().is_some_and(|source| source.len() > 1) {
            source.forbidden("may not specify more than 1 volume type per source", errors);
        }
    }
}

/// A path can be taken once; `shown` is what the complaint names.
fn take<'a>(
    taken: &mut BTreeSet<&'a str>,
    item: &Spot<'a>,
    volume: &Spot<'_>,
    shown: &str,
    errors: &mut Errors,
) {
    let path = item.member("path").text();
    if !path.is_empty() && !taken.insert(path) {
        errors.push(FieldError::invalid(&volume.path, shown, "conflicting duplicate paths"));
    }
}

fn check_token(token: &Spot<'_>, volume: &Spot<'_>, errors: &mut Errors) {
    let seconds = token.member("expirationSeconds");
    if !seconds.is_set() {
        seconds.required("", errors);
    } else if seconds.number() < TOKEN_MIN {
        seconds.invalid("may not specify a duration less than 10 minutes", errors);
    } else if seconds.number() > TOKEN_MAX {
        seconds.invalid("may not specify a duration larger than 2^32 seconds", errors);
    }
    let path = token.member("path").at(volume.path.child("path"));
    path.required_text(errors);
    paths::unreserved(&path, errors);
}
