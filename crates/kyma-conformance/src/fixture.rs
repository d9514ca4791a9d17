//! Objects to send, and small changes to them.

use serde_json::{Map, Value, json};

/// A custom kind that is installed.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// The name of the definition.
    pub(crate) definition: String,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    /// Where its objects are made; empty for a kind of the cluster.
    pub(crate) namespace: String,
}

impl Kind {
    /// The kind of a definition whose first version is `v1`.
    pub(crate) fn of(definition: &Value, namespace: &str) -> Self {
        let text = |pointer| definition.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        Self {
            definition: text("/metadata/name"),
            group: text("/spec/group"),
            kind: text("/spec/names/kind"),
            plural: text("/spec/names/plural"),
            namespace: namespace.to_owned(),
        }
    }

    pub(crate) fn api_version(&self) -> String {
        format!("{}/v1", self.group)
    }

    /// As messages call it: `widgets.<group>`.
    pub(crate) fn resource(&self) -> String {
        format!("{}.{}", self.plural, self.group)
    }

    /// The path of the kind's objects.
    pub(crate) fn path(&self) -> String {
        let Self { group, plural, namespace, .. } = self;
        if namespace.is_empty() {
            format!("/apis/{group}/v1/{plural}")
        } else {
            format!("/apis/{group}/v1/namespaces/{namespace}/{plural}")
        }
    }

    /// The path of one object.
    pub(crate) fn item(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }

    /// An object of this kind.
    pub(crate) fn object(&self, name: &str, spec: &Value) -> Value {
        json!({"apiVersion": self.api_version(), "kind": self.kind, "metadata": {"name": name}, "spec": spec})
    }

    /// The details of a `Status` about an object, with the plural as kind.
    pub(crate) fn details(&self, name: &str) -> Value {
        json!({"name": name, "group": self.group, "kind": self.plural})
    }
}

/// A ConfigMap with one entry.
pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}})
}

/// A Lease with a holder.
pub(crate) fn lease(name: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name}, "spec": {"holderIdentity": "somebody"},
    })
}

pub(crate) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

/// A reference to an owner, from the object as the server answered it.
pub(crate) fn owned_by(owner: &Value) -> Value {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
    })
}

/// The definition of a namespaced kind with the status subresource, whose only version is `v1`.
pub(crate) fn definition(group: &str, kind: &str, schema: &Value) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Must", "type": "string", "jsonPath": ".spec.must"},
                    {"name": "Count", "type": "integer", "jsonPath": ".status.count", "description": "How many."},
                    {"name": "Text", "type": "string", "jsonPath": ".spec.text", "priority": 1},
                    {"name": "Steps", "type": "string", "jsonPath": ".spec.steps"},
                ],
            }],
        },
    })
}

/// One field for each keyword that a case asks about.
pub(crate) fn widget_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object", "required": ["must"],
                "properties": {
                    "must": {"type": "string"},
                    "text": {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"},
                    "choice": {"type": "string", "enum": ["a", "b"]},
                    "count": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 10},
                    "share": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
                    "flag": {"type": "boolean"},
                    "when": {"type": "string", "format": "date-time"},
                    "filled": {"type": "string", "default": "by default"},
                    "nothing": {"type": "string", "nullable": true},
                    "nested": {
                        "type": "object", "default": {},
                        "properties": {"inner": {"type": "string", "default": "inside"}},
                    },
                    "steps": {
                        "type": "array", "minItems": 1, "maxItems": 3,
                        "items": {
                            "type": "object", "required": ["name"],
                            "properties": {"name": {"type": "string"}, "size": {"type": "integer", "default": 7}},
                        },
                    },
                    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "byType": {
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                        "items": {
                            "type": "object", "required": ["type"],
                            "properties": {"type": {"type": "string"}, "value": {"type": "string"}},
                        },
                    },
                    "numbers": {
                        "type": "object", "maxProperties": 2, "additionalProperties": {"type": "integer"},
                    },
                    "port": {"x-kubernetes-int-or-string": true},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                },
            },
            "status": {
                "type": "object",
                "properties": {"phase": {"type": "string"}, "count": {"type": "integer"}},
            },
        },
    })
}

/// The defaults of [`widget_schema`] around a spec whose `must` is given.
pub(crate) fn widget_spec(must: &str) -> Value {
    json!({"filled": "by default", "must": must, "nested": {"inner": "inside"}})
}

/// An object with `value` at a JSON pointer; parents that are missing are made.
pub(crate) fn with(mut object: Value, pointer: &str, value: impl Into<Value>) -> Value {
    let mut at = &mut object;
    for key in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[unescaped(key)];
    }
    *at = value.into();
    object
}

/// An object without what is at a JSON pointer.
pub(crate) fn without(mut object: Value, pointer: &str) -> Value {
    if let Some((parent, key)) = pointer.rsplit_once('/')
        && let Some(Value::Object(parent)) = object.pointer_mut(parent)
    {
        parent.remove(&unescaped(key));
    }
    object
}

fn unescaped(key: &str) -> String {
    key.replace("~1", "/").replace("~0", "~")
}

/// An object without what differs from one run or server to the next: UID, times, versions and managed fields.
pub(crate) fn plain(mut object: Value) -> Value {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        for key in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
            metadata.remove(key);
        }
    }
    object
}

/// The `metadata.name` of each item of a list.
pub(crate) fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().into_iter().flatten();
    items.map(|item| item["metadata"]["name"].as_str().unwrap_or("").to_owned()).collect()
}

/// The condition of this type, without its time; null when there is none.
pub(crate) fn condition(object: &Value, kind: &str) -> Value {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == kind).cloned();
    without(found.unwrap_or(Value::Null), "/lastTransitionTime")
}

/// The text at a JSON pointer; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The resourceVersion of an object or a list.
pub(crate) fn version(object: &Value) -> &str {
    text(object, "/metadata/resourceVersion")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Kind, definition, plain, with, without};

    #[test]
    fn a_value_is_set_where_the_pointer_says() {
        assert_eq!(with(json!({"a": {"b": 1}}), "/a/c/d", 2), json!({"a": {"b": 1, "c": {"d": 2}}}));
        assert_eq!(with(json!({}), "/x~1y/z~0", "v"), json!({"x/y": {"z~": "v"}}));
        assert_eq!(with(json!({"a": "text"}), "/a/b", json!([1])), json!({"a": {"b": [1]}}));
    }

    #[test]
    fn a_value_is_taken_out() {
        assert_eq!(without(json!({"a": {"b/c": 1, "d": 2}}), "/a/b~1c"), json!({"a": {"d": 2}}));
        assert_eq!(without(json!({"a": 1}), "/b/c"), json!({"a": 1}));
    }

    #[test]
    fn plain_objects_have_no_identity() {
        let object = json!({"kind": "K", "metadata": {"name": "n", "uid": "u", "resourceVersion": "1"}});
        assert_eq!(plain(object), json!({"kind": "K", "metadata": {"name": "n"}}));
    }

    #[test]
    fn a_kind_knows_its_paths() {
        let kind = Kind::of(&definition("x.example.com", "Widget", &json!({"type": "object"})), "ns");
        assert_eq!(kind.item("a"), "/apis/x.example.com/v1/namespaces/ns/widgets/a");
        assert_eq!(kind.resource(), "widgets.x.example.com");
    }
}
