//! One Rust file: its syntax tree, and its tokens without comments, string contents and tests.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A parsed file. Lines count from 1.
pub(crate) struct Source {
    pub(crate) ast: syn::File,
    lines: usize,
    tests: Vec<RangeInclusive<usize>>,
    /// The tokens in a row, and, apart, each path that a `use` brings in, written out in full.
    tokens: Vec<Token>,
    imports: Vec<Vec<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: String,
    line: usize,
}

impl Token {
    fn new(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), line: line_of(span) }
    }
}

impl Source {
    /// Fails with the line and the parser's complaint.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let stream: TokenStream =
            text.parse().map_err(|e: proc_macro2::LexError| (line_of(e.span()), e.to_string()))?;
        let ast: syn::File = syn::parse2(stream.clone()).map_err(|e| (line_of(e.span()), e.to_string()))?;

        let mut tests = TestItems::default();
        tests.visit_file(&ast);
        let mut imports = Imports::default();
        imports.visit_file(&ast);
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Ok(Self { ast, lines: text.lines().count(), tests: tests.0, tokens, imports: imports.0 })
    }

    /// Lines in `#[cfg(test)]` items.
    pub(crate) fn test_lines(&self) -> usize {
        self.tests.iter().map(|lines| lines.end() - lines.start() + 1).sum()
    }

    /// Lines outside of `#[cfg(test)]` items.
    pub(crate) fn code_lines(&self) -> usize {
        self.lines.saturating_sub(self.test_lines())
    }

    /// The lines outside of tests where `pattern` occurs, whatever the white space and the grouping of
    /// imports: `std::fs` is found in `use std::{env, fs}`.
    pub(crate) fn find(&self, pattern: &str) -> BTreeSet<usize> {
        let pattern = split(pattern);
        let rows = self.imports.iter().chain(std::iter::once(&self.tokens));
        let starts = rows.flat_map(|row| {
            let windows = row.windows(pattern.len().max(1));
            windows.filter(|window| window.iter().map(|token| &token.text).eq(pattern.iter()))
        });
        starts.map(|window| window[0].line).filter(|line| !self.in_test(*line)).collect()
    }

    fn in_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }
}

/// Whether the item is compiled for tests only.
pub(crate) fn is_cfg_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).any(|attr| {
        let syn::Meta::List(list) = &attr.meta else { return false };
        let mut tokens = Vec::new();
        flatten(list.tokens.clone(), &mut tokens);
        let has = |word| tokens.iter().any(|token| token.text == word);
        // `any(test, …)` and `not(test)` are also compiled without tests.
        has("test") && !has("any") && !has("not")
    })
}

pub(crate) fn line_of(span: Span) -> usize {
    span.start().line
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Ident(ident) => out.push(Token::new(ident.to_string(), ident.span())),
            TokenTree::Punct(punct) => out.push(Token::new(punct.as_char(), punct.span())),
            // Never equal to a pattern's token: what a string says is not code.
            TokenTree::Literal(literal) => out.push(Token::new('"', literal.span())),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push(Token::new(open, group.span_open()));
                flatten(group.stream(), out);
                out.push(Token::new(close, group.span_close()));
            }
        }
    }
}

/// A pattern's tokens: words, and every other character on its own.
fn split(pattern: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in pattern.chars() {
        let word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if word && in_word => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        in_word = word;
    }
    tokens
}

/// Line ranges of the `#[cfg(test)]` items, attributes included.
#[derive(Default)]
struct TestItems(Vec<RangeInclusive<usize>>);

impl TestItems {
    /// Notes the item if it is for tests only; says whether its inside is to be looked at.
    fn goes_on(&mut self, attrs: &[syn::Attribute], item: &impl Spanned) -> bool {
        let test = is_cfg_test(attrs);
        if test {
            let span = item.span();
            self.0.push(span.start().line..=span.end().line);
        }
        !test
    }
}

impl<'ast> Visit<'ast> for TestItems {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if self.goes_on(&item.attrs, item) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if self.goes_on(&item.attrs, item) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.goes_on(&item.attrs, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.goes_on(&item.attrs, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.goes_on(&item.attrs, item);
    }
}

/// Each imported path on its own, as tokens.
#[derive(Default)]
struct Imports(Vec<Vec<Token>>);

impl Imports {
    fn walk(&mut self, tree: &syn::UseTree, before: &[Token]) {
        let with = |text: String, span: Span| [before, &[Token::new(text, span)]].concat();
        match tree {
            syn::UseTree::Path(path) => {
                let span = path.ident.span();
                let mut so_far = with(path.ident.to_string(), span);
                so_far.extend([Token::new(':', span), Token::new(':', span)]);
                self.walk(&path.tree, &so_far);
            }
            syn::UseTree::Name(name) => self.0.push(with(name.ident.to_string(), name.ident.span())),
            syn::UseTree::Rename(name) => self.0.push(with(name.ident.to_string(), name.ident.span())),
            syn::UseTree::Glob(glob) => self.0.push(with("*".to_owned(), glob.span())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.walk(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.walk(&item.tree, &[]);
    }
}

#[cfg(test)]
mod tests;
