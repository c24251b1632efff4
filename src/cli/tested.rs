//! What a site expects, tested on a recorded session: as text, and as `JUnit` XML for a build server.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::tz::TimeZone;
use pollux::judge::{ExpectLife, Failure as Broken, examine};
use pollux::session::recording::Recording;
use pollux::signal::Timestamp;
use pollux::site::{Expectation, Site};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::options::{AuthorityOption, of_keys};
use super::{Outcome, counted};

/// One expectation with what came of it.
struct Tested<'a> {
    expectation: &'a Expectation,
    life: ExpectLife,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Pass,
    Fail,
    /// What it looks at was never known: no pass and no failure.
    NeverKnown,
}

/// Exits with 0 if nothing that is expected failed, with 1 if something did.
pub(super) fn run(site: Site, session: &Path, authority: AuthorityOption, junit: Option<&Path>) -> Outcome {
    if let Some(path) = junit {
        refuse_to_destroy(path)?;
    }
    let recording = authority.warrant(Recording::open(session)?, Some(&site), &site.name)?;
    let site = Arc::new(site);
    recording.findings.iter().chain(&of_keys(&recording)).for_each(|it| eprintln!("{it}"));
    let (engine, lost) = examine(&recording, &site, |_| true);
    lost.iter().for_each(|it| eprintln!("{it}"));
    let tested: Vec<Tested<'_>> = site
        .expectations
        .iter()
        .zip(engine.expectations().cloned())
        .map(|(expectation, life)| Tested { expectation, life })
        .collect();
    if tested.is_empty() {
        eprintln!("the site expects nothing (see `expects` in scenes/README.md): nothing was tested");
    }
    tested.iter().for_each(|it| print!("{}", it.text(&site)));
    let count = |verdict: Verdict| tested.iter().filter(|it| it.verdict() == verdict).count();
    let n_failed = count(Verdict::Fail);
    println!(
        "{}: {}: {} passed, {n_failed} failed, {} never known",
        session.display(),
        counted(tested.len(), "expectation"),
        count(Verdict::Pass),
        count(Verdict::NeverKnown),
    );
    if let Some(path) = junit {
        let report = report(&site, session, &tested).to_string()?;
        fs::write(path, report)
            .map_err(|error| super::Failure::new(format!("{} cannot be written: {error}", path.display())))?;
    }
    Ok(if n_failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A report takes the place of an older report, and of nothing else.
fn refuse_to_destroy(path: &Path) -> Result<(), super::Failure> {
    let Ok(mut file) = fs::File::open(path) else { return Ok(()) };
    let mut start = Vec::new();
    let is_report = file.by_ref().take(5).read_to_end(&mut start).is_ok() && (start.is_empty() || start == b"<?xml");
    if is_report {
        return Ok(());
    }
    let why = format!("{} is there and is no XML: choose another file for --junit", path.display());
    Err(super::Failure::new(why))
}

impl Tested<'_> {
    fn verdict(&self) -> Verdict {
        match &self.life {
            ExpectLife { n_failures: 1.., .. } => Verdict::Fail,
            ExpectLife { ever_known: true, .. } => Verdict::Pass,
            ExpectLife { .. } => Verdict::NeverKnown,
        }
    }

    fn text(&self, site: &Site) -> String {
        let Expectation { address, says, .. } = self.expectation;
        match self.verdict() {
            Verdict::Pass => format!("pass     {address}: {says}\n"),
            Verdict::NeverKnown => format!("unknown  {address}: {says}\n         {}\n", self.why_unknown()),
            Verdict::Fail => format!("FAIL     {address}: {says}\n         {}\n", self.why_failed(site)),
        }
    }

    fn why_unknown(&self) -> String {
        format!(
            "never known: what it looks at ({}) never had a value that can be believed",
            self.expectation.always.text
        )
    }

    fn why_failed(&self, site: &Site) -> String {
        let times = counted(self.life.n_failures as usize, "time");
        let Some(Broken { at, known, values }) = &self.life.first_failure else { return format!("failed {times}") };
        let values: Vec<String> = values
            .iter()
            .filter_map(|(signal, value)| {
                let signal = site.signal(*signal)?;
                Some(format!("{} = {value} {}", signal.address, signal.unit.symbol()).trim_end().to_owned())
            })
            .collect();
        let counted_at = if known == at { String::new() } else { format!(", counted from {}", at_site(site, *known)) };
        format!(
            "failed {times}, first at {}{counted_at}: {} does not hold with {}",
            at_site(site, *at),
            self.expectation.always.text,
            values.join(", ")
        )
    }

    fn case(&self, site: &Site) -> TestCase {
        let status = match self.verdict() {
            Verdict::Pass => TestCaseStatus::success(),
            Verdict::NeverKnown => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(self.why_unknown());
                status
            }
            Verdict::Fail => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(self.why_failed(site)).set_type("expectation");
                status
            }
        };
        let (twin, id) = self.expectation.address.split_once('/').unwrap_or(("", &self.expectation.address));
        let mut case = TestCase::new(format!("{id}: {}", self.expectation.says), status);
        case.set_classname(twin);
        case
    }
}

fn report(site: &Site, session: &Path, tested: &[Tested<'_>]) -> Report {
    let mut suite = TestSuite::new(session.display().to_string());
    suite.add_test_cases(tested.iter().map(|it| it.case(site)));
    let mut report = Report::new(site.name.clone());
    report.add_test_suite(suite);
    report
}

/// An instant by the site's clock, with its distance from UTC.
fn at_site(site: &Site, at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX);
    let zone = TimeZone::get(&site.place.time_zone).unwrap_or(TimeZone::UTC);
    instant.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string()
}
