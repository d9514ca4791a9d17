//! Puts summaries where they are read: text on a terminal, a picture that is redrawn, or lines for a program.

use std::io::{self, IsTerminal as _, Write as _};

use console::{Term, truncate_str};

use super::render::{self, Look};
use super::{Shown, Summary};
use crate::args::StatusFormat;
use crate::exit::Failure;

/// Rows of each list in a table; the other formats are for programs and say it all, but for the slowest.
const ROWS: usize = 10;

/// The size of a terminal that does not tell: rows and columns.
const SIZE: (usize, usize) = (24, 80);
/// What terminals understand (xterm's control sequences): the other screen without a cursor, and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// To the first line; what is left of a line; what is left of the screen.
const HOME: &str = "\x1b[H";
const END_OF_LINE: &str = "\x1b[K\n";
const END: &str = "\x1b[J";

/// Whether anybody still reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Here,
    /// The other end of the pipe was closed.
    Gone,
}

/// When the next picture is worth drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Always: ages and waits go on.
    Steady,
    /// When something has changed.
    OnChange,
}

/// Where standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// Rows and columns of the terminal; none where it is none.
    pub(crate) size: Option<(usize, usize)>,
    /// Whether colours are welcome.
    pub(crate) color: bool,
}

impl Site {
    /// Standard output as it is now.
    pub(crate) fn standard_output() -> Self {
        let size = (io::stdout().is_terminal() && !console::is_dumb()).then(|| {
            let size = Term::stdout().size_checked();
            size.map_or(SIZE, |(rows, columns)| (usize::from(rows), usize::from(columns)))
        });
        Self { size, color: size.is_some() && std::env::var_os("NO_COLOR").is_none() }
    }
}

/// The writing end: standard output, or a test's buffer.
type Write = Box<dyn FnMut(&str) -> io::Result<()> + Send>;

/// Shows summaries.
pub(crate) struct Display {
    format: StatusFormat,
    watch: bool,
    site: Box<dyn Fn() -> Site + Send>,
    write: Write,
    /// Whether pictures are being drawn.
    on_other_screen: bool,
    /// The last plain line, without its times.
    told: Option<String>,
}

impl Display {
    /// A display on standard output.
    pub(crate) fn new(format: StatusFormat, watch: bool) -> Self {
        let write = |text: &str| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
        Self::on(format, watch, Site::standard_output, write)
    }

    /// A display elsewhere.
    pub(super) fn on(
        format: StatusFormat,
        watch: bool,
        site: impl Fn() -> Site + Send + 'static,
        write: impl FnMut(&str) -> io::Result<()> + Send + 'static,
    ) -> Self {
        Self {
            format,
            watch,
            site: Box::new(site),
            write: Box::new(write),
            on_other_screen: false,
            told: None,
        }
    }

    /// How much of the fleet can be shown.
    pub(super) fn shown(&self) -> Shown {
        match self.format {
            StatusFormat::Table => Shown { slowest: ROWS, troubled: ROWS },
            StatusFormat::Json | StatusFormat::Yaml => Shown { slowest: ROWS, troubled: usize::MAX },
            StatusFormat::Wide | StatusFormat::Name => Shown { slowest: usize::MAX, troubled: usize::MAX },
        }
    }

    /// When to show the next summary.
    pub(super) fn pace(&self) -> Pace {
        if self.is_picture(&(self.site)()) { Pace::Steady } else { Pace::OnChange }
    }

    /// Shows a summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn show(&mut self, summary: &Summary) -> Result<Reader, Failure> {
        let site = (self.site)();
        let text = self.text(summary, &site)?;
        self.put(&text)
    }

    fn is_picture(&self, site: &Site) -> bool {
        self.watch && site.size.is_some() && matches!(self.format, StatusFormat::Table | StatusFormat::Wide)
    }

    fn text(&mut self, summary: &Summary, site: &Site) -> Result<String, Failure> {
        let look = look(site);
        Ok(match self.format {
            StatusFormat::Table | StatusFormat::Wide if self.is_picture(site) => {
                let text = render::table(summary, self.format == StatusFormat::Wide, &look);
                self.picture(&text, site)
            }
            StatusFormat::Table | StatusFormat::Wide if self.watch => self.line(summary),
            StatusFormat::Table | StatusFormat::Wide => {
                render::table(summary, self.format == StatusFormat::Wide, &look)
            }
            StatusFormat::Json if self.watch => render::json_line(summary)?,
            StatusFormat::Json => render::json(summary)?,
            StatusFormat::Yaml if self.watch => format!("---\n{}", render::yaml(summary)?),
            StatusFormat::Yaml => render::yaml(summary)?,
            StatusFormat::Name => render::name(summary),
        })
    }

    /// A line when the numbers are others than last time, else nothing.
    fn line(&mut self, summary: &Summary) -> String {
        let news = render::numbers(summary);
        if self.told.as_ref() == Some(&news) {
            return String::new();
        }
        let line = render::line(summary, &news);
        self.told = Some(news);
        line
    }

    /// The text over the picture before it, in one write, so that nothing flickers, and not more than the terminal
    /// holds. On the terminal's other screen, as an editor's: whatever else writes there is painted over.
    fn picture(&mut self, text: &str, site: &Site) -> String {
        let (rows, columns) = site.size.unwrap_or(SIZE);
        let mut picture = String::new();
        if !std::mem::replace(&mut self.on_other_screen, true) {
            picture.push_str(ENTER);
        }
        picture.push_str(HOME);
        let (lines, room) = (text.lines().count(), rows.saturating_sub(1));
        let whole = if lines > room { room.saturating_sub(1) } else { lines };
        let rest = (lines > room).then(|| format!("… {} more lines", lines - whole));
        for line in text.lines().take(whole).chain(rest.as_deref()) {
            picture.push_str(&truncate_str(line, columns, "…"));
            picture.push_str(END_OF_LINE);
        }
        picture.push_str(END);
        picture
    }

    /// Ends a watch: the last picture stays where the next command is typed, and whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(&mut self, summary: &Summary) -> Result<(), Failure> {
        if self.leave() {
            let text = render::table(summary, self.format == StatusFormat::Wide, &look(&(self.site)()));
            self.put(&text)?;
        }
        Ok(())
    }

    /// Goes back to the screen of before; false when it was never left.
    fn leave(&mut self) -> bool {
        let entered = std::mem::take(&mut self.on_other_screen);
        if entered {
            // Where this cannot be written, the terminal is gone.
            let _ = (self.write)(LEAVE);
        }
        entered
    }

    fn put(&mut self, text: &str) -> Result<Reader, Failure> {
        match (self.write)(text) {
            Ok(()) => Ok(Reader::Here),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
            Err(error) => Err(Failure::new("failed to write to standard output", &error)),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // A watch that failed.
        self.leave();
    }
}

fn look(site: &Site) -> Look {
    Look { width: site.size.map(|(_, columns)| columns), color: site.color }
}
