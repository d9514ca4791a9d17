//! Compares with the real thing: `tests/data` holds expressions and what kube-apiserver's libraries make of them.

#![cfg(test)]

mod fixtures;
mod render;
mod robust;
mod schema;
