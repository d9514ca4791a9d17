//! The structures of the built-in kinds.

use super::metadata::OBJECT_META;
use super::{Member, Struct, Type, member, text};

const API_VERSION: Member = text("apiVersion");
const KIND: Member = text("kind");
const METADATA: Member = member("metadata", Type::Struct(&OBJECT_META)).kept();

const fn int32(name: &'static str) -> Member {
    member(name, Type::Integer("int32"))
}

pub(crate) static NAMESPACE: Struct = Struct {
    name: "Namespace",
    members: &[
        KIND,
        API_VERSION,
        METADATA,
        member("spec", Type::Struct(&NAMESPACE_SPEC)).kept(),
        member("status", Type::Struct(&NAMESPACE_STATUS)).kept(),
    ],
};

static NAMESPACE_SPEC: Struct =
    Struct { name: "NamespaceSpec", members: &[member("finalizers", Type::TextList("v1.FinalizerName"))] };

static NAMESPACE_STATUS: Struct = Struct {
    name: "NamespaceStatus",
    members: &[
        member("phase", Type::Text("v1.NamespacePhase")),
        member("conditions", Type::List(&NAMESPACE_CONDITION)).merged_by("type"),
    ],
};

static NAMESPACE_CONDITION: Struct = Struct {
    name: "NamespaceCondition",
    members: &[
        member("type", Type::Text("v1.NamespaceConditionType")).kept(),
        member("status", Type::Text("v1.ConditionStatus")).kept(),
        member("lastTransitionTime", Type::Time).kept(),
        text("reason"),
        text("message"),
    ],
};

pub(crate) static CONFIG_MAP: Struct = Struct {
    name: "ConfigMap",
    members: &[
        KIND,
        API_VERSION,
        METADATA,
        member("immutable", Type::OptionalBool),
        member("data", Type::TextMap),
        member("binaryData", Type::BytesMap),
    ],
};

pub(crate) static SECRET: Struct = Struct {
    name: "Secret",
    members: &[
        KIND,
        API_VERSION,
        METADATA,
        member("immutable", Type::OptionalBool),
        member("data", Type::BytesMap),
        member("stringData", Type::TextMap),
        member("type", Type::Text("v1.SecretType")),
    ],
};

pub(crate) static LEASE: Struct = Struct {
    name: "Lease",
    members: &[KIND, API_VERSION, METADATA, member("spec", Type::Struct(&LEASE_SPEC)).kept()],
};

static LEASE_SPEC: Struct = Struct {
    name: "LeaseSpec",
    members: &[
        member("holderIdentity", Type::OptionalText),
        member("leaseDurationSeconds", Type::OptionalInteger("int32")),
        member("acquireTime", Type::MicroTime),
        member("renewTime", Type::MicroTime),
        member("leaseTransitions", Type::OptionalInteger("int32")),
        member("strategy", Type::OptionalText),
        member("preferredHolder", Type::OptionalText),
    ],
};

pub(crate) static EVENT: Struct = Struct {
    name: "Event",
    members: &[
        KIND,
        API_VERSION,
        METADATA,
        member("involvedObject", Type::Struct(&OBJECT_REFERENCE)).kept(),
        text("reason"),
        text("message"),
        member("source", Type::Struct(&EVENT_SOURCE)).kept(),
        member("firstTimestamp", Type::Time).kept(),
        member("lastTimestamp", Type::Time).kept(),
        int32("count"),
        text("type"),
        member("eventTime", Type::MicroTime).kept(),
        member("series", Type::OptionalStruct(&EVENT_SERIES)),
        text("action"),
        member("related", Type::OptionalStruct(&OBJECT_REFERENCE)),
        text("reportingComponent").kept(),
        text("reportingInstance").kept(),
    ],
};

static OBJECT_REFERENCE: Struct = Struct {
    name: "ObjectReference",
    members: &[
        KIND,
        text("namespace"),
        text("name"),
        member("uid", Type::Text("types.UID")),
        API_VERSION,
        text("resourceVersion"),
        text("fieldPath"),
    ],
};

static EVENT_SOURCE: Struct = Struct { name: "EventSource", members: &[text("component"), text("host")] };

static EVENT_SERIES: Struct = Struct {
    name: "EventSeries",
    members: &[int32("count"), member("lastObservedTime", Type::MicroTime).kept()],
};

pub(crate) static DEFINITION: Struct = Struct {
    name: "CustomResourceDefinition",
    members: &[
        KIND,
        API_VERSION,
        METADATA,
        member("spec", Type::Struct(&DEFINITION_SPEC)).kept(),
        member("status", Type::Struct(&DEFINITION_STATUS)).kept(),
    ],
};

static DEFINITION_SPEC: Struct = Struct {
    name: "CustomResourceDefinitionSpec",
    members: &[
        text("group").kept(),
        member("names", Type::Struct(&DEFINITION_NAMES)).kept(),
        member("scope", Type::Text("v1.ResourceScope")).kept(),
        member("versions", Type::List(&DEFINITION_VERSION)).kept(),
        member("conversion", Type::OptionalStruct(&CONVERSION)),
        member("preserveUnknownFields", Type::Bool),
    ],
};

static DEFINITION_NAMES: Struct = Struct {
    name: "CustomResourceDefinitionNames",
    members: &[
        text("plural").kept(),
        text("singular"),
        member("shortNames", Type::TextList("string")),
        text("kind").kept(),
        text("listKind"),
        member("categories", Type::TextList("string")),
    ],
};

static CONVERSION: Struct = Struct {
    name: "CustomResourceConversion",
    members: &[
        member("strategy", Type::Text("v1.ConversionStrategyType")).kept(),
        member("webhook", Type::OptionalStruct(&WEBHOOK)),
    ],
};

static WEBHOOK: Struct = Struct {
    name: "WebhookConversion",
    members: &[
        member("clientConfig", Type::OptionalStruct(&WEBHOOK_CLIENT)),
        member("conversionReviewVersions", Type::TextList("string")).kept(),
    ],
};

static WEBHOOK_CLIENT: Struct = Struct {
    name: "WebhookClientConfig",
    members: &[
        member("url", Type::OptionalText),
        member("service", Type::OptionalStruct(&SERVICE)),
        member("caBundle", Type::Bytes),
    ],
};

static SERVICE: Struct = Struct {
    name: "ServiceReference",
    members: &[
        text("namespace").kept(),
        text("name").kept(),
        member("path", Type::OptionalText),
        member("port", Type::OptionalInteger("int32")),
    ],
};

static DEFINITION_VERSION: Struct = Struct {
    name: "CustomResourceDefinitionVersion",
    members: &[
        text("name").kept(),
        member("served", Type::Bool).kept(),
        member("storage", Type::Bool).kept(),
        member("deprecated", Type::Bool),
        member("deprecationWarning", Type::OptionalText),
        member("schema", Type::OptionalStruct(&VALIDATION)),
        member("subresources", Type::OptionalStruct(&SUBRESOURCES)),
        member("additionalPrinterColumns", Type::List(&COLUMN)),
        member("selectableFields", Type::List(&SELECTABLE_FIELD)),
    ],
};

static VALIDATION: Struct = Struct {
    name: "CustomResourceValidation",
    members: &[member("openAPIV3Schema", Type::Raw("JSONSchemaProps"))],
};

static SUBRESOURCES: Struct = Struct {
    name: "CustomResourceSubresources",
    members: &[
        member("status", Type::OptionalStruct(&STATUS)),
        member("scale", Type::OptionalStruct(&SCALE)),
    ],
};

static STATUS: Struct = Struct { name: "CustomResourceSubresourceStatus", members: &[] };

static SCALE: Struct = Struct {
    name: "CustomResourceSubresourceScale",
    members: &[
        text("specReplicasPath").kept(),
        text("statusReplicasPath").kept(),
        member("labelSelectorPath", Type::OptionalText),
    ],
};

static COLUMN: Struct = Struct {
    name: "CustomResourceColumnDefinition",
    members: &[
        text("name").kept(),
        text("type").kept(),
        text("format"),
        text("description"),
        int32("priority"),
        text("jsonPath").kept(),
    ],
};

static SELECTABLE_FIELD: Struct = Struct { name: "SelectableField", members: &[text("jsonPath").kept()] };

static DEFINITION_STATUS: Struct = Struct {
    name: "CustomResourceDefinitionStatus",
    members: &[
        member("conditions", Type::List(&DEFINITION_CONDITION)).kept(),
        member("acceptedNames", Type::Struct(&DEFINITION_NAMES)).kept(),
        member("storedVersions", Type::TextList("string")).kept(),
        member("observedGeneration", Type::Integer("int64")),
    ],
};

static DEFINITION_CONDITION: Struct = Struct {
    name: "CustomResourceDefinitionCondition",
    members: &[
        member("type", Type::Text("v1.CustomResourceDefinitionConditionType")).kept(),
        member("status", Type::Text("v1.ConditionStatus")).kept(),
        member("lastTransitionTime", Type::Time).kept(),
        text("reason"),
        text("message"),
        member("observedGeneration", Type::Integer("int64")),
    ],
};
