//! What a run writes down as it goes: one JSON value a line, in the order in which things happened.
//!
//! Names come once, with a number; what happens then speaks of the numbers only. A line that is cut off, as the last one of a
//! run that was killed, is not read.

use serde::{Deserialize, Serialize};

use crate::result::{Environment, Setting};

/// The version of these lines.
pub const RAW_VERSION: u32 = 1;

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first line: what is run, and where.
    Run(Header),
    /// A series gets its number.
    Series {
        /// Its number.
        id: u32,
        /// Whose it is: a process, or the machine.
        of: String,
        /// Its name with its labels, as Prometheus writes them.
        name: String,
    },
    /// Values of a source that have changed since its last sample.
    Sample {
        /// Seconds since the start.
        t: f64,
        /// Whose they are.
        of: String,
        /// Series and value.
        v: Vec<(u32, f64)>,
    },
    /// A sample that could not be taken.
    Gap {
        /// Seconds since the start.
        t: f64,
        /// Whose it would have been.
        of: String,
        /// Why there is none.
        why: String,
    },
    /// An object gets its number.
    Object(Object),
    /// A Kyma was created: milliseconds since the start, before the request, and its object.
    Created(u64, u32),
    /// The watch has shown a state: milliseconds since the start, the object, and the number of its stage (of a Kyma, 1 where
    /// it is "success", else 0); -1 where it is gone.
    Seen(u64, u32, i8),
    /// The last line.
    End {
        /// Seconds since the start.
        t: f64,
        /// Whether all was done that was to be done; where not, why.
        unfinished: Option<String>,
    },
}

/// What is run, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`RAW_VERSION`].
    pub version: u32,
    /// The program and its version.
    pub tool: String,
    /// The run's name.
    pub name: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// What was asked for, as JSON of the scenario.
    pub scenario: serde_json::Value,
    /// The machine.
    pub environment: Environment,
    /// What else decides the figures.
    pub settings: Vec<Setting>,
}

/// A Kyma or a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its number.
    pub id: u32,
    /// Whether it is a component.
    pub component: bool,
    /// Its name.
    pub name: String,
    /// The bytes of the component's name; of a Kyma, those of its longest.
    pub bytes: usize,
}

/// Reads lines; what is after the first that is none is left out, and counted.
#[must_use]
pub fn read(text: &str) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let mut rest = text.lines().filter(|line| !line.is_empty());
    for line in rest.by_ref() {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) => return (lines, 1 + rest.count()),
        }
    }
    (lines, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_come_back() {
        let lines = [
            Line::Seen(1234, 17, 3),
            Line::Sample { t: 1.5, of: "operator".into(), v: vec![(3, 0.25)] },
            Line::End { t: 9.0, unfinished: None },
        ];
        let text: Vec<String> = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        assert_eq!(text[0], r#"{"seen":[1234,17,3]}"#);
        assert_eq!(text[1], r#"{"sample":{"t":1.5,"of":"operator","v":[[3,0.25]]}}"#);
        assert_eq!(read(&text.join("\n")), (lines.to_vec(), 0));
    }

    #[test]
    fn a_line_that_is_cut_off_ends_it() {
        let (lines, lost) = read("{\"seen\":[1,2,3]}\n{\"seen\":[4,5\n");
        assert_eq!((lines, lost), (vec![Line::Seen(1, 2, 3)], 1));
        assert_eq!(read(""), (vec![], 0));
    }
}
