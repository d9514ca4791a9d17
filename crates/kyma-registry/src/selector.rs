//! Selectors of lists and watches: by labels and by fields, parsed and worded as apimachinery does.

mod fields;
mod labels;
mod lexer;
pub(crate) mod object;

pub use fields::{FieldOperator, FieldRequirement, FieldSelector};
pub use labels::{LabelSelector, Operator, Requirement};

#[cfg(test)]
mod tests;
