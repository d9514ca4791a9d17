//! Environment variables, and where their values come from.

use super::super::super::spot::{Errors, Spot};
use super::{Pod, paths};
use crate::names;
use crate::reason::FieldError;
use crate::structure::Quantity;

/// The fields of a pod that a variable can have, and those that a file can.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
pub(super) const VOLUME_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Those that exist beside.
const OTHER_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const PAGES: [&str; 2] = ["requests.hugepages-", "limits.hugepages-"];
const UNITS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// The variables of a container, and the sources of all their keys.
pub(super) fn check(container: &Spot<'_>, errors: &mut Errors) {
    for variable in container.member("env").items() {
        variable.member("name").required_name(names::variable_name, errors);
        check_source(&variable, errors);
    }
    let sources = container.member("envFrom");
    for source in sources.items() {
        source.member("prefix").name(names::variable_name, errors);
        let given = ["configMapRef", "secretRef"].map(|name| source.member(name));
        let given: Vec<_> = given.into_iter().filter(Spot::is_set).collect();
        // A name that ends in a dash is taken here for the beginning of one.
        let rule = |name: &str| names::NameRule::Subdomain.check_prefix(name);
        given.iter().for_each(|source| source.member("name").required_name(rule, errors));
        let problem = match given.len() {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        errors.push(FieldError::invalid(&sources.path, "", problem));
    }
}

fn check_source(variable: &Spot<'_>, errors: &mut Errors) {
    let from = variable.member("valueFrom");
    if !from.is_set() {
        return;
    }
    let mut count = 0;
    let mut given = |name: &str| {
        let source = from.member(name);
        count += usize::from(source.is_set());
        source.is_set().then_some(source)
    };
    if let Some(source) = given("fieldRef") {
        field(&source, &FIELDS, errors);
    }
    if let Some(source) = given("resourceFieldRef") {
        resource(&source, false, errors);
    }
    for name in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(source) = given(name) {
            let name = source.member("name");
            name.problems(names::dns1123_subdomain(name.text()), errors);
            source.member("key").required_name(names::config_map_key, errors);
        }
    }
    if let Some(source) = given("fileKeyRef") {
        source.member("key").required_name(names::variable_name, errors);
        source.member("volumeName").required_name(names::dns1123_label, errors);
        let path = source.member("path");
        path.required_text(errors);
        paths::no_backsteps(&path, errors);
    }
    let problem = match (count, variable.member("value").text().is_empty()) {
        (0, _) => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        }
        (_, false) => "may not be specified when `value` is not empty",
        (1, true) => return,
        (_, true) => "may not have more than one field specified at a time",
    };
    errors.push(FieldError::invalid(&from.path, "", problem));
}

/// A field of the pod (`validateObjectFieldSelector`).
pub(super) fn field(reference: &Spot<'_>, known: &[&str], errors: &mut Errors) {
    let (version, path) = (reference.member("apiVersion"), reference.member("fieldPath"));
    for member in [&version, &path] {
        if member.text().is_empty() {
            member.required("", errors);
            return;
        }
    }
    let conversion = |problem: String| format!("error converting fieldPath: {problem}");
    if version.text() != "v1" {
        path.invalid(conversion(format!("unsupported pod version: {}", version.text())), errors);
        return;
    }
    let subscript = path.text().strip_suffix("']").and_then(|text| text.split_once("['"));
    match subscript.filter(|(map, _)| !map.is_empty()) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            let problems = names::qualified_name(&key).into_iter();
            errors.extend(problems.map(|text| FieldError::invalid(&reference.path, key.as_str(), text)));
        }
        Some(("metadata.labels", key)) => {
            let problems = names::qualified_name(key).into_iter();
            errors.extend(problems.map(|text| FieldError::invalid(&reference.path, key, text)));
        }
        Some(_) => {
            path.invalid(
                conversion(format!("field label does not support subscript: {}", path.text())),
                errors,
            );
        }
        None => {
            // Clients of old call the node so.
            let name = if path.text() == "spec.host" { "spec.nodeName" } else { path.text() };
            if !FIELDS.contains(&name) && !OTHER_FIELDS.contains(&name) {
                path.invalid(conversion(format!("field label not supported: {name}")), errors);
            } else if !known.contains(&name) {
                errors.push(FieldError::not_supported(&path.path, name, known));
            }
        }
    }
}

/// A resource of a container (`validateContainerResourceFieldSelector`); a file has to say of which.
pub(super) fn resource(reference: &Spot<'_>, file: bool, errors: &mut Errors) {
    let (container, resource) = (reference.member("containerName"), reference.member("resource"));
    let name = resource.text();
    let pages = PAGES.iter().any(|prefix| name.starts_with(prefix));
    if file && container.text().is_empty() {
        container.required("", errors);
    } else if name.is_empty() {
        resource.required("", errors);
    } else if !pages {
        resource.one_of(&RESOURCES, errors);
    }
    let divisor = reference.member("divisor");
    let Ok(quantity) = Quantity::parse(divisor.text()) else { return };
    if quantity.is_zero() {
        return;
    }
    let (units, of): (&[&str], &str) = match name.split_once('.').map_or("", |(_, resource)| resource) {
        "cpu" => (&["1m", "1"], "cpu"),
        "memory" => (&UNITS, "memory"),
        "ephemeral-storage" => (&UNITS, "local ephemeral storage"),
        _ if pages => (&UNITS, "hugepages"),
        _ => return,
    };
    if !units.contains(&divisor.text()) {
        let list = if of == "cpu" { "1m and 1".to_owned() } else { UNITS.join(", ") };
        let detail = format!("only divisor's values {list} are supported with the {of} resource");
        errors.push(FieldError::invalid(&divisor.path, name, detail));
    }
}

/// Variables from files: the files' volumes are made with the pod (`validateFileKeyRefVolumes`).
pub(super) fn file_volumes(pod: &Pod<'_>, errors: &mut Errors) {
    let volumes = pod.spec.member("volumes");
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = pod.spec.member(list);
        for variable in containers.items().flat_map(|container| container.member("env").items()) {
            let reference = variable.member("valueFrom").member("fileKeyRef");
            if !reference.is_set() {
                continue;
            }
            let name = reference.member("volumeName");
            let volume = volumes.items().filter(|volume| volume.member("name").text() == name.text()).last();
            match volume {
                None => name.not_found(errors),
                Some(volume) if !volume.member("emptyDir").is_set() => {
                    name.invalid("referenced volume must be of type emptyDir", errors);
                }
                Some(_) => {}
            }
        }
    }
}
