//! From client-side to server-side apply: the annotation in which kubectl keeps what it applied last
//! (`managedfields/internal/lastapplied{manager,updater}.go`).
//!
//! Whoever applied by kubectl's own means owns the fields as an updater. When kubectl then applies through the server,
//! what is still as it was applied last is no conflict. The annotation is kept up to date, so that the way back is
//! open, too.

use serde_json::{Map as Members, Value};

use super::schema::Place;
use super::set::Set;
use super::{check, compare, extract};
use crate::object;
use crate::reason::gotext;

type Object = Members<String, Value>;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// All annotations of an object together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;
/// The manager that all this is for: kubectl's own, when it applies through the server.
pub(crate) const KUBECTL: &str = "kubectl";

fn annotation(object: &Object) -> Option<&str> {
    let text = object::metadata(object)?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// What was applied last, if it was in the version of the write.
pub(crate) fn read(live: &Object, version: &str) -> Option<Object> {
    let last: Object = serde_json::from_str(annotation(live)?).ok()?;
    (last.get("apiVersion").and_then(Value::as_str) == Some(version)).then_some(last)
}

/// The fields that are as they were applied last.
pub(crate) fn unchanged<'a>(last: &'a Object, live: &'a Object, place: Place<'a>) -> Option<Set<'a>> {
    let fits = |object| check::problem(object, place).is_none();
    if !fits(live) || !fits(last) {
        return None;
    }
    let mut set = extract::fields(last, place);
    let difference = compare::objects(last, live, place);
    set.subtract(&difference.modified);
    set.subtract(&difference.added);
    set.subtract(&difference.removed);
    Some(set)
}

/// Writes down what was applied just now, where the object has the annotation.
pub(crate) fn note(applied: &mut Object, config: &Object) {
    if annotation(applied).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(Value::Object(annotations)) = object::metadata_mut(&mut config).get_mut("annotations") {
        annotations.remove(ANNOTATION);
    }
    let text = format!("{}\n", gotext::json(&Value::Object(config)));
    let metadata = object::metadata_mut(applied);
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.insert(ANNOTATION.to_owned(), text.into());
        let bytes = annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
        if bytes.sum::<usize>() > ANNOTATIONS_BYTES_MAX {
            annotations.remove(ANNOTATION);
        }
    }
}
