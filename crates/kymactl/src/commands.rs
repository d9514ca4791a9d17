//! One file for each command.

pub(crate) mod apiserver;
pub(crate) mod compare;
pub(crate) mod definitions;
pub(crate) mod documents;
pub(crate) mod loadtest;
pub(crate) mod operator;
pub(crate) mod sample;
pub(crate) mod status;
pub(crate) mod up;
