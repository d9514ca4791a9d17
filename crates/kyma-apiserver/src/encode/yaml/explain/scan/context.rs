//! What the scanner keeps in mind: where a key may have begun, and how deep the open block collections are.

use super::super::Problem;
use super::super::reader::Mark;
use super::{DEPTH_MAX, Kind, Scanner, Token};

/// Within how many characters, on one line, a key's colon must follow.
const SIMPLE_KEY_CHARACTERS_MAX: usize = 1024;

/// A place at which a key may have begun, of which only a colon tells whether it has.
#[derive(Clone, Copy, Default)]
pub(super) struct SimpleKey {
    pub(super) possible: bool,
    pub(super) required: bool,
    /// The number of the token in front of which the key's token would stand.
    pub(super) token: usize,
    pub(super) mark: Mark,
}

impl Scanner {
    pub(super) fn next_token(&self) -> usize {
        self.taken + self.tokens.len()
    }

    pub(super) fn simple_key_is_valid(&mut self, at: usize) -> Result<bool, Problem> {
        let key = self.simple_keys[at];
        let here = self.reader.mark;
        let passed = key.mark.line < here.line || key.mark.index + SIMPLE_KEY_CHARACTERS_MAX < here.index;
        if key.possible && passed {
            if key.required {
                return Err(self.reader.problem("could not find expected ':'"));
            }
            self.simple_keys[at].possible = false;
        }
        Ok(key.possible && !passed)
    }

    pub(super) fn save_simple_key(&mut self) -> Result<(), Problem> {
        if !self.simple_key_allowed {
            return Ok(());
        }
        let mark = self.reader.mark;
        let required = !self.in_flow() && self.indent == mark.column as isize;
        let token = self.next_token();
        self.remove_simple_key()?;
        let last = self.simple_keys.len() - 1;
        self.simple_keys[last] = SimpleKey { possible: true, required, token, mark };
        self.simple_keys_by_token.insert(token, last);
        Ok(())
    }

    pub(super) fn remove_simple_key(&mut self) -> Result<(), Problem> {
        let last = self.simple_keys.len() - 1;
        let key = self.simple_keys[last];
        if key.possible {
            if key.required {
                return Err(self.reader.problem("could not find expected ':'"));
            }
            self.simple_keys[last].possible = false;
            self.simple_keys_by_token.remove(&key.token);
        }
        Ok(())
    }

    /// Opens a block collection if this column is deeper than the one that is open.
    pub(super) fn roll_indent(&mut self, mark: Mark, at: Option<usize>, kind: Kind) -> Result<(), Problem> {
        let column = mark.column as isize;
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > DEPTH_MAX {
            return Err(self.reader.problem(format!("exceeded max depth of {DEPTH_MAX}")));
        }
        self.tokens.insert(at.unwrap_or(self.tokens.len()), Token::new(kind, mark));
        Ok(())
    }

    /// Closes the block collections that are deeper than this column.
    pub(super) fn unroll_indent(&mut self, column: isize) {
        if self.in_flow() {
            return;
        }
        while self.indent > column {
            self.push(Kind::BlockEnd, self.reader.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }
}
