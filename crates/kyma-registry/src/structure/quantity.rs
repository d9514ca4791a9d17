//! Quantities such as `500m` and `1Gi`, and their canonical form
//! (`k8s.io/apimachinery/pkg/api/resource/{quantity,amount,suffix}.go`).

use std::cmp::Ordering;
use std::fmt;

/// What a quantity that cannot be read gets told (`ErrFormatWrong`, `ErrSuffix`).
const WRONG_FORMAT: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX: &str = "unable to parse quantity's suffix";
const WRONG_NUMBER: &str = "unable to parse numeric part of quantity";

/// Suffixes of powers of ten by their exponents, and of powers of 1024.
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Quantities are exact to the billionth.
const NANOS: i128 = 1_000_000_000;
/// A number with more digits than this is kept as it was written.
const MOST_DIGITS: usize = 18;

/// A quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    format: Format,
    /// The text as it was given, where Go keeps that.
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Exponent,
    Binary,
}

impl Quantity {
    /// Reads a quantity (`ParseQuantity`).
    ///
    /// # Errors
    /// Go's message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, rest) = rest.split_at(digits(rest));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        if text.is_empty() || !is_suffix(suffix) {
            return Err(WRONG_FORMAT.to_owned());
        }
        let (format, exponent) = read_suffix(suffix).ok_or(WRONG_SUFFIX)?;
        if whole.is_empty() && fraction.is_empty() {
            return Err(WRONG_NUMBER.to_owned());
        }
        let whole = whole.trim_start_matches('0');
        let keeps = Self { nanos: 0, format, text: Some(text.to_owned()) };
        let all = format!("{}{fraction}", if whole.is_empty() { "0" } else { whole });
        if all.len() > MOST_DIGITS {
            return Ok(keeps);
        }
        let number: i128 = all.parse().map_err(|_| WRONG_NUMBER)?;
        let Some(nanos) = scaled(number, fraction.len(), format, exponent) else { return Ok(keeps) };
        let nanos = if negative { -nanos } else { nanos };
        let canonical = match format {
            Format::Binary => fraction.is_empty() && number & 7 != 0,
            _ => {
                let scale = exponent - i32::try_from(fraction.len()).unwrap_or_default();
                scale >= -9 && scale % 3 == 0 && !all.ends_with("000") && !all.starts_with('0')
            }
        };
        // A fraction of a byte and the like is shown in powers of ten.
        let format = match format {
            Format::Binary if nanos > 0 && nanos < NANOS => Format::Decimal,
            other => other,
        };
        Ok(Self { nanos, format, text: canonical.then(|| text.to_owned()) })
    }

    /// Whether it is less than nothing. What has more digits than are counted here passes for nothing.
    pub(crate) fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// Whether it is a whole number.
    pub(crate) fn is_whole(&self) -> bool {
        self.nanos % NANOS == 0
    }

    /// Which of two is larger, however they are written.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }

    fn decimal(&self, f: &mut fmt::Formatter<'_>, format: Format) -> fmt::Result {
        let (mut mantissa, mut exponent) = (self.nanos, -9);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent % 3 != 0 {
            mantissa *= 10;
            exponent -= 1;
        }
        match format {
            Format::Exponent if exponent != 0 => write!(f, "{mantissa}e{exponent}"),
            _ => {
                let suffix = DECIMAL.iter().find(|(_, other)| *other == exponent);
                write!(f, "{mantissa}{}", suffix.map_or("", |(suffix, _)| suffix))
            }
        }
    }
}

fn is_suffix(text: &str) -> bool {
    let rest = text.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    rest.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_suffix(suffix: &str) -> Option<(Format, i32)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Decimal, *exponent));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return Some((Format::Binary, i32::try_from(power).ok()? * 10));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((Format::Exponent, exponent.parse().ok()?))
}

/// The number in billionths, rounded away from zero; `None` where it is too large for that.
fn scaled(number: i128, fraction: usize, format: Format, exponent: i32) -> Option<i128> {
    let fraction = i32::try_from(fraction).ok()?;
    if format == Format::Binary {
        let units = number.checked_mul(1_i128.checked_shl(u32::try_from(exponent).ok()?)?)?;
        // The largest is that of 64 bits.
        let units = units.checked_mul(NANOS)?;
        return Some(divided(units, fraction)?.min(i128::from(i64::MAX).checked_mul(NANOS)?));
    }
    let power = exponent + 9 - fraction;
    match u32::try_from(power) {
        Ok(power) => number.checked_mul(10_i128.checked_pow(power)?),
        Err(_) => divided(number, -power),
    }
}

fn divided(number: i128, digits: i32) -> Option<i128> {
    let digits = u32::try_from(digits).ok()?;
    let Some(divisor) = 10_i128.checked_pow(digits) else { return Some(number.signum()) };
    Some((number + divisor - 1) / divisor)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let whole = self.nanos % NANOS == 0;
        let small = self.nanos > -1024 * NANOS && self.nanos < 1024 * NANOS;
        if self.format != Format::Binary || !whole || small {
            let format = if self.format == Format::Binary { Format::Decimal } else { self.format };
            return self.decimal(f, format);
        }
        let (mut mantissa, mut power) = (self.nanos / NANOS, 0);
        while mantissa % 1024 == 0 && power + 1 < BINARY.len() {
            mantissa /= 1024;
            power += 1;
        }
        write!(f, "{mantissa}{}", BINARY.get(power).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_take_their_canonical_form() {
        let cases = [
            ("0", "0"),
            ("0m", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("500m", "500m"),
            ("0.5", "500m"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("1024Ki", "1Mi"),
            ("1.5Gi", "1536Mi"),
            ("1000Ki", "1000Ki"),
            ("2048", "2048"),
            ("8Gi", "8Gi"),
            ("512", "512"),
            ("512Ki", "512Ki"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("12000", "12k"),
            ("1e4", "10e3"),
            ("0.1n", "1n"),
            ("-1000", "-1k"),
            ("100000000", "100M"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1.500", "1.500"),
            ("010", "010"),
        ];
        for (given, canonical) in cases {
            assert_eq!(Quantity::parse(given).unwrap().to_string(), canonical, "{given}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for (bad, message) in [
            ("", WRONG_FORMAT),
            ("1 Gi", WRONG_FORMAT),
            ("x", WRONG_FORMAT),
            ("1ki", WRONG_SUFFIX),
            ("m", WRONG_NUMBER),
        ] {
            assert_eq!(Quantity::parse(bad).unwrap_err(), message, "{bad}");
        }
    }
}
