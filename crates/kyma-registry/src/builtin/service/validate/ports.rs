//! Ports of a service.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::super::internal;
use super::super::super::pod::check_port;
use super::super::super::spot::{Errors, Spot};
use crate::names;
use crate::reason::FieldError;

const HIGHEST: i64 = 65_535;

pub(super) fn check(spec: &Spot<'_>, errors: &mut Errors) {
    let list = spec.member("ports");
    let mut seen = BTreeSet::new();
    for port in list.items() {
        let name = port.member("name");
        if !name.text().is_empty() {
            name.problems(names::dns1123_label(name.text()), errors);
            if !seen.insert(name.text()) {
                name.duplicate(errors);
            }
        } else if list.len() > 1 {
            name.required("", errors);
        }
        port.member("port").between(1, HIGHEST, errors);
        port.member("protocol").required_of(&["SCTP", "TCP", "UDP"], errors);
        check_port(&port.member("targetPort"), errors);
        let protocol = port.member("appProtocol");
        if protocol.is_set() {
            protocol.problems(names::qualified_name(protocol.text()), errors);
        }
    }
}

/// A port of the nodes, and one of the service, can be had once by each protocol.
pub(super) fn check_unique(spec: &Spot<'_>, errors: &mut Errors) {
    let list = spec.member("ports");
    if spec.member("type").text() == "ClusterIP" {
        for node in list.items().map(|port| port.member("nodePort")) {
            if node.number() != 0 {
                node.forbidden("may not be used when `type` is 'ClusterIP'", errors);
            }
        }
    }
    let mut seen = BTreeSet::new();
    for port in list.items() {
        let node = port.member("nodePort");
        if node.number() != 0 && !seen.insert((port.member("protocol").text(), node.number())) {
            node.duplicate(errors);
        }
    }
    let mut seen = BTreeSet::new();
    for port in list.items() {
        let (protocol, number) = (port.member("protocol"), port.member("port"));
        if !seen.insert((protocol.text(), number.number())) {
            let pair = Map::from_iter([
                ("protocol".to_owned(), protocol.value.clone()),
                ("port".to_owned(), number.value.clone()),
            ]);
            let shown = internal::written(&Value::Object(pair), "core/v1.ServicePort");
            errors.push(FieldError::duplicate_written(&port.path, shown));
        }
    }
}
