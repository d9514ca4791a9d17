//! What the three kinds have in common.
//!
//! kube's derive makes `spec` mandatory on reading; here an object without one must decode, because the
//! definitions never required it. So `Resource` and `Serialize` are written out, once, in a macro.

/// The API group of the three kinds.
pub const GROUP: &str = "inventory.kyma-project.io";

/// The only version there is; served and stored.
pub const VERSION: &str = "v1alpha1";

/// `apiVersion` of the three kinds.
pub const API_VERSION: &str = "inventory.kyma-project.io/v1alpha1";

/// Implements `kube_core::Resource` and `Serialize` (with `apiVersion` and `kind`) for a namespaced kind that
/// has the fields `metadata`, `spec` and `status`.
macro_rules! namespaced_kind {
    ($kind:ident, $spec:ty, $plural:literal) => {
        impl $kind {
            /// A new object of this kind, without a status.
            #[must_use]
            pub fn new(namespace: &str, name: &str, spec: $spec) -> Self {
                let metadata = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                    name: Some(name.to_owned()),
                    namespace: Some(namespace.to_owned()),
                    ..Default::default()
                };
                Self { metadata, spec, status: None }
            }
        }

        impl kube_core::Resource for $kind {
            type DynamicType = ();
            type Scope = kube_core::NamespaceResourceScope;

            fn kind((): &()) -> std::borrow::Cow<'_, str> {
                stringify!($kind).into()
            }

            fn group((): &()) -> std::borrow::Cow<'_, str> {
                $crate::kind::GROUP.into()
            }

            fn version((): &()) -> std::borrow::Cow<'_, str> {
                $crate::kind::VERSION.into()
            }

            fn api_version((): &()) -> std::borrow::Cow<'_, str> {
                $crate::kind::API_VERSION.into()
            }

            fn plural((): &()) -> std::borrow::Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let fields = 4 + usize::from(self.status.is_some());
                let mut object = serializer.serialize_struct(stringify!($kind), fields)?;
                object.serialize_field("apiVersion", $crate::kind::API_VERSION)?;
                object.serialize_field("kind", stringify!($kind))?;
                object.serialize_field("metadata", &self.metadata)?;
                object.serialize_field("spec", &self.spec)?;
                if let Some(status) = &self.status {
                    object.serialize_field("status", status)?;
                }
                object.end()
            }
        }
    };
}

pub(crate) use namespaced_kind;

#[cfg(test)]
mod tests;
