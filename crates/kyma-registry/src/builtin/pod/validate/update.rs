//! What an update may change of a pod, and of its status.

use serde_json::Value;

use super::super::super::spot::{Errors, IMMUTABLE, Spot};
use super::super::super::{difference, internal};
use super::{MIRROR, annotations, containers, scheduling};
use crate::names::{self, address};
use crate::object::Object;
use crate::reason::FieldError;

/// What may change, in upstream's words.
const CHANGEABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
     `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to \
     be set to 1 if it was previously negative)";

/// Beside the rules of new pods (`ValidatePodUpdate`).
pub(super) fn spec(pod: &Object, existing: &Object, errors: &mut Errors) {
    let (new, old) = (Spot::of(pod, "spec"), Spot::of(existing, "spec"));
    let notes = Spot::of(pod, "metadata").member("annotations");
    check_annotations(&notes, &Spot::of(existing, "metadata").member("annotations"), errors);
    annotations(&notes, &new, errors);
    for list in ["containers", "initContainers"] {
        let (new, old) = (new.member(list), old.member(list));
        if new.len() != old.len() {
            new.forbidden("pod updates may not add or remove containers", errors);
            return;
        }
        for container in new.items() {
            container.member("image").required_text(errors);
            containers::check_spaces(&container, errors);
        }
    }
    if !check_deadline(&new, &old, errors) {
        return;
    }
    check_tolerations(&new, &old, errors);
    check_gates(&new, &old, errors);
    check_rest(&new, &old, errors);
}

/// A pod is a static pod's mirror or is not.
fn check_annotations(new: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    let (now, before) = (new.member(MIRROR).at(new.path.key(MIRROR)), old.member(MIRROR));
    if before.is_set() && before.value != now.value {
        now.forbidden("may not remove or update mirror pod annotation", errors);
    } else if now.is_set() && !before.is_set() {
        now.forbidden("may not add mirror pod annotation", errors);
    }
}

/// A deadline can be set, and can come nearer. Whether the checks go on.
fn check_deadline(new: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) -> bool {
    let (now, before) = (new.member("activeDeadlineSeconds"), old.member("activeDeadlineSeconds"));
    if !now.is_set() {
        if before.is_set() {
            now.invalid("must not update from a positive integer to nil value", errors);
        }
        return true;
    }
    let found = errors.len();
    now.between(0, i32::MAX.into(), errors);
    if errors.len() == found && before.is_set() && before.number() < now.number() {
        now.invalid("must be less than or equal to previous value", errors);
    }
    errors.len() == found
}

fn check_tolerations(new: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    let without_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        if let Some(toleration) = toleration.as_object_mut() {
            toleration.remove("tolerationSeconds");
        }
        toleration
    };
    let tolerations = new.member("tolerations");
    let kept: Vec<Value> = tolerations.items().map(|item| without_seconds(item.value)).collect();
    if old.member("tolerations").items().any(|item| !kept.contains(&without_seconds(item.value))) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        tolerations.forbidden(detail, errors);
    } else {
        scheduling::tolerations(new, errors);
    }
}

fn check_gates(new: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    let before = old.member("schedulingGates");
    for name in new.member("schedulingGates").items().map(|gate| gate.member("name")) {
        if !before.items().any(|gate| gate.member("name").text() == name.text()) {
            let detail = format!("only deletion is allowed, but found new scheduling gate '{}'", name.text());
            name.forbidden(&detail, errors);
        }
    }
}

/// All else stays. A pod that waits for gates may be told more narrowly where to go, which is not checked here.
fn check_rest(new: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    let mut rest = new.value.clone();
    let Some(members) = rest.as_object_mut() else { return };
    let mut keep = vec!["activeDeadlineSeconds", "schedulingGates", "tolerations"];
    if old.member("schedulingGates").len() > 0 {
        keep.extend(["nodeSelector", "affinity"]);
    }
    for name in keep {
        match old.value.get(name) {
            Some(value) => members.insert(name.to_owned(), value.clone()),
            None => members.remove(name),
        };
    }
    for list in ["containers", "initContainers"] {
        let items = members.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for (item, before) in items.zip(old.member(list).items()) {
            if let Some(item) = item.as_object_mut() {
                item.insert("image".to_owned(), before.member("image").value.clone());
            }
        }
    }
    if &rest != old.value {
        let [before, after] = [old.value, &rest].map(|spec| internal::pretty(spec, "core/v1.PodSpec"));
        let changes = difference::unified(&before, &after);
        let detail = format!("pod updates may not change fields other than {CHANGEABLE}\n{changes}");
        new.forbidden(&detail, errors);
    }
}

/// What is wrong with a status (`ValidatePodStatusUpdate`).
pub(super) fn status(pod: &Object, existing: &Object) -> Errors {
    let mut errors = Errors::new();
    let (status, old) = (Spot::of(pod, "status"), Spot::of(existing, "status"));
    let notes = Spot::of(pod, "metadata").member("annotations");
    check_annotations(&notes, &Spot::of(existing, "metadata").member("annotations"), &mut errors);
    annotations(&notes, &Spot::of(pod, "spec"), &mut errors);
    for condition in status.member("conditions").items() {
        check_generation(&condition.member("observedGeneration"), &mut errors);
        let kind = condition.member("type").at(condition.path.child("Type"));
        kind.problems(names::qualified_name(kind.text()), &mut errors);
    }
    let node = status.member("nominatedNodeName");
    if node.text() != old.member("nominatedNodeName").text() {
        node.name(names::dns1123_subdomain, &mut errors);
        let bound = !Spot::of(existing, "spec").member("nodeName").text().is_empty();
        if bound && !node.text().is_empty() {
            node.forbidden("may not be set on pods that are already bound to a node", &mut errors);
        }
    }
    check_generation(&status.member("observedGeneration"), &mut errors);
    let class = status.member("qosClass");
    if class.value != old.member("qosClass").value {
        class.problems(vec![IMMUTABLE.to_owned()], &mut errors);
    }
    addresses(&status, &old, "podIPs", &mut errors);
    addresses(&status, &old, "hostIPs", &mut errors);
    errors
}

fn check_generation(generation: &Spot<'_>, errors: &mut Errors) {
    if generation.number() < 0 {
        generation.invalid("must be a non-negative integer", errors);
    }
}

/// The addresses of a pod or its host: at most one of each family. Those that were there before are not looked at.
fn addresses(status: &Spot<'_>, old: &Spot<'_>, list: &str, errors: &mut Errors) {
    let known = old.member(list);
    let list = status.member(list);
    let texts: Vec<&str> = list.items().map(|item| item.member("ip").text()).collect();
    for (item, text) in list.items().zip(&texts) {
        if !known.items().any(|other| other.member("ip").text() == *text) {
            let problems = address::ip(text).into_iter();
            errors.extend(problems.map(|problem| FieldError::invalid(&item.path, *text, problem)));
        }
    }
    let six = texts.iter().filter(|text| address::is_v6(text)).count();
    if texts.len() > 2 || (texts.len() == 2 && six != 1) {
        list.invalid("may specify no more than one IP for each IP family", errors);
    }
}
