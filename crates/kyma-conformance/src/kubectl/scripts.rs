//! The scripts, a file for each thing that people do.

use super::Script;

mod apply;
mod change;
mod create;
mod definitions;
mod delete;
mod describe;
mod discovery;
mod files;
mod get;
mod kymas;
mod labels;
mod namespaces;
mod server_side;
mod wait;
mod workloads;

/// All scripts, the slow ones first.
pub(crate) fn scripts() -> Vec<Script> {
    [
        definitions::SCRIPTS,
        wait::SCRIPTS,
        delete::SCRIPTS,
        change::SCRIPTS,
        get::SCRIPTS,
        create::SCRIPTS,
        workloads::SCRIPTS,
        apply::SCRIPTS,
        server_side::SCRIPTS,
        discovery::SCRIPTS,
        describe::SCRIPTS,
        namespaces::SCRIPTS,
        kymas::SCRIPTS,
        labels::SCRIPTS,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::scripts;

    #[test]
    fn names_are_unique_and_fit_into_a_namespace() {
        let scripts = scripts();
        let names: BTreeSet<&str> = scripts.iter().map(|script| script.name).collect();
        assert_eq!(names.len(), scripts.len());
        // Behind a name come a run's five letters and `-other`.
        assert!(names.iter().all(|name| name.starts_with("kubectl/") && name.len() <= 63 - 6 - 6));
    }

    #[test]
    fn lines_mention_only_files_that_are_there() {
        for script in scripts() {
            for line in script.lines {
                let words = line.split(' ').map(|word| word.rsplit('=').next().unwrap_or(word));
                for word in words.filter(|word| word.ends_with(".yaml") && *word != "none.yaml") {
                    assert!(script.files.iter().any(|(name, _)| *name == word), "{}: {word}", script.name);
                }
            }
        }
    }
}
