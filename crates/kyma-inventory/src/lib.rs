//! The domain: the three kinds, their names, the life cycle of a component and the plan for a Kyma.
//!
//! What it is not: it does no input or output, starts no task and reads no clock. Whoever calls brings the
//! time and the facts, and carries the answer out.
//!
//! A Kyma walks through like this: its facts and those of its children go into [`plan::plan`], which answers
//! with creates, patches, deletes and a status, or with nothing when all is as it should be. A component goes
//! into [`stages::step`], which answers with the stage to enter or the time to look again. Both are total
//! functions: whatever the old schema accepted is understood, and nothing in an object makes them fail.
//!
//! The custom resource definitions come from the same types ([`crds`]), so a new status field is written once.

pub mod cluster;
pub mod conditions;
pub mod crds;
pub mod helm_component;
mod kind;
pub mod kyma;
pub mod names;
pub mod plan;
pub mod sample;
pub mod stages;

pub use cluster::Cluster;
pub use conditions::Condition;
pub use helm_component::HelmComponent;
pub use kind::{API_VERSION, GROUP, VERSION};
pub use kyma::Kyma;
pub use stages::Stage;
