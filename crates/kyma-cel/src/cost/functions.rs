//! Costs of extensions and of Kubernetes' functions (`ext/*.go` of cel-go, `library/cost.go` of Kubernetes).

use super::calls::{CallEstimate, Operand, known, pattern};
use super::{Coster, Estimate, REGEX, TRAVERSAL};
use crate::ast::Literal;
use crate::types::Type;

/// A call and a list that is made.
const ALLOCATING: Estimate = Estimate::fixed(11);

fn allocating(factor: f64, size: Estimate) -> CallEstimate {
    CallEstimate::sized(size.scaled(factor).plus(ALLOCATING), size)
}

/// The number that a literal argument is; below zero is zero.
fn literal(operand: &Operand<'_>, otherwise: u64) -> u64 {
    match operand.expr.as_literal() {
        Some(Literal::Int(value)) => u64::try_from(*value).unwrap_or(0),
        _ => otherwise,
    }
}

fn self_compare(operand: &Operand<'_>, factor: f64) -> CallEstimate {
    let size = known(operand);
    allocating(factor, size.times(size))
}

/// Functions of Kubernetes that look at nothing that could be large.
const NOMINAL: [&str; 27] = [
    "masked",
    "prefixLength",
    "family",
    "isUnspecified",
    "isLoopback",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isGlobalUnicast",
    "format.named",
    "sign",
    "asInteger",
    "isInteger",
    "asApproximateFloat",
    "isGreaterThan",
    "isLessThan",
    "compareTo",
    "add",
    "sub",
    "major",
    "minor",
    "patch",
    "getScheme",
    "getHostname",
    "getHost",
    "getPort",
    "getEscapedPath",
    "getQuery",
];

impl Coster<'_> {
    /// Lists and sets of cel-go's extensions.
    #[expect(clippy::unused_self, reason = "one of three places that are asked for an estimate")]
    pub(super) fn extension(
        &self,
        overload: &str,
        target: Option<&Operand<'_>>,
        args: &[Operand<'_>],
    ) -> Option<CallEstimate> {
        let sort_factor = |overload: &str| {
            let text = overload.starts_with("list_string_") || overload.starts_with("list_bytes_");
            if text { 2.0 + TRAVERSAL } else { 2.0 }
        };
        Some(match (overload, target, args) {
            ("list_slice", Some(target), [start, end]) => {
                let (start, end) = (literal(start, 0), literal(end, known(target).max));
                allocating(1.0, Estimate::fixed(end.wrapping_sub(start)))
            }
            ("lists_range", None, [size]) => allocating(1.0, Estimate::fixed(literal(size, u64::MAX))),
            ("list_reverse", Some(target), []) => allocating(1.0, known(target)),
            ("list_flatten", Some(target), []) => allocating(1.0, known(target)),
            #[expect(clippy::cast_precision_loss, reason = "a factor is a floating point number")]
            ("list_flatten_int", Some(target), [depth]) => {
                allocating(literal(depth, u64::MAX) as f64, known(target))
            }
            ("list_distinct", Some(target), []) => self_compare(target, 2.0),
            (name, Some(target), []) if name.starts_with("list_") && name.ends_with("_sort") => {
                self_compare(target, sort_factor(name))
            }
            (name, Some(_), [keys]) if name.ends_with("_sortByAssociatedKeys") => {
                self_compare(keys, sort_factor(name))
            }
            (
                "list_sets_contains_list" | "list_sets_intersects_list" | "list_sets_equivalent_list",
                _,
                [a, b],
            ) => {
                let factor = if overload == "list_sets_equivalent_list" { 2.0 } else { 1.0 };
                let cost = known(a).times(known(b)).scaled(factor).plus(Estimate::fixed(1));
                CallEstimate::new(cost)
            }
            _ => return None,
        })
    }

    /// What Kubernetes says of its own functions and of some of cel-go's.
    pub(super) fn kubernetes(
        &self,
        function: &str,
        overload: &str,
        target: Option<&Operand<'_>>,
        args: &[Operand<'_>],
    ) -> Option<CallEstimate> {
        let nominal = || CallEstimate::new(Estimate::fixed(1));
        Some(match (function, target, args) {
            (
                "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" | "includes",
                Some(target),
                _,
            ) => self.traverse(function, target),
            ("url" | "jsonpatch.escapeKey", _, [arg]) => {
                CallEstimate::sized(known(arg).scaled(TRAVERSAL), known(arg))
            }
            ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(target), _) => {
                CallEstimate::sized(known(target).scaled(TRAVERSAL), known(target))
            }
            ("replace", Some(target), [old, new, ..]) => {
                let size = known(target);
                let result = replaced(size, known(old), known(new));
                CallEstimate::sized(size.scaled(2.0 * TRAVERSAL), result)
            }
            ("split", Some(target), _) => {
                let size = known(target);
                let max = match args.get(1).and_then(|limit| limit.expr.as_literal()) {
                    Some(Literal::Int(limit)) => limit.cast_unsigned(),
                    _ => size.max,
                };
                CallEstimate::sized(size.scaled(2.0 * TRAVERSAL), Estimate { min: 0, max })
            }
            ("join", Some(target), _) => {
                let size = self.joined(target, args);
                CallEstimate::sized(size.scaled(TRAVERSAL), size)
            }
            ("find" | "findAll", Some(target), [regex, ..]) => {
                let size = known(target);
                CallEstimate::sized(pattern(size, known(regex)), Estimate { min: 0, max: size.max })
            }
            ("ip", _, _) if overload == "cidr_ip" => nominal(),
            (
                "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver",
                _,
                [arg, ..],
            ) => CallEstimate::new(known(arg).scaled(TRAVERSAL)),
            ("ip.isCanonical", _, [arg, ..]) => CallEstimate::new(known(arg).scaled(2.0 * TRAVERSAL)),
            ("containsIP" | "containsCIDR", _, [arg, ..]) => {
                CallEstimate::new(contains_network(function == "containsCIDR", overload, arg))
            }
            ("validate", _, [arg, ..]) => {
                CallEstimate::new(known(arg).scaled(TRAVERSAL).scaled(128.0 * REGEX))
            }
            _ if NOMINAL.contains(&function) => nominal(),
            ("_==_", _, [lhs, rhs]) if lhs.known == rhs.known => CallEstimate::new(equality(lhs, rhs)?),
            _ => return None,
        })
    }

    /// The size of a list's elements, as far as the declared type or their own type tells it.
    fn element_size(&self, list: &Operand<'_>) -> Estimate {
        if list.path.is_empty() {
            return Estimate::UNKNOWN;
        }
        // This one is a copy.
        let mut steps = list.path.steps();
        steps.push("@items".to_owned());
        self.declared_size(&steps).unwrap_or(Estimate::UNKNOWN)
    }

    fn traverse(&self, function: &str, target: &Operand<'_>) -> CallEstimate {
        let size = known(target);
        let Some(element) = target.known.params().first().copied().cloned() else {
            let one = Estimate::fixed(1);
            return CallEstimate::new(if function == "includes" {
                size.times(one)
            } else {
                size.scaled(TRAVERSAL)
            });
        };
        let mut cost = Estimate::fixed(1);
        if matches!(element, Type::String | Type::Bytes) {
            cost = cost.plus(self.element_size(target).scaled(TRAVERSAL));
        }
        CallEstimate::new(size.times(cost))
    }

    fn joined(&self, target: &Operand<'_>, args: &[Operand<'_>]) -> Estimate {
        let count = known(target);
        let has_elements = !target.known.params().is_empty();
        let mut size = if has_elements { count.times(self.element_size(target)) } else { Estimate::ZERO };
        if let Some(separator) = args.first() {
            let gaps = Estimate { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
            size = size.plus(known(separator).times(gaps));
        }
        size
    }
}

/// How long a text is after every occurrence of one part was replaced by another.
fn replaced(size: Estimate, old: Estimate, new: Estimate) -> Estimate {
    let (mut count, mut kept) = (Estimate::ZERO, Estimate::ZERO);
    if old.min == 0 {
        count.max = size.max.saturating_add(1);
        kept.max = size.max;
    } else if new.max <= old.min {
        kept.max = size.max;
    } else {
        count.max = divided(size.max, old.min);
    }
    if old.max == 0 {
        count.min = size.min.saturating_add(1);
        kept.min = size.min;
    } else if old.max <= new.min {
        kept.min = size.min;
    } else {
        count.min = divided(size.min, old.max);
    }
    count.times(new).plus(kept)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs are estimated in floating point, as in Kubernetes"
)]
fn divided(value: u64, by: u64) -> u64 {
    (value as f64 / by as f64).ceil() as u64
}

/// Addresses have four bytes or sixteen.
fn contains_network(is_cidr: bool, overload: &str, arg: &Operand<'_>) -> Estimate {
    let size = Estimate { min: 4, max: 16 };
    let mut cost = size.plus(size).scaled(TRAVERSAL);
    if is_cidr {
        cost = cost.plus(size.scaled(TRAVERSAL)).plus(Estimate::fixed(1));
    }
    if matches!(overload, "cidr_contains_ip_string" | "cidr_contains_cidr_string") {
        cost = cost.plus(known(arg).scaled(TRAVERSAL));
    }
    cost
}

/// Comparing two values of Kubernetes' types.
fn equality(_lhs: &Operand<'_>, rhs: &Operand<'_>) -> Option<Estimate> {
    let name = match &rhs.known {
        Type::Object(name) => name,
        Type::Opaque(name, _) => name,
        _ => return None,
    };
    Some(match &**name {
        "net.IP" | "net.CIDR" | "kubernetes.Quantity" | "kubernetes.Semver" => Estimate::fixed(1),
        "kubernetes.NamedFormat" => Estimate { min: 1, max: 64 }.scaled(TRAVERSAL),
        "kubernetes.URL" => {
            let max = rhs.size.map_or(1, |size| size.max);
            Estimate { min: 1, max }.scaled(TRAVERSAL)
        }
        _ => return None,
    })
}
