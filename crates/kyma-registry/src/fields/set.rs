//! Sets of paths as trees (`fieldpath/set.go`).
//!
//! Upstream keeps members and children of a node in two sorted lists. Here they are one list, in the order in which
//! both are written; a node is there because it is a member, or because something below it is.

use std::cmp::Ordering;

use super::element::Element;
use super::schema::Place;

/// A set of paths below one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set<'a> {
    nodes: Vec<Node<'a>>,
}

/// One element and what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node<'a> {
    pub(crate) element: Element<'a>,
    /// Whether the path that ends here is in the set.
    pub(crate) member: bool,
    pub(crate) below: Set<'a>,
}

impl Node<'_> {
    fn is_needed(&self) -> bool {
        self.member || !self.below.is_empty()
    }
}

impl<'a> Set<'a> {
    pub(crate) const EMPTY: Set<'static> = Set { nodes: Vec::new() };

    /// A set of paths of fields.
    pub(crate) fn of_fields(paths: &[&[&'static str]]) -> Set<'static> {
        let mut set = Set::default();
        for path in paths {
            let elements: Vec<Element<'static>> =
                path.iter().map(|name| Element::Field((*name).into())).collect();
            set.insert(&elements);
        }
        set
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut [Node<'a>] {
        &mut self.nodes
    }

    /// Adds an element, unless it would be an empty node. Cheap where elements come in order; [`Set::sort`] is due
    /// where they do not.
    pub(crate) fn push(&mut self, element: Element<'a>, member: bool, below: Set<'a>) {
        if member || !below.is_empty() {
            self.nodes.push(Node { element, member, below });
        }
    }

    /// Brings pushed elements into order, and those that are there twice together.
    pub(crate) fn sort(&mut self) {
        if self.nodes.is_sorted_by(|a, b| a.element < b.element) {
            return;
        }
        self.nodes.sort_by(|a, b| a.element.cmp(&b.element));
        let mut sorted: Vec<Node<'a>> = Vec::with_capacity(self.nodes.len());
        for node in self.nodes.drain(..) {
            match sorted.last_mut().filter(|last| last.element == node.element) {
                Some(last) => {
                    last.member |= node.member;
                    last.below = std::mem::take(&mut last.below).union(node.below);
                }
                None => sorted.push(node),
            }
        }
        self.nodes = sorted;
    }

    fn find(&self, element: &Element<'_>) -> Result<usize, usize> {
        self.nodes.binary_search_by(|node| node.element.cmp(element))
    }

    /// What is in the set below an element, and whether the element is itself.
    pub(crate) fn get(&self, element: &Element<'_>) -> Option<&Node<'a>> {
        self.find(element).ok().and_then(|index| self.nodes.get(index))
    }

    /// Adds a path. The empty one stands for the whole object, which nobody owns.
    pub(crate) fn insert(&mut self, path: &[Element<'a>]) {
        let Some((first, rest)) = path.split_first() else { return };
        let index = self.find(first).unwrap_or_else(|index| {
            let node = Node { element: first.clone(), member: false, below: Set::default() };
            self.nodes.insert(index, node);
            index
        });
        let Some(node) = self.nodes.get_mut(index) else { return };
        if rest.is_empty() {
            node.member = true;
        } else {
            node.below.insert(rest);
        }
    }

    /// Whether the path is in the set.
    pub(crate) fn has(&self, path: &[Element<'_>]) -> bool {
        match path {
            [] => false,
            [last] => self.get(last).is_some_and(|node| node.member),
            [first, rest @ ..] => self.get(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// Paths that are in one of the two.
    #[must_use]
    pub(crate) fn union(mut self, other: Set<'a>) -> Set<'a> {
        if self.is_empty() {
            return other;
        }
        if !other.is_empty() {
            self.nodes.extend(other.nodes);
            self.sort();
        }
        self
    }

    /// Paths that are in both.
    pub(crate) fn intersection(&self, other: &Set<'_>) -> Set<'a> {
        let mut out = Set::default();
        for (node, other) in self.pairs(other) {
            let Some(other) = other else { continue };
            let below = node.below.intersection(&other.below);
            if node.member && other.member || !below.is_empty() {
                out.push(node.element.clone(), node.member && other.member, below);
            }
        }
        out
    }

    /// Takes paths out; what is below one stays. Says whether any was there.
    pub(crate) fn subtract(&mut self, other: &Set<'_>) -> bool {
        self.edit(other, |node, other| {
            let taken = node.member && other.member;
            node.member &= !other.member;
            node.below.subtract(&other.below) | taken
        })
    }

    /// Takes paths out, and all that is below them. Says whether there was anything.
    pub(crate) fn subtract_all_below(&mut self, other: &Set<'_>) -> bool {
        self.edit(other, |node, other| {
            if other.member {
                node.member = false;
                node.below = Set::default();
                return true;
            }
            node.below.subtract_all_below(&other.below)
        })
    }

    /// Changes the nodes that are in both, and drops those of which nothing is left.
    fn edit(&mut self, other: &Set<'_>, mut change: impl FnMut(&mut Node<'a>, &Node<'_>) -> bool) -> bool {
        let mut others = other.nodes.iter().peekable();
        let mut changed = false;
        for node in &mut self.nodes {
            while others.next_if(|other| other.element < node.element).is_some() {}
            if let Some(other) = others.next_if(|other| other.element == node.element) {
                changed |= change(node, other);
            }
        }
        if changed {
            self.nodes.retain(Node::is_needed);
        }
        changed
    }

    /// Each node, and the other set's node of the same element.
    fn pairs<'s, 'o>(
        &'s self,
        other: &'s Set<'o>,
    ) -> impl Iterator<Item = (&'s Node<'a>, Option<&'s Node<'o>>)> {
        let mut others = other.nodes.iter().peekable();
        self.nodes.iter().map(move |node| {
            while others.next_if(|other| other.element.cmp(&node.element) == Ordering::Less).is_some() {}
            (node, others.next_if(|other| other.element == node.element))
        })
    }

    /// The same with every declared field that has something below it as a member of its own
    /// (`EnsureNamedFieldsAreMembers`).
    #[must_use]
    pub(crate) fn with_declared_fields(mut self, place: Option<Place<'_>>) -> Self {
        let atom = place.map(Place::atom);
        for node in &mut self.nodes {
            if node.below.is_empty() {
                continue;
            }
            let inner = match (&node.element, &atom) {
                (Element::Field(name), Some(atom)) => atom.map.as_ref().and_then(|map| {
                    node.member |= map.field(name).is_some();
                    map.child(name)
                }),
                (Element::Key(_), Some(atom)) => atom.list.as_ref().map(|list| list.item),
                _ => None,
            };
            node.below = std::mem::take(&mut node.below).with_declared_fields(inner);
        }
        self
    }

    /// Calls `visit` with each path, in the order in which the real server's messages list them: the members of a node
    /// come before what is below its children.
    pub(crate) fn for_each(&self, visit: &mut impl FnMut(&[&Element<'a>])) {
        self.visit(&mut Vec::new(), visit);
    }

    fn visit<'s>(&'s self, path: &mut Vec<&'s Element<'a>>, visit: &mut impl FnMut(&[&Element<'a>])) {
        for node in self.nodes.iter().filter(|node| node.member) {
            path.push(&node.element);
            visit(path);
            path.pop();
        }
        for node in &self.nodes {
            path.push(&node.element);
            node.below.visit(path, visit);
            path.pop();
        }
    }
}
