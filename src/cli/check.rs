//! `pollux check SITE`: everything that is wrong with a site, with line, column and hint; with a session, whether what
//! the site expects was so.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use pollux::guard::advisories;
use pollux::physics;
use pollux::signal::Unit;
use pollux::site::{self, Ids, LoadError, Loaded, Severity};

use super::options::{AuthorityOption, SiteArgument};
use super::{Outcome, counted, tested};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    site: SiteArgument,
    /// Also print the units that a site may use
    #[arg(long)]
    units: bool,
    /// Test what the site expects on this recorded session (MCAP)
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOption,
    /// Write what came of it as `JUnit` XML, too
    #[arg(long, value_name = "FILE", requires = "session")]
    junit: Option<PathBuf>,
}

/// Exits with 0 if the site can run and nothing that it expects failed, with 1 otherwise.
pub(crate) fn run(arguments: CheckArguments) -> Outcome {
    if arguments.units {
        let units: Vec<&str> = Unit::all().map(Unit::symbol).filter(|it| !it.is_empty()).collect();
        println!("units: {}", units.join("  "));
    }
    let path = site::find(&arguments.site.site)?;
    let (findings, loaded) = match site::load(&path, &mut Ids::default()) {
        Ok(Loaded { site, mut findings }) => {
            findings.extend(physics::check(&site));
            findings.extend(site.advisories.as_deref().map(advisories::read).unwrap_or_default().findings);
            (findings, Some(site))
        }
        Err(LoadError::Broken(findings)) => (findings, None),
        Err(error) => return Err(error.into()),
    };
    print!("{}", site::report(&findings));
    let n_errors = findings.iter().filter(|it| it.severity == Severity::Error).count();
    let n_warnings = findings.len() - n_errors;
    let Some(site) = loaded.filter(|_| n_errors == 0) else {
        println!("{}: {}, {}", path.display(), counted(n_errors, "error"), counted(n_warnings, "warning"));
        return Ok(ExitCode::FAILURE);
    };
    println!(
        "{}: good: {}, {}, {}, {}",
        path.display(),
        counted(site.twins.len(), "twin"),
        counted(site.signals.len(), "signal"),
        counted(site.commands.len(), "command"),
        counted(n_warnings, "warning"),
    );
    match &arguments.session {
        Some(session) => tested::run(site, session, arguments.authority, arguments.junit.as_deref()),
        None => Ok(ExitCode::SUCCESS),
    }
}
