//! Job, and the template of one.

use serde_json::{Value, json};

use super::super::super::cells::is_true;
use super::super::super::internal;
use super::super::super::pod::check_template;
use super::super::super::spot::{Errors, IMMUTABLE, Spot};
use super::policies;
use crate::names;
use crate::object::{self, Object};
use crate::reason::{FieldError, gotext};
use crate::selector::object::{self as selector, Selected};
use crate::update::Subresource;

const PARALLELISM_MAX: i64 = 100_000;
const FAILED_INDEXES_MAX: i64 = 100_000;
/// With more completions than this, a job that counts failures by index is kept smaller.
const COMPLETIONS_SOFT_MAX: i64 = 100_000;
const HIGH_PARALLELISM_MAX: i64 = 10_000;
const HIGH_FAILED_INDEXES_MAX: i64 = 10_000;
const MANAGER_MAX: usize = 63;

pub(in super::super) fn job(job: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(job, "spec");
    if existing.is_some() && subresource == Subresource::Status {
        counts(&Spot::of(job, "status"), &mut errors);
        return errors;
    }
    if existing.is_none() {
        generated_selector(job, &spec, &mut errors);
    }
    template(&spec, &mut errors);
    let (wanted, labels) =
        (spec.member("selector"), spec.member("template").member("metadata").member("labels"));
    if wanted.is_set() {
        selector::check(wanted.value, &wanted.path, &mut errors);
    } else {
        wanted.required("", &mut errors);
    }
    if Selected::read(wanted.value).is_some_and(|selected| !selected.matches(labels.value)) {
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid_written(&labels.path, gotext::json(labels.value), detail));
    }
    if let Some(existing) = existing {
        unchanged(&spec, existing, &mut errors);
    }
    host_names(job, &spec, &mut errors);
    errors
}

/// A job finds its pods by its UID, unless it says itself how (`validateGeneratedSelector`).
fn generated_selector(job: &Object, spec: &Spot<'_>, errors: &mut Errors) {
    let wanted = spec.member("selector");
    if spec.member("manualSelector").flag() || !wanted.is_set() {
        return;
    }
    let (uid, name) = (object::uid(job), object::name(job));
    let expected = json!({
        "controller-uid": uid, "job-name": name,
        "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": name,
    });
    let metadata = spec.member("template").member("metadata");
    let order =
        ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
    for key in order {
        let (label, value) = (metadata.member("labels").member(key), &expected[key]);
        let path = metadata.path.child("labels");
        let expected = value.as_str().unwrap_or_default();
        if !label.is_set() {
            let detail = format!("must be '{expected}'");
            errors.push(FieldError::required(&path.key(key), detail));
        } else if label.value != value {
            let shown = gotext::json(metadata.member("labels").value);
            let detail = format!("must be '{expected}'");
            errors.push(FieldError::invalid_written(&path.key(key), shown, detail));
        }
    }
    if Selected::read(wanted.value).is_some_and(|selected| !selected.matches(&expected)) {
        let shown = selector::written(wanted.value);
        errors.push(FieldError::invalid_written(&wanted.path, shown, "`selector` not auto-generated"));
    }
}

/// The specification, of a job and of a template of one (`validateJobSpec`).
pub(super) fn template(spec: &Spot<'_>, errors: &mut Errors) {
    const COUNTS: [&str; 7] = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    COUNTS.iter().for_each(|count| spec.member(count).nonnegative(errors));
    let limit = spec.member("backoffLimitPerIndex");
    if spec.member("maxFailedIndexes").is_set() && !limit.is_set() {
        limit.required("when maxFailedIndexes is specified", errors);
    }
    let manager = spec.member("managedBy");
    if manager.is_set() {
        if manager.text().is_empty() {
            manager.required("", errors);
        }
        manager.name(names::domain_prefixed_path, errors);
        if manager.text().len() > MANAGER_MAX {
            errors.push(FieldError::too_long(&manager.path, MANAGER_MAX));
        }
    }
    let mode = spec.member("completionMode");
    if mode.is_set() {
        mode.one_of(&["NonIndexed", "Indexed"], errors);
    }
    match mode.text() {
        "Indexed" => indexed(spec, errors),
        "NonIndexed" | "" => {
            for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                let limit = spec.member(name);
                if limit.is_set() {
                    limit.invalid("requires indexed completion mode", errors);
                }
            }
        }
        _ => {}
    }
    let (failures, success) = (spec.member("podFailurePolicy").is_set(), spec.member("successPolicy"));
    if failures {
        policies::failures(spec, errors);
    }
    if success.is_set() && mode.text() == "Indexed" {
        policies::successes(spec, errors);
    } else if success.is_set() {
        let shown = internal::written(success.value, "batch/v1.SuccessPolicy");
        let detail = "requires indexed completion mode";
        errors.push(FieldError::invalid_written(&success.path, shown, detail));
    }
    let replacement = spec.member("podReplacementPolicy");
    if replacement.is_set() && failures {
        replacement.one_of(&["Failed"], errors);
    } else if replacement.is_set() {
        replacement.one_of(&["Failed", "TerminatingOrFailed"], errors);
    }
    let pods = spec.member("template");
    check_template(&pods, errors);
    let restart = pods.member("spec").member("restartPolicy");
    match restart.text() {
        "" | "Always" => restart.required("valid values: \"OnFailure\", \"Never\"", errors),
        "OnFailure" if failures => {
            restart.invalid("only \"Never\" is supported when podFailurePolicy is specified", errors);
        }
        _ => restart.one_of(&["OnFailure", "Never"], errors),
    }
}

/// A job whose pods are told apart by an index.
fn indexed(spec: &Spot<'_>, errors: &mut Errors) {
    let [completions, parallelism, failed] =
        ["completions", "parallelism", "maxFailedIndexes"].map(|name| spec.member(name));
    if !completions.is_set() {
        completions.required("when completion mode is Indexed", errors);
    }
    if parallelism.number() > PARALLELISM_MAX {
        let detail =
            format!("must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed");
        parallelism.invalid(detail, errors);
    }
    if completions.is_set() && failed.number() > completions.number() {
        failed.invalid("must be less than or equal to completions", errors);
    }
    if failed.number() > FAILED_INDEXES_MAX {
        failed.invalid(format!("must be less than or equal to {FAILED_INDEXES_MAX}"), errors);
    }
    if completions.number() <= COMPLETIONS_SOFT_MAX || !spec.member("backoffLimitPerIndex").is_set() {
        return;
    }
    if !failed.is_set() {
        let detail = format!("must be specified when completions is above {COMPLETIONS_SOFT_MAX}");
        failed.required(&detail, errors);
    }
    for (count, max) in [(&parallelism, HIGH_PARALLELISM_MAX), (&failed, HIGH_FAILED_INDEXES_MAX)] {
        if count.number() > max {
            let detail = format!(
                "must be less than or equal to {max} when completions are above {COMPLETIONS_SOFT_MAX} and used with \
                 backoff limit per index"
            );
            count.invalid(detail, errors);
        }
    }
}

/// The names that the pods of an indexed job get have to be names of hosts.
fn host_names(job: &Object, spec: &Spot<'_>, errors: &mut Errors) {
    let completions = spec.member("completions").number();
    if spec.member("completionMode").text() != "Indexed" || completions <= 0 {
        return;
    }
    let name = Spot::of(job, "metadata").member("name");
    let host = format!("{}-{}", name.text(), completions - 1);
    if !names::dns1123_label(&host).is_empty() {
        name.invalid(format!("will not able to create pod with invalid DNS label: {host}"), errors);
    }
}

/// What an update may not change (`ValidateJobSpecUpdate`). A job that has not run yet may be moved elsewhere, and its
/// pods made larger or smaller, while it is suspended.
fn unchanged(spec: &Spot<'_>, existing: &Object, errors: &mut Errors) {
    let old = Spot::of(existing, "spec");
    let completions = spec.member("completions");
    let before = old.member("completions").value;
    if spec.member("completionMode").text() != "Indexed" {
        completions.unchanged(before, errors);
    } else if completions.is_set()
        && completions.value != before
        && completions.number() != spec.member("parallelism").number()
    {
        completions.invalid("can only be modified in tandem with spec.parallelism", errors);
    }
    let wanted = spec.member("selector");
    if wanted.value != old.member("selector").value {
        let shown = selector::written(wanted.value);
        errors.push(FieldError::invalid_written(&wanted.path, shown, IMMUTABLE));
    }
    same_template(spec, &old, waits(existing), errors);
    for name in ["completionMode", "backoffLimitPerIndex", "managedBy"] {
        spec.member(name).unchanged(old.member(name).value, errors);
    }
    for (name, structure) in
        [("podFailurePolicy", "batch/v1.PodFailurePolicy"), ("successPolicy", "batch/v1.SuccessPolicy")]
    {
        let policy = spec.member(name);
        if policy.value != old.member(name).value {
            let shown = match policy.is_set() {
                true => internal::written(policy.value, structure),
                false => "null".to_owned(),
            };
            errors.push(FieldError::invalid_written(&policy.path, shown, IMMUTABLE));
        }
    }
}

/// Whether a job is suspended and has no pods: then they may be told to be others.
fn waits(job: &Object) -> bool {
    let status = Spot::of(job, "status");
    let started = status.member("startTime").is_set() && !is_true(job, "Suspended");
    Spot::of(job, "spec").member("suspend").flag() && !started && status.member("active").number() == 0
}

fn same_template(spec: &Spot<'_>, old: &Spot<'_>, waits: bool, errors: &mut Errors) {
    let (template, before) = (spec.member("template"), old.member("template"));
    if waits {
        let pod = template.member("spec");
        if fixed(pod.value) != fixed(before.member("spec").value) {
            let shown = internal::written(pod.value, "core/v1.PodSpec");
            errors.push(FieldError::invalid_written(&pod.path, shown, IMMUTABLE));
        }
    } else if template.value != before.value {
        let shown = internal::written(template.value, "core/v1.PodTemplateSpec");
        errors.push(FieldError::invalid_written(&template.path, shown, IMMUTABLE));
    }
}

/// What stays of pods that may be told to be others: all but where they run, and what they need.
fn fixed(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let Some(members) = pod.as_object_mut() else { return pod };
    for name in ["nodeSelector", "tolerations", "schedulingGates"] {
        members.remove(name);
    }
    if let Some(affinity) = members.get_mut("affinity").and_then(Value::as_object_mut) {
        affinity.remove("nodeAffinity");
        if affinity.is_empty() {
            members.remove("affinity");
        }
    }
    for list in ["containers", "initContainers"] {
        let containers = members.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in containers.filter_map(Value::as_object_mut) {
            container.remove("resources");
        }
    }
    pod
}

/// Counts of a status (`validateJobStatus`).
fn counts(status: &Spot<'_>, errors: &mut Errors) {
    for name in ["active", "succeeded", "failed", "ready", "terminating"] {
        status.member(name).nonnegative(errors);
    }
}
