//! The semantics of the Kubernetes API, without HTTP.
//!
//! A request that has been routed, decoded and authenticated arrives here as a verb on a [`Resource`] with a JSON
//! object. The registry asks whether the user may ([`authz`]), applies the rules that every kind shares and those of
//! the kind (name, defaults, pruning, validation, what a subresource may change), and hands the canonical bytes to the
//! store, the only place that gives resource versions. Reads come back as the store's objects: whatever encoding a
//! client asked for is made from them one floor up.
//!
//! It is not a web server, knows no content types, and starts nothing: the garbage collector, the namespace controller
//! and the CRD controller are planners here ([`gc`], [`namespace`], [`crd`]) which a driver one floor up carries.
//!
//! A write reads: [`Registry::create`] → `create.rs` → `object.rs` (canonical bytes) → `kyma_store::Store::commit`.

pub mod authz;
pub mod builtin;
mod catalog;
pub mod columns;
pub mod crd;
mod create;
mod delete;
mod fields;
mod form;
pub mod gc;
mod list;
pub mod names;
pub mod namespace;
pub mod object;
mod options;
pub mod patch;
mod posted;
pub mod reason;
mod registry;
mod resource;
mod scale;
pub mod schema;
pub mod selector;
pub mod structure;
mod turns;
mod update;
mod validation;
mod watch;

pub use catalog::Catalog;
pub use create::CreateOptions;
pub use delete::{DeleteOptions, Deleted, FOREGROUND, ORPHAN, Preconditions, Propagation};
pub use fields::from_user_agent;
pub use form::{kind_missing, unrecognized};
pub use list::{ListOptions, Listed, VersionMatch, check_fields};
pub use options::{
    WriteQuery, check_dry_run, check_list, check_patch, check_watch, check_write, read_deletion,
};
pub use posted::Posted;
pub use reason::ApiError;
pub use registry::{Body, FieldValidation, Outcome, Random, Registry, Request};
pub use resource::{Names, Resource, Rules, Scope};
pub use scale::Paths as ScalePaths;
pub use update::{PatchOptions, Subresource, UpdateOptions};
pub use watch::{Change, Stream, WatchOptions};
