//! Numbers as Go prints them after they went through its JSON and YAML's idea of numbers.

use serde_json::Number;

/// The number's text.
///
/// Up to 1e21, Go's JSON writes all digits of a float, and what then looks like an integer of 64 bits is read as one.
/// The rest is printed as by `strconv.FormatFloat(float, 'g', -1, 64)`.
pub(super) fn text(number: &Number) -> String {
    if !number.is_f64() {
        return number.to_string();
    }
    let float = Decimal::of(number);
    let written_out = float.written_out();
    let is_integer = float.point >= float.digits.len() as i32 && float.point <= 21;
    if is_integer && (written_out.parse::<i64>().is_ok() || written_out.parse::<u64>().is_ok()) {
        return written_out;
    }
    if (-3..=6).contains(&float.point) { written_out } else { float.scientific() }
}

/// A float's shortest digits, without zeros around them, and where its point is among them.
struct Decimal {
    negative: bool,
    digits: String,
    point: i32,
}

impl Decimal {
    /// Takes the digits from the text that `serde_json` prints. Where two texts are equally short and near, it chooses
    /// the even one as Go does, unlike the standard library.
    fn of(number: &Number) -> Self {
        let text = number.to_string();
        let unsigned = text.trim_start_matches('-');
        let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = digits.len() - significant.len();
        let exponent = exponent.parse::<i32>().unwrap_or_default();
        let digits = significant.trim_end_matches('0').to_owned();
        let point = if digits.is_empty() { 0 } else { whole.len() as i32 - zeros as i32 + exponent };
        // The integer that a negative zero is read back as has no sign.
        Self { negative: text.starts_with('-') && !digits.is_empty(), digits, point }
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn written_out(&self) -> String {
        let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
        let whole_digits = usize::try_from(self.point).unwrap_or_default().min(self.digits.len());
        let (whole, fraction) = self.digits.split_at(whole_digits);
        let whole = format!("{whole}{}", zeros(self.point - whole.len() as i32));
        let whole = if whole.is_empty() { "0" } else { &whole };
        let sign = self.sign();
        if fraction.is_empty() {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{}{fraction}", zeros(-self.point))
    }

    fn scientific(&self) -> String {
        let (first, rest) = self.digits.split_at(1.min(self.digits.len()));
        let point = if rest.is_empty() { "" } else { "." };
        let exponent = self.point - 1;
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{}{first}{point}{rest}e{exponent_sign}{:02}", self.sign(), exponent.unsigned_abs())
    }
}
