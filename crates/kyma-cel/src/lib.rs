//! The Common Expression Language as kube-apiserver evaluates `x-kubernetes-validations`.
//!
//! [`Program::compile`] reads an expression (`lexer`, `parser`), expands macros (`macros`), checks types against what
//! the schema declares (`decl`, `checker`), estimates the cost (`cost`), and makes a plan (`plan`). An evaluation
//! (`eval`) views the data through the declared type without copying it, and counts what it costs (`runtime_cost`).
//! The functions are in one table (`functions`) and their implementations by library (`library`).
//!
//! Texts of errors, results and both costs are those of cel-go 0.29 with the libraries of Kubernetes 1.37; where the
//! two disagree, they are right. The crate knows neither HTTP nor custom resources: whoever calls it turns schemas
//! into a [`DeclType`], decides which rules are evaluated, and puts errors into words. It is pure: no I/O, no clock.
//! Regular expressions in Go's syntax are read by [`pattern`], for expressions and for the `pattern` of a schema.

mod ast;
mod checker;
mod cost;
mod decl;
mod error;
mod escaping;
mod eval;
mod functions;
mod lexer;
mod library;
mod macros;
mod number;
mod parser;
pub mod pattern;
mod plan;
mod program;
mod runtime_cost;
mod source;
mod stack;
mod types;
mod value;

pub use cost::Estimate;
pub use decl::{DeclType, Field, Format, ListType};
pub use error::{CompileError, EvalError};
pub use escaping::{escape, unescape};
pub use library::cidr::Cidr;
pub use library::format_named::NamedFormat;
pub use library::quantity::Quantity;
pub use library::semver::Semver;
pub use library::url::Url;
pub use program::{Env, Evaluation, PER_CALL_LIMIT, Program, RUNTIME_COST_BUDGET};
pub use source::{Issue, Location, Report};
pub use types::Type;
pub use value::{Library, List, Map, OwnedMap, Text, Timestamp, Value};
