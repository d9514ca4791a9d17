//! Volumes, claims, and the kinds of `storage.k8s.io` (k8s.io/kubernetes/pkg/registry/{core,storage}).

mod claim;

pub(super) use claim::spec as check_claim;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells::{UNSET, or, shown};
use super::strategy::{PLAIN, Strategy};
use super::{age, at, fill, inner, items, text};
use crate::object::{self, Object};

pub(super) const VOLUME: Strategy = Strategy {
    shows_deleted: true,
    default: |volume| {
        let Some(spec) = inner(volume, "spec") else { return };
        fill(spec, "persistentVolumeReclaimPolicy", "Retain");
        fill(spec, "volumeMode", "Filesystem");
    },
    prepare_create: |volume| {
        let now = object::meta_str(volume, "creationTimestamp").to_owned();
        volume.insert("status".into(), json!({"phase": "Pending", "lastPhaseTransitionTime": now}));
        protect(volume, "kubernetes.io/pv-protection");
    },
    cells: volume_cells,
    ..PLAIN
};

pub(super) const CLAIM: Strategy = Strategy {
    shows_deleted: true,
    validate: claim::validate,
    prepare_create: |claim| {
        claim.insert("status".into(), json!({"phase": "Pending"}));
        drop_other_source(claim);
        align_sources(claim);
        protect(claim, "kubernetes.io/pvc-protection");
    },
    cells: claim_cells,
    ..PLAIN
};

pub(super) const CLASS: Strategy = Strategy {
    shows_deleted: true,
    cells: |class, now| {
        vec![
            object::name(class).into(),
            text(class, &["provisioner"]).into(),
            or(text(class, &["reclaimPolicy"]), "Delete").into(),
            or(text(class, &["volumeBindingMode"]), "Immediate").into(),
            flag(class, &["allowVolumeExpansion"]).into(),
            age(class, now),
        ]
    },
    ..PLAIN
};

pub(super) const ATTACHMENT: Strategy = Strategy {
    shows_deleted: true,
    unconditional_update: false,
    cells: |attachment, now| {
        vec![
            object::name(attachment).into(),
            text(attachment, &["spec", "attacher"]).into(),
            text(attachment, &["spec", "source", "persistentVolumeName"]).into(),
            text(attachment, &["spec", "nodeName"]).into(),
            flag(attachment, &["status", "attached"]).into(),
            age(attachment, now),
        ]
    },
    ..PLAIN
};

pub(super) const ATTRIBUTES_CLASS: Strategy = Strategy {
    shows_deleted: true,
    prepare_create: |class| protect(class, "kubernetes.io/vac-protection"),
    cells: |class, now| {
        vec![object::name(class).into(), text(class, &["driverName"]).into(), age(class, now)]
    },
    ..PLAIN
};

pub(super) const CAPACITY: Strategy =
    Strategy { unconditional_update: false, cells: super::rbac::name_and_creation, ..PLAIN };

pub(super) const NODE: Strategy = Strategy {
    shows_deleted: true,
    unconditional_update: false,
    cells: |node, now| {
        let drivers = items(node, &["spec", "drivers"]).len();
        vec![object::name(node).into(), drivers.into(), age(node, now)]
    },
    ..PLAIN
};

pub(super) const DRIVER: Strategy = Strategy {
    shows_deleted: true,
    unconditional_update: false,
    cells: |driver, now| {
        let list = |name: &str, member: Option<&str>| {
            let texts = items(driver, &["spec", name]).iter();
            let texts: Vec<String> = texts
                .map(|item| member.map_or_else(|| shown(item), |m| super::cells::field(item, m).to_owned()))
                .collect();
            texts.join(",")
        };
        let attach = at(driver, &["spec", "attachRequired"]) != &Value::Bool(false);
        let tokens = match at(driver, &["spec", "tokenRequests"]) {
            Value::Null => UNSET.to_owned(),
            _ => list("tokenRequests", Some("audience")),
        };
        vec![
            object::name(driver).into(),
            attach.into(),
            flag(driver, &["spec", "podInfoOnMount"]).into(),
            flag(driver, &["spec", "storageCapacity"]).into(),
            tokens.into(),
            flag(driver, &["spec", "requiresRepublish"]).into(),
            or(&list("volumeLifecycleModes", None), super::cells::NONE).into(),
            age(driver, now),
        ]
    },
    ..PLAIN
};

fn flag(object: &Object, path: &[&str]) -> bool {
    at(object, path) == &Value::Bool(true)
}

/// What is in use shall not go (the admission plugin StorageObjectInUseProtection).
fn protect(object: &mut Object, finalizer: &str) {
    let mut all: Vec<String> = object::finalizers(object).into_iter().map(str::to_owned).collect();
    if !all.iter().any(|other| other == finalizer) {
        all.push(finalizer.to_owned());
    }
    object::set_finalizers(object, all);
}

/// The old member has only ever been for claims and snapshots; all else in it was never looked at
/// (`EnforceDataSourceBackwardsCompatibility`).
fn drop_other_source(claim: &mut Object) {
    let Some(spec) = inner(claim, "spec") else { return };
    let source = ["apiGroup", "kind"].map(|name| text(spec, &["dataSource", name]));
    let known =
        matches!(source, ["", "PersistentVolumeClaim"] | ["snapshot.storage.k8s.io", "VolumeSnapshot"]);
    if !known && !spec.contains_key("dataSourceRef") {
        spec.remove("dataSource");
    }
}

/// The two ways to say where a claim's data come from say the same (`NormalizeDataSources`).
fn align_sources(claim: &mut Object) {
    let Some(spec) = inner(claim, "spec") else { return };
    let namespaced = !text(spec, &["dataSourceRef", "namespace"]).is_empty();
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => {
            spec.insert("dataSourceRef".into(), source);
        }
        (None, Some(Value::Object(mut source))) if !namespaced => {
            source.remove("namespace");
            spec.insert("dataSource".into(), Value::Object(source));
        }
        _ => {}
    }
}

/// Access modes in short (`GetAccessModesAsString`).
fn modes(list: &[Value]) -> String {
    const SHORT: [(&str, &str); 4] = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let found: Vec<&str> = SHORT
        .iter()
        .filter(|(mode, _)| list.iter().any(|item| item == mode))
        .map(|(_, short)| *short)
        .collect();
    found.join(",")
}

/// The class, which was an annotation once.
fn class(object: &Object) -> &str {
    let old = text(object, &["metadata", "annotations", "volume.beta.kubernetes.io/storage-class"]);
    or(old, text(object, &["spec", "storageClassName"]))
}

fn phase(object: &Object) -> &str {
    if object::is_deleting(object) { "Terminating" } else { text(object, &["status", "phase"]) }
}

fn volume_cells(volume: &Object, now: Timestamp) -> Vec<Value> {
    let claim = at(volume, &["spec", "claimRef"]);
    let claim = match claim.is_null() {
        true => String::new(),
        false => {
            format!("{}/{}", super::cells::field(claim, "namespace"), super::cells::field(claim, "name"))
        }
    };
    let size = shown(at(volume, &["spec", "capacity", "storage"]));
    vec![
        object::name(volume).into(),
        or(&size, "0").into(),
        modes(items(volume, &["spec", "accessModes"])).into(),
        text(volume, &["spec", "persistentVolumeReclaimPolicy"]).into(),
        phase(volume).into(),
        claim.into(),
        class(volume).into(),
        or(text(volume, &["spec", "volumeAttributesClassName"]), UNSET).into(),
        text(volume, &["status", "reason"]).into(),
        age(volume, now),
        or(text(volume, &["spec", "volumeMode"]), UNSET).into(),
    ]
}

fn claim_cells(claim: &Object, now: Timestamp) -> Vec<Value> {
    let bound = text(claim, &["spec", "volumeName"]);
    let (size, access) = match bound {
        "" => (String::new(), String::new()),
        _ => {
            let size = shown(at(claim, &["status", "capacity", "storage"]));
            (or(&size, "0").to_owned(), modes(items(claim, &["status", "accessModes"])))
        }
    };
    vec![
        object::name(claim).into(),
        phase(claim).into(),
        bound.into(),
        size.into(),
        access.into(),
        class(claim).into(),
        or(text(claim, &["spec", "volumeAttributesClassName"]), UNSET).into(),
        age(claim, now),
        or(text(claim, &["spec", "volumeMode"]), UNSET).into(),
    ]
}
