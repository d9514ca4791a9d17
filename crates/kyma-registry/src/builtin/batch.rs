//! Job and CronJob (k8s.io/kubernetes/pkg/registry/batch).

mod validate;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::cells::{NONE, containers, is_true, selector_or_none, since};
use super::pod::default_template;
use super::strategy::{COUNTED, Strategy};
use super::{age, at, fill, inner, items, number, text};
use crate::columns::human_duration;
use crate::names::parse_rfc3339;
use crate::object::{self, Object};

pub(super) const JOB: Strategy = Strategy {
    selectable: &["status.successful"],
    field: |job, path| {
        (path == "status.successful").then(|| number(job, &["status", "succeeded"]).to_string())
    },
    unsupported_field: |field| format!("field label \"{field}\" not supported for Job"),
    default,
    validate: validate::job,
    prepare_create: generate_selector,
    cells: job_cells,
    ..COUNTED
};

pub(super) const CRON_JOB: Strategy = Strategy {
    validate: validate::cron_job,
    default: |job| {
        let job = inner(job, "spec").and_then(|spec| inner(spec, "jobTemplate"));
        let spec = job.and_then(|template| inner(template, "spec"));
        if let Some(template) = spec.and_then(|spec| inner(spec, "template")) {
            default_template(template);
        }
    },
    cells: cron_job_cells,
    ..COUNTED
};

fn default(job: &mut Object) {
    let labels = at(job, &["spec", "template", "metadata", "labels"]).clone();
    if let Some(spec) = inner(job, "spec") {
        if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
            spec.insert("completions".into(), 1.into());
        }
        fill(spec, "parallelism", 1);
        let backoff = if spec.contains_key("backoffLimitPerIndex") { i32::MAX } else { 6 };
        fill(spec, "backoffLimit", backoff);
        fill(spec, "completionMode", "NonIndexed");
        fill(spec, "suspend", false);
        let replaced = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        fill(spec, "podReplacementPolicy", replaced);
        fill(spec, "manualSelector", false);
        if let Some(template) = inner(spec, "template") {
            default_template(template);
        }
    }
    if labels.is_object() {
        let own = object::metadata_mut(job).entry("labels").or_insert(Value::Null);
        if own.as_object().is_none_or(Map::is_empty) {
            *own = labels;
        }
    }
}

/// A job finds its pods by its UID (`generateSelectorIfNeeded`).
fn generate_selector(job: &mut Object) {
    if at(job, &["spec", "manualSelector"]) == &Value::Bool(true) {
        return;
    }
    let (uid, name) = (object::uid(job).to_owned(), object::name(job).to_owned());
    // Labels that were taken from the template are the same map in Go: what is added here shows in both.
    let shared = at(job, &["metadata", "labels"]) == at(job, &["spec", "template", "metadata", "labels"]);
    let Some(spec) = inner(job, "spec") else { return };
    if let Some(template) = inner(spec, "template") {
        let labels = object::metadata_mut(template).entry("labels").or_insert(Value::Null);
        let labels = object::as_object_mut(labels);
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &name),
            ("controller-uid", &uid),
            ("job-name", &name),
        ] {
            labels.entry(key).or_insert_with(|| value.as_str().into());
        }
    }
    let selector = object::as_object_mut(spec.entry("selector").or_insert(Value::Null));
    let labels = object::as_object_mut(selector.entry("matchLabels").or_insert(Value::Null));
    labels.entry("batch.kubernetes.io/controller-uid").or_insert_with(|| json!(uid));
    let labels = at(job, &["spec", "template", "metadata", "labels"]).clone();
    if shared {
        object::metadata_mut(job).insert("labels".into(), labels);
    }
}

fn job_cells(job: &Object, now: Timestamp) -> Vec<Value> {
    let succeeded = number(job, &["status", "succeeded"]);
    let completions =
        match (at(job, &["spec", "completions"]).as_i64(), number(job, &["spec", "parallelism"])) {
            (Some(wanted), _) => format!("{succeeded}/{wanted}"),
            (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
            (None, _) => format!("{succeeded}/1"),
        };
    let time = |name: &str| parse_rfc3339(text(job, &["status", name])).ok();
    let duration = time("startTime").map(|start| time("completionTime").unwrap_or(now).duration_since(start));
    const STATES: [(&str, &str); 5] = [
        ("Complete", "Complete"),
        ("Failed", "Failed"),
        ("Suspended", "Suspended"),
        ("FailureTarget", "FailureTarget"),
        ("SuccessCriteriaMet", "SuccessCriteriaMet"),
    ];
    let state =
        STATES.iter().find(|(condition, _)| is_true(job, condition)).map_or("Running", |(_, state)| state);
    let ended = matches!(state, "Complete" | "Failed");
    let state = if object::is_deleting(job) && !ended { "Terminating" } else { state };
    let [names, images] = containers(items(job, &["spec", "template", "spec", "containers"]));
    vec![
        object::name(job).into(),
        state.into(),
        completions.into(),
        duration.map_or_else(String::new, |duration: SignedDuration| human_duration(duration)).into(),
        age(job, now),
        names,
        images,
        selector_or_none(at(job, &["spec", "selector"])).into(),
    ]
}

fn cron_job_cells(job: &Object, now: Timestamp) -> Vec<Value> {
    let last = match at(job, &["status", "lastScheduleTime"]) {
        Value::Null => NONE.to_owned(),
        time => since(time, now),
    };
    let suspended = match at(job, &["spec", "suspend"]) {
        Value::Bool(true) => "True",
        Value::Bool(false) => "False",
        _ => "<unset>",
    };
    let template = ["spec", "jobTemplate", "spec", "template", "spec", "containers"];
    let [names, images] = containers(items(job, &template));
    vec![
        object::name(job).into(),
        text(job, &["spec", "schedule"]).into(),
        super::cells::or(text(job, &["spec", "timeZone"]), NONE).into(),
        suspended.into(),
        items(job, &["status", "active"]).len().into(),
        last.into(),
        age(job, now),
        names,
        images,
        selector_or_none(at(job, &["spec", "jobTemplate", "spec", "selector"])).into(),
    ]
}
