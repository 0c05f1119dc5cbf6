//! Reports in several formats: what goes to standard output, what into which file.

use super::args::{Colour, Wanted};
use super::state::resolved;
use super::typed_path::absolute;
use super::{options, output, screen};
use crate::report::{Format, text};
use crate::system::{FileIdentity, reason, write_report};
use anyhow::{Context, Result, anyhow, bail};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which reports are written where.
#[derive(Debug)]
pub(super) struct Reports<W: 'static> {
    /// To standard output.
    shown: Option<&'static Format<W>>,
    /// Into files.
    files: Vec<(&'static Format<W>, PathBuf)>,
    /// What is written besides reports: a baseline.
    besides: Option<PathBuf>,
    colour: Colour,
}

impl<W> Reports<W> {
    /// The reports that the arguments mean.
    pub(super) fn of(wanted: &[Wanted<W>], output: Option<&Path>, colour: Colour) -> Result<Reports<W>> {
        let mut reports = Reports { shown: None, files: Vec::new(), besides: None, colour };
        for wanted in wanted {
            match (&wanted.file, reports.shown) {
                (Some(file), _) => reports.add(wanted.format, file)?,
                (None, None) => reports.shown = Some(wanted.format),
                (None, Some(_)) => {
                    bail!("two formats for standard output: give all but one of them a file, as in --format json=FILE")
                }
            }
        }
        if let Some(file) = output {
            let Some(format) = reports.shown.take() else {
                bail!("--output {}: every format has a file of its own already", file.display())
            };
            reports.add(format, file)?;
        }
        Ok(reports)
    }

    fn add(&mut self, format: &'static Format<W>, file: &Path) -> Result<()> {
        if self.has_target(file)? {
            bail!("{}: two reports can't go into one file", file.display());
        }
        self.files.push((format, file.to_owned()));
        Ok(())
    }

    /// With a file that is written besides.
    pub(super) fn and(mut self, besides: Option<&Path>) -> Result<Reports<W>> {
        let Some(file) = besides else { return Ok(self) };
        if self.has_target(file)? {
            bail!("{}: a report and a baseline can't go into one file", file.display());
        }
        self.besides = Some(file.to_owned());
        Ok(self)
    }

    /// Is that file, by whatever name, a target already?
    fn has_target(&self, file: &Path) -> Result<bool> {
        let (spot, targets) = (spots()?, self.spots()?);
        Ok(targets.contains(&spot(file)?))
    }

    /// Where the targets are.
    fn spots(&self) -> Result<Vec<PathBuf>> {
        self.targets().map(spots()?).collect()
    }

    fn targets(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(_, file)| &**file).chain(self.besides.as_deref())
    }

    /// Is a format among them?
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.iter().map(|(format, _)| *format).chain(self.shown).any(|format| format.name == name)
    }

    /// How wide a text is: as the terminal that shows it, and in files always the same.
    pub(super) fn width(&self) -> usize {
        let is_in_file = self.files.iter().any(|(format, _)| format.name == text::NAME);
        screen::width().filter(|_| !is_in_file).unwrap_or(text::WIDTH)
    }

    /// Refuses files that hold something else, as targets of reports: what was read below `root`, and what is in its /etc,
    /// must not be lost to a slip of the hand.
    pub(super) fn spare<'p>(&self, root: &Path, read: impl Iterator<Item = &'p Path>) -> Result<()> {
        let targets = self.spots()?;
        if targets.is_empty() {
            return Ok(());
        }
        let root = spots()?(root)?;
        spare(&targets, read.map(|path| root.join(path.strip_prefix("/").unwrap_or(path))))?;
        match targets.iter().find(|path| path.starts_with(root.join("etc"))) {
            Some(path) => bail!("{}: lies in /etc of the host; no report is written there", path.display()),
            None => Ok(()),
        }
    }

    /// The same for files of the user's, as they are written: a policy, a baseline, the reports that are merged.
    pub(super) fn spare_inputs<'p>(&self, inputs: impl Iterator<Item = &'p Path>) -> Result<()> {
        let targets = self.spots()?;
        if targets.is_empty() {
            return Ok(());
        }
        let inputs = inputs.map(spots()?).collect::<Result<Vec<_>>>()?;
        spare(&targets, inputs.into_iter())
    }

    /// Writes all of them: the files first, since a person may stop reading, and those only when all are made.
    pub(super) fn write(&self, write: impl Fn(&W, &mut dyn Write) -> io::Result<()>) -> Result<()> {
        let mut made = Vec::new();
        for (format, file) in &self.files {
            let mut content = output::buffer(self.colour);
            write(&format.write, &mut content).with_context(|| format!("{}: can't be made", file.display()))?;
            made.push((file, content.into_inner()));
        }
        for (file, content) in made {
            write_report(file, &content)
                .map_err(|e| anyhow!("{}: {}", file.display(), reason(&e)))
                .context("the report can't be written")?;
        }
        match self.shown {
            Some(format) => output::write(self.colour, |out| write(&format.write, out)),
            None => Ok(()),
        }
    }
}

/// Refuses targets that are among the files that were read.
fn spare(targets: &[PathBuf], mut read: impl Iterator<Item = PathBuf>) -> Result<()> {
    // A file may have several names, of which none is a link.
    let links: Vec<FileIdentity> = targets.iter().filter_map(|path| FileIdentity::of_shared(path)).collect();
    let is_one = |path: &PathBuf| {
        targets.contains(path)
            || !links.is_empty() && FileIdentity::of_shared(path).is_some_and(|file| links.contains(&file))
    };
    match read.find(is_one) {
        Some(path) => bail!("{}: is a file that was read; no report is written there", path.display()),
        None => Ok(()),
    }
}

/// Where a path leads, all links followed: two names of one file lead to the same place.
fn spots() -> Result<impl Fn(&Path) -> Result<PathBuf>> {
    let machine = options::machine()?;
    Ok(move |path: &Path| Ok(resolved(&machine, &absolute(path)?)))
}
