//! Whether the defaults of a schema are valid themselves
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go`).

use super::node::Node;
use super::{embedded, judge, prune};
use crate::reason::{FieldError, Path, Trail};

/// What is wrong with the defaults below a node. Those under `additionalProperties` are never used.
pub(super) fn check(node: &Node, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(node, path, &mut errors);
    errors
}

fn visit(node: &Node, path: &Path, errors: &mut Vec<FieldError>) {
    if !node.below.defaults {
        return;
    }
    if let Some(default) = &node.default {
        let path = path.child("default");
        if prune::has_unknown_fields(default, node) {
            errors.push(FieldError::invalid(&path, default.clone(), "must not have unknown fields"));
        }
        let mut problems = Vec::new();
        embedded::check_value(default, node, &Trail::ROOT, &mut problems);
        if problems.is_empty() {
            errors.extend(judge(node, default.into(), None, &path));
        }
        errors.extend(problems.into_iter().map(|problem| problem.below(&path)));
    }
    if let Some(items) = &node.items {
        visit(items, &path.child("items"), errors);
    }
    for (key, property) in &node.properties {
        visit(property, &path.child("properties").key(key), errors);
    }
}
