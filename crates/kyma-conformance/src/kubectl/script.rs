//! A script: files, and command lines without the word `kubectl`.

/// Command lines that build on each other, in a namespace of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// Names and texts of the files that the lines mention.
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) lines: &'static [&'static str],
}

/// The words of a line: separated by spaces, unless single quotes hold them together.
pub(super) fn words(line: &str) -> Vec<String> {
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
    use super::words;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(
            words("get ns  a -o jsonpath='{.a b}' ''"),
            ["get", "ns", "a", "-o", "jsonpath={.a b}", ""]
        );
        assert_eq!(words(""), Vec::<String>::new());
    }
}
