//! Paths of fields in an object, as `field.Path` writes them: `spec.components[0].labels[a/b]`.

use std::fmt;

/// The path of a field. The root path is the whole object and prints as `<nil>`, as in Go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// The path of the object itself.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// A path of one field. `name` may hold dots: they are printed as they are.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Whether this is the path of the object itself.
    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as text; empty for the root.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The field `name` of the value at this path.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self::new(name) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The `index`-th item of the list at this path.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The value under `key` of the map at this path.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl Path {
    /// This path, read from `base` on.
    pub(crate) fn below(&self, base: &Self) -> Self {
        match self.0.chars().next() {
            None => base.clone(),
            Some('[') => Self(format!("{}{}", base.0, self.0)),
            Some(_) => base.child(&self.0),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

/// One step of a [`Trail`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Segment<'a> {
    /// A field of a struct: `.name`.
    Child(&'a str),
    /// A key that only `additionalProperties` describes. kube-openapi puts the dot even at the root.
    Extra(&'a str),
    /// A key of a map in brackets: `[name]`.
    Key(&'a str),
    /// An item of a list: `[0]`.
    Index(usize),
}

/// A path as a chain of borrowed steps on the stack: walking a value costs no allocation, and only an error
/// writes the path out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trail<'a> {
    parent: Option<&'a Trail<'a>>,
    segment: Option<Segment<'a>>,
}

impl<'a> Trail<'a> {
    /// The start of every trail.
    pub(crate) const ROOT: Trail<'static> = Trail { parent: None, segment: None };

    /// One step further.
    pub(crate) fn step(&'a self, segment: Segment<'a>) -> Trail<'a> {
        Trail { parent: Some(self), segment: Some(segment) }
    }

    /// Whether this is the start of a trail.
    pub(crate) fn is_root(&self) -> bool {
        self.segment.is_none()
    }

    fn write(&self, out: &mut String) {
        use fmt::Write as _;
        if let Some(parent) = self.parent {
            parent.write(out);
        }
        // Writing to a String cannot fail.
        let _ = match self.segment {
            None => Ok(()),
            Some(Segment::Child(name)) if out.is_empty() => out.write_str(name),
            Some(Segment::Child(name) | Segment::Extra(name)) => write!(out, ".{name}"),
            Some(Segment::Key(key)) => write!(out, "[{key}]"),
            Some(Segment::Index(index)) => write!(out, "[{index}]"),
        };
    }

    /// The trail below `base`.
    pub(crate) fn below(&self, base: &Path) -> Path {
        Path(self.to_string().trim_start_matches('.').to_owned()).below(base)
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}
