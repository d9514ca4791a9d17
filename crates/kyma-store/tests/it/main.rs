//! The store as its callers see it.

#![cfg(test)]

mod commits;
mod concurrency;
mod crashes;
mod damage;
mod durability;
mod engines;
mod faults;
mod folders;
mod formats;
mod lists;
mod model;
mod support;
mod watches;
mod windows;
