//! Numbers against their bounds, with Go's conversions (`k8s.io/kube-openapi/pkg/validation/validate/values.go`).

use super::formats::Format;
use super::item::Item;
use super::node::{Bound, Node, Rules, Type};
use super::outcome::Outcome;
use crate::reason::{FieldErrorKind, Trail, gotext};

/// The largest integer that every float64 below tells apart from its neighbours: 2^53 - 1.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Whether a float stands for an integer (`swag.IsFloat64AJSONInteger`).
pub(super) fn is_whole(value: f64) -> bool {
    if value.is_nan() || !(-MAX_SAFE..=MAX_SAFE).contains(&value) {
        return false;
    }
    let rounded = value.round();
    let difference = (value - rounded).abs();
    difference == 0.0 || (rounded != 0.0 && difference < 1e-9 * rounded.abs())
}

/// Go's conversion of a float to an int64, on amd64: what does not fit becomes the smallest integer.
pub(super) fn truncate(value: f64) -> i64 {
    if fits_int64(value.trunc()) { value as i64 } else { i64::MIN }
}

fn fits_int64(value: f64) -> bool {
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value)
}

pub(super) fn judge(node: &Node, item: Item<'_>, at: &Trail<'_>, out: &mut Outcome) {
    let range = Range::of(node);
    range.check(item, "Checked", at, out);
    let Some(rules) = &node.rules else { return };
    if let Some(factor) = rules.multiple_of {
        let item = range.native(item, factor, "MultipleOf", at, out);
        multiple_of(item, factor, at, out);
    }
    // Upstream reports the minimum before the maximum.
    for (bound, is_maximum) in bounds(rules) {
        let prefix = if is_maximum { "Maximum boundary" } else { "Minimum boundary" };
        let item = range.native(item, bound.value, prefix, at, out);
        compare(item, bound, is_maximum, at, out);
    }
}

fn bounds(rules: &Rules) -> impl Iterator<Item = (Bound, bool)> {
    rules.minimum.map(|bound| (bound, false)).into_iter().chain(rules.maximum.map(|bound| (bound, true)))
}

/// What type and format hold, if the schema names exactly one type.
#[derive(Clone, Copy)]
struct Range {
    kind: Option<Type>,
    format: Option<NumberFormat>,
}

#[derive(Clone, Copy)]
enum NumberFormat {
    Int32,
    Int64,
    Float,
    Double,
}

impl Range {
    fn of(node: &Node) -> Self {
        let kind = node.types.only().filter(|kind| matches!(kind, Type::Integer | Type::Number));
        let format = match (kind, &node.format) {
            (Some(Type::Integer), Some(Format::Int32)) => Some(NumberFormat::Int32),
            (Some(Type::Integer), Some(Format::Int64)) => Some(NumberFormat::Int64),
            (Some(Type::Number), Some(Format::Float)) => Some(NumberFormat::Float),
            (Some(Type::Number), Some(Format::Double)) => Some(NumberFormat::Double),
            _ => None,
        };
        Self { kind, format }
    }

    /// Whether the number fits; a failure names what was checked.
    fn check(self, item: Item<'_>, prefix: &str, at: &Trail<'_>, out: &mut Outcome) -> bool {
        let value = match item {
            Item::Integer(value) => value as f64,
            Item::Float(value) => value,
            _ => return true,
        };
        let fits = match (self.kind, self.format) {
            (Some(Type::Integer), Some(NumberFormat::Int32)) => {
                value.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value)
            }
            (Some(Type::Integer), _) => {
                matches!(item, Item::Integer(_)) || (value.fract() == 0.0 && fits_int64(value))
            }
            (_, Some(NumberFormat::Float)) => (value as f32).is_finite(),
            _ => true,
        };
        if !fits {
            let kind = self.kind.map_or("", Type::name);
            let of_type = match self.format {
                Some(format) => format!("{kind} with format {}", format.name()),
                None => format!("{kind} (default format)"),
            };
            out.fail_plain(format!("{prefix} value must be of type {of_type} in {at}"));
        }
        fits
    }

    /// The number as it is compared with a bound: as a float where the bound does not fit the type.
    fn native<'a>(
        self,
        item: Item<'a>,
        bound: f64,
        prefix: &str,
        at: &Trail<'_>,
        out: &mut Outcome,
    ) -> Item<'a> {
        match item {
            Item::Integer(value) if !self.check(Item::Float(bound), prefix, at, out) => {
                Item::Float(value as f64)
            }
            Item::Float(_) => {
                self.check(Item::Float(bound), prefix, at, out);
                item
            }
            item => item,
        }
    }
}

impl NumberFormat {
    const fn name(self) -> &'static str {
        match self {
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::Double => "double",
        }
    }
}

fn compare(item: Item<'_>, bound: Bound, is_maximum: bool, at: &Trail<'_>, out: &mut Outcome) {
    let (outside, limit) = match item {
        Item::Integer(value) => {
            let limit = truncate(bound.value);
            let beyond = if is_maximum { value > limit } else { value < limit };
            (beyond || (bound.exclusive && value == limit), limit.to_string())
        }
        Item::Float(value) => {
            let limit = bound.value;
            let beyond = if is_maximum { value > limit } else { value < limit };
            (beyond || (bound.exclusive && value == limit), gotext::float(limit))
        }
        _ => return,
    };
    if !outside {
        return;
    }
    let than = match (is_maximum, bound.exclusive) {
        (true, false) => "less than or equal to",
        (true, true) => "less than",
        (false, false) => "greater than or equal to",
        (false, true) => "greater than",
    };
    out.fail(FieldErrorKind::Invalid, at, item.to_value(), format!("{at} in body should be {than} {limit}"));
}

fn multiple_of(item: Item<'_>, factor: f64, at: &Trail<'_>, out: &mut Outcome) {
    let (positive, holds, shown) = match item {
        Item::Integer(value) => {
            let factor = truncate(factor);
            (factor > 0, factor > 0 && value % factor == 0, Item::Integer(factor))
        }
        Item::Float(value) => {
            let quotient = if factor < 1.0 { 1.0 / factor * value } else { value / factor };
            (factor > 0.0, is_whole(quotient), Item::Float(factor))
        }
        _ => return,
    };
    let text = match shown {
        Item::Float(factor) => gotext::float(factor),
        other => gotext::json(&other.to_value()),
    };
    if !positive {
        let message = format!("factor MultipleOf declared for {at} must be positive: {text}");
        out.fail(FieldErrorKind::Invalid, at, shown.to_value(), message);
    } else if !holds {
        let message = format!("{at} in body should be a multiple of {text}");
        out.fail(FieldErrorKind::Invalid, at, item.to_value(), message);
    }
}
