//! Gates: what a figure must be, as `makespan_ratio<=1.2`.

use std::fmt;
use std::str::FromStr;

use crate::result::RunResult;
use crate::summary::number;

/// What a figure must be.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// A figure's name, or that of a distribution with `.p99` or the like behind it.
    pub name: String,
    relation: Relation,
    /// What it is compared with.
    pub limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtMost,
    Less,
    AtLeast,
    More,
    Equal,
}

/// The longer ones first, as the shorter begin them.
const RELATIONS: [(&str, Relation); 5] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("<", Relation::Less),
    (">", Relation::More),
];

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            || "must be a name, one of <= < == > >=, and a number, such as makespan_ratio<=1.2".to_owned();
        let split = |(sign, relation): (&'static str, Relation)| {
            text.split_once(sign).map(|(name, limit)| (name, relation, limit))
        };
        let (name, relation, limit) = RELATIONS.into_iter().find_map(split).ok_or_else(form)?;
        let limit = limit.trim().parse::<f64>().map_err(|_| form())?;
        let name = name.trim();
        if name.is_empty() || !limit.is_finite() {
            return Err(form());
        }
        Ok(Self { name: name.to_owned(), relation, limit })
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign =
            RELATIONS.iter().find(|(_, relation)| *relation == self.relation).map_or("", |(sign, _)| sign);
        write!(f, "{}{sign}{}", self.name, self.limit)
    }
}

impl Gate {
    /// What does not hold of a run, in a sentence; none where it holds. A figure that is not known holds nothing.
    #[must_use]
    pub fn broken(&self, result: &RunResult) -> Option<String> {
        let Some(value) = value(result, &self.name) else {
            return Some(format!("{self}: the run has no such figure"));
        };
        let holds = match self.relation {
            Relation::AtMost => value <= self.limit,
            Relation::Less => value < self.limit,
            Relation::AtLeast => value >= self.limit,
            Relation::More => value > self.limit,
            Relation::Equal => value == self.limit,
        };
        (!holds).then(|| format!("{self}: it is {}", number(value)))
    }
}

/// A figure, or a value of a distribution: `name.p50`, `.p90`, `.p99`, `.max`, `.min`, `.mean` or `.count`.
#[must_use]
pub fn value(result: &RunResult, name: &str) -> Option<f64> {
    if let Some(value) = result.figure(name) {
        return Some(value);
    }
    let (name, part) = name.rsplit_once('.')?;
    let spread = &result.distributions.iter().find(|distribution| distribution.name == name)?.spread;
    let value = match part {
        "count" => return Some(spread.count as f64),
        "min" => spread.min,
        "mean" => spread.mean,
        "p50" => spread.p50,
        "p90" => spread.p90,
        "p99" => spread.p99,
        "max" => spread.max,
        _ => return None,
    };
    (spread.count > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::tests::result;
    use crate::result::{Distribution, Figure, Origin};
    use crate::spread::Spread;

    fn run() -> RunResult {
        let mut run = result(&[]);
        run.figures.push(Figure {
            name: "makespan_ratio".into(),
            title: String::new(),
            value: Some(1.04),
            unit: String::new(),
            origin: Origin::Derived,
        });
        run.figures.push(Figure { name: "api_errors".into(), value: None, ..run.figures[0].clone() });
        let spread = Spread { count: 3, p99: 0.5, ..Spread::default() };
        run.distributions.push(Distribution { name: "late_seconds".into(), title: String::new(), spread });
        run
    }

    #[test]
    fn gates_hold_or_say_what_is_wrong() {
        let broken = |gate: &str| gate.parse::<Gate>().unwrap().broken(&run());
        for holds in
            ["makespan_ratio<=1.04", "makespan_ratio < 1.2", "late_seconds.p99>=0.5", "late_seconds.count==3"]
        {
            assert_eq!(broken(holds), None, "{holds}");
        }
        assert_eq!(broken("makespan_ratio<1.04").as_deref(), Some("makespan_ratio<1.04: it is 1.04"));
        assert_eq!(broken("late_seconds.p99>1").as_deref(), Some("late_seconds.p99>1: it is 0.5"));
        for unknown in ["api_errors==0", "makespan<=1", "late_seconds.p98<1"] {
            assert!(broken(unknown).is_some_and(|why| why.ends_with("no such figure")), "{unknown}");
        }
    }

    #[test]
    fn what_is_no_gate_is_refused() {
        for text in ["", "makespan_ratio", "makespan_ratio<=", "<=1", "a<=b", "a=1", "a<inf", "a<NaN"] {
            assert!(text.parse::<Gate>().is_err(), "{text}");
        }
        assert_eq!(" a <= 1.50 ".parse::<Gate>().unwrap().to_string(), "a<=1.5");
    }
}
