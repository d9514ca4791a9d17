//! What a well-typed tree may get wrong nevertheless: literal arguments, mixed lists, format strings.

use super::{Checked, format};
use crate::ast::{Call, Entry, Expr, Kind, List, Literal};
use crate::library::times;
use crate::pattern;
use crate::source::{Issues, Source};
use crate::types::Type;

struct Validator<'a> {
    checked: &'a Checked,
    source: &'a Source,
    issues: &'a mut Issues,
}

pub(super) fn validate(root: &Expr, checked: &Checked, source: &Source, issues: &mut Issues) {
    let mut validator = Validator { checked, source, issues };
    root.walk(&mut |expr| {
        if let Kind::Call(call) = &expr.kind {
            validator.argument(call);
            validator.format(expr, call);
        }
    });
    validator.aggregates(root);
}

impl Validator<'_> {
    fn report(&mut self, id: i64, message: String) {
        self.issues.report(self.source.location_of(id), message);
    }

    /// Literal durations, timestamps and patterns.
    fn argument(&mut self, call: &Call) {
        let Some(arg) = call.args.first() else { return };
        let Some(literal) = arg.as_literal() else { return };
        let valid = match (call.function.as_str(), literal) {
            ("duration", Literal::String(text)) => times::parse_duration(text).is_some(),
            ("timestamp", Literal::String(text)) => {
                times::parse_timestamp(text).is_some_and(|time| times::in_range(time.seconds))
            }
            ("timestamp", Literal::Int(seconds)) => times::in_range(*seconds),
            ("matches", Literal::String(text)) => pattern::compile(text).is_ok(),
            _ => true,
        };
        if !valid {
            self.report(arg.id, format!("invalid {} argument", call.function));
        }
    }

    fn format(&mut self, expr: &Expr, call: &Call) {
        let Some(Literal::String(text)) = call.target.as_ref().and_then(|target| target.as_literal()) else {
            return;
        };
        let [Expr { kind: Kind::List(args), .. }] = call.args.as_slice() else { return };
        if call.function != "format" {
            return;
        }
        if let Err((id, message)) = format::check(text, args, self.checked) {
            self.report(id.unwrap_or(expr.id), message);
        }
    }

    /// Lists and maps have elements of one type, except as arguments of `format`.
    fn aggregates(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Call(call) => {
                if call.function == "format" {
                    return;
                }
                call.target.iter().for_each(|target| self.aggregates(target));
                call.args.iter().for_each(|arg| self.aggregates(arg));
            }
            Kind::List(list) => {
                self.list(list);
                list.elements.iter().for_each(|element| self.aggregates(element));
            }
            Kind::Map(entries) => {
                self.map(entries);
                for entry in entries {
                    self.aggregates(&entry.key);
                    self.aggregates(&entry.value);
                }
            }
            Kind::Select(select) => self.aggregates(&select.operand),
            Kind::Struct(object) => object.fields.iter().for_each(|field| self.aggregates(&field.value)),
            Kind::Comprehension(fold) => {
                let parts = [&fold.range, &fold.accu_init, &fold.condition, &fold.step, &fold.result];
                parts.into_iter().for_each(|part| self.aggregates(part));
            }
            Kind::Unspecified | Kind::Literal(_) | Kind::Ident(_) => {}
        }
    }

    /// The type of an element; behind a question mark that of what is in it.
    fn element_type(&self, expr: &Expr, optional: bool) -> Type {
        let known = self.checked.type_of(expr).clone();
        let inner = known.params().first().map(|inner| (*inner).clone());
        if optional { inner.unwrap_or(known) } else { known }
    }

    fn differs(&mut self, expr: &Expr, expected: &Type, found: &Type) -> bool {
        let differs = !expected.is_equivalent(found);
        if differs {
            self.report(expr.id, format!("expected type '{expected}' but found '{found}'"));
        }
        differs
    }

    fn list(&mut self, list: &List) {
        let mut expected = None;
        for (index, element) in list.elements.iter().enumerate() {
            let known = self.element_type(element, list.optionals.contains(&index));
            let expected = expected.get_or_insert_with(|| known.clone()).clone();
            if self.differs(element, &expected, &known) {
                return;
            }
        }
    }

    fn map(&mut self, entries: &[Entry]) {
        let mut expected = None;
        for entry in entries {
            let key = self.element_type(&entry.key, false);
            let value = self.element_type(&entry.value, entry.optional);
            let (first_key, first_value) =
                expected.get_or_insert_with(|| (key.clone(), value.clone())).clone();
            self.differs(&entry.key, &first_key, &key);
            self.differs(&entry.value, &first_value, &value);
        }
    }
}
