//! The order in which Go's YAML library prints the keys of a map.

mod classes;

use std::cmp::Ordering;

use classes::{is_digit, is_letter};

/// The fields in the order of their keys.
///
/// A merge sort by hand, because the order is not a total one for keys with very long or non-Latin numbers, for which
/// the sort of the standard library may panic.
pub(super) fn sorted<K: AsRef<str>, V>(fields: Vec<(K, V)>) -> Vec<(K, V)> {
    if fields.len() < 2 {
        return fields;
    }
    let mut first = fields;
    let second = first.split_off(first.len() / 2);
    let mut second = sorted(second).into_iter().peekable();
    let mut merged = Vec::with_capacity(first.len() + second.len());
    for field in sorted(first) {
        let is_earlier = |other: &(K, V)| compare(other.0.as_ref(), field.0.as_ref()) == Ordering::Less;
        while let Some(earlier) = second.next_if(is_earlier) {
            merged.push(earlier);
        }
        merged.push(field);
    }
    merged.extend(second);
    merged
}

/// Compares two keys as `keyList.Less` does: where they differ first, letters come last and numbers are compared by
/// their value.
fn compare(left: &str, right: &str) -> Ordering {
    let same = left.chars().zip(right.chars()).take_while(|(left, right)| left == right);
    let (same, left) = left.split_at(same.map(|(char, _)| char.len_utf8()).sum());
    let right = &right[same.len()..];
    let (Some(left_char), Some(right_char)) = (left.chars().next(), right.chars().next()) else {
        return left.len().cmp(&right.len());
    };
    match (is_letter(left_char), is_letter(right_char)) {
        (true, true) => left_char.cmp(&right_char),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            // A zero weighs nothing in front of a number, but does within one.
            let within = (left_char == '0' || right_char == '0') && follows_digits(same);
            number(left, within).cmp(&number(right, within)).then_with(|| left_char.cmp(&right_char))
        }
    }
}

/// Whether the text ends in a number that is not zero.
fn follows_digits(text: &str) -> bool {
    text.chars().rev().take_while(|char| is_digit(*char)).any(|char| char != '0')
}

/// The number at the text's beginning, and in how many digits. It wraps around where Go's does.
fn number(text: &str, within: bool) -> (i64, usize) {
    let mut value = i64::from(within);
    let mut digits = 0;
    for char in text.chars().take_while(|char| is_digit(*char)) {
        let digit = i64::from(u32::from(char)) - i64::from(u32::from('0'));
        value = value.wrapping_mul(10).wrapping_add(digit);
        digits += 1;
    }
    (value, digits)
}
