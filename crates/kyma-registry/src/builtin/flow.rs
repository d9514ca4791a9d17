//! FlowSchema and PriorityLevelConfiguration (k8s.io/kubernetes/pkg/registry/flowcontrol).

use serde_json::Value;

use super::cells::{NONE, field, or};
use super::strategy::{COUNTED, Strategy};
use super::{age, at, items, number, text};
use crate::object;

pub(super) const SCHEMA: Strategy = Strategy {
    cells: |schema, now| {
        let conditions = items(schema, &["status", "conditions"]);
        let dangling = conditions.iter().find(|condition| field(condition, "type") == "Dangling");
        vec![
            object::name(schema).into(),
            text(schema, &["spec", "priorityLevelConfiguration", "name"]).into(),
            number(schema, &["spec", "matchingPrecedence"]).into(),
            or(text(schema, &["spec", "distinguisherMethod", "type"]), NONE).into(),
            age(schema, now),
            dangling.map_or("?", |condition| field(condition, "status")).into(),
        ]
    },
    ..COUNTED
};

pub(super) const LEVEL: Strategy = Strategy {
    cells: |level, now| {
        let shown = |path: &[&str]| match at(level, path) {
            Value::Null => Value::from(NONE),
            value => value.clone(),
        };
        let queuing = |name: &str| shown(&["spec", "limited", "limitResponse", "queuing", name]);
        vec![
            object::name(level).into(),
            text(level, &["spec", "type"]).into(),
            shown(&["spec", "limited", "nominalConcurrencyShares"]),
            queuing("queues"),
            queuing("handSize"),
            queuing("queueLengthLimit"),
            age(level, now),
        ]
    },
    ..COUNTED
};
