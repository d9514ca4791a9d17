//! From stored objects to what a client accepts.

pub(crate) mod accept;
pub(crate) mod json;
pub(crate) mod metadata;
pub(crate) mod protobuf;
pub(crate) mod scale;
pub(crate) mod table;
pub(crate) mod yaml;

pub(crate) use accept::{Accept, Format, Shape};
