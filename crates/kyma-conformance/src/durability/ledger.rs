//! What must be found of one object after a crash. Pure.

use bytes::Bytes;
use serde_json::Value;

/// A write that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The object is to carry this text, which no other write has.
    Put(String),
    Delete,
}

/// What is known of an object: its last acknowledged state, and the write that was not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    acknowledged: Option<Bytes>,
    attempt: Option<Attempt>,
}

impl Entry {
    /// The acknowledged state, none when there is no such object.
    pub(super) fn object(&self) -> Option<&Bytes> {
        self.acknowledged.as_ref()
    }

    pub(super) fn send(&mut self, attempt: Attempt) {
        self.attempt = Some(attempt);
    }

    /// The server answered with this state.
    pub(super) fn acknowledge(&mut self, object: Option<Bytes>) {
        *self = Self { acknowledged: object, attempt: None };
    }

    /// The server answered that it did nothing.
    pub(super) fn refuse(&mut self) {
        self.attempt = None;
    }

    /// Whether this may be found. If so, it is what is acknowledged from now on: it was read.
    pub(super) fn find(
        &mut self,
        found: Option<Bytes>,
        stamp: impl Fn(&Value) -> Option<String>,
    ) -> Result<(), String> {
        let possible = found == self.acknowledged
            || match (&self.attempt, &found) {
                (Some(Attempt::Delete), None) => true,
                (Some(Attempt::Put(text)), Some(found)) => serde_json::from_slice(found)
                    .is_ok_and(|object: Value| stamp(&object).as_ref() == Some(text)),
                _ => false,
            };
        if possible {
            self.acknowledge(found);
            return Ok(());
        }
        let shown = |object: &Option<Bytes>| match object {
            Some(object) => String::from_utf8_lossy(object).into_owned(),
            None => "nothing".to_owned(),
        };
        let (acknowledged, found) = (shown(&self.acknowledged), shown(&found));
        Err(format!("found {found} where {acknowledged} was acknowledged, not answered: {:?}", self.attempt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(object: &Value) -> Option<String> {
        object["stamp"].as_str().map(str::to_owned)
    }

    fn object(stamp: &str, version: u64) -> Bytes {
        Bytes::from(format!(r#"{{"stamp":"{stamp}","version":{version}}}"#))
    }

    #[test]
    fn what_was_acknowledged_must_be_found_to_the_byte() {
        let mut entry = Entry::default();
        entry.send(Attempt::Put("a".into()));
        entry.acknowledge(Some(object("a", 1)));
        assert!(entry.clone().find(Some(object("a", 1)), stamp).is_ok());
        assert!(entry.clone().find(Some(object("a", 2)), stamp).is_err());
        assert!(entry.clone().find(None, stamp).is_err());
        entry.send(Attempt::Delete);
        entry.acknowledge(None);
        assert!(entry.clone().find(None, stamp).is_ok());
        assert!(entry.find(Some(object("a", 1)), stamp).is_err());
    }

    #[test]
    fn what_was_not_answered_may_be_found_or_not() {
        let mut entry = Entry::default();
        entry.acknowledge(Some(object("a", 1)));
        entry.send(Attempt::Put("b".into()));
        assert!(entry.clone().find(Some(object("a", 1)), stamp).is_ok());
        assert!(entry.clone().find(Some(object("b", 9)), stamp).is_ok());
        assert!(entry.clone().find(Some(object("c", 9)), stamp).is_err());
        assert!(entry.clone().find(None, stamp).is_err());
        entry.send(Attempt::Delete);
        assert!(entry.clone().find(None, stamp).is_ok());
        entry.refuse();
        assert!(entry.find(None, stamp).is_err());
    }

    #[test]
    fn what_was_found_must_be_found_again() {
        let mut entry = Entry::default();
        entry.send(Attempt::Put("a".into()));
        assert!(entry.find(Some(object("a", 1)), stamp).is_ok());
        assert!(entry.find(None, stamp).is_err());
    }
}
