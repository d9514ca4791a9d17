//! A script: files, and command lines without the word `kubectl`.

/// Command lines that build on each other, in a namespace of their own. In lines and files `$NS` is its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// Names and texts of the files that the lines mention.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// `& line` goes on beside the lines behind it and is looked at when all are done. `~ line` explains a kind of
    /// which the embedded server has the members, but not upstream's texts about them. `NAME=value line` sets
    /// an environment variable, `line < FILE` gives it a file to read.
    pub(crate) lines: &'static [&'static str],
}

/// A command line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) beside: bool,
    /// Descriptions are not compared.
    pub(super) without_prose: bool,
    pub(super) environment: Vec<(String, String)>,
    pub(super) arguments: Vec<String>,
    /// The name of the file for standard input.
    pub(super) input: Option<String>,
}

impl Line {
    pub(super) fn parse(line: &str) -> Self {
        let mut words = words(line);
        let beside = words.first().is_some_and(|word| word == "&");
        let without_prose = words.first().is_some_and(|word| word == "~");
        if beside || without_prose {
            words.remove(0);
        }
        let variable = |word: &String| {
            let (name, value) = word.split_once('=')?;
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            is_name.then(|| (name.to_owned(), value.to_owned()))
        };
        let environment: Vec<_> = words.iter().map_while(variable).collect();
        let mut arguments = words.split_off(environment.len());
        let input = arguments.iter().position(|word| word == "<").and_then(|place| {
            let file = arguments.split_off(place);
            file.into_iter().nth(1)
        });
        Self { beside, without_prose, environment, arguments, input }
    }
}

/// The words of a line: separated by spaces, unless single quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word: Option<String> = None;
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::{Line, words};

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("get ns  a -o jsonpath='{.a b}' ''"),
            ["get", "ns", "a", "-o", "jsonpath={.a b}", ""]
        );
        assert_eq!(words(""), Vec::<String>::new());
    }

    #[test]
    fn a_line_has_an_environment_and_an_input() {
        let line = Line::parse("KUBE_EDITOR='sed -i s/a/b/' edit cm b");
        assert_eq!(line.environment, [("KUBE_EDITOR".to_owned(), "sed -i s/a/b/".to_owned())]);
        assert_eq!(line.arguments, ["edit", "cm", "b"]);
        let line = Line::parse("& create -f - < a.yaml");
        assert!(line.beside);
        assert_eq!(
            (line.arguments.join(" "), line.input),
            ("create -f -".to_owned(), Some("a.yaml".to_owned()))
        );
        assert_eq!(Line::parse("label cm b a=b").environment, []);
        let line = Line::parse("~ explain cm");
        assert!(line.without_prose);
        assert_eq!(line.arguments, ["explain", "cm"]);
    }
}
