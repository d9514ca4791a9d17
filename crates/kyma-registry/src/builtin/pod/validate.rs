//! What is wrong with pods and their templates (k8s.io/kubernetes/pkg/apis/core/validation, `ValidatePodSpec`).

mod affinity;
mod containers;
mod env;
mod mounts;
mod paths;
mod probes;
mod resources;
mod scheduling;
mod security;
mod settings;
mod sources;
mod update;
mod volumes;

pub(in crate::builtin) use probes::port as check_port;

use std::collections::{BTreeMap, BTreeSet};

use super::super::spot::{Errors, Spot};
use crate::names;
use crate::object::{self, Object};
use crate::reason::Path;
use crate::update::Subresource;

/// The annotations of pods that are looked into.
const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// What the checks of one part have to know of the others.
struct Pod<'a> {
    spec: Spot<'a>,
    /// Whether it is a pod, and not the template of one.
    is_pod: bool,
    /// The pod's name; "" for templates.
    name: &'a str,
    /// The volumes with which nothing is wrong.
    volumes: BTreeMap<&'a str, Spot<'a>>,
    claims: BTreeSet<&'a str>,
    grace: Option<i64>,
}

impl<'a> Pod<'a> {
    fn new(spec: Spot<'a>, pod: Option<&'a Object>) -> Self {
        let names = spec.member("resourceClaims");
        let claims = names.items().map(|claim| claim.member("name").text()).filter(|name| !name.is_empty());
        Pod {
            is_pod: pod.is_some(),
            name: pod.map_or("", object::name),
            volumes: BTreeMap::new(),
            claims: claims.collect(),
            grace: spec.member("terminationGracePeriodSeconds").value.as_i64(),
            spec,
        }
    }

    /// Whether the users of the host are those of the containers, too.
    fn shares_users(&self) -> bool {
        self.spec.member("hostUsers").value.as_bool().unwrap_or(true)
    }
}

/// What is wrong with a pod, at an update beside the stored one.
pub(super) fn pod(pod: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    match (existing, subresource) {
        (None, _) => {
            whole(pod, &mut errors);
            created(pod, &mut errors);
        }
        (Some(existing), Subresource::Main) => {
            whole(pod, &mut errors);
            update::spec(pod, existing, &mut errors);
        }
        (Some(existing), _) => return update::status(pod, existing),
    }
    errors
}

/// The rules of pods that are more than those of templates (`validatePodMetadataAndSpec`).
fn whole(pod: &Object, errors: &mut Errors) {
    let at = Spot::of(pod, "spec");
    annotations(&Spot::of(pod, "metadata").member("annotations"), &at, errors);
    spec(&at, Some(pod), errors);
    if at.member("serviceAccountName").text().is_empty() {
        for volume in at.member("volumes").items() {
            for source in volume.member("projected").member("sources").items() {
                let token = source.member("serviceAccountToken");
                if token.is_set() {
                    token.forbidden("must not be specified when serviceAccountName is not set", errors);
                }
            }
        }
    }
    at.member("terminationGracePeriodSeconds").nonnegative(errors);
    for list in ["containers", "initContainers"] {
        at.member(list).items().for_each(|container| containers::check_spaces(&container, errors));
    }
}

/// What only a new pod may not have (`ValidatePodCreate`).
fn created(pod: &Object, errors: &mut Errors) {
    let spec = Spot::of(pod, "spec");
    let ephemeral = spec.member("ephemeralContainers");
    if ephemeral.len() > 0 {
        ephemeral.forbidden("cannot be set on create", errors);
    }
    let node = spec.member("nodeName");
    if !node.text().is_empty() && spec.member("schedulingGates").len() > 0 {
        node.forbidden("cannot be set until all schedulingGates have been cleared", errors);
    }
}

/// What is wrong with a template (`ValidatePodTemplateSpec`). Its labels and annotations are complained about as if
/// they stood beside the specification.
pub(in crate::builtin) fn template(template: &Spot<'_>, errors: &mut Errors) {
    let metadata = template.member("metadata");
    let (labels, notes) = (metadata.member("labels"), metadata.member("annotations"));
    names::check_labels_at(Some(labels.value), &template.path.child("labels"), errors);
    let notes = notes.at(template.path.child("annotations"));
    names::check_annotations_at(Some(notes.value), &notes.path, errors);
    let at = template.member("spec");
    annotations(&notes, &at, errors);
    spec(&at, None, errors);
    let ephemeral = at.member("ephemeralContainers");
    if ephemeral.len() > 0 {
        ephemeral.forbidden("ephemeral containers not allowed in pod template", errors);
    }
}

/// Annotations that mean something to pods (`ValidatePodSpecificAnnotations`).
fn annotations(notes: &Spot<'_>, spec: &Spot<'_>, errors: &mut Errors) {
    let note = |key: &str| notes.member(key).at(notes.path.key(key));
    let mirror = note(MIRROR);
    if mirror.is_set() && spec.member("nodeName").text().is_empty() {
        mirror.invalid("must set spec.nodeName if mirror pod annotation is set", errors);
    }
    let cost = note(DELETION_COST);
    if cost.is_set() && !is_cost(cost.text()) {
        cost.invalid("must be a 32bit integer", errors);
    }
}

/// Go reads a sign and leading zeros, but no "+" and no leading zeros are taken here.
fn is_cost(text: &str) -> bool {
    let leading = text.len() > 1 && (text.starts_with('0') || text.starts_with('+'));
    !leading && text.parse::<i32>().is_ok()
}

/// The specification of a pod or of a template.
fn spec<'a>(spec: &Spot<'a>, pod: Option<&'a Object>, errors: &mut Errors) {
    let mut pod = Pod::new(spec.clone(), pod);
    if pod.grace.is_none() {
        spec.member("terminationGracePeriodSeconds").required("", errors);
    }
    volumes::check(&mut pod, errors);
    resources::claims(&pod, errors);
    containers::check(&pod, errors);
    settings::host_ports(&pod, errors);
    spec.member("restartPolicy").required_of(&["Always", "OnFailure", "Never"], errors);
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    spec.member("dnsPolicy").required_of(&policies, errors);
    let nodes = spec.member("nodeSelector");
    names::check_labels_at(Some(nodes.value), &nodes.path, errors);
    security::pod(spec, errors);
    let shared = spec.member("shareProcessNamespace");
    if shared.flag() && spec.member("hostPID").flag() {
        shared.invalid("ShareProcessNamespace and HostPID cannot both be enabled", errors);
    }
    affinity::check(&spec.member("affinity"), errors);
    settings::dns(spec, errors);
    scheduling::gates(spec, errors);
    scheduling::spread(&spec.member("topologySpreadConstraints"), errors);
    settings::host_users(&pod, errors);
    settings::host_name(spec, errors);
    settings::names(spec, errors);
    env::file_volumes(&pod, errors);
}

/// A path without the last step: some of upstream's paths leave out the index.
fn parent(path: &Path) -> Path {
    let text = path.to_string();
    Path::new(text.rsplit_once('[').map_or("", |(parent, _)| parent))
}
