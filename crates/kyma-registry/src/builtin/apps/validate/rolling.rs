//! How pods are replaced by those of a newer template: in numbers or in percent of all.

use super::super::super::internal;
use super::super::super::spot::{Errors, Spot};
use crate::names;
use crate::reason::FieldError;

pub(super) fn deployment(strategy: &Spot<'_>, errors: &mut Errors) {
    let rolling = strategy.member("rollingUpdate");
    match strategy.member("type").text() {
        "Recreate" => {
            if rolling.is_set() {
                rolling.forbidden("may not be specified when strategy `type` is 'Recreate'", errors);
            }
        }
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.member("maxUnavailable"), rolling.member("maxSurge"));
            share(&unavailable, errors);
            share(&surge, errors);
            if amount(&unavailable) == 0 && amount(&surge) == 0 {
                unavailable.invalid("may not be 0 when `maxSurge` is 0", errors);
            }
            at_most_all(&unavailable, errors);
        }
        _ => unknown(strategy, "apps/v1.DeploymentStrategy", &["Recreate", "RollingUpdate"], errors),
    }
}

pub(super) fn daemon_set(strategy: &Spot<'_>, errors: &mut Errors) {
    let rolling = strategy.member("rollingUpdate");
    match strategy.member("type").text() {
        "OnDelete" => {}
        "RollingUpdate" if !rolling.is_set() => rolling.required("", errors),
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.member("maxUnavailable"), rolling.member("maxSurge"));
            share(&unavailable, errors);
            share(&surge, errors);
            at_most_all(&unavailable, errors);
            at_most_all(&surge, errors);
            match (amount(&unavailable) != 0, amount(&surge) != 0) {
                (true, true) => surge.invalid("may not be set when maxUnavailable is non-zero", errors),
                (false, false) => unavailable.required("cannot be 0 when maxSurge is 0", errors),
                _ => {}
            }
        }
        _ => unknown(strategy, "apps/v1.DaemonSetUpdateStrategy", &["RollingUpdate", "OnDelete"], errors),
    }
}

pub(super) fn stateful_set(strategy: &Spot<'_>, errors: &mut Errors) {
    const ALONE: &str = "only allowed for updateStrategy 'RollingUpdate'";
    let rolling = strategy.member("rollingUpdate");
    match strategy.member("type").text() {
        "" => strategy.required("", errors),
        "OnDelete" => {
            if rolling.is_set() {
                let shown = internal::written(rolling.value, "apps/v1.RollingUpdateStatefulSetStrategy");
                errors.push(FieldError::invalid_written(&rolling.path, shown, ALONE));
            }
        }
        "RollingUpdate" => {
            rolling.member("partition").nonnegative(errors);
            let unavailable = rolling.member("maxUnavailable");
            if unavailable.is_set() {
                share(&unavailable, errors);
                if amount(&unavailable) == 0 {
                    unavailable.invalid("cannot be 0", errors);
                }
                at_most_all(&unavailable, errors);
            }
        }
        _ => {
            let shown = internal::written(strategy.value, "apps/v1.StatefulSetUpdateStrategy");
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid_written(&strategy.path, shown, detail));
        }
    }
}

fn unknown(strategy: &Spot<'_>, structure: &str, known: &[&str], errors: &mut Errors) {
    let shown = internal::written(strategy.value, structure);
    errors.push(FieldError::not_supported_written(&strategy.path, shown, known));
}

/// A number of pods or a percentage (`ValidatePositiveIntOrPercent`).
fn share(share: &Spot<'_>, errors: &mut Errors) {
    if share.value.is_string() {
        share.problems(names::percent(share.text()), errors);
    } else {
        share.nonnegative(errors);
    }
}

fn percentage(share: &Spot<'_>) -> Option<i64> {
    let digits = share.text().strip_suffix('%').filter(|_| names::percent(share.text()).is_empty())?;
    // Go takes what is too large for its largest number.
    Some(digits.parse().unwrap_or(i64::MAX))
}

fn amount(share: &Spot<'_>) -> i64 {
    let number = || share.text().parse().unwrap_or_else(|_| share.number());
    percentage(share).unwrap_or_else(number)
}

fn at_most_all(share: &Spot<'_>, errors: &mut Errors) {
    if percentage(share).is_some_and(|percentage| percentage > 100) {
        share.invalid("must not be greater than 100%", errors);
    }
}
