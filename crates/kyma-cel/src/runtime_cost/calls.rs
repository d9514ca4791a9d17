//! What a call costs, by the sizes of its arguments.

use crate::cost::{COMPARISONS, REGEX, TRAVERSAL, scale};
use crate::value::{Library, List, Map, Value};

fn traversal(size: u64) -> u64 {
    scale(size, TRAVERSAL)
}

/// One more character than there are, so that an expensive pattern costs something for an empty text, too.
fn pattern(text: u64, regex: u64) -> u64 {
    traversal(text.saturating_add(1)).saturating_mul(scale(regex, REGEX))
}

fn size(args: &[Value<'_>], index: usize) -> u64 {
    args.get(index).map_or(1, Value::size)
}

pub(super) fn cost(function: &str, overload: &str, args: &[Value<'_>], result: Option<&Value<'_>>) -> u64 {
    extension(overload, args, result)
        .or_else(|| kubernetes(function, overload, args, result))
        .unwrap_or_else(|| standard(overload, args))
}

/// Lists and sets of cel-go's extensions.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs are counted in floating point, as in cel-go"
)]
fn extension(overload: &str, args: &[Value<'_>], result: Option<&Value<'_>>) -> Option<u64> {
    // A call and a list that is made.
    let allocating = |factor: f64, size: u64| {
        let factor = if factor < 0.0 { 1.0 } else { factor };
        ((size as f64 * factor) as u64).saturating_add(11)
    };
    let unsized_one = |value: Option<&Value<'_>>| value.and_then(Value::sized).unwrap_or(1);
    Some(match overload {
        "list_sets_contains_list" | "list_sets_intersects_list" | "list_sets_equivalent_list" => {
            let factor = if overload == "list_sets_equivalent_list" { 2.0 } else { 1.0 };
            let product = unsized_one(args.first()).wrapping_mul(unsized_one(args.get(1)));
            ((product as f64 * factor) as u64).saturating_add(1)
        }
        "list_slice" | "lists_range" | "list_reverse" => allocating(1.0, unsized_one(result)),
        "list_flatten" | "list_flatten_int" => {
            let depth = match args.get(1) {
                Some(Value::Int(depth)) => *depth as f64,
                _ => 1.0,
            };
            allocating(depth, unsized_one(args.first()))
        }
        "list_distinct" => self_compare(args.first(), allocating),
        name if name.starts_with("list_") && name.ends_with("_sort") => {
            self_compare(args.first(), allocating)
        }
        name if name.starts_with("list_") && name.ends_with("_sortByAssociatedKeys") => {
            self_compare(args.get(1), allocating)
        }
        _ => return None,
    })
}

/// Every element is compared to every other one.
fn self_compare(list: Option<&Value<'_>>, allocating: impl Fn(f64, u64) -> u64) -> u64 {
    let Some(Value::List(list)) = list else { return allocating(2.0, 1) };
    let size = u64::try_from(list.len()).unwrap_or(u64::MAX);
    let text = matches!(list.get(0), Some(Ok(Value::String(_) | Value::Bytes(_))));
    let factor = if text { 2.0 + TRAVERSAL } else { 2.0 };
    allocating(factor, size.saturating_mul(size))
}

/// Functions of Kubernetes, and those of cel-go whose costs Kubernetes sets.
fn kubernetes(function: &str, overload: &str, args: &[Value<'_>], result: Option<&Value<'_>>) -> Option<u64> {
    // Kubernetes counts what has no size as one, optional values included.
    let sized = |index: usize| args.get(index).and_then(Value::sized).unwrap_or(1);
    Some(match function {
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" | "includes" => {
            args.first().map_or(0, traverse)
        }
        "url" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "cidr" | "isIP" | "isCIDR"
        | "quantity" | "isQuantity" | "semver" | "isSemver" => traversal(sized(0)),
        "replace" | "split" | "ip.isCanonical" => scale(sized(0), 2.0 * TRAVERSAL),
        "join" => scale(result.and_then(Value::sized).unwrap_or(1), 2.0 * TRAVERSAL),
        "find" | "findAll" => pattern(sized(0), sized(1)),
        "ip" if overload == "cidr_ip" => 1,
        "ip" => traversal(sized(0)),
        "containsIP" => {
            let parsed = if overload == "cidr_contains_ip_string" { traversal(sized(1)) } else { 0 };
            traversal(2 * sized(0)) + parsed
        }
        "containsCIDR" => {
            let parsed = if overload == "cidr_contains_cidr_string" { traversal(sized(1)) } else { 0 };
            traversal(2 * sized(0)) + traversal(sized(0)) + 1 + parsed
        }
        "validate" => match args.first() {
            Some(Value::Library(Library::Format(format))) => pattern(sized(1), format.regex_size),
            _ => return None,
        },
        "masked"
        | "prefixLength"
        | "family"
        | "isUnspecified"
        | "isLoopback"
        | "isLinkLocalMulticast"
        | "isLinkLocalUnicast"
        | "isGlobalUnicast"
        | "format.named"
        | "sign"
        | "asInteger"
        | "isInteger"
        | "asApproximateFloat"
        | "isGreaterThan"
        | "isLessThan"
        | "compareTo"
        | "add"
        | "sub"
        | "major"
        | "minor"
        | "patch"
        | "getScheme"
        | "getHostname"
        | "getHost"
        | "getPort"
        | "getEscapedPath"
        | "getQuery" => 1,
        "_==_" => match args.first() {
            Some(Value::Library(_)) => 1,
            _ => return None,
        },
        _ => return None,
    })
}

/// The cost of looking at everything in a value.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs are counted in floating point, as in Kubernetes"
)]
fn traverse(value: &Value<'_>) -> u64 {
    let text = |length: usize| (length as f64 * TRAVERSAL) as u64;
    match value {
        Value::String(value) => text(value.len()),
        Value::Bytes(bytes) => text(bytes.len()),
        Value::List(list) => traverse_list(list),
        Value::Map(map) => traverse_map(map),
        _ => 1,
    }
}

fn traverse_list(list: &List<'_>) -> u64 {
    list.iter().map(|element| element.map_or(1, |element| traverse(&element))).sum()
}

fn traverse_map(map: &Map<'_>) -> u64 {
    let entry = |key: Value<'_>| {
        let value = map.find(&key).ok().flatten();
        traverse(&key) + value.as_ref().map_or(1, traverse)
    };
    map.keys().into_iter().map(entry).sum()
}

/// The standard library.
fn standard(overload: &str, args: &[Value<'_>]) -> u64 {
    match overload {
        "starts_with_string" | "ends_with_string" => traversal(size(args, 1)),
        "string_to_bytes" | "bytes_to_string" | "strings_quote" | "string_format" => traversal(size(args, 0)),
        "in_list" => size(args, 1),
        comparison if COMPARISONS.contains(&comparison) => traversal(size(args, 0).min(size(args, 1))),
        "add_string" | "add_bytes" => traversal(size(args, 0).saturating_add(size(args, 1))),
        "matches" | "matches_string" => pattern(size(args, 0), size(args, 1)),
        "contains_string" => traversal(size(args, 0)).saturating_mul(traversal(size(args, 1))),
        _ => 1,
    }
}
