//! The wire format: fields with a number and one of a few forms (protobuf.dev/programming-guides/encoding).

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field<'a> {
    /// Integers and flags.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32,
    /// Texts, bytes, messages and packed lists.
    Bytes(&'a [u8]),
}

/// Go's `io.ErrUnexpectedEOF`.
const ENDS: &str = "unexpected EOF";

/// Takes fields off a message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The next field; `None` at the end.
    ///
    /// # Errors
    /// The words of Go's generated decoders.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| "proto: integer overflow")?;
        if number == 0 {
            return Err(format!("proto: illegal tag 0 (wire type {tag})"));
        }
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let bytes: [u8; 8] = self.take(8)?.try_into().map_err(|_| ENDS)?;
                Field::Fixed64(u64::from_le_bytes(bytes))
            }
            2 => {
                let length = usize::try_from(self.varint()?)
                    .map_err(|_| "proto: negative length found during unmarshaling")?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Field::Fixed32
            }
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Some((number, field)))
    }

    /// The next integer of a packed list.
    pub(super) fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for (position, byte) in self.rest.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * position);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(position + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { ENDS.to_owned() } else { "proto: integer overflow".to_owned() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ENDS)?;
        self.rest = rest;
        Ok(taken)
    }
}
