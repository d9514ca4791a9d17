//! What the server knows of a kind in one version: names, scope, verbs, rules, columns.

use std::sync::Arc;

use kyma_store::ResourceId;
use serde_json::Value;

use crate::builtin::Builtin;
use crate::columns::Column;
use crate::object::Object;
use crate::scale::Paths;
use crate::schema::Schema;

/// Whether objects of a kind live in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One set for the whole cluster.
    Cluster,
    /// One set for each namespace.
    Namespaced,
}

/// The names by which clients call a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Plural, as in the path: `kymas`.
    pub plural: Arc<str>,
    /// Singular: `kyma`.
    pub singular: Arc<str>,
    /// Kind: `Kyma`.
    pub kind: Arc<str>,
    /// Kind of a list: `KymaList`.
    pub list_kind: Arc<str>,
    /// Short names for the command line.
    pub short: Vec<String>,
    /// Categories such as `all`.
    pub categories: Vec<String>,
}

/// Which rules of its own a kind has beside those that all share.
#[derive(Debug, Clone)]
pub enum Rules {
    /// Part of the server.
    Builtin(&'static Builtin),
    /// Defined by a CustomResourceDefinition.
    Custom,
}

/// A kind in one served version.
#[derive(Debug, Clone)]
pub struct Resource {
    /// API group; "" for the core group.
    pub group: Arc<str>,
    /// Version as in the path: `v1alpha1`.
    pub version: Arc<str>,
    /// The version in which its objects are stored.
    pub storage_version: Arc<str>,
    /// Its names.
    pub names: Names,
    /// Its scope.
    pub scope: Scope,
    /// Where its objects are stored; shared by all versions of the kind.
    pub id: ResourceId,
    /// Whether `/status` is served, and so a write of the main resource leaves the status alone.
    pub status: bool,
    /// Where it has its replicas, if `/scale` is served.
    pub scale: Option<Arc<Paths>>,
    /// Whether its definition is going: nothing new is created then.
    pub terminating: bool,
    /// The kind's own rules.
    pub rules: Rules,
    /// Structure of a custom kind, for pruning, defaults and validation.
    pub schema: Option<Arc<Schema>>,
    /// The schema as it was given, for OpenAPI.
    pub raw_schema: Option<Arc<Value>>,
    /// Columns of `kubectl get`, besides the name; empty means Age alone.
    pub columns: Arc<[Column]>,
    /// Paths of fields that a field selector may name, besides name and namespace, such as `spec.x`; sorted.
    pub selectable: Arc<[Arc<str>]>,
}

impl Resource {
    /// `group/version`, or `version` for the core group: the `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The `apiVersion` under which its objects are stored.
    pub fn stored_api_version(&self) -> String {
        let version = &self.storage_version;
        let group = self.builtin().map_or(&*self.group, |builtin| builtin.stored_version().0);
        if group.is_empty() { version.to_string() } else { format!("{group}/{version}") }
    }

    /// `plural.group`, as error messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.names.plural.to_string()
        } else {
            format!("{}.{}", self.names.plural, self.group)
        }
    }

    /// Where the real server's etcd has the kind's objects, below `/registry/`
    /// (k8s.io/kubernetes/pkg/kubeapiserver/default_storage_factory_builder.go).
    pub(crate) fn registry_path(&self) -> String {
        let plural = &*self.names.plural;
        let whole = matches!(&*self.group, "apiextensions.k8s.io" | "apiregistration.k8s.io");
        match (self.is_custom() || whole, plural) {
            (true, _) => format!("{}/{plural}", self.group),
            (false, "endpoints") => "services/endpoints".to_owned(),
            (false, "ingresses") => "ingress".to_owned(),
            (false, "nodes") => "minions".to_owned(),
            (false, "replicationcontrollers") => "controllers".to_owned(),
            (false, "services") => "services/specs".to_owned(),
            (false, _) => plural.to_owned(),
        }
    }

    /// Whether objects of this version are stored as they are.
    pub fn is_stored_version(&self) -> bool {
        self.version == self.storage_version && !self.builtin().is_some_and(Builtin::is_converted)
    }

    /// Turns a stored object into one of this version.
    pub fn convert_from_stored(&self, object: &mut Object) {
        match self.builtin() {
            Some(builtin) => builtin.convert_from_stored(object),
            None => drop(object.insert("apiVersion".into(), self.api_version().into())),
        }
    }

    /// Whether objects of the kind live in a namespace.
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Whether the kind is defined by a CustomResourceDefinition.
    pub fn is_custom(&self) -> bool {
        matches!(self.rules, Rules::Custom)
    }

    /// The built-in kind's rules.
    pub fn builtin(&self) -> Option<&'static Builtin> {
        match self.rules {
            Rules::Builtin(builtin) => Some(builtin),
            Rules::Custom => None,
        }
    }

    /// Values of the kind's selectable fields in an object, "" where absent.
    pub fn selectable_values(&self, object: &Object) -> Box<[(Arc<str>, Arc<str>)]> {
        let own = |path: &str| self.builtin().and_then(|builtin| (builtin.field)(object, path));
        let text = |path: &str| own(path).unwrap_or_else(|| field_text(object, path));
        self.selectable.iter().map(|path| (Arc::clone(path), Arc::from(text(path)))).collect()
    }
}

/// Paths in the order in which the store's index wants them.
pub(crate) fn sorted<'a>(paths: impl Iterator<Item = &'a str>) -> Arc<[Arc<str>]> {
    let mut paths: Vec<&str> = paths.collect();
    paths.sort_unstable();
    paths.into_iter().map(Arc::from).collect()
}

/// The text of a dotted path; "" where it is absent.
fn field_text(object: &Object, path: &str) -> String {
    let mut parts = path.split('.');
    let Some(mut value) = parts.next().and_then(|first| object.get(first)) else { return String::new() };
    for part in parts {
        match value.get(part) {
            Some(next) => value = next,
            None => return String::new(),
        }
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
