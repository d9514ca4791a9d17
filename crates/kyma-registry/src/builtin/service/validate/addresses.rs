//! The addresses that a service has in the cluster, and their families.

use std::collections::BTreeSet;

use super::super::super::spot::{Errors, Spot};
use super::is_headless;
use crate::names::address;
use crate::reason::FieldError;

const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];
const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const FIXED: &str = "may not change once set";

/// What is wrong with them (`ValidateServiceClusterIPsRelatedFields`).
pub(super) fn check(spec: &Spot<'_>, errors: &mut Errors) {
    if spec.member("type").text() == "ExternalName" {
        return;
    }
    let (address, list, families) =
        (spec.member("clusterIP"), spec.member("clusterIPs"), spec.member("ipFamilies"));
    let first = list.items().next().map_or("", |first| first.text());
    if !address.text().is_empty() && list.len() == 0 {
        list.required("", errors);
    } else if !address.text().is_empty() && first != address.text() {
        list.invalid("first value must match `clusterIP`", errors);
    } else if address.text().is_empty() && list.len() > 0 {
        list.invalid("must be empty when `clusterIP` is not specified", errors);
    }
    let mut seen = BTreeSet::new();
    for family in families.items() {
        family.one_of(&FAMILIES, errors);
        if !seen.insert(family.text()) {
            family.duplicate(errors);
        }
    }
    let policy = spec.member("ipFamilyPolicy");
    if policy.is_set() {
        policy.one_of(&POLICIES, errors);
    }
    check_list(spec, &list, errors);
}

fn check_list(spec: &Spot<'_>, list: &Spot<'_>, errors: &mut Errors) {
    let mut wrong = false;
    for (position, address) in list.items().enumerate() {
        if position == 0 && address.text() == "None" {
            if list.len() > 1 {
                wrong = true;
                list.invalid("'None' must be the first and only value", errors);
            }
            continue;
        }
        let problems = address::ip(address.text());
        wrong |= !problems.is_empty();
        address.problems(problems, errors);
    }
    if list.len() > 2 {
        list.invalid("may only hold up to 2 values", errors);
    }
    if wrong {
        return;
    }
    let six = list.items().filter(|item| address::is_v6(item.text())).count();
    if list.len() > 1 && (six == 0 || six == list.len()) {
        list.invalid("may specify no more than one IP for each IP family", errors);
    }
    if is_headless(spec) {
        return;
    }
    for (position, (item, family)) in list.items().zip(spec.member("ipFamilies").items()).enumerate() {
        let expected = family.text();
        if FAMILIES.contains(&expected) && address::is_v6(item.text()) != (expected == "IPv6") {
            item.invalid(
                format!("expected an {expected} value as indicated by `ipFamilies[{position}]`"),
                errors,
            );
        }
    }
}

/// A service keeps its first address and its first family; a second one can come and go.
pub(super) fn unchanged(spec: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    let external = |spec: &Spot<'_>| spec.member("type").text() == "ExternalName";
    if external(spec) || external(old) {
        return;
    }
    let (now, before) = (is_headless(spec), is_headless(old));
    if !(now && before) {
        kept(spec, old, "clusterIPs", "clusterIP", errors);
    }
    if !now && !before {
        kept(spec, old, "ipFamilies", "ipFamily", errors);
    }
}

fn kept(spec: &Spot<'_>, old: &Spot<'_>, list: &str, one: &str, errors: &mut Errors) {
    let (new, old) = (spec.member(list), old.member(list));
    let mut complain = |position: usize, detail: &str| {
        let path = new.path.index(position);
        errors.push(FieldError::invalid(&path, new.value.clone(), detail));
    };
    let first = |list: &Spot<'_>| list.items().next().map(|first| first.text().to_owned());
    let released = old.len() > new.len();
    if old.len() == new.len() {
        for (position, (now, before)) in new.items().zip(old.items()).enumerate() {
            if now.value != before.value {
                // Families are always complained about at the first.
                complain(if one == "clusterIP" { position } else { 0 }, FIXED);
            }
        }
        return;
    }
    if released && spec.member("clusterIPs").len() == 0 {
        complain(0, &format!("primary {one} can not be unset"));
    }
    if old.len() > 0 && new.len() > 0 && first(&new) != first(&old) {
        complain(0, FIXED);
    }
    let policy = spec.member("ipFamilyPolicy");
    if released && new.len() == 1 && policy.text() != "SingleStack" {
        let detail = format!("must be set to 'SingleStack' when releasing the secondary {one}");
        policy.invalid(detail, errors);
    }
}
