//! Which files the crate roots reach by `mod`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Source, is_cfg_test};

/// How a file is reached.
#[derive(Debug)]
pub(crate) struct Module {
    /// The files that name it; empty for a crate root.
    pub(crate) named_by: BTreeSet<String>,
    /// Every way in passes a `#[cfg(test)]`.
    pub(crate) test_only: bool,
}

/// Follows `mod x;` from every crate root, `x.rs` with its folder `x/` only: a `mod.rs`, a `#[path]` and
/// what a macro declares are not found.
pub(crate) fn reach(sources: &BTreeMap<String, Source>) -> BTreeMap<String, Module> {
    let mut reached = BTreeMap::new();
    for root in sources.keys().filter(|path| is_root(path)) {
        reached.insert(root.clone(), Module { named_by: BTreeSet::new(), test_only: false });
    }
    let roots: Vec<String> = reached.keys().cloned().collect();
    for root in roots {
        let dir = root.rsplit_once('/').map_or(String::new(), |(dir, _)| dir.to_owned());
        follow(sources, &root, &dir, false, &mut reached);
    }
    reached
}

/// Cargo's own rules for finding the targets of a package, and cargo-fuzz's.
fn is_root(path: &str) -> bool {
    let Some(inside) = inside_package(path) else { return false };
    let parts: Vec<&str> = inside.split('/').collect();
    matches!(
        parts.as_slice(),
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples" | "fuzz_targets", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

/// The path inside of its package: `src/lib.rs` of `crates/kyma-store/src/lib.rs`.
fn inside_package(path: &str) -> Option<&str> {
    let alone = path.strip_prefix("xtask/").or_else(|| path.strip_prefix("fuzz/"));
    let inside = path.strip_prefix("crates/").or_else(|| path.strip_prefix("examples/"));
    alone.or_else(|| Some(inside?.split_once('/')?.1))
}

fn follow(
    sources: &BTreeMap<String, Source>,
    path: &str,
    children: &str,
    in_test: bool,
    reached: &mut BTreeMap<String, Module>,
) {
    let Some(source) = sources.get(path) else { return };
    let mut declared = Vec::new();
    declarations(&source.ast.items, children, in_test, &mut declared);
    for (folder, in_test) in declared {
        let file = format!("{folder}.rs");
        if !sources.contains_key(&file) {
            continue;
        }
        let first = !reached.contains_key(&file);
        let unnamed = Module { named_by: BTreeSet::new(), test_only: true };
        let module = reached.entry(file.clone()).or_insert(unnamed);
        module.named_by.insert(path.to_owned());
        // Its own children were taken for test code too, so they are gone through once more.
        let became_code = module.test_only && !in_test;
        module.test_only &= in_test;
        if first || became_code {
            follow(sources, &file, &folder, in_test, reached);
        }
    }
}

/// The modules that `items` declare as files of their own: their path without `.rs`, and whether only tests
/// see them.
fn declarations(items: &[syn::Item], dir: &str, in_test: bool, out: &mut Vec<(String, bool)>) {
    for item in items {
        let syn::Item::Mod(module) = item else { continue };
        let in_test = in_test || is_cfg_test(&module.attrs);
        let path = format!("{dir}/{}", module.ident);
        match &module.content {
            Some((_, items)) => declarations(items, &path, in_test, out),
            None => out.push((path, in_test)),
        }
    }
}
