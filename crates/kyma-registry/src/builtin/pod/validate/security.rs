//! Security contexts of pods and of containers.

use super::super::super::internal;
use super::super::super::spot::{Errors, Spot};
use super::{Pod, paths};
use crate::reason::FieldError;

const PROFILES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const PROFILE_MAX: usize = 4095;
/// The largest number of a user or a group.
const ID_MAX: i64 = i32::MAX as i64;

/// The context of a pod.
pub(super) fn pod(spec: &Spot<'_>, errors: &mut Errors) {
    let context = spec.member("securityContext");
    for id in ["fsGroup", "runAsUser", "runAsGroup"].map(|name| context.member(name)) {
        if id.is_set() {
            id.between(0, ID_MAX, errors);
        }
    }
    context.member("supplementalGroups").items().for_each(|group| group.between(0, ID_MAX, errors));
    known(&context.member("fsGroupChangePolicy"), &["Always", "OnRootMismatch"], errors);
    seccomp(&context.member("seccompProfile"), errors);
    app_armor(&context.member("appArmorProfile"), errors);
    known(&context.member("supplementalGroupsPolicy"), &["Merge", "Strict"], errors);
    known(&context.member("seLinuxChangePolicy"), &["MountOption", "Recursive"], errors);
}

/// The context of a container.
pub(super) fn container(pod: &Pod<'_>, context: &Spot<'_>, errors: &mut Errors) {
    for id in ["runAsUser", "runAsGroup"].map(|name| context.member(name)) {
        if id.is_set() {
            id.between(0, ID_MAX, errors);
        }
    }
    let mount = context.member("procMount");
    known(&mount, &["Default", "Unmasked"], errors);
    if pod.shares_users() && mount.text() == "Unmasked" {
        mount.invalid("`hostUsers` must be false to use `Unmasked`", errors);
    }
    seccomp(&context.member("seccompProfile"), errors);
    let escalation = context.member("allowPrivilegeEscalation");
    if escalation.is_set() && !escalation.flag() {
        let mut complain = |problem: &str| {
            let shown = internal::written(context.value, "core/v1.SecurityContext");
            let detail = format!("cannot set `allowPrivilegeEscalation` to false and {problem}");
            errors.push(FieldError::invalid_written(&context.path, shown, detail));
        };
        if context.member("privileged").flag() {
            complain("`privileged` to true");
        }
        for capability in context.member("capabilities").member("add").items() {
            if capability.text() == "CAP_SYS_ADMIN" {
                complain("`capabilities.Add` CAP_SYS_ADMIN");
            }
        }
    }
    app_armor(&context.member("appArmorProfile"), errors);
}

fn known(policy: &Spot<'_>, known: &[&str], errors: &mut Errors) {
    if policy.is_set() {
        policy.one_of(known, errors);
    }
}

fn seccomp(profile: &Spot<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, local) = (profile.member("type"), profile.member("localhostProfile"));
    if kind.text().is_empty() {
        kind.required("type is required when seccompProfile is set", errors);
    } else {
        kind.one_of(&PROFILES, errors);
    }
    match (kind.text() == "Localhost", local.is_set()) {
        (true, false) => local.required("must be set when seccomp type is Localhost", errors),
        (true, true) => paths::descending(&local, errors),
        (false, true) => {
            let shown = internal::written(profile.value, "core/v1.SeccompProfile");
            let detail = "can only be set when seccomp type is Localhost";
            errors.push(FieldError::invalid_written(&local.path, shown, detail));
        }
        (false, false) => {}
    }
}

fn app_armor(profile: &Spot<'_>, errors: &mut Errors) {
    if !profile.is_set() {
        return;
    }
    let (kind, local) = (profile.member("type"), profile.member("localhostProfile"));
    match kind.text() {
        "" => kind.required("type is required when appArmorProfile is set", errors),
        "Localhost" => {
            if local.text().trim() != local.text() {
                local.invalid("must not be padded with whitespace", errors);
            } else if local.text().is_empty() {
                local.required("must be set when AppArmor type is Localhost", errors);
            }
            if local.text().len() > PROFILE_MAX {
                errors.push(FieldError::too_long(&local.path, PROFILE_MAX));
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if local.is_set() {
                local.invalid("can only be set when AppArmor type is Localhost", errors);
            }
        }
        _ => kind.one_of(&PROFILES, errors),
    }
}
