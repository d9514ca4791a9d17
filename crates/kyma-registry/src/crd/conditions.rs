//! The conditions of a definition: NamesAccepted and Established
//! (k8s.io/apiextensions-apiserver/pkg/controller/{status,establish}).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{condition, has_condition};
use crate::object::{self, Object};

/// The definition with the status that the server's controllers give it beside `others`, or `None` where it has that
/// status already.
pub fn next_status<'a>(
    definition: &Object,
    others: impl IntoIterator<Item = &'a Object>,
    now: &str,
) -> Option<Object> {
    let mut next = definition.clone();
    let wanted = definition.get("spec")?.get("names")?.as_object()?;
    let taken = Taken::in_group(definition, others);
    let conflict = taken.conflict(wanted);
    match &conflict {
        Some((reason, message)) => set_condition(&mut next, "NamesAccepted", false, reason, message, now),
        None => {
            let accepted = Value::Object(wanted.clone());
            object::as_object_mut(next.entry("status").or_insert(Value::Null))
                .insert("acceptedNames".into(), accepted);
            set_condition(&mut next, "NamesAccepted", true, "NoConflicts", "no conflicts found", now);
        }
    }
    if has_condition(definition, "Established") {
        // Once served, always served: a later conflict of names does not take the kind away.
    } else if conflict.is_some() {
        set_condition(&mut next, "Established", false, "NotAccepted", "not all names are accepted", now);
    } else {
        let message = "the initial names have been accepted";
        set_condition(&mut next, "Established", true, "InitialNamesAccepted", message, now);
    }
    (next != *definition).then_some(next)
}

/// Names that other definitions of the group hold.
struct Taken<'a> {
    resources: BTreeSet<&'a str>,
    kinds: BTreeSet<&'a str>,
}

impl<'a> Taken<'a> {
    fn in_group(definition: &Object, others: impl IntoIterator<Item = &'a Object>) -> Self {
        let group = super::spec_str(definition, "/group");
        let mut taken = Taken { resources: BTreeSet::new(), kinds: BTreeSet::new() };
        for other in others {
            if object::name(other) == object::name(definition) || super::spec_str(other, "/group") != group {
                continue;
            }
            let Some(names) = other.get("status").and_then(|status| status.get("acceptedNames")) else {
                continue;
            };
            let text = |field: &str| names.get(field).and_then(Value::as_str);
            taken.resources.extend(["plural", "singular"].into_iter().filter_map(text));
            taken.resources.extend(
                names
                    .get("shortNames")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str),
            );
            taken.kinds.extend(["kind", "listKind"].into_iter().filter_map(text));
        }
        taken
    }

    /// The first name that is taken, as the condition's reason and message.
    fn conflict(&self, wanted: &Object) -> Option<(&'static str, String)> {
        let text = |field: &str| wanted.get(field).and_then(Value::as_str).unwrap_or_default();
        let in_use = |name: &str| format!("{name:?} is already in use");
        for (field, reason) in [("plural", "PluralConflict"), ("singular", "SingularConflict")] {
            if self.resources.contains(text(field)) {
                return Some((reason, in_use(text(field))));
            }
        }
        let short = wanted.get("shortNames").and_then(Value::as_array);
        let clashes: Vec<String> = short
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|name| self.resources.contains(name))
            .map(in_use)
            .collect();
        match clashes.as_slice() {
            [] => {}
            [one] => return Some(("ShortNamesConflict", one.clone())),
            many => return Some(("ShortNamesConflict", format!("[{}]", many.join(", ")))),
        }
        for (field, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            if self.kinds.contains(text(field)) {
                return Some((reason, in_use(text(field))));
            }
        }
        None
    }
}

/// Sets a condition; its transition time moves only with its status.
pub fn set_condition(
    definition: &mut Object,
    kind: &str,
    status: bool,
    reason: &str,
    message: &str,
    now: &str,
) {
    let status = if status { "True" } else { "False" };
    let since = condition(definition, kind)
        .filter(|old| old.get("status") == Some(&json!(status)))
        .and_then(|old| old.get("lastTransitionTime").cloned())
        .unwrap_or_else(|| now.into());
    let next = json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since});
    let body = object::as_object_mut(definition.entry("status").or_insert(Value::Null));
    let list = object::as_array_mut(body.entry("conditions").or_insert(Value::Null));
    match list.iter_mut().find(|old| old.get("type") == Some(&json!(kind))) {
        Some(old) => *old = next,
        None => list.push(next),
    }
}
