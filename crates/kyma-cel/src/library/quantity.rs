//! Quantities: `quantity('1.5Gi')` (`k8s.io/apimachinery/pkg/api/resource`).

use std::cmp::Ordering;

use super::{Implementation, int, ordering, text};
use crate::error::EvalError;
use crate::value::{Library, Value};

/// An amount. It is exact to a billionth; above 1.7e29 it is cut off.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    nanos: i128,
    /// A number and the power of ten it stands for, where that was enough to write the amount.
    small: Option<(i64, i32)>,
}

/// Nine decimal places are kept.
const PLACES: i32 = 9;

/// How many digits always fit into a small number.
const SMALL_DIGITS: i32 = 18;

impl Quantity {
    /// The amount in billionths.
    #[must_use]
    pub const fn nanos(&self) -> i128 {
        self.nanos
    }

    fn small(value: i64, scale: i32) -> Self {
        Self { nanos: scaled(i128::from(value), scale + PLACES), small: Some((value, scale)) }
    }

    fn plus(self, other: Self) -> Self {
        let small = self.small.zip(other.small).and_then(|(own, others)| add_small(own, others));
        Self { nanos: self.nanos.saturating_add(other.nanos), small }
    }

    fn negated(self) -> Self {
        let small = self.small.and_then(|(value, scale)| Some((value.checked_neg()?, scale)));
        Self { nanos: self.nanos.saturating_neg(), small }
    }

    /// The whole number that the amount is, if it was written as one.
    fn whole(self) -> Option<i64> {
        let (value, scale) = self.small?;
        let factor = 10_i64.checked_pow(u32::try_from(scale).ok()?)?;
        value.checked_mul(factor)
    }

    #[expect(clippy::cast_precision_loss, reason = "the function is called approximate")]
    fn approximate(self) -> f64 {
        let (base, exponent) = match self.small {
            Some((value, scale)) => (value as f64, scale),
            None => (self.nanos as f64, -PLACES),
        };
        if exponent == 0 { base } else { base * 10_f64.powi(exponent) }
    }
}

/// A number times a power of ten; fractions are rounded away from zero.
fn scaled(value: i128, power: i32) -> i128 {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        let limit = if value < 0 { i128::MIN } else { i128::MAX };
        return match factor {
            _ if value == 0 => 0,
            Some(factor) => value.saturating_mul(factor),
            None => limit,
        };
    }
    match factor {
        Some(factor) => value / factor + (value % factor).signum(),
        None => value.signum(),
    }
}

fn add_small(a: (i64, i32), b: (i64, i32)) -> Option<(i64, i32)> {
    if b.0 == 0 {
        return Some(a);
    }
    if a.0 == 0 {
        return Some(b);
    }
    let scale = a.1.min(b.1);
    let raise =
        |(value, own): (i64, i32)| value.checked_mul(10_i64.checked_pow(u32::try_from(own - scale).ok()?)?);
    Some((raise(a)?.checked_add(raise(b)?)?, scale))
}

const WRONG_FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// What a suffix stands for: a power of ten or of two.
enum Suffix {
    Ten(i32),
    Two(u32),
}

fn suffix(text: &str) -> Option<Suffix> {
    Some(match text {
        "n" => Suffix::Ten(-9),
        "u" => Suffix::Ten(-6),
        "m" => Suffix::Ten(-3),
        "" => Suffix::Ten(0),
        "k" => Suffix::Ten(3),
        "M" => Suffix::Ten(6),
        "G" => Suffix::Ten(9),
        "T" => Suffix::Ten(12),
        "P" => Suffix::Ten(15),
        "E" => Suffix::Ten(18),
        "Ki" => Suffix::Two(10),
        "Mi" => Suffix::Two(20),
        "Gi" => Suffix::Two(30),
        "Ti" => Suffix::Two(40),
        "Pi" => Suffix::Two(50),
        "Ei" => Suffix::Two(60),
        _ => {
            let exponent = crate::number::parse_int(text.strip_prefix(['e', 'E'])?)?;
            Suffix::Ten(i32::try_from(exponent).unwrap_or(if exponent < 0 {
                i32::MIN / 2
            } else {
                i32::MAX / 2
            }))
        }
    })
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn parse(text: &str) -> Result<Quantity, &'static str> {
    if text.is_empty() {
        return Err(WRONG_FORMAT);
    }
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(unsigned.trim_start_matches('0'));
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    let letters = rest.find(|c: char| !"eEinumkKMGTP".contains(c)).unwrap_or(rest.len());
    let tail = rest.get(letters..).unwrap_or_default();
    let tail = tail.strip_prefix(['+', '-']).unwrap_or(tail);
    if !digits(tail).1.is_empty() {
        return Err(WRONG_FORMAT);
    }
    // A sign or a point alone is no number.
    let numeric =
        unsigned.starts_with(|c: char| c.is_ascii_digit()) || !fraction.is_empty() || unsigned.is_empty();
    let suffix = suffix(rest).ok_or("unable to parse quantity's suffix")?;
    let num = if whole.is_empty() { "0" } else { whole };
    let length = i32::try_from(num.len() + fraction.len()).unwrap_or(i32::MAX);
    let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let sign = |value: i64| if negative { -value } else { value };
    let shifted: String = [num, fraction].concat();
    let (precision, scale, mantissa) = match suffix {
        Suffix::Ten(power) => (SMALL_DIGITS - length, power, 1),
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        Suffix::Two(power) if fraction.is_empty() => {
            let lost = (power as f32 * 3.0 / 10.0) as i32;
            (15 - i32::try_from(num.len()).unwrap_or(i32::MAX) - lost - 1, 0, 1_i64 << power)
        }
        Suffix::Two(_) => (-1, 0, 1),
    };
    if precision >= 0 && scale - places >= -PLACES {
        let value: i64 = shifted.parse().map_err(|_| "unable to parse numeric part of quantity")?;
        if let Some(value) = value.checked_mul(mantissa) {
            return Ok(Quantity::small(sign(value), scale - places));
        }
    }
    if !numeric {
        return Err("unable to parse numeric part of quantity");
    }
    Ok(large(&shifted, places, &suffix, negative))
}

/// An amount that needs more than a small number.
fn large(shifted: &str, places: i32, suffix: &Suffix, negative: bool) -> Quantity {
    let value: i128 = shifted.parse().unwrap_or(i128::MAX);
    let (value, power) = match suffix {
        Suffix::Ten(power) => (value, *power),
        Suffix::Two(power) => (value.checked_mul(1_i128 << power).unwrap_or(i128::MAX), 0),
    };
    let mut nanos = scaled(value, power.saturating_sub(places).saturating_add(PLACES));
    if matches!(suffix, Suffix::Two(_)) {
        // Binary amounts end with the largest whole number of 64 bits.
        nanos = nanos.min(scaled(i128::from(i64::MAX), PLACES));
    }
    Quantity { nanos: if negative { -nanos } else { nanos }, small: None }
}

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_to_quantity" => |args| parse(text(args, 0)?).map(value).map_err(EvalError::new),
        "is_quantity_string" => |args| Ok(Value::Bool(parse(text(args, 0)?).is_ok())),
        "quantity_sign" => |args| Ok(ordering(quantity(args, 0)?.nanos.cmp(&0))),
        "quantity_is_greater_than" => |args| Ok(Value::Bool(order(args)? == Ordering::Greater)),
        "quantity_is_less_than" => |args| Ok(Value::Bool(order(args)? == Ordering::Less)),
        "quantity_compare_to" => |args| Ok(ordering(order(args)?)),
        "quantity_get_float" => |args| Ok(Value::Double(quantity(args, 0)?.approximate())),
        "quantity_get_int" => |args| {
            let whole = quantity(args, 0)?.whole();
            whole.map(Value::Int).ok_or_else(|| EvalError::new("cannot convert value to integer"))
        },
        "quantity_is_integer" => |args| Ok(Value::Bool(quantity(args, 0)?.whole().is_some())),
        "quantity_add" => |args| Ok(value(quantity(args, 0)?.plus(quantity(args, 1)?))),
        "quantity_add_int" => |args| Ok(value(quantity(args, 0)?.plus(Quantity::small(int(args, 1)?, 0)))),
        "quantity_sub" => |args| Ok(value(quantity(args, 0)?.plus(quantity(args, 1)?.negated()))),
        "quantity_sub_int" => {
            |args| Ok(value(quantity(args, 0)?.plus(Quantity::small(int(args, 1)?, 0).negated())))
        }
        _ => return None,
    })
}

fn value<'d>(quantity: Quantity) -> Value<'d> {
    Value::Library(Library::Quantity(quantity))
}

fn quantity(args: &[Value<'_>], index: usize) -> Result<Quantity, EvalError> {
    match args.get(index) {
        Some(Value::Library(Library::Quantity(quantity))) => Ok(*quantity),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn order(args: &[Value<'_>]) -> Result<Ordering, EvalError> {
    Ok(quantity(args, 0)?.nanos.cmp(&quantity(args, 1)?.nanos))
}
