//! An embedded API server that Kubernetes clients take for kube-apiserver, as a [`tower::Service`].
//!
//! The same [`ApiServer`] value is served over TLS to kubectl ([`serve`]) and handed in-process to a client
//! ([`ApiServer::client`]): authorization, limits and metrics sit inside the service, only TLS and the reading of
//! certificates outside. Made inside a paused tokio runtime it runs on that runtime's time.
//!
//! It is not a cluster: nothing runs Pods, and there are no webhooks, no aggregation and no nodes.
//!
//! A request walks: `service.rs` (who asks, `impersonation.rs`; `limits.rs`) → `router.rs` (which kind, may they) →
//! `verbs/*.rs` (decode, options) → `kyma_registry` (the rules) → `kyma_store` (the commit) → `encode/*.rs`. What goes on without
//! a request, collection of garbage, the end of namespaces, the serving of new kinds, is in `background.rs`.

mod aside;
mod asked;
mod audit;
mod authn;
mod background;
mod body;
mod builder;
mod decode;
mod discovery;
mod encode;
mod exchange;
mod first_objects;
mod health;
mod impersonation;
mod limits;
mod metrics;
mod openapi;
mod path;
mod query;
mod random;
mod response;
mod router;
pub mod serve;
mod service;
mod verbs;

pub use audit::{AuditLevel, AuditOptions, PeerAddress, UnknownLevel};
pub use body::Body;
pub use builder::{Builder, StartError};
pub use kyma_registry::authz::User;
pub use kyma_store::TokioClock;
pub use limits::Limits;
pub use random::Seeded;
pub use service::{ApiServer, Client};
