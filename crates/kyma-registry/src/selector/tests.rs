use proptest::prelude::*;

use super::*;

fn labels(selector: &str) -> LabelSelector {
    LabelSelector::parse(selector).unwrap()
}

fn fields(selector: &str) -> FieldSelector {
    FieldSelector::parse(selector).unwrap()
}

#[test]
fn label_selectors_match_as_upstream_says() {
    let pairs = [("app", "kyma"), ("empty", ""), ("shard", "17")];
    let table = [
        ("", true),
        ("app", true),
        ("!app", false),
        ("!gone", true),
        ("app=kyma", true),
        ("app==kyma,shard=17", true),
        ("app!=kyma", false),
        ("gone!=x", true),
        ("app in (a,kyma)", true),
        ("app notin (a,kyma)", false),
        ("gone notin (a)", true),
        ("gone in (a)", false),
        ("shard>16", true),
        ("shard>17", false),
        ("shard<18", true),
        ("app>1", false),
        ("gone<1", false),
        ("empty=", true),
        ("empty in (,)", true),
        (" app = kyma , shard ", true),
    ];
    for (selector, expected) in table {
        assert_eq!(labels(selector).matches(&pairs), expected, "{selector}");
    }
}

/// Messages printed by `labels.Parse` of apimachinery 0.37.2.
#[test]
fn bad_label_selectors_are_refused_in_the_real_servers_words() {
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                 regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let key = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
               alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
               '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let table = [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt".to_owned()),
        ("a,", "found '', expected: identifier after ','".to_owned()),
        (",a", "found ',', expected: !, identifier, or 'end of string'".to_owned()),
        ("a=b c", "found 'c', expected: ',' or 'end of string'".to_owned()),
        ("a in b", "unable to parse requirement: found 'b' expected: '('".to_owned()),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'".to_owned()),
        ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier".to_owned()),
        ("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier".to_owned()),
        ("!", "unable to parse requirement: found '', expected: identifier".to_owned()),
        ("a=(", "unable to parse requirement: found '(', expected: identifier".to_owned()),
        ("a-=b", format!("unable to parse requirement: <nil>: Invalid value: \"a-\": {key}")),
        ("a=-", format!("unable to parse requirement: values[0][a]: Invalid value: \"-\": {value}")),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must \
             be an integer"
                .to_owned(),
        ),
    ];
    for (selector, message) in table {
        let error = LabelSelector::parse(selector).unwrap_err();
        assert_eq!((error.code(), error.message()), (400, message.as_str()), "{selector}");
    }
}

#[test]
fn field_selectors_match_as_upstream_says() {
    let value = |field: &str| match field {
        "metadata.name" => Some("a"),
        "odd" => Some("a,b=c\\"),
        _ => None,
    };
    let table = [
        ("", true),
        ("metadata.name=a", true),
        ("metadata.name==a", true),
        ("metadata.name!=a", false),
        ("gone=", true),
        ("gone!=", false),
        ("odd=a\\,b\\=c\\\\", true),
        ("metadata.name=a,odd=x", false),
        (",metadata.name=a,", true),
        ("=", true),
    ];
    for (selector, expected) in table {
        assert_eq!(fields(selector).matches(value), expected, "{selector}");
    }
    assert_eq!(fields("a=b,metadata.name=x").exact("metadata.name"), Some("x"));
    assert_eq!(fields("metadata.name!=x").exact("metadata.name"), None);
    let renamed =
        |known: &'static str| fields("a=b,c!=d").renamed(|field| known.contains(field).then_some("x"));
    assert_eq!(renamed("a"), Err("c".to_owned()));
    assert_eq!(renamed("ac").map(|selector| selector.to_string()), Ok("x=b,x!=d".to_owned()));
    assert!(FieldSelector::by_name("a").matches(value) && !FieldSelector::by_name("b").matches(value));
}

#[test]
fn bad_field_selectors_are_refused_in_the_real_servers_words() {
    let table = [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("b=1,a", "invalid selector: 'b=1,a'; can't understand 'a'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
        ("a=\\", "invalid field selector: invalid escape sequence: \\"),
    ];
    for (selector, message) in table {
        let error = FieldSelector::parse(selector).unwrap_err();
        assert_eq!((error.code(), error.message()), (400, message), "{selector}");
    }
}

fn requirement() -> impl Strategy<Value = String> {
    let key = "[a-z]{1,3}(\\.x/[a-z]{1,2})?";
    let value = "([a-z0-9]{0,2})";
    prop_oneof![
        (key, "=|==|!=", value).prop_map(|(key, operator, value)| format!("{key}{operator}{value}")),
        (key, "in|notin", prop::collection::vec(value, 1..4))
            .prop_map(|(key, operator, values)| format!("{key} {operator} ({})", values.join(","))),
        (key, "<|>", "[0-9]{1,3}").prop_map(|(key, operator, value)| format!("{key}{operator}{value}")),
        key.prop_map(|key| key),
        key.prop_map(|key| format!("!{key}")),
    ]
}

proptest! {
    #[test]
    fn a_label_selector_reads_back_what_it_prints(parts in prop::collection::vec(requirement(), 0..5)) {
        let selector = labels(&parts.join(","));
        prop_assert_eq!(labels(&selector.to_string()), selector);
    }

    #[test]
    fn a_field_selector_reads_back_what_it_prints(
        parts in prop::collection::vec(("[a-z.]{1,5}", "[a-z\\\\,=]{0,5}", any::<bool>()), 0..4),
    ) {
        let term = |(field, value, equal): &(String, String, bool)| {
            let escaped = value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=");
            format!("{field}{}{escaped}", if *equal { "=" } else { "!=" })
        };
        let selector = fields(&parts.iter().map(term).collect::<Vec<_>>().join(","));
        prop_assert_eq!(selector.requirements().len(), parts.len());
        prop_assert_eq!(fields(&selector.to_string()), selector);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "[ -~\\x00é]{0,30}") {
        let _ = LabelSelector::parse(&text);
        let _ = FieldSelector::parse(&text);
    }
}
