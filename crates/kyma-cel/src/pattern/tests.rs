use super::compile;

/// Each pair was tried with Go's regexp.
#[test]
fn patterns_mean_what_they_mean_in_go() {
    let table = [
        (r"^\d+$", "12", true),
        (r"^\d+$", "١٢", false),
        (r"^\w$", "é", false),
        (r"^[\w.]+$", "a.b", true),
        (r"^[^\d]$", "é", true),
        (r"^\D$", "é", true),
        (r"^[\D]$", "7", false),
        (r"^\s$", "\u{b}", false),
        (r"^[^[]+$", "a]b", true),
        (r"^[^[]+$", "a[b", false),
        (r"^[]a]+$", "]a", true),
        (r"^[a&&b]+$", "&ab", true),
        (r"^\${[a-z]+}$", "${x}", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{2,3}$", "aaa", true),
        (r"^\<a\>$", "<a>", true),
        (r"^\Qa.b\E+$", "a.bb", true),
        (r"^\Qa.b", "axb", false),
        (r"^\101$", "A", true),
        (r"^[[:alpha:]]+$", "ab", true),
        (r"^\p{Greek}+$", "αβ", true),
        (r"^[\pL\x{41}]+$", "Aé", true),
        (r"^(?i)abc$", "ABC", true),
        (r"^a.c$", "a\nc", false),
        (r"a$", "a\n", false),
        (r"\bfoo\b", "é-foo-é", true),
        (r"\bfoo\b", "éfooé", true),
        (r"(?P<n>a)(?<m>b)", "ab", true),
        (r"^[a-]$", "-", true),
        (r"", "", true),
    ];
    for (pattern, text, expected) in table {
        let regex = compile(pattern).unwrap();
        assert_eq!(regex.is_match(text), expected, "{pattern} {text:?}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_in_go_s_words() {
    let table = [
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{2}+?", "invalid nested repetition operator: `{2}+?`"),
        ("[a", "missing closing ]: `[a`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("\\", "trailing backslash at end of expression: ``"),
        (r"\1", r"invalid escape sequence: `\1`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        (r"\pX", r"invalid character class range: `\pX`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        ("(?P<a", "invalid named capture: `(?P<a`"),
    ];
    for (pattern, problem) in table {
        assert_eq!(compile(pattern).unwrap_err(), format!("error parsing regexp: {problem}"));
    }
}
