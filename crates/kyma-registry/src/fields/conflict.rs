//! What an apply is refused with when somebody else owns what it would change (`managedfields/internal/conflict.go`).

use super::managers::Identity;
use super::set::Set;
use crate::reason::{ApiError, Cause, gotext};

/// What an apply would take from one manager.
#[derive(Clone, Debug)]
pub(crate) struct Conflict<'a> {
    pub(crate) owner: Identity<'a>,
    pub(crate) version: String,
    pub(crate) paths: Set<'a>,
}

/// 409 with a cause for each path. Upstream's order of managers among the causes is that of a Go map, so any will do.
pub(crate) fn error(mut conflicts: Vec<Conflict<'_>>) -> ApiError {
    conflicts.sort_by_key(|conflict| conflict.owner.text());
    let mut causes = Vec::new();
    let mut lines = Vec::new();
    for conflict in &conflicts {
        let owner = shown(conflict);
        lines.push(format!("conflicts with {owner}:"));
        conflict.paths.for_each(&mut |path| {
            let field: String = path.iter().map(ToString::to_string).collect();
            lines.push(format!("- {field}"));
            causes.push(Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: format!("conflict with {owner}"),
                field,
            });
        });
    }
    let message = match causes.as_slice() {
        [one] => format!("Apply failed with 1 conflict: {}: {}", one.message, one.field),
        many => format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n")),
    };
    ApiError::apply_conflict(message, causes)
}

/// The conflicts but for the paths of a set.
pub(crate) fn without<'a>(conflicts: Vec<Conflict<'a>>, allowed: &Set<'_>) -> Vec<Conflict<'a>> {
    let left = conflicts.into_iter().filter_map(|mut conflict| {
        conflict.paths.subtract(allowed);
        (!conflict.paths.is_empty()).then_some(conflict)
    });
    left.collect()
}

fn shown(conflict: &Conflict<'_>) -> String {
    let Identity { manager, applied, subresource, .. } = &conflict.owner;
    let mut text = gotext::quote(manager);
    if !subresource.is_empty() {
        text.push_str(&format!(" with subresource {}", gotext::quote(subresource)));
    }
    if !applied {
        text.push_str(&format!(" using {}", conflict.version));
    }
    text
}
