//! Lines out of whatever pieces a stream comes in.

use bytes::{Buf as _, Bytes, BytesMut};

/// The longest line; an event is an object of at most 3 MiB and little besides.
const LINE_MAX: usize = 4 << 20;

/// Pieces of a stream that make no line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    buffer: BytesMut,
    /// So far there is no end of a line.
    searched: usize,
}

/// A line that is too long to be an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Lines {
    /// Adds the next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// Takes the next line, without its end.
    pub(crate) fn pop(&mut self) -> Result<Option<Bytes>, TooLong> {
        let end = self.buffer[self.searched..].iter().position(|&byte| byte == b'\n');
        let Some(end) = end else {
            self.searched = self.buffer.len();
            return if self.searched > LINE_MAX { Err(TooLong) } else { Ok(None) };
        };
        let line = self.buffer.split_to(self.searched + end).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(lines: &mut Lines) -> Vec<Bytes> {
        std::iter::from_fn(|| lines.pop().unwrap()).collect()
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = b"{\"a\":1}\n\n{\"b\":2}\nrest";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                lines.push(piece);
                found.extend(all(&mut lines));
            }
            assert_eq!(found, ["{\"a\":1}", "", "{\"b\":2}"], "{size}");
            lines.push(b"\n");
            assert_eq!(all(&mut lines), ["rest"]);
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; LINE_MAX]);
        assert_eq!(lines.pop(), Ok(None));
        lines.push(b"x");
        assert_eq!(lines.pop(), Err(TooLong));
    }
}
