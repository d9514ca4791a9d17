//! Values for the tests inside this crate.

use std::sync::Arc;

use crate::commit::{Change, Draft, Expect, Write};
use crate::object::{Index, Key};
use crate::resource::ResourceId;
use crate::revision::Revision;

/// A key of the first resource, in namespace `pb`.
pub(crate) fn key(name: &str) -> Key {
    Key { resource: ResourceId::for_test(0), namespace: Arc::from("pb"), name: Arc::from(name) }
}

/// An object with nothing but a resource version and a value.
pub(crate) fn draft(value: &str) -> Draft {
    let json = format!(r#"{{"metadata":{{"resourceVersion":""}},"value":"{value}"}}"#);
    Draft {
        json: json.into_bytes(),
        slot: r#"{"metadata":{"resourceVersion":""#.len(),
        index: Index::default(),
    }
}

pub(crate) fn put(name: &str, expect: Expect, value: &str) -> Write {
    Write { key: key(name), expect, change: Change::Put(draft(value)) }
}

pub(crate) fn delete(name: &str, expect: Expect) -> Write {
    Write { key: key(name), expect, change: Change::Delete(draft("gone")) }
}

pub(crate) fn at(revision: u64) -> Expect {
    Expect::At(Revision::new(revision))
}
