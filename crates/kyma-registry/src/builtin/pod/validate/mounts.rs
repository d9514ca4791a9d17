//! Where a container has its volumes: as directories or as devices.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::spot::{Errors, Spot};
use super::{Pod, parent, paths};
use crate::reason::FieldError;

const OPTIONS: [&str; 3] = ["nodev", "noexec", "nosuid"];

/// The mounts and the devices of a container, which may not share names or paths.
pub(super) fn check(pod: &Pod<'_>, container: &Spot<'_>, errors: &mut Errors) {
    let (mounts, devices) = (container.member("volumeMounts"), container.member("volumeDevices"));
    let mounted = places(&mounts, "mountPath");
    let attached = places(&devices, "devicePath");
    let mut taken = BTreeSet::new();
    for mount in mounts.items() {
        check_mount(pod, &mount, &mut taken, &attached, errors);
        check_path_in_volume(&mount, errors);
        check_propagation(container, &mount, errors);
        check_options(pod, &mount, errors);
    }
    let mut taken = Taken::default();
    for device in devices.items() {
        check_device(pod, &device, &mut taken, &mounted, errors);
    }
}

fn places<'a>(list: &Spot<'a>, path: &str) -> BTreeMap<&'a str, &'a str> {
    list.items().map(|item| (item.member("name").text(), item.member(path).text())).collect()
}

fn check_mount<'a>(
    pod: &Pod<'_>,
    mount: &Spot<'a>,
    taken: &mut BTreeSet<&'a str>,
    attached: &BTreeMap<&str, &str>,
    errors: &mut Errors,
) {
    let (name, path) = (mount.member("name"), mount.member("mountPath"));
    name.required_text(errors);
    if !pod.volumes.contains_key(name.text()) {
        name.not_found(errors);
    }
    path.required_text(errors);
    if !taken.insert(path.text()) {
        path.problems(vec!["must be unique".to_owned()], errors);
    }
    if attached.contains_key(name.text()) {
        name.invalid("must not already exist in volumeDevices", errors);
    }
    if attached.values().any(|other| *other == path.text()) {
        path.invalid("must not already exist as a path in volumeDevices", errors);
    }
}

/// The complaints about these name the list, not the mount.
fn check_path_in_volume(mount: &Spot<'_>, errors: &mut Errors) {
    let list = parent(&mount.path);
    let [path, expression] = ["subPath", "subPathExpr"].map(|name| mount.member(name));
    if !path.text().is_empty() {
        paths::descending(&path.at(list.child("subPath")), errors);
    }
    if !expression.text().is_empty() {
        if !path.text().is_empty() {
            expression.invalid("subPathExpr and subPath are mutually exclusive", errors);
        }
        paths::descending(&expression.at(list.child("subPathExpr")), errors);
    }
}

fn check_propagation(container: &Spot<'_>, mount: &Spot<'_>, errors: &mut Errors) {
    let list = parent(&mount.path);
    let propagation = mount.member("mountPropagation").at(list.child("mountPropagation"));
    if propagation.is_set() {
        propagation.one_of(&["Bidirectional", "HostToContainer", "None"], errors);
        let privileged = container.member("securityContext").member("privileged").flag();
        if propagation.text() == "Bidirectional" && !privileged {
            let detail = "Bidirectional mount propagation is available only to privileged containers";
            propagation.forbidden(detail, errors);
        }
    }
    let recursive = mount.member("recursiveReadOnly").at(list.child("recursiveReadOnly"));
    match recursive.text() {
        _ if !recursive.is_set() => {}
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !mount.member("readOnly").flag() {
                recursive.forbidden("may only be specified when readOnly is true", errors);
            }
            if propagation.is_set() && propagation.text() != "None" {
                let detail = "may only be specified when mountPropagation is None or not specified";
                recursive.forbidden(detail, errors);
            }
        }
        _ => recursive.one_of(&["Disabled", "Enabled", "IfPossible"], errors),
    }
}

fn check_options(pod: &Pod<'_>, mount: &Spot<'_>, errors: &mut Errors) {
    let options = mount.member("bindMountOptions");
    let mut seen = BTreeSet::new();
    for option in options.items() {
        option.one_of(&OPTIONS, errors);
        if !seen.insert(option.text()) {
            option.duplicate(errors);
        }
    }
    let volume = pod.volumes.get(mount.member("name").text());
    if options.len() > 0 && volume.is_some_and(|volume| volume.member("image").is_set()) {
        options.invalid("bindMountOptions may not be used with image volumes", errors);
    }
}

/// Names and paths that devices have by now.
#[derive(Default)]
struct Taken<'a> {
    names: BTreeSet<&'a str>,
    paths: BTreeSet<&'a str>,
}

fn check_device<'a>(
    pod: &Pod<'_>,
    device: &Spot<'a>,
    taken: &mut Taken<'a>,
    mounted: &BTreeMap<&str, &str>,
    errors: &mut Errors,
) {
    let (name, path) = (device.member("name"), device.member("devicePath"));
    name.required_text(errors);
    if taken.names.contains(name.text()) {
        name.invalid("must be unique", errors);
    }
    match pod.volumes.get(name.text()) {
        None => name.not_found(errors),
        Some(volume)
            if !volume.member("persistentVolumeClaim").is_set() && !volume.member("ephemeral").is_set() =>
        {
            let detail =
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
            name.invalid(detail, errors);
        }
        Some(_) => {}
    }
    path.required_text(errors);
    if taken.paths.contains(path.text()) {
        errors.push(FieldError::invalid(&path.path, path.text(), "must be unique"));
    }
    if paths::steps_back(path.text()) {
        path.invalid("can not contain backsteps ('..')", errors);
    } else {
        taken.paths.insert(path.text());
    }
    if mounted.contains_key(name.text()) {
        name.invalid("must not already exist in volumeMounts", errors);
    }
    if mounted.values().any(|other| *other == path.text()) {
        path.invalid("must not already exist as a path in volumeMounts", errors);
    }
    if !name.text().is_empty() {
        taken.names.insert(name.text());
    }
}
