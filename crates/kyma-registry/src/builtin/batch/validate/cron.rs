//! CronJob.

use super::super::super::spot::{Errors, Spot};
use super::{job, schedule};
use crate::object::{self, Object};
use crate::reason::FieldError;
use crate::selector::object as selector;
use crate::update::Subresource;

/// The controller puts a time behind the name, and jobs have no longer names than 63 bytes.
const NAME_MAX: usize = 52;

pub(in super::super) fn cron_job(
    cron: &Object,
    existing: Option<&Object>,
    subresource: Subresource,
) -> Errors {
    let mut errors = Errors::new();
    if existing.is_some() && subresource == Subresource::Status {
        return errors;
    }
    let spec = Spot::of(cron, "spec");
    let old = existing.map(|existing| Spot::of(existing, "spec"));
    check_schedule(&spec, old.as_ref(), &mut errors);
    spec.member("startingDeadlineSeconds").nonnegative(&mut errors);
    let zone = spec.member("timeZone");
    if old.is_none_or(|old| old.member("timeZone").value != zone.value) {
        check_zone(&zone, &mut errors);
    }
    spec.member("concurrencyPolicy").required_of(&["Allow", "Forbid", "Replace"], &mut errors);
    check_template(&spec.member("jobTemplate").member("spec"), &mut errors);
    for limit in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        spec.member(limit).nonnegative(&mut errors);
    }
    let name = Spot::of(cron, "metadata").member("name");
    if existing.is_none() && object::name(cron).len() > NAME_MAX {
        name.invalid(format!("must be no more than {NAME_MAX} characters"), &mut errors);
    }
    // Upstream checks this declaratively, behind all else.
    spec.member("schedule").required_text(&mut errors);
    errors
}

fn check_schedule(spec: &Spot<'_>, old: Option<&Spot<'_>>, errors: &mut Errors) {
    let at = spec.member("schedule");
    if at.text().is_empty() {
        return;
    }
    if let Err(problem) = schedule::check(at.text()) {
        at.invalid(problem, errors);
    }
    let had_zone = old.is_some_and(|old| old.member("schedule").text().contains("TZ"));
    match (at.text().contains("TZ"), had_zone) {
        (true, true) if spec.member("timeZone").is_set() => {
            at.invalid("cannot use both timeZone field and TZ or CRON_TZ in schedule", errors);
        }
        (true, false) => {
            at.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead", errors);
        }
        _ => {}
    }
}

/// Only whether it could be the name of a zone: which there are is not known here.
fn check_zone(zone: &Spot<'_>, errors: &mut Errors) {
    const PART_MAX: usize = 14;
    if !zone.is_set() {
        return;
    }
    let name = zone.text();
    if name.is_empty() {
        zone.invalid("timeZone must be nil or non-empty string", errors);
        return;
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+');
    let strange = |part: &str| {
        matches!(part, "." | ".." | "")
            || part.starts_with('-')
            || part.len() > PART_MAX
            || !part.bytes().all(known)
    };
    if name.split('/').any(strange) {
        zone.invalid(format!("unknown time zone {name}"), errors);
    } else if name.eq_ignore_ascii_case("Local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        zone.invalid(detail, errors);
    }
}

/// Jobs that are made have selectors that are made.
fn check_template(spec: &Spot<'_>, errors: &mut Errors) {
    job::template(spec, errors);
    let (wanted, manual) = (spec.member("selector"), spec.member("manualSelector"));
    if wanted.is_set() {
        let shown = selector::written(wanted.value);
        errors.push(FieldError::invalid_written(&wanted.path, shown, "`selector` will be auto-generated"));
    }
    if manual.flag() {
        errors.push(FieldError::not_supported(&manual.path, true, &["nil", "false"]));
    }
}
