//! What a kind has of its own: upstream's `strategy.go` of each kind (`k8s.io/kubernetes/pkg/registry`), its printer
//! (`pkg/printers/internalversion`) and its conversion of field labels (`pkg/apis/*/v1/conversion.go`).

use jiff::Timestamp;
use serde_json::Value;

use super::{
    admission, age, apps, autoscaler, batch, certificate, config_map, definition, devices, event, flow,
    lease, namespace, network, node, pod, policy, quota, rbac, secret, service, storage,
};
use crate::delete::DeleteOptions;
use crate::names::NameRule;
use crate::object::{self, Object};
use crate::reason::FieldError;
use crate::update::Subresource;

/// The rules of one kind, beside those that all share.
#[derive(Debug)]
pub struct Strategy {
    /// Which names it allows.
    pub name_rule: NameRule,
    /// Whether `metadata.generation` counts its changes.
    pub generation: bool,
    /// Whether an update may name no resourceVersion.
    pub unconditional_update: bool,
    /// Whether an update of an absent object creates it.
    pub create_on_update: bool,
    /// Whether the status that a new object brings is taken.
    pub keeps_status: bool,
    /// Fields that a selector may name, besides name and namespace, as they are stored.
    pub selectable: &'static [&'static str],
    /// What selectors of this version call those fields and what they are called in what is stored; empty where that is
    /// the same.
    pub selected_as: &'static [(&'static str, &'static str)],
    /// What a field selector is compared with, where that is not simply the value at the field's path.
    pub field: fn(&Object, &str) -> Option<String>,
    /// The text for a field selector that the kind does not know.
    pub unsupported_field: fn(&str) -> String,
    /// Names that may not be deleted.
    pub immortal: &'static [&'static str],
    /// The kind's own step when deletion begins, at the given time; `true` keeps the object for now.
    pub mark_deleting: fn(&mut Object, &str, &DeleteOptions) -> bool,
    /// For kinds that end gracefully: the seconds that an object gets, with what a deletion asks for.
    pub grace: Option<fn(&Object, Option<i64>) -> i64>,
    /// Whether a deletion answers with the object that is gone.
    pub shows_deleted: bool,
    /// Whether it words an unmet precondition of a deletion in its own way.
    pub own_preconditions: bool,
    /// Whether nothing of the kind's own holds an object without finalizers.
    pub may_go: fn(&Object) -> bool,
    /// Times that the kind sets where an update has brought none: the changed and the stored object, and the time.
    pub stamp: Option<fn(&mut Object, &Object, &str)>,
    /// The kind's own validation: the new and, at an update of this part, the stored object.
    pub validate: fn(&Object, Option<&Object>, Subresource) -> Vec<FieldError>,
    /// Defaults that hang on other members; the constant ones are in the table.
    pub(super) default: fn(&mut Object),
    pub(super) prepare_create: fn(&mut Object),
    pub(super) prepare_update: fn(&mut Object, &Object, Subresource),
    pub(super) cells: fn(&Object, Timestamp) -> Vec<Value>,
    /// From the version that is not stored to the one that is, and back.
    pub(super) convert_to_stored: fn(&mut Object),
    pub(super) convert_from_stored: fn(&mut Object),
}

/// A kind without anything of its own.
pub(super) const PLAIN: Strategy = Strategy {
    name_rule: NameRule::Subdomain,
    generation: false,
    unconditional_update: true,
    create_on_update: false,
    keeps_status: false,
    selectable: &[],
    selected_as: &[],
    field: |_, _| None,
    unsupported_field: only_metadata,
    immortal: &[],
    mark_deleting: |_, _, _| false,
    grace: None,
    shows_deleted: false,
    own_preconditions: false,
    may_go: |_| true,
    stamp: None,
    validate: |_, _, _| Vec::new(),
    default: |_| {},
    prepare_create: |_| {},
    prepare_update: |_, _, _| {},
    cells: name_and_age,
    convert_to_stored: |_| {},
    convert_from_stored: |_| {},
};

/// One whose changes are counted.
pub(super) const COUNTED: Strategy = Strategy { generation: true, ..PLAIN };

/// What kinds say that have no fields of their own to select by.
fn only_metadata(field: &str) -> String {
    format!("\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
}

/// What kinds say that have.
pub(super) fn not_supported(field: &str) -> String {
    format!("field label not supported: {field}")
}

/// The columns of kinds without a printer of their own.
pub(super) fn name_and_age(object: &Object, now: Timestamp) -> Vec<Value> {
    vec![object::name(object).into(), age(object, now)]
}

static NONE: Strategy = PLAIN;

/// The kinds that have something of their own, by group and kind.
pub(super) static ALL: &[(&str, &str, Strategy)] = &[
    ("", "ConfigMap", config_map::STRATEGY),
    ("", "Endpoints", service::ENDPOINTS),
    ("", "Event", event::STRATEGY),
    ("", "LimitRange", quota::LIMIT_RANGE),
    ("", "Namespace", namespace::STRATEGY),
    ("", "Node", node::STRATEGY),
    ("", "PersistentVolume", storage::VOLUME),
    ("", "PersistentVolumeClaim", storage::CLAIM),
    ("", "Pod", pod::STRATEGY),
    ("", "PodTemplate", pod::TEMPLATE),
    ("", "ReplicationController", apps::REPLICATION_CONTROLLER),
    ("", "ResourceQuota", quota::RESOURCE_QUOTA),
    ("", "Secret", secret::STRATEGY),
    ("", "Service", service::STRATEGY),
    ("", "ServiceAccount", service::ACCOUNT),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy", admission::MUTATING_POLICY),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", admission::BINDING),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", admission::WEBHOOKS),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", admission::VALIDATING_POLICY),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", admission::VALIDATING_BINDING),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", admission::WEBHOOKS),
    ("apiextensions.k8s.io", "CustomResourceDefinition", definition::STRATEGY),
    ("apiregistration.k8s.io", "APIService", admission::API_SERVICE),
    ("apps", "ControllerRevision", apps::REVISION),
    ("apps", "DaemonSet", apps::DAEMON_SET),
    ("apps", "Deployment", apps::DEPLOYMENT),
    ("apps", "ReplicaSet", apps::REPLICA_SET),
    ("apps", "StatefulSet", apps::STATEFUL_SET),
    ("autoscaling", "HorizontalPodAutoscaler", autoscaler::STRATEGY),
    ("batch", "CronJob", batch::CRON_JOB),
    ("batch", "Job", batch::JOB),
    ("certificates.k8s.io", "CertificateSigningRequest", certificate::REQUEST),
    ("certificates.k8s.io", "ClusterTrustBundle", certificate::TRUST_BUNDLE),
    ("certificates.k8s.io", "PodCertificateRequest", certificate::POD_REQUEST),
    ("coordination.k8s.io", "Lease", lease::STRATEGY),
    ("discovery.k8s.io", "EndpointSlice", service::ENDPOINT_SLICE),
    ("events.k8s.io", "Event", event::NEWER),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", flow::SCHEMA),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", flow::LEVEL),
    ("networking.k8s.io", "IPAddress", network::ADDRESS),
    ("networking.k8s.io", "Ingress", network::INGRESS),
    ("networking.k8s.io", "IngressClass", network::INGRESS_CLASS),
    ("networking.k8s.io", "NetworkPolicy", network::POLICY),
    ("networking.k8s.io", "ServiceCIDR", network::SERVICE_RANGE),
    ("node.k8s.io", "RuntimeClass", node::RUNTIME_CLASS),
    ("policy", "PodDisruptionBudget", policy::BUDGET),
    ("rbac.authorization.k8s.io", "ClusterRole", rbac::CLUSTER_ROLE),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", rbac::CLUSTER_BINDING),
    ("rbac.authorization.k8s.io", "Role", rbac::ROLE),
    ("rbac.authorization.k8s.io", "RoleBinding", rbac::BINDING),
    ("resource.k8s.io", "DeviceClass", devices::CLASS),
    ("resource.k8s.io", "DeviceTaintRule", devices::TAINT_RULE),
    ("resource.k8s.io", "ResourceClaim", devices::CLAIM),
    ("resource.k8s.io", "ResourceClaimTemplate", devices::CLAIM_TEMPLATE),
    ("resource.k8s.io", "ResourceSlice", devices::SLICE),
    ("scheduling.k8s.io", "PriorityClass", policy::PRIORITY),
    ("storage.k8s.io", "CSIDriver", storage::DRIVER),
    ("storage.k8s.io", "CSINode", storage::NODE),
    ("storage.k8s.io", "CSIStorageCapacity", storage::CAPACITY),
    ("storage.k8s.io", "StorageClass", storage::CLASS),
    ("storage.k8s.io", "VolumeAttachment", storage::ATTACHMENT),
    ("storage.k8s.io", "VolumeAttributesClass", storage::ATTRIBUTES_CLASS),
    ("storagemigration.k8s.io", "StorageVersionMigration", policy::MIGRATION),
];

/// The strategy of a kind.
pub(super) fn of(group: &str, kind: &str) -> &'static Strategy {
    let mut all = ALL.iter();
    let found = all.find(|(other, name, _)| *other == group && *name == kind);
    found.map_or(&NONE, |(_, _, strategy)| strategy)
}

/// Group and version in which a kind is stored, where that is another one.
pub(super) fn stored_as(group: &str, version: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    match (group, version, kind) {
        ("events.k8s.io", "v1", "Event") => Some(("", "v1")),
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => Some(("autoscaling", "v2")),
        _ => None,
    }
}
