//! The store as its callers see it.

#![cfg(test)]

mod commits;
mod concurrency;
mod engines;
mod lists;
mod model;
mod support;
mod watches;
mod windows;
