//! What a job makes of pods that fail, and when it has succeeded.

use std::collections::BTreeSet;

use super::super::super::spot::{Errors, Spot};
use crate::names;
use crate::reason::FieldError;

const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const INDEXES_BYTES_MAX: usize = 64 * 1024;
const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

/// Rules for failures (`validatePodFailurePolicy`).
pub(super) fn failures(spec: &Spot<'_>, errors: &mut Errors) {
    let rules = spec.member("podFailurePolicy").member("rules");
    too_many(&rules, RULES_MAX, errors);
    let pod = spec.member("template").member("spec");
    let lists = ["containers", "initContainers"].map(|list| pod.member(list));
    let containers: BTreeSet<&str> =
        lists.iter().flat_map(Spot::items).map(|container| container.member("name").text()).collect();
    for rule in rules.items() {
        let action = rule.member("action");
        match action.text() {
            "FailIndex" if !spec.member("backoffLimitPerIndex").is_set() => {
                action.invalid("requires the backoffLimitPerIndex to be set", errors);
            }
            _ => required_of(&action, &ACTIONS, errors),
        }
        let (codes, conditions) = (rule.member("onExitCodes"), rule.member("onPodConditions"));
        if codes.is_set() {
            exit_codes(&codes, &containers, errors);
        }
        too_many(&conditions, RULES_MAX, errors);
        for condition in conditions.items() {
            let kind = condition.member("type");
            kind.problems(names::qualified_name(kind.text()), errors);
            required_of(&condition.member("status"), &["False", "True", "Unknown"], errors);
        }
        let problem = match (codes.is_set(), conditions.len() > 0) {
            (true, true) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, false) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        errors.push(FieldError::invalid_omitted(&rule.path, problem));
    }
}

fn required_of(text: &Spot<'_>, known: &[&str], errors: &mut Errors) {
    if text.text().is_empty() {
        let known: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
        text.required(&format!("valid values: [{}]", known.join(" ")), errors);
    } else {
        text.one_of(known, errors);
    }
}

fn exit_codes(codes: &Spot<'_>, containers: &BTreeSet<&str>, errors: &mut Errors) {
    let (operator, name, values) =
        (codes.member("operator"), codes.member("containerName"), codes.member("values"));
    required_of(&operator, &["In", "NotIn"], errors);
    if name.is_set() && !containers.contains(name.text()) {
        let detail = "must be one of the container or initContainer names in the pod template";
        name.invalid(detail, errors);
    }
    if values.len() == 0 {
        values.invalid("at least one value is required", errors);
    }
    too_many(&values, EXIT_CODES_MAX, errors);
    let mut seen = BTreeSet::new();
    for value in values.items() {
        if operator.text() == "In" && value.number() == 0 {
            value.invalid("must not be 0 for the In operator", errors);
        }
        if !seen.insert(value.number()) {
            value.duplicate(errors);
        }
    }
    if !values.items().map(|value| value.number()).is_sorted() {
        values.invalid("must be ordered", errors);
    }
}

fn too_many(list: &Spot<'_>, max: usize, errors: &mut Errors) {
    if list.len() > max {
        errors.push(FieldError::too_many(&list.path, list.len() as u64, max as u64));
    }
}

/// Rules for success, of an indexed job (`validateSuccessPolicy`).
pub(super) fn successes(spec: &Spot<'_>, errors: &mut Errors) {
    let rules = spec.member("successPolicy").member("rules");
    let completions = spec.member("completions").number();
    if rules.len() == 0 {
        rules.required("at least one rules must be specified when the successPolicy is specified", errors);
    }
    too_many(&rules, RULES_MAX, errors);
    for rule in rules.items() {
        let (count, indexes) = (rule.member("succeededCount"), rule.member("succeededIndexes"));
        if !count.is_set() && !indexes.is_set() {
            rule.required("at least one of succeededCount or succeededIndexes must be specified", errors);
        }
        let mut total = 0;
        if indexes.is_set() {
            if indexes.text().len() > INDEXES_BYTES_MAX {
                errors.push(FieldError::too_long(&indexes.path, INDEXES_BYTES_MAX));
            }
            match count_indexes(indexes.text(), completions) {
                Ok(found) => total = found,
                Err(problem) => indexes.invalid(format!("error parsing succeededIndexes: {problem}"), errors),
            }
        }
        if !count.is_set() {
            continue;
        }
        count.nonnegative(errors);
        if count.number() > completions {
            let detail =
                format!("must be less than or equal to {completions} (the number of specified completions)");
            count.invalid(detail, errors);
        }
        if indexes.is_set() && count.number() > total {
            let detail = format!(
                "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            );
            count.invalid(detail, errors);
        }
    }
}

/// How many indexes a list such as `1,3-5` names; each lies below the number of completions.
fn count_indexes(text: &str, completions: i64) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let out_of_order =
        |before: i64, now: i64| format!("non-increasing order, previous: {before}, current: {now}");
    let mut last: Option<i64> = None;
    let mut total = 0;
    for interval in text.split(',') {
        let ends: Vec<&str> = interval.split('-').collect();
        if ends.len() > 2 {
            return Err(format!(
                "the fragment {interval:?} violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let mut bounds = ends.iter().map(|end| index(end, completions));
        let first = bounds.next().unwrap_or(Ok(0))?;
        let end = bounds.next().transpose()?;
        if let Some(end) = end.filter(|end| first >= *end) {
            return Err(out_of_order(first, end));
        }
        if let Some(before) = last.filter(|before| *before >= first) {
            return Err(out_of_order(before, first));
        }
        let end = end.unwrap_or(first);
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

fn index(text: &str, completions: i64) -> Result<i64, String> {
    let number: i64 =
        text.parse().map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
    if number >= completions { Err(format!("too large index: {text:?}")) } else { Ok(number) }
}
