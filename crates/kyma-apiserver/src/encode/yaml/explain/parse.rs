//! The grammar behind the tokens: libyaml's parser as Go's YAML library has it, as far as it finds faults.

use std::collections::HashSet;

use super::Problem;
use super::scan::{Kind, Scanner, Token};

/// What the parser expects next. As in libyaml these wait on a stack of their own, so that a deep body does not
/// exhaust the thread's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    BlockNode,
    BlockNodeOrIndentlessSequence,
    FlowNode,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceEntry { first: bool },
    FlowSequencePairKey,
    FlowSequencePairValue,
    FlowMappingKey { first: bool },
    FlowMappingValue,
}

struct Parser {
    scanner: Scanner,
    states: Vec<State>,
    anchors: HashSet<String>,
    tag_handles: Vec<String>,
}

/// Looks for what is wrong with the first document of a body; what follows that one is not read. The result is where
/// that document ends, and with a fault comes how far the body had been read, both in characters.
pub(super) fn check(text: &str) -> Result<usize, (Problem, usize)> {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        states: Vec::new(),
        anchors: HashSet::new(),
        tag_handles: Vec::new(),
    };
    parser.document().map_err(|problem| (problem, parser.scanner.position()))
}

impl Parser {
    fn document(&mut self) -> Result<usize, Problem> {
        if self.document_start()? {
            while let Some(state) = self.states.pop() {
                self.step(state)?;
            }
        }
        // The parser looks at the token behind the document, which has its faults too.
        Ok(self.scanner.peek()?.index)
    }

    fn next_is(&mut self, kinds: &[Kind]) -> Result<bool, Problem> {
        Ok(kinds.contains(&self.scanner.peek()?.kind))
    }

    /// Takes the next token if it is of the kind.
    fn take_if(&mut self, kind: &Kind) -> Result<bool, Problem> {
        let found = self.scanner.peek()?.kind == *kind;
        if found {
            self.scanner.take();
        }
        Ok(found)
    }

    /// Whether there is a document; then its content is expected next.
    fn document_start(&mut self) -> Result<bool, Problem> {
        let first = self.scanner.peek()?;
        let explicit = match first.kind {
            Kind::StreamEnd => return Ok(false),
            Kind::VersionDirective { .. } | Kind::TagDirective { .. } | Kind::DocumentStart => true,
            _ => false,
        };
        self.directives()?;
        if explicit {
            let token = self.scanner.peek()?;
            if token.kind != Kind::DocumentStart {
                return Err(token.problem("did not find expected <document start>"));
            }
            self.scanner.take();
            let content = self.scanner.peek()?.kind;
            let empty = matches!(
                content,
                Kind::VersionDirective { .. }
                    | Kind::TagDirective { .. }
                    | Kind::DocumentStart
                    | Kind::DocumentEnd
                    | Kind::StreamEnd
            );
            if empty {
                return Ok(true);
            }
        }
        self.states.push(State::BlockNode);
        Ok(true)
    }

    fn directives(&mut self) -> Result<(), Problem> {
        let mut versioned = false;
        loop {
            let token = self.scanner.peek()?;
            match &token.kind {
                Kind::VersionDirective { .. } if versioned => {
                    return Err(token.problem("found duplicate %YAML directive"));
                }
                Kind::VersionDirective { supported: false } => {
                    return Err(token.problem("found incompatible YAML document"));
                }
                Kind::VersionDirective { .. } => versioned = true,
                Kind::TagDirective { handle } if self.tag_handles.contains(handle) => {
                    return Err(token.problem("found duplicate %TAG directive"));
                }
                Kind::TagDirective { handle } => self.tag_handles.push(handle.clone()),
                _ => break,
            }
            self.scanner.take();
        }
        self.tag_handles.extend(["!".to_owned(), "!!".to_owned()]);
        Ok(())
    }

    fn step(&mut self, state: State) -> Result<(), Problem> {
        match state {
            State::BlockNode => self.node(true, false),
            State::BlockNodeOrIndentlessSequence => self.node(true, true),
            State::FlowNode => self.node(false, false),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceEntry { first } => self.flow_sequence_entry(first),
            State::FlowSequencePairKey => self.flow_sequence_pair_key(),
            State::FlowSequencePairValue => self.flow_sequence_pair_value(),
            State::FlowMappingKey { first } => self.flow_mapping_key(first),
            State::FlowMappingValue => self.flow_mapping_value(),
        }
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<(), Problem> {
        if let Kind::Alias(name) = self.scanner.peek()?.kind {
            self.scanner.take();
            if !self.anchors.contains(&name) {
                return Err(Problem::anywhere(format!("unknown anchor '{name}' referenced")));
            }
            return Ok(());
        }
        let decorated = self.anchor_and_tag()?;
        let token = self.scanner.peek()?;
        let next = match token.kind {
            // The dash is left for the entry itself.
            Kind::BlockEntry if indentless => {
                self.states.push(State::IndentlessSequenceEntry);
                return Ok(());
            }
            Kind::Scalar => None,
            Kind::FlowSequenceStart => Some(State::FlowSequenceEntry { first: true }),
            Kind::FlowMappingStart => Some(State::FlowMappingKey { first: true }),
            Kind::BlockSequenceStart if block => Some(State::BlockSequenceEntry),
            Kind::BlockMappingStart if block => Some(State::BlockMappingKey),
            _ if decorated => return Ok(()),
            _ => return Err(token.problem("did not find expected node content")),
        };
        self.scanner.take();
        self.states.extend(next);
        Ok(())
    }

    /// Takes an anchor and a tag, in either order, and tells whether there was one of them.
    fn anchor_and_tag(&mut self) -> Result<bool, Problem> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.scanner.peek()?.kind {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(name),
                Kind::Tag { handle } if tag.is_none() => tag = Some((handle, self.scanner.peek()?)),
                _ => break,
            }
            self.scanner.take();
        }
        let decorated = anchor.is_some() || tag.is_some();
        if let Some((handle, token)) = tag
            && !handle.is_empty()
            && !self.tag_handles.contains(&handle)
        {
            return Err(token.problem("found undefined tag handle"));
        }
        self.anchors.extend(anchor);
        Ok(decorated)
    }

    fn block_sequence_entry(&mut self) -> Result<(), Problem> {
        if self.take_if(&Kind::BlockEntry)? {
            self.states.push(State::BlockSequenceEntry);
            if !self.next_is(&[Kind::BlockEntry, Kind::BlockEnd])? {
                self.states.push(State::BlockNode);
            }
            return Ok(());
        }
        self.block_end("did not find expected '-' indicator")
    }

    fn indentless_sequence_entry(&mut self) -> Result<(), Problem> {
        if self.take_if(&Kind::BlockEntry)? {
            self.states.push(State::IndentlessSequenceEntry);
            if !self.next_is(&[Kind::BlockEntry, Kind::Key, Kind::Value, Kind::BlockEnd])? {
                self.states.push(State::BlockNode);
            }
        }
        Ok(())
    }

    fn block_mapping_key(&mut self) -> Result<(), Problem> {
        if self.take_if(&Kind::Key)? {
            self.states.push(State::BlockMappingValue);
            if !self.next_is(&[Kind::Key, Kind::Value, Kind::BlockEnd])? {
                self.states.push(State::BlockNodeOrIndentlessSequence);
            }
            return Ok(());
        }
        self.block_end("did not find expected key")
    }

    fn block_mapping_value(&mut self) -> Result<(), Problem> {
        self.states.push(State::BlockMappingKey);
        if self.take_if(&Kind::Value)? && !self.next_is(&[Kind::Key, Kind::Value, Kind::BlockEnd])? {
            self.states.push(State::BlockNodeOrIndentlessSequence);
        }
        Ok(())
    }

    fn block_end(&mut self, words: &str) -> Result<(), Problem> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::BlockEnd {
            return Err(token.problem(words));
        }
        self.scanner.take();
        Ok(())
    }

    fn flow_sequence_entry(&mut self, first: bool) -> Result<(), Problem> {
        if self.take_if(&Kind::FlowSequenceEnd)? {
            return Ok(());
        }
        if !first {
            self.flow_entry("did not find expected ',' or ']'")?;
        }
        if self.take_if(&Kind::FlowSequenceEnd)? {
            return Ok(());
        }
        self.states.push(State::FlowSequenceEntry { first: false });
        let pair = self.take_if(&Kind::Key)?;
        self.states.push(if pair { State::FlowSequencePairKey } else { State::FlowNode });
        Ok(())
    }

    fn flow_sequence_pair_key(&mut self) -> Result<(), Problem> {
        self.states.push(State::FlowSequencePairValue);
        if self.next_is(&[Kind::Value, Kind::FlowEntry, Kind::FlowSequenceEnd])? {
            // libyaml takes this token for the missing key, whatever it is.
            self.scanner.take();
        } else {
            self.states.push(State::FlowNode);
        }
        Ok(())
    }

    fn flow_sequence_pair_value(&mut self) -> Result<(), Problem> {
        if self.take_if(&Kind::Value)? && !self.next_is(&[Kind::FlowEntry, Kind::FlowSequenceEnd])? {
            self.states.push(State::FlowNode);
        }
        Ok(())
    }

    fn flow_mapping_key(&mut self, first: bool) -> Result<(), Problem> {
        if self.take_if(&Kind::FlowMappingEnd)? {
            return Ok(());
        }
        if !first {
            self.flow_entry("did not find expected ',' or '}'")?;
        }
        if self.take_if(&Kind::FlowMappingEnd)? {
            return Ok(());
        }
        self.states.push(State::FlowMappingKey { first: false });
        if self.take_if(&Kind::Key)? {
            self.states.push(State::FlowMappingValue);
            if self.next_is(&[Kind::Value, Kind::FlowEntry, Kind::FlowMappingEnd])? {
                return Ok(());
            }
        }
        self.states.push(State::FlowNode);
        Ok(())
    }

    fn flow_mapping_value(&mut self) -> Result<(), Problem> {
        if self.take_if(&Kind::Value)? && !self.next_is(&[Kind::FlowEntry, Kind::FlowMappingEnd])? {
            self.states.push(State::FlowNode);
        }
        Ok(())
    }

    fn flow_entry(&mut self, words: &str) -> Result<(), Problem> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::FlowEntry {
            return Err(token.problem(words));
        }
        self.scanner.take();
        Ok(())
    }
}

impl Token {
    /// A failure at this token. Parsers, unlike scanners, give the number of a line counted from zero.
    fn problem(&self, words: &str) -> Problem {
        let line = (self.line > 0).then_some(self.line);
        Problem { line, words: words.to_owned() }
    }
}
