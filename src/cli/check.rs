//! `pollux check SITE`: everything that is wrong with a site, with line, column and hint.

use std::process::ExitCode;

use clap::Args;
use pollux::physics::{Plant, Truth};
use pollux::signal::Unit;
use pollux::site::{self, Ids, LoadError, Severity};

use super::Outcome;
use super::options::SiteArgument;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    site: SiteArgument,
    /// Also print the units that a site may use
    #[arg(long)]
    units: bool,
}

/// Exits with 0 if the site can run, with 1 if there is an error in it.
pub(crate) fn run(arguments: CheckArguments) -> Outcome {
    if arguments.units {
        let units: Vec<&str> = Unit::all().map(Unit::symbol).filter(|it| !it.is_empty()).collect();
        println!("units: {}", units.join("  "));
    }
    let path = site::find(&arguments.site.site)?;
    let (findings, loaded) = match site::load(&path, &mut Ids::default()) {
        Ok(loaded) => (loaded.findings, Some(loaded.site)),
        Err(LoadError::Broken(findings)) => (findings, None),
        Err(error) => return Err(error.into()),
    };
    print!("{}", site::report(&findings));
    let Some(site) = loaded else {
        let n_errors = findings.iter().filter(|it| it.severity == Severity::Error).count();
        println!("{}: {n_errors} errors, {} warnings", path.display(), findings.len() - n_errors);
        return Ok(ExitCode::FAILURE);
    };
    if let Err(errors) = Plant::new(&site, Truth::Believed) {
        for error in &errors {
            println!("{}: error: {error}", path.display());
        }
        println!("{}: {} errors in the physics", path.display(), errors.len());
        return Ok(ExitCode::FAILURE);
    }
    println!(
        "{}: good: {} twins, {} signals, {} commands, {} warnings",
        path.display(),
        site.twins.len(),
        site.signals.len(),
        site.commands.len(),
        findings.len(),
    );
    Ok(ExitCode::SUCCESS)
}
