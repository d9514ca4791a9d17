//! What a write cannot change by the way it takes, and so never owns: the status by the object itself, all else by
//! `/status` (`GetResetFields` of each kind's strategy).

use std::sync::LazyLock;

use super::set::Set;
use crate::Resource;

static NOTHING: Set<'static> = Set::EMPTY;
static STATUS: LazyLock<Set<'static>> = LazyLock::new(|| Set::of_fields(&[&["status"]]));
static SPEC: LazyLock<Set<'static>> = LazyLock::new(|| Set::of_fields(&[&["spec"]]));
static SPEC_AND_METADATA: LazyLock<Set<'static>> =
    LazyLock::new(|| Set::of_fields(&[&["spec"], &["metadata"]]));
static SPEC_AND_LABELS: LazyLock<Set<'static>> =
    LazyLock::new(|| Set::of_fields(&[&["spec"], &["metadata", "labels"]]));
static OF_POD_STATUS: LazyLock<Set<'static>> = LazyLock::new(|| {
    Set::of_fields(&[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]])
});
static OF_REQUEST: LazyLock<Set<'static>> = LazyLock::new(|| Set::of_fields(&[&["spec"], &["status"]]));
static OF_REQUEST_STATUS: LazyLock<Set<'static>> =
    LazyLock::new(|| Set::of_fields(&[&["spec"], &["status", "conditions"]]));
static OF_APPROVAL: LazyLock<Set<'static>> =
    LazyLock::new(|| Set::of_fields(&[&["spec"], &["status", "certificate"]]));

/// Built-in kinds whose `/status` leaves the metadata alone, too. The older ones take it.
const METADATA_STAYS: [&str; 17] = [
    "apiservices",
    "compositepodgroups",
    "csinodes",
    "devicetaintrules",
    "evictionrequests",
    "evictions",
    "flowschemas",
    "podcertificaterequests",
    "podgroups",
    "prioritylevelconfigurations",
    "resourceclaims",
    "resourcepoolstatusrequests",
    "servicecidrs",
    "storageversionmigrations",
    "storageversions",
    "validatingadmissionpolicies",
    "volumeattachments",
];

/// What a write to a subresource ("" for the object itself), made in the resource's version, cannot change, as seen in
/// `version`.
pub(crate) fn of(resource: &Resource, subresource: &str, version: &str) -> &'static Set<'static> {
    if resource.is_custom() {
        return match subresource {
            // The handler of a version knows this of its own version only.
            "" if resource.status && version == resource.api_version() => &STATUS,
            "status" => &SPEC_AND_METADATA,
            _ => &NOTHING,
        };
    }
    match (&*resource.names.plural, subresource) {
        ("certificatesigningrequests", "") => &OF_REQUEST,
        ("certificatesigningrequests", "status") => &OF_REQUEST_STATUS,
        ("certificatesigningrequests", "approval") => &OF_APPROVAL,
        ("pods", "status") => &OF_POD_STATUS,
        ("deployments", "status") => &SPEC_AND_LABELS,
        (plural, "status") if METADATA_STAYS.contains(&plural) => &SPEC_AND_METADATA,
        (_, "status") => &SPEC,
        (_, "finalize") => &STATUS,
        (_, "") if resource.status => &STATUS,
        _ => &NOTHING,
    }
}
