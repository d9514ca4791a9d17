//! Volumes: a name of their own, and one source.

use super::super::super::spot::{Errors, Spot};
use super::super::super::storage::check_claim;
use super::{Pod, paths, sources};
use crate::names;
use crate::structure::Quantity;

/// What is checked of a source.
type Check = fn(&Spot<'_>, &mut Errors);

/// A source: its member, the names that upstream's complaints have for it where it is not the only one and otherwise,
/// and what is checked.
struct Source {
    member: &'static str,
    among: &'static str,
    alone: &'static str,
    check: Check,
}

const fn source(member: &'static str, check: Check) -> Source {
    Source { member, among: member, alone: member, check }
}

/// In the order in which they are looked at.
const SOURCES: [Source; 30] = [
    source("emptyDir", empty_dir),
    source("hostPath", host_path),
    source("gitRepo", |repo, errors| repo.require(&["repository"], errors)),
    Source {
        member: "gcePersistentDisk",
        among: "gcePersistentDisk",
        alone: "persistentDisk",
        check: |disk, errors| disk.member("pdName").required_text(errors),
    },
    source("awsElasticBlockStore", |disk, errors| disk.require(&["volumeID"], errors)),
    source("secret", |secret, errors| {
        secret.member("secretName").required_text(errors);
        sources::keys(secret, errors);
    }),
    source("nfs", nfs),
    source("iscsi", unchecked),
    source("glusterfs", |glusterfs, errors| {
        glusterfs.require(&["endpoints", "path"], errors);
    }),
    source("flocker", unchecked),
    source("persistentVolumeClaim", |claim, errors| claim.require(&["claimName"], errors)),
    source("rbd", |rbd, errors| {
        required_list(&rbd.member("monitors"), errors);
        rbd.member("image").required_text(errors);
    }),
    source("cinder", |cinder, errors| cinder.require(&["volumeID"], errors)),
    Source {
        member: "cephfs",
        among: "cephFS",
        alone: "cephfs",
        check: |cephfs, errors| required_list(&cephfs.member("monitors"), errors),
    },
    source("quobyte", unchecked),
    Source {
        member: "downwardAPI",
        among: "downwarAPI",
        alone: "downwardAPI",
        check: |api, errors| {
            paths::mode(&api.member("defaultMode"), errors);
            let files = api.member("items");
            files.items().for_each(|file| sources::file(&file.at(api.path.clone()), errors));
        },
    },
    source("fc", unchecked),
    source("flexVolume", |volume, errors| volume.require(&["driver"], errors)),
    source("configMap", |map, errors| {
        map.member("name").required_text(errors);
        sources::keys(map, errors);
    }),
    source("azureFile", |file, errors| {
        file.require(&["secretName", "shareName"], errors);
    }),
    source("vsphereVolume", |volume, errors| volume.require(&["volumePath"], errors)),
    source("photonPersistentDisk", |disk, errors| disk.require(&["pdID"], errors)),
    source("portworxVolume", |volume, errors| volume.require(&["volumeID"], errors)),
    source("azureDisk", |disk, errors| {
        disk.require(&["diskName", "diskURI"], errors);
    }),
    source("storageos", unchecked),
    source("projected", sources::projected),
    source("scaleIO", unchecked),
    source("csi", csi),
    source("ephemeral", |ephemeral, errors| {
        let template = ephemeral.member("volumeClaimTemplate");
        if template.is_set() {
            claim(&template, errors);
        } else {
            template.required("", errors);
        }
    }),
    source("image", image),
];

const fn unchecked(_: &Spot<'_>, _: &mut Errors) {}

fn required_list(list: &Spot<'_>, errors: &mut Errors) {
    if list.len() == 0 {
        list.required("", errors);
    }
}

/// Checks the volumes, and remembers those that are as they should be.
pub(super) fn check(pod: &mut Pod<'_>, errors: &mut Errors) {
    let list = pod.spec.member("volumes");
    let made: Vec<String> = list
        .items()
        .filter(|volume| !pod.name.is_empty() && volume.member("ephemeral").is_set())
        .map(|volume| format!("{}-{}", pod.name, volume.member("name").text()))
        .collect();
    for volume in list.items() {
        let name = volume.member("name");
        let before = errors.len();
        check_source(&volume, pod.name, errors);
        name.required_name(names::dns1123_label, errors);
        if pod.volumes.contains_key(name.text()) {
            name.duplicate(errors);
        }
        if errors.len() == before {
            pod.volumes.insert(name.text(), volume.clone());
        }
        let claim = volume.member("persistentVolumeClaim").member("claimName");
        if made.iter().any(|made| made == claim.text()) {
            claim.invalid("must not reference a PVC that gets created for an ephemeral volume", errors);
        }
    }
}

fn check_source(volume: &Spot<'_>, pod: &str, errors: &mut Errors) {
    let mut count = 0;
    for Source { member, among, alone, check } in &SOURCES {
        let source = volume.member(member);
        if !source.is_set() {
            continue;
        }
        count += 1;
        if count > 1 {
            let source = source.at(volume.path.child(among));
            source.forbidden("may not specify more than 1 volume type", errors);
            continue;
        }
        check(&source.at(volume.path.child(alone)), errors);
        let name = volume.member("name");
        if *member == "ephemeral" && !pod.is_empty() && !name.text().is_empty() {
            let claim = format!("{pod}-{}", name.text());
            let problems = names::dns1123_subdomain(&claim).into_iter();
            name.problems(problems.map(|problem| format!("PVC name {claim:?}: {problem}")).collect(), errors);
        }
    }
    if count == 0 {
        volume.required("must specify a volume type", errors);
    }
}

fn empty_dir(directory: &Spot<'_>, errors: &mut Errors) {
    let limit = directory.member("sizeLimit");
    if Quantity::parse(limit.text()).is_ok_and(|limit| limit.is_negative()) {
        limit.forbidden("SizeLimit field must be a valid resource quantity", errors);
    }
    let mode = directory.member("mode");
    if mode.is_set() && !(0..=0o1777).contains(&mode.number()) {
        mode.invalid("must be a number between 0 and 01777 (octal), both inclusive", errors);
    }
}

fn host_path(host: &Spot<'_>, errors: &mut Errors) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let path = host.member("path");
    if path.text().is_empty() {
        path.required("", errors);
        return;
    }
    paths::no_backsteps(&path, errors);
    host.member("type").one_of(&TYPES, errors);
}

fn nfs(share: &Spot<'_>, errors: &mut Errors) {
    share.member("server").required_text(errors);
    let path = share.member("path");
    path.required_text(errors);
    if !path.text().starts_with('/') {
        path.problems(vec!["must be an absolute path".to_owned()], errors);
    }
}

fn csi(volume: &Spot<'_>, errors: &mut Errors) {
    const DRIVER_MAX: usize = 63;
    let driver = volume.member("driver");
    driver.required_text(errors);
    if driver.text().len() > DRIVER_MAX {
        errors.push(crate::reason::FieldError::too_long(&driver.path, DRIVER_MAX));
    }
    driver.name(|name| names::dns1123_subdomain(&name.to_lowercase()), errors);
    let secret = volume.member("nodePublishSecretRef");
    if secret.is_set() {
        secret.member("name").required_text(errors);
    }
}

/// A claim that is made with the pod has no metadata of its own but labels and annotations.
fn claim(template: &Spot<'_>, errors: &mut Errors) {
    let metadata = template.member("metadata");
    let (labels, notes) = (metadata.member("labels"), metadata.member("annotations"));
    names::check_annotations_at(Some(notes.value), &notes.path, errors);
    names::check_labels_at(Some(labels.value), &labels.path, errors);
    for (name, _) in metadata.entries() {
        if !matches!(name, "labels" | "annotations") {
            metadata.member(name).forbidden("cannot be set", errors);
        }
    }
    check_claim(&template.member("spec"), errors);
}

fn image(image: &Spot<'_>, errors: &mut Errors) {
    image.member("reference").required_text(errors);
    let policy = image.member("pullPolicy");
    policy.required_of(&["Always", "IfNotPresent", "Never"], errors);
}
