//! An object's identity, in 24 bytes.

use std::fmt;

use uuid::Uuid;

/// A UID. Kubernetes makes UUIDs, but clients must treat them as opaque: any other text is kept as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Repr);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Uuid(Uuid),
    Text(Box<str>),
}

impl Uid {
    /// The UID with this text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        // Only the form that comes out again unchanged: equal UIDs are equal texts.
        let uuid = Uuid::try_parse(text).ok();
        let mut buffer = Uuid::encode_buffer();
        match uuid {
            Some(uuid) if uuid.hyphenated().encode_lower(&mut buffer) == text => Self(Repr::Uuid(uuid)),
            _ => Self(Repr::Text(text.into())),
        }
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Uuid(uuid) => write!(f, "{}", uuid.hyphenated()),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_out_again() {
        for text in [
            "6f1a8a4e-94b5-4b0f-9d2e-0d9f4a1c7b33",
            "6F1A8A4E-94B5-4B0F-9D2E-0D9F4A1C7B33",
            "6f1a8a4e94b54b0f9d2e0d9f4a1c7b33",
            "{6f1a8a4e-94b5-4b0f-9d2e-0d9f4a1c7b33}",
            "made-by-hand",
            "",
        ] {
            assert_eq!(Uid::parse(text).to_string(), text);
        }
        assert_ne!(
            Uid::parse("6f1a8a4e94b54b0f9d2e0d9f4a1c7b33"),
            Uid::parse("6f1a8a4e-94b5-4b0f-9d2e-0d9f4a1c7b33")
        );
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Uid>() <= 24);
    }
}
