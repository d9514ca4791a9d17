//! `metav1.ObjectMeta` and what is in it.

use super::{Member, Struct, Type, member, text};

const UID: Member = member("uid", Type::Text("types.UID"));

pub(super) static OBJECT_META: Struct = Struct {
    name: "ObjectMeta",
    members: &[
        text("name"),
        text("generateName"),
        text("namespace"),
        text("selfLink"),
        UID,
        text("resourceVersion"),
        member("generation", Type::Integer("int64")),
        member("creationTimestamp", Type::Time),
        member("deletionTimestamp", Type::Time),
        member("deletionGracePeriodSeconds", Type::OptionalInteger("int64")),
        member("labels", Type::TextMap),
        member("annotations", Type::TextMap),
        member("ownerReferences", Type::List(&OWNER_REFERENCE)).merged_by("uid"),
        member("finalizers", Type::TextList("string")).merged_by(""),
        member("managedFields", Type::List(&MANAGED_FIELDS)),
    ],
};

static OWNER_REFERENCE: Struct = Struct {
    name: "OwnerReference",
    members: &[
        text("apiVersion").kept(),
        text("kind").kept(),
        text("name").kept(),
        UID.kept(),
        member("controller", Type::OptionalBool),
        member("blockOwnerDeletion", Type::OptionalBool),
    ],
};

static MANAGED_FIELDS: Struct = Struct {
    name: "ManagedFieldsEntry",
    members: &[
        text("manager"),
        member("operation", Type::Text("v1.ManagedFieldsOperationType")),
        text("apiVersion"),
        member("time", Type::Time),
        text("fieldsType"),
        member("fieldsV1", Type::Raw("FieldsV1")),
        text("subresource"),
    ],
};
