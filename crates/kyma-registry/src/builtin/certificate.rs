//! CertificateSigningRequest, ClusterTrustBundle and PodCertificateRequest
//! (k8s.io/kubernetes/pkg/registry/certificates).

use jiff::SignedDuration;

use super::cells::{NONE, field, labels, or};
use super::strategy::{PLAIN, Strategy, not_supported};
use super::{age, at, items, text};
use crate::columns::human_duration;
use crate::names::NameRule;
use crate::object::{self, Object};

pub(super) const REQUEST: Strategy = Strategy {
    selectable: &["spec.signerName"],
    unsupported_field: not_supported,
    cells: |request, now| {
        let seconds = at(request, &["spec", "expirationSeconds"]).as_i64();
        let duration = seconds.map(|seconds| human_duration(SignedDuration::from_secs(seconds)));
        vec![
            object::name(request).into(),
            age(request, now),
            or(text(request, &["spec", "signerName"]), NONE).into(),
            text(request, &["spec", "username"]).into(),
            duration.unwrap_or_else(|| NONE.to_owned()).into(),
            state(request).into(),
        ]
    },
    ..PLAIN
};

pub(super) const TRUST_BUNDLE: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    unconditional_update: false,
    selectable: &["spec.signerName"],
    unsupported_field: not_supported,
    cells: |bundle, _| {
        vec![object::name(bundle).into(), or(text(bundle, &["spec", "signerName"]), NONE).into()]
    },
    ..PLAIN
};

pub(super) const POD_REQUEST: Strategy = Strategy {
    unconditional_update: false,
    selectable: &["spec.signerName", "spec.podName", "spec.nodeName"],
    unsupported_field: not_supported,
    cells: |request, _| {
        let mut states =
            items(request, &["status", "conditions"]).iter().map(|condition| field(condition, "type"));
        let state = states.rfind(|state| matches!(*state, "Issued" | "Denied" | "Failed"));
        let spec = |name: &str| text(request, &["spec", name]);
        vec![
            object::name(request).into(),
            spec("podName").into(),
            spec("serviceAccountName").into(),
            spec("nodeName").into(),
            spec("signerName").into(),
            state.unwrap_or("Pending").into(),
            labels(at(request, &["spec", "unverifiedUserAnnotations"])).into(),
        ]
    },
    ..PLAIN
};

fn state(request: &Object) -> String {
    let conditions = items(request, &["status", "conditions"]);
    let has = |kind: &str| conditions.iter().any(|condition| field(condition, "type") == kind);
    let mut state = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied".to_owned(),
        (false, true) => "Approved".to_owned(),
        (false, false) => "Pending".to_owned(),
    };
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !text(request, &["status", "certificate"]).is_empty() {
        state.push_str(",Issued");
    }
    state
}
