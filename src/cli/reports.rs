//! Reports in several formats: what goes to standard output, what into which file.

use super::args::{Colour, Wanted};
use super::state::resolved;
use super::{options, output};
use crate::system::{normalize, reason, write_report};
use anyhow::{Context, Result, anyhow, bail};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which reports are written where.
#[derive(Debug)]
pub(super) struct Reports<F> {
    /// To standard output.
    shown: Option<F>,
    /// Into files.
    files: Vec<(F, PathBuf)>,
    colour: Colour,
}

impl<F: Copy + PartialEq> Reports<F> {
    /// The reports that the arguments mean.
    pub(super) fn of(wanted: &[Wanted<F>], output: Option<&Path>, colour: Colour) -> Result<Reports<F>> {
        let mut reports = Reports { shown: None, files: Vec::new(), colour };
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

    fn add(&mut self, format: F, file: &Path) -> Result<()> {
        let spot = spots()?;
        if self.files.iter().any(|(_, other)| spot(other) == spot(file)) {
            bail!("{}: two reports can't go into one file", file.display());
        }
        self.files.push((format, file.to_owned()));
        Ok(())
    }

    /// Is a format among them?
    pub(super) fn has(&self, format: F) -> bool {
        self.shown == Some(format) || self.files.iter().any(|(other, _)| *other == format)
    }

    /// Refuses files that hold something else, as targets of reports and of what is written `besides`: what was audited
    /// must not be lost to a slip of the hand.
    pub(super) fn spare<'p>(
        &self,
        root: &Path,
        besides: Option<&Path>,
        mut read: impl Iterator<Item = &'p Path>,
    ) -> Result<()> {
        let spot = spots()?;
        let targets: Vec<PathBuf> = self.files.iter().map(|(_, file)| &**file).chain(besides).map(&spot).collect();
        let root = spot(root);
        let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
        match read.find(|path| targets.contains(&inside(path))) {
            Some(path) => bail!("{}: is a file that was read; no report is written there", inside(path).display()),
            None => Ok(()),
        }
    }

    /// Writes all of them: the files first, since a person may stop reading, and those only when all are made.
    pub(super) fn write(&self, write: impl Fn(F, &mut dyn Write) -> io::Result<()>) -> Result<()> {
        let mut made = Vec::new();
        for (format, file) in &self.files {
            let mut content = output::buffer(self.colour);
            write(*format, &mut content).with_context(|| format!("{}: can't be made", file.display()))?;
            made.push((file, content.into_inner()));
        }
        for (file, content) in made {
            write_report(file, &content)
                .map_err(|e| anyhow!("{}: {}", file.display(), reason(&e)))
                .context("the report can't be written")?;
        }
        match self.shown {
            Some(format) => output::write(self.colour, |out| write(format, out)),
            None => Ok(()),
        }
    }
}

/// Where a path leads, all links followed: two names of one file lead to the same place.
fn spots() -> Result<impl Fn(&Path) -> PathBuf> {
    let here = std::env::current_dir().context("the current directory is not known")?;
    let machine = options::machine()?;
    Ok(move |path: &Path| resolved(&machine, &normalize(&here.join(path))))
}
