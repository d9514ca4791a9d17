//! Selections, indices and conditionals: ways to a value.

use std::sync::Arc;

use super::{Attr, Node, Planned, Planner, Qualifier, Root};
use crate::ast::{ExprId, Select};
use crate::value::{Text, Value};

impl Attr {
    /// Goes on with a qualifier; of a conditional both ways do.
    fn qualify(&mut self, qualifier: Arc<Qualifier>) {
        match &mut self.root {
            Root::Conditional { truthy, falsy, .. } => {
                truthy.qualify(Arc::clone(&qualifier));
                falsy.qualify(qualifier);
            }
            _ => self.qualifiers.push(qualifier),
        }
    }

    fn relative(id: ExprId, operand: Node) -> Self {
        Self { root: Root::Relative { id, operand: Box::new(operand) }, qualifiers: Vec::new() }
    }
}

/// The attribute that a step is, or that begins with its value.
fn as_attr(node: Node) -> Attr {
    match node {
        Node::Attr(attr) => attr,
        other => Attr::relative(other.id(), other),
    }
}

/// The attribute that a step is, whatever it is asked.
fn as_branch(node: Node) -> Attr {
    match node {
        Node::Attr(attr) | Node::TestOnly(_, attr) => attr,
        other => Attr::relative(other.id(), other),
    }
}

impl Planner<'_> {
    pub(super) fn select(&mut self, id: ExprId, select: &Select) -> Planned {
        let mut attr = as_attr(self.plan(&select.operand)?);
        let key = Value::String(Text::Shared(Arc::from(select.field.as_str())));
        let test_only = select.test_only;
        attr.qualify(Arc::new(Qualifier::Constant { id, key, optional: false, test_only }));
        Ok(if test_only { Node::TestOnly(id, attr) } else { Node::Attr(attr) })
    }

    pub(super) fn conditional(id: ExprId, condition: Node, truthy: Node, falsy: Node) -> Node {
        let (truthy, falsy) = (Box::new(as_branch(truthy)), Box::new(as_branch(falsy)));
        let root = Root::Conditional { id, condition: Box::new(condition), truthy, falsy };
        Node::Attr(Attr { root, qualifiers: Vec::new() })
    }

    pub(super) fn index(id: ExprId, operand: Node, index: Node, optional: bool) -> Planned {
        let mut attr = as_attr(operand);
        let qualifier = match index {
            Node::Const(_, key) => {
                check_key(&key)?;
                Qualifier::Constant { id, key, optional, test_only: false }
            }
            Node::Attr(attr) => Qualifier::Attr { id, attr, optional },
            other => Qualifier::Relative { attr: Attr::relative(id, other), optional },
        };
        attr.qualify(Arc::new(qualifier));
        Ok(Node::Attr(attr))
    }
}

/// Whether a value can be an index or a key.
pub(crate) fn check_key(key: &Value<'_>) -> Result<(), String> {
    match key {
        Value::String(_) | Value::Int(_) | Value::Uint(_) | Value::Bool(_) | Value::Double(_) => Ok(()),
        other => Err(format!("invalid qualifier type: {}", other.go_type())),
    }
}
