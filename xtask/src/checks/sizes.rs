//! Files and functions that one can read in one go.

use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::repository::Repository;
use crate::source::line_of;

/// Lines of a file without its tests.
const CODE_LINES_MAX: usize = 500;
/// Lines of a test file, or of the tests at the end of a file.
const TEST_LINES_MAX: usize = 900;
/// Lines of a function, signature and braces included.
const FUNCTION_LINES_MAX: usize = 80;
/// Lines of a function in a test file: most of them are a table's rows.
const TEST_FUNCTION_LINES_MAX: usize = 120;

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in repository.sources() {
        let (code, tests) = if repository.is_test(path) {
            (0, source.code_lines() + source.test_lines())
        } else {
            (source.code_lines(), source.test_lines())
        };
        if code > CODE_LINES_MAX {
            let message = format!(
                "has {code} lines without tests, {CODE_LINES_MAX} at most; split it by what it is about"
            );
            findings.push(Finding::file(path, message));
        }
        if tests > TEST_LINES_MAX {
            let message =
                format!("has {tests} lines of tests, {TEST_LINES_MAX} at most; split them by subject");
            findings.push(Finding::file(path, message));
        }
        let most = if repository.is_test(path) { TEST_FUNCTION_LINES_MAX } else { FUNCTION_LINES_MAX };
        let mut functions = Functions { path, most, findings: &mut findings };
        functions.visit_file(&source.ast);
    }
    findings
}

struct Functions<'a> {
    path: &'a str,
    most: usize,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, sig: &syn::Signature, body: &syn::Block) {
        let first = line_of(sig.fn_token.span);
        let lines = line_of(body.brace_token.span.close()) - first + 1;
        if lines > self.most {
            let most = self.most;
            let message = format!(
                "fn {} has {lines} lines, {most} at most; give its steps names of their own",
                sig.ident
            );
            self.findings.push(Finding::new(self.path, first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.measure(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "crates/a/src/lib.rs";

    fn findings_of(path: &str, text: &str) -> Vec<String> {
        check(&Repository::of(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    /// Comments as filling.
    fn filled(lines: usize) -> String {
        "//\n".repeat(lines)
    }

    #[test]
    fn a_file_may_be_as_long_as_the_limit_and_no_longer() {
        assert_eq!(findings_of(LIB, &filled(CODE_LINES_MAX)), Vec::<String>::new());
        let found = findings_of(LIB, &filled(CODE_LINES_MAX + 1));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/a/src/lib.rs:1: has 501 lines without tests"), "{found:?}");
    }

    #[test]
    fn tests_are_counted_apart() {
        let with_tests =
            |code, tests| format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", filled(code), filled(tests));
        assert_eq!(findings_of(LIB, &with_tests(CODE_LINES_MAX, TEST_LINES_MAX - 3)), Vec::<String>::new());
        let found = findings_of(LIB, &with_tests(10, TEST_LINES_MAX - 2));
        assert!(found[0].contains("has 901 lines of tests"), "{found:?}");
    }

    #[test]
    fn test_files_have_their_own_limit() {
        for path in ["crates/a/src/b/tests.rs", "crates/a/tests/it/main.rs"] {
            assert_eq!(findings_of(path, &filled(TEST_LINES_MAX)), Vec::<String>::new());
            assert_eq!(findings_of(path, &filled(TEST_LINES_MAX + 1)).len(), 1);
        }
    }

    #[test]
    fn long_functions_are_found_wherever_they_are() {
        let function = |lines: usize| format!("fn long() {{\n{}}}\n", filled(lines - 2));
        assert_eq!(findings_of(LIB, &function(FUNCTION_LINES_MAX)), Vec::<String>::new());
        let long = function(FUNCTION_LINES_MAX + 1);
        for (line, text) in [
            (2, format!("#[inline]\n{long}")),
            (2, format!("impl A {{\n{long}}}")),
            (2, format!("trait A {{\n{long}}}")),
            (2, format!("mod m {{\n{long}}}")),
        ] {
            let found = findings_of(LIB, &text);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{LIB}:{line}: fn long has 81 lines")), "{found:?}");
        }
    }
}
