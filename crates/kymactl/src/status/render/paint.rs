//! Colours, which only say again what the words say.

use console::Style;

use crate::status::kyma::State;

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tint {
    #[default]
    Plain,
    Heading,
    Good,
    Odd,
    Bad,
}

impl Tint {
    /// The text in this colour, or as it is.
    pub(super) fn paint(self, text: &str, color: bool) -> String {
        if !color || self == Self::Plain {
            return text.to_owned();
        }
        let style = match self {
            Self::Plain => Style::new(),
            Self::Heading => Style::new().bold(),
            Self::Good => Style::new().green(),
            Self::Odd => Style::new().yellow(),
            Self::Bad => Style::new().red(),
        };
        // Whether colours are welcome was decided by the caller.
        style.force_styling(true).apply_to(text).to_string()
    }
}

/// The colour of a state.
pub(super) fn tint(state: State) -> Tint {
    match state {
        State::Success => Tint::Good,
        State::Error => Tint::Bad,
        State::Deleting => Tint::Odd,
        State::New | State::Reconciling => Tint::Plain,
    }
}

/// A text with its colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tint: Tint,
}

impl Cell {
    /// What comes from a server may contain anything; control characters would steer the terminal.
    pub(super) fn new(text: &str, tint: Tint) -> Self {
        Self { text: text.replace(char::is_control, " "), tint }
    }

    /// The text, in its colour where colours are welcome.
    pub(super) fn painted(&self, color: bool) -> String {
        self.tint.paint(&self.text, color)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tint::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}
