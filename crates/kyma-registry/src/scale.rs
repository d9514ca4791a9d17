//! `/scale`: an object as an `autoscaling/v1` Scale, whatever its kind calls its replicas
//! (k8s.io/kubernetes/pkg/registry/apps/*/storage and apiextensions-apiserver's `customresource/etcd.go`).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::builtin;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path, gotext};
use crate::structure::Kind;

/// Group and version of a Scale.
pub(crate) const VERSION: &str = "autoscaling/v1";
/// What a custom resource shows that has no replicas yet: a write that leaves it there says nothing.
const UNSET: i64 = i32::MIN as i64;

/// A path of members.
pub(crate) type Steps = Box<[Box<str>]>;

/// Where a kind has what a Scale shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// How many are wanted.
    pub(crate) spec: Steps,
    /// How many there are.
    status: Steps,
    selector: Selector,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Selector {
    None,
    /// A text at a path.
    Text(Steps),
    /// A structure at `spec.selector`.
    Structure,
    /// Labels at `spec.selector`.
    Labels,
}

fn steps(path: &str) -> Steps {
    path.trim_start_matches('.').split('.').map(Into::into).collect()
}

impl Paths {
    /// Those of a built-in kind that can be scaled.
    pub(crate) fn of_builtin(kind: &Kind) -> Option<Arc<Self>> {
        kind.part("scale")?;
        let selector = if kind.group.is_empty() { Selector::Labels } else { Selector::Structure };
        Some(Arc::new(Self { spec: steps("spec.replicas"), status: steps("status.replicas"), selector }))
    }

    /// Those of `subresources.scale` in a definition.
    pub(crate) fn of_definition(scale: &Value) -> Arc<Self> {
        let path = |field: &str| scale.get(field).and_then(Value::as_str).filter(|path| !path.is_empty());
        Arc::new(Self {
            spec: steps(path("specReplicasPath").unwrap_or_default()),
            status: steps(path("statusReplicasPath").unwrap_or_default()),
            selector: path("labelSelectorPath").map_or(Selector::None, |path| Selector::Text(steps(path))),
        })
    }

    /// The object as a Scale, without a list of managers.
    ///
    /// # Errors
    /// What is at a path is of another type.
    pub fn view(&self, parent: &Object) -> Result<Object, String> {
        let wanted = integer(parent, &self.spec)?.unwrap_or_default();
        let selector = match &self.selector {
            Selector::None => String::new(),
            Selector::Text(path) => match find(parent, path) {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => return Err(accessor(path, other, "string")),
            },
            Selector::Structure => {
                builtin::label_selector(find(parent, &steps("spec.selector")).unwrap_or(&Value::Null))
            }
            Selector::Labels => {
                let labels = find(parent, &steps("spec.selector")).and_then(Value::as_object);
                let pairs = labels.into_iter().flatten();
                let pairs = pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
                pairs.collect::<Vec<_>>().join(",")
            }
        };
        let mut metadata = Map::new();
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = object::metadata(parent).and_then(|metadata| metadata.get(field)) {
                metadata.insert(field.into(), value.clone());
            }
        }
        let mut spec = Map::new();
        if wanted != 0 {
            spec.insert("replicas".into(), wanted.into());
        }
        let mut status = Map::from_iter([(
            "replicas".to_owned(),
            integer(parent, &self.status)?.unwrap_or_default().into(),
        )]);
        if !selector.is_empty() {
            status.insert("selector".into(), selector.into());
        }
        let scale = json!({
            "apiVersion": VERSION, "kind": "Scale", "metadata": metadata, "spec": spec, "status": status,
        });
        Ok(scale.as_object().cloned().unwrap_or_default())
    }

    /// The Scale that a write begins with.
    pub(crate) fn before(&self, custom: bool, parent: &Object) -> Result<Object, String> {
        let mut scale = self.view(parent)?;
        if custom && find(parent, &self.spec).is_none() {
            object::as_object_mut(scale.entry("spec").or_insert(Value::Null))
                .insert("replicas".into(), UNSET.into());
        }
        Ok(scale)
    }

    /// Whether a Scale says how many replicas are wanted.
    pub(crate) fn is_set(scale: &Object) -> bool {
        replicas(scale) != UNSET
    }

    /// Puts what a Scale says into the object.
    pub(crate) fn put(&self, scale: &Object, parent: &mut Object) {
        let Some((last, way)) = self.spec.split_last() else { return };
        let mut here = parent;
        for step in way {
            here = object::as_object_mut(here.entry(&**step).or_insert(Value::Null));
        }
        here.insert(last.to_string(), replicas(scale).into());
    }

    /// The path of the replicas as a definition has it: `.spec.replicas`.
    pub(crate) fn spec_text(&self) -> String {
        format!(".{}", self.spec.join("."))
    }

    /// What is wrong with the replicas of a custom resource.
    pub(crate) fn check(&self, object: &Object, status_only: bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !status_only {
            errors.extend(self.check_count(object, &self.spec));
        }
        errors.extend(self.check_count(object, &self.status));
        if let Selector::Text(path) = &self.selector {
            let problem = match walk(object, path) {
                Ok(found) => {
                    found.filter(|value| !value.is_string()).map(|other| accessor(path, other, "string"))
                }
                Err(problem) => Some(problem),
            };
            errors.extend(problem.map(|problem| FieldError::invalid(&dotted(path), "", problem)));
        }
        errors
    }

    fn check_count(&self, object: &Object, path: &Steps) -> Option<FieldError> {
        let at = dotted(path);
        match integer(object, path) {
            Err(problem) => Some(FieldError::invalid(&at, 0, problem)),
            Ok(Some(count)) if count < 0 => {
                Some(FieldError::invalid(&at, count, "should be a non-negative integer"))
            }
            Ok(Some(count)) if count > i64::from(i32::MAX) => {
                Some(FieldError::invalid(&at, count, format!("should be less than or equal to {}", i32::MAX)))
            }
            Ok(_) => None,
        }
    }
}

fn dotted(path: &Steps) -> Path {
    Path::new(&format!(".{}", path.join(".")))
}

fn replicas(scale: &Object) -> i64 {
    find(scale, &steps("spec.replicas")).and_then(Value::as_i64).unwrap_or_default()
}

fn find<'a>(object: &'a Object, path: &Steps) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(object.get(&**first)?, |value, step| value.get(&**step))
}

/// A number where there is one (`unstructured.NestedInt64`).
fn integer(object: &Object, path: &Steps) -> Result<Option<i64>, String> {
    match walk(object, path)? {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| accessor(path, value, "int64")),
    }
}

/// Goes down a path; what is no object on the way is refused with the path as far as it goes
/// (`unstructured.NestedFieldNoCopy`).
fn walk<'a>(object: &'a Object, path: &[Box<str>]) -> Result<Option<&'a Value>, String> {
    let Some((first, rest)) = path.split_first() else { return Ok(None) };
    let mut found = object.get(&**first);
    for (at, step) in rest.iter().enumerate() {
        found = match found {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(map)) => map.get(&**step),
            Some(other) => return Err(accessor(&path[..at + 2], other, "map[string]interface{}")),
        };
    }
    Ok(found)
}

/// How `unstructured` refuses a value of another type.
fn accessor(path: &[Box<str>], value: &Value, wanted: &str) -> String {
    let actual = gotext::go_type(value);
    let shown = gotext::value(value);
    format!(".{} accessor error: {shown} is of the type {actual}, expected {wanted}", path.join("."))
}

/// What is wrong with a Scale of a built-in kind (`ValidateScale`).
pub(crate) fn validate(scale: &Object) -> Vec<FieldError> {
    let replicas = replicas(scale);
    if replicas >= 0 {
        return Vec::new();
    }
    let path = Path::new("spec").child("replicas");
    vec![FieldError::invalid(&path, replicas, "must be greater than or equal to 0")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(selector: &str) -> Arc<Paths> {
        Paths::of_definition(&json!({
            "specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size", "labelSelectorPath": selector,
        }))
    }

    #[test]
    fn a_custom_resource_is_seen_through_its_paths_and_written_back() {
        let paths = paths(".status.labels");
        let mut parent = json!({
            "metadata": {"name": "a", "labels": {"x": "y"}}, "spec": {"size": 3}, "status": {"size": 2, "labels": "a=b"},
        });
        let parent = parent.as_object_mut().unwrap();
        let scale = paths.view(parent).unwrap();
        assert_eq!(
            Value::Object(scale.clone()),
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a"},
                "spec": {"replicas": 3}, "status": {"replicas": 2, "selector": "a=b"}})
        );
        let mut more = scale;
        more["spec"]["replicas"] = 5.into();
        paths.put(&more, parent);
        assert_eq!(parent["spec"], json!({"size": 5}));
    }

    #[test]
    fn replicas_that_are_absent_are_none_and_must_be_said() {
        let paths = paths("");
        let parent = Object::new();
        assert_eq!(paths.view(&parent).unwrap()["spec"], json!({}));
        assert!(!Paths::is_set(&paths.before(true, &parent).unwrap()));
        assert!(Paths::is_set(&paths.before(false, &parent).unwrap()));
    }

    #[test]
    fn what_is_no_count_is_refused() {
        let object = json!({"spec": {"size": "x"}, "status": {"size": -1}});
        let found: Vec<String> =
            paths("").check(object.as_object().unwrap(), false).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                ".spec.size: Invalid value: 0: .spec.size accessor error: x is of the type string, expected int64",
                ".status.size: Invalid value: -1: should be a non-negative integer",
            ]
        );
    }
}
