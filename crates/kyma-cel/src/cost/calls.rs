//! Costs of calls: arguments, the function, and the size of the result.

use super::{COMPARISONS, Coster, Path, REGEX, TRAVERSAL, is_accumulator};
use crate::ast::{Call, Expr, ExprId};
use crate::cost::Estimate;
use crate::types::Type;

/// What is known of a target or an argument.
pub(super) struct Operand<'a> {
    pub(super) expr: &'a Expr,
    pub(super) known: Type,
    pub(super) path: Path,
    pub(super) size: Option<Estimate>,
}

/// The cost of a call without its arguments, and the size of the result where it is known.
pub(super) struct CallEstimate {
    pub(super) cost: Estimate,
    pub(super) size: Option<Estimate>,
}

impl CallEstimate {
    pub(super) fn new(cost: Estimate) -> Self {
        Self { cost, size: None }
    }

    pub(super) fn sized(cost: Estimate, size: Estimate) -> Self {
        Self { cost, size: Some(size) }
    }
}

impl Coster<'_> {
    fn operand<'e>(&mut self, expr: &'e Expr) -> Operand<'e> {
        let mut path = self.path(expr);
        if path.starts_with(is_accumulator) {
            path = Path::default();
        }
        Operand { expr, known: self.type_of(expr).clone(), path, size: self.size(expr) }
    }

    pub(super) fn call(&mut self, expr: &Expr, call: &Call) -> Estimate {
        if call.function == "dyn"
            && let [arg] = call.args.as_slice()
        {
            let cost = self.cost(arg);
            self.copy_sizes(expr.id, arg);
            return cost.plus(Estimate::fixed(1));
        }
        let mut costs = Vec::with_capacity(call.args.len());
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            costs.push(self.cost(arg));
            args.push(self.operand(arg));
        }
        let checked = self.checked;
        let overloads = checked.overloads(expr.id);
        if overloads.is_empty() {
            return Estimate::ZERO;
        }
        let mut sum = Estimate::ZERO;
        let mut target = None;
        if let Some(called_on) = &call.target {
            sum = self.cost(called_on);
            target = Some(self.operand(called_on));
        }
        let mut total = Estimate { min: u64::MAX, max: 0 };
        let mut size: Option<Estimate> = None;
        for overload in overloads {
            let estimated = self.function(expr, &call.function, overload, target.as_ref(), &args, &costs);
            total = total.union(estimated.cost);
            if let Some(result) = estimated.size {
                size = Some(size.map_or(result, |size| size.union(result)));
            }
            let step = match *overload {
                "index_list" => Some("@items"),
                "index_map" => Some("@values"),
                _ => None,
            };
            if let (Some(step), Some(indexed)) = (step, call.args.first()) {
                size = self.entry(indexed).map(|entry| entry.value);
                let path = self.subpath(indexed, step);
                self.paths.insert(expr.id, path);
            }
            if size.is_none() {
                size = self.size(expr);
            }
        }
        self.set_size(expr.id, size);
        sum.plus(total)
    }

    fn function(
        &mut self,
        expr: &Expr,
        function: &str,
        overload: &str,
        target: Option<&Operand<'_>>,
        args: &[Operand<'_>],
        costs: &[Estimate],
    ) -> CallEstimate {
        let arguments = costs.iter().copied().fold(Estimate::ZERO, Estimate::plus);
        let estimated = self
            .extension(overload, target, args)
            .or_else(|| self.kubernetes(function, overload, target, args))
            .or_else(|| self.standard(expr.id, overload, target, args));
        if let Some(estimated) = estimated {
            return CallEstimate { cost: estimated.cost.plus(arguments), size: estimated.size };
        }
        match (overload, costs) {
            ("logical_or" | "logical_and", [lhs, rhs]) => {
                // The second one may not be needed.
                CallEstimate::new(Estimate { min: lhs.min, max: lhs.plus(*rhs).max })
            }
            ("conditional", [condition, truthy, falsy]) => {
                let cost = condition.plus(truthy.union(*falsy));
                let size = self.conditional_size(expr.id, args);
                CallEstimate { cost, size }
            }
            _ => CallEstimate::new(arguments.plus(Estimate::fixed(1))),
        }
    }

    fn conditional_size(&mut self, id: ExprId, args: &[Operand<'_>]) -> Option<Estimate> {
        let [_, truthy, falsy] = args else { return None };
        let entry = self.entry(truthy.expr).zip(self.entry(falsy.expr)).map(|(a, b)| a.union(b));
        self.set_entry(id, entry);
        Some(known(truthy).union(known(falsy)))
    }

    /// The standard library, without what every call costs.
    fn standard(
        &mut self,
        id: ExprId,
        overload: &str,
        target: Option<&Operand<'_>>,
        args: &[Operand<'_>],
    ) -> Option<CallEstimate> {
        Some(match (overload, target, args) {
            ("string_format", Some(target), _) => CallEstimate::new(known(target).scaled(TRAVERSAL)),
            ("string_to_bytes", _, [arg]) => {
                let size = known(arg);
                let result = Estimate { min: size.min, max: size.max.wrapping_mul(4) };
                CallEstimate::sized(size.scaled(TRAVERSAL), result)
            }
            ("bytes_to_string", _, [arg]) => {
                let size = known(arg);
                CallEstimate::sized(size.scaled(TRAVERSAL), Estimate { min: size.min / 4, max: size.max })
            }
            ("strings_quote", _, [arg]) => {
                let size = known(arg);
                let min = size.min.wrapping_add(2);
                let result = Estimate { min, max: size.max.wrapping_mul(2).wrapping_add(2) };
                CallEstimate::sized(size.scaled(TRAVERSAL), result)
            }
            ("starts_with_string" | "ends_with_string", _, [arg]) => {
                CallEstimate::new(known(arg).scaled(TRAVERSAL))
            }
            ("in_list", _, [_, list]) => CallEstimate::new(known(list)),
            ("matches_string", Some(text), [regex]) | ("matches", None, [text, regex]) => {
                CallEstimate::new(pattern(known(text), known(regex)))
            }
            ("contains_string", Some(target), [part]) => {
                CallEstimate::new(known(target).scaled(TRAVERSAL).times(known(part).scaled(TRAVERSAL)))
            }
            ("add_string" | "add_bytes" | "add_list", _, [lhs, rhs]) => {
                let size = known(lhs).plus(known(rhs));
                let entry = self.entry(lhs.expr).zip(self.entry(rhs.expr)).map(|(a, b)| a.union(b));
                self.set_entry(id, entry);
                let cost = if overload == "add_list" { Estimate::fixed(1) } else { size.scaled(TRAVERSAL) };
                CallEstimate::sized(cost, size)
            }
            (comparison, _, [lhs, rhs]) if COMPARISONS.contains(&comparison) => {
                let max = known(lhs).max.min(known(rhs).max);
                CallEstimate::new(Estimate { min: u64::from(max > 0), max }.scaled(TRAVERSAL))
            }
            _ => return None,
        })
    }
}

/// The size of an operand as far as it is known.
pub(super) fn known(operand: &Operand<'_>) -> Estimate {
    operand.size.unwrap_or(Estimate::UNKNOWN)
}

/// One more character than there are, so that an expensive pattern costs something for an empty text, too.
pub(super) fn pattern(text: Estimate, regex: Estimate) -> Estimate {
    text.plus(Estimate::fixed(1)).scaled(TRAVERSAL).times(regex.scaled(REGEX))
}
