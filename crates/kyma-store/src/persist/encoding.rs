//! An object as a key and a value of the database, and back.
//!
//! ```text
//! key    resource, namespace, name           resource and namespace with their length before them
//! value  CRC-32 of the key and the rest of the value, u32
//!        revision, u64
//!        flags, u8                            1: deleting
//!        uid                                  a text: length, then UTF-8
//!        labels, fields                       each a count, then so many pairs of texts
//!        owners                               a count, then so many texts
//!        JSON                                 what is left
//! ```
//!
//! Fixed numbers are little-endian, lengths and counts are LEB128. The empty key, which no object has, belongs to the
//! store itself; its value is a CRC-32 of the rest, the store's revision (u64) and the format of the records (u32).

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::object::{Index, Key, Object};
use crate::revision::Revision;

/// The store's own key, the first of all.
pub(super) const HEAD_KEY: &[u8] = &[];

const DELETING: u8 = 1;

/// An object as it was kept; its resource has no number yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept<'a> {
    pub(crate) resource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) revision: Revision,
    pub(crate) index: Index,
    pub(crate) json: &'a [u8],
}

/// What the store keeps of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: Revision,
    pub(super) format: u32,
}

/// Why bytes are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the checksum is wrong")]
    Checksum,
    #[error("it ends too early")]
    End,
    #[error("it has bytes behind its end")]
    Rest,
    #[error("a length does not fit into 32 bits")]
    Length,
    #[error("a text is not UTF-8")]
    Text,
    #[error("its flags {0:#04x} mean nothing")]
    Flags(u8),
}

/// Replaces `out` by the key of an object.
pub(super) fn encode_key(resource: &str, key: &Key, out: &mut Vec<u8>) {
    out.clear();
    text(resource, out);
    text(&key.namespace, out);
    out.extend_from_slice(key.name.as_bytes());
}

/// Replaces `out` by the value of an object.
pub(super) fn encode(key: &[u8], object: &Object, out: &mut Vec<u8>) {
    let Index { uid, labels, fields, owners, deleting } = &object.index;
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&object.revision.to_le_bytes());
    out.push(if *deleting { DELETING } else { 0 });
    text(uid, out);
    for pairs in [labels, fields] {
        number(pairs.len(), out);
        for (key, value) in pairs {
            text(key, out);
            text(value, out);
        }
    }
    number(owners.len(), out);
    for owner in owners {
        text(owner, out);
    }
    out.extend_from_slice(&object.json);
    let checksum = checksum(key, &out[4..]);
    out[..4].copy_from_slice(&checksum);
}

/// Reads an object's key and value; never panics, whatever the bytes.
pub(super) fn decode<'a>(key: &'a [u8], value: &'a [u8]) -> Result<Kept<'a>, Flaw> {
    let mut value = checked(key, value)?;
    let revision = Revision::from_le_bytes(value.array()?);
    let [flags] = value.array()?;
    if flags & !DELETING != 0 {
        return Err(Flaw::Flags(flags));
    }
    let index = Index {
        uid: value.shared_text()?,
        labels: value.many(Reader::pair)?,
        fields: value.many(Reader::pair)?,
        owners: value.many(Reader::shared_text)?,
        deleting: flags & DELETING != 0,
    };
    let mut key = Reader(key);
    let (resource, namespace) = (key.text()?, key.text()?);
    let name = str::from_utf8(key.0).map_err(|_| Flaw::Text)?;
    Ok(Kept { resource, namespace, name, revision, index, json: value.0 })
}

/// The value of [`HEAD_KEY`].
pub(super) fn encode_head(head: Head) -> [u8; 16] {
    let mut value = [0; 16];
    value[4..12].copy_from_slice(&head.revision.to_le_bytes());
    value[12..].copy_from_slice(&head.format.to_le_bytes());
    let checksum = checksum(HEAD_KEY, &value[4..]);
    value[..4].copy_from_slice(&checksum);
    value
}

/// Reads the value of [`HEAD_KEY`].
pub(super) fn decode_head(value: &[u8]) -> Result<Head, Flaw> {
    let mut value = checked(HEAD_KEY, value)?;
    let revision = Revision::from_le_bytes(value.array()?);
    let head = Head { revision, format: u32::from_le_bytes(value.array()?) };
    if value.0.is_empty() { Ok(head) } else { Err(Flaw::Rest) }
}

fn checksum(key: &[u8], rest: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize().to_le_bytes()
}

/// What stands behind a checksum that is right.
fn checked<'a>(key: &[u8], value: &'a [u8]) -> Result<Reader<'a>, Flaw> {
    let (expected, rest) = value.split_at_checked(4).ok_or(Flaw::End)?;
    if expected == checksum(key, rest) { Ok(Reader(rest)) } else { Err(Flaw::Checksum) }
}

/// An unsigned LEB128 number.
fn number(number: usize, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn text(text: &str, out: &mut Vec<u8>) {
    number(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Takes bytes off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Flaw::End)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Flaw::End)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<usize, Flaw> {
        let mut number: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            let bits = u32::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Flaw::Length);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number as usize);
            }
        }
        Err(Flaw::Length)
    }

    fn text(&mut self) -> Result<&'a str, Flaw> {
        let length = self.number()?;
        str::from_utf8(self.bytes(length)?).map_err(|_| Flaw::Text)
    }

    fn shared_text(&mut self) -> Result<Arc<str>, Flaw> {
        self.text().map(Arc::from)
    }

    fn many<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, Flaw>) -> Result<Box<[T]>, Flaw> {
        let count = self.number()?;
        // Each takes a byte at the least, so a count that lies costs no memory.
        let mut all = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            all.push(one(self)?);
        }
        Ok(all.into_boxed_slice())
    }

    fn pair(&mut self) -> Result<(Arc<str>, Arc<str>), Flaw> {
        Ok((self.shared_text()?, self.shared_text()?))
    }
}
