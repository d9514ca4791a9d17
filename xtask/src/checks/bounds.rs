//! What can grow has a bound: no unbounded channels, and no metric labels from free text.

use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::repository::Repository;
use crate::source::{is_cfg_test, line_of};

/// Channels without a bound, by what they are called in tokio, futures, std, flume and crossbeam.
const UNBOUNDED: &[&str] = &[
    "unbounded_channel",
    "UnboundedSender",
    "mpsc::unbounded",
    "mpsc::channel()",
    "flume::unbounded",
    "channel::unbounded",
];

/// Labels that may be text, each with whose values it has: few, though only run time knows them.
const BOUNDED_TEXT: &[(&str, &str)] = &[
    ("group", "a kind's"),
    ("version", "a kind's"),
    ("resource", "a kind's"),
    ("subresource", "a kind's"),
    ("kind", "a kind's"),
    ("host", "the API server that a client talks to"),
];

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in repository.sources() {
        for pattern in UNBOUNDED {
            for line in source.find(pattern) {
                let message = format!("`{pattern}` grows without a bound; give the channel a named capacity");
                findings.push(Finding::new(path, line, message));
            }
        }
        let mut labels = Labels { path, findings: &mut findings };
        labels.visit_file(&source.ast);
    }
    findings
}

/// Looks at the structs that prometheus-client turns into labels: every different value of a label is a series
/// of its own, for as long as the process lives.
struct Labels<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl<'ast> Visit<'ast> for Labels<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_cfg_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if !derives(&item.attrs, "EncodeLabelSet") {
            return;
        }
        for field in item.fields.iter().filter(|field| is_free_text(&field.ty)) {
            let ident = field.ident.as_ref().unwrap_or(&item.ident);
            let (name, line) = (ident.to_string(), line_of(ident.span()));
            if BOUNDED_TEXT.iter().any(|(bounded, _)| name == *bounded) {
                continue;
            }
            let message = format!(
                "the label {name} is free text, and each value a series for ever; make it an enum, a \
                 &'static str, or, if its values are few, name it in xtask/src/checks/bounds.rs with the reason"
            );
            self.findings.push(Finding::new(self.path, line, message));
        }
    }
}

fn derives(attrs: &[syn::Attribute], name: &str) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let mut found = false;
        // An attribute that does not parse does not compile either.
        let _ = attr.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == name);
            Ok(())
        });
        found
    })
}

/// Whether any text may be in it: `String`, `Arc<str>`, `Cow<'_, str>`, `&'a str`, also inside of an `Option` or
/// a `Vec`; a `&'static str` stands in the source.
fn is_free_text(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Reference(reference) => {
            let fixed = reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static");
            !fixed && is_free_text(&reference.elem)
        }
        syn::Type::Tuple(tuple) => tuple.elems.iter().any(is_free_text),
        syn::Type::Path(path) => path.path.segments.last().is_some_and(|segment| {
            let inside = match &segment.arguments {
                syn::PathArguments::AngleBracketed(arguments) => arguments
                    .args
                    .iter()
                    .any(|argument| matches!(argument, syn::GenericArgument::Type(ty) if is_free_text(ty))),
                _ => false,
            };
            segment.ident == "String" || segment.ident == "str" || inside
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(text: &str) -> Vec<String> {
        check(&Repository::of(&[("crates/a/src/lib.rs", text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn unbounded_channels_are_found() {
        for code in [
            "fn f() { tokio::sync::mpsc::unbounded_channel::<u8>(); }",
            "use tokio::sync::mpsc::{UnboundedSender, Sender};",
            "use futures_util::channel::mpsc::unbounded;",
            "fn f() { let (a, b) = mpsc::channel(); }",
        ] {
            let found = findings_of(&format!("\n{code}"));
            assert!(!found.is_empty(), "{code}");
            assert!(found[0].starts_with("crates/a/src/lib.rs:2: `"), "{found:?}");
        }
        assert_eq!(findings_of("fn f() { mpsc::channel(CAPACITY); }"), Vec::<String>::new());
    }

    #[test]
    fn labels_of_free_text_are_found() {
        for ty in
            ["String", "Arc<str>", "Option<String>", "Cow<'static, str>", "&'a str", "Vec<(u8, String)>"]
        {
            let text =
                format!("#[derive(Clone, EncodeLabelSet)]\nstruct L {{\n  code: u16,\n  name: {ty},\n}}");
            let found = findings_of(&text);
            assert_eq!(found.len(), 1, "{ty}");
            assert!(found[0].starts_with("crates/a/src/lib.rs:4: the label name is free text"), "{found:?}");
        }
    }

    #[test]
    fn closed_labels_and_other_structs_pass() {
        let labels =
            "#[derive(EncodeLabelSet)] struct L { verb: Verb, code: u16, a: &'static str, kind: String }";
        assert_eq!(findings_of(labels), Vec::<String>::new());
        assert_eq!(findings_of("#[derive(Debug)] struct L { name: String }"), Vec::<String>::new());
    }
}
