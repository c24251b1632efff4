//! What is wrong with a site's physics, told at its place in the site's file.

use std::collections::HashSet;

use super::error::PhysicsError;
use super::plant::{Plant, Truth};
use crate::site::{Finding, Site};

/// Everything wrong with the physics of a site, in the order of the text.
pub fn check(site: &Site) -> Vec<Finding> {
    Plant::new(site, Truth::Believed).map_or_else(|errors| findings(site, &errors), |_| Vec::new())
}

/// The errors at their places. Twins made of one template share its errors: each is told once.
pub(crate) fn findings(site: &Site, errors: &[PhysicsError]) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut findings: Vec<Finding> = errors
        .iter()
        .map(|it| (what(it), finding(site, it)))
        .filter(|(what, finding)| finding.line == 0 || seen.insert((what.clone(), finding.span)))
        .map(|it| it.1)
        .collect();
    findings.sort_by_key(|it| it.span);
    findings
}

fn finding(site: &Site, error: &PhysicsError) -> Finding {
    let what = what(error);
    match error {
        PhysicsError::Equations { twin, at: Some(at), hint, .. } => {
            let finding = site.equations_finding(twin, at, what);
            Finding { hint: hint.clone(), ..finding }
        }
        PhysicsError::Equations { twin, at: None, hint, .. } => {
            let finding = site.physics_finding(twin, None, what);
            Finding { hint: hint.clone(), ..finding }
        }
        PhysicsError::Name { twin, at: Some(at), expected, .. } => {
            site.equations_finding(twin, at, what).expecting(*expected)
        }
        PhysicsError::Name { twin, name, at: None, expected, .. } => {
            site.physics_finding(twin, Some(name), what).expecting(*expected)
        }
        PhysicsError::NotANumber { twin, name } => site.physics_finding(twin, Some(name), what),
        PhysicsError::UnknownOutput { twin, input, .. } | PhysicsError::Curve { twin, input } => {
            site.physics_finding(twin, Some(input), what)
        }
        PhysicsError::Start { twin } => site.physics_finding(twin, None, what),
    }
}

/// What is wrong, where the place already tells with whom.
fn what(error: &PhysicsError) -> String {
    match error {
        PhysicsError::Equations { said, .. } => said.clone(),
        PhysicsError::Name { name, why, .. } => format!("{name:?} {why}"),
        PhysicsError::NotANumber { .. }
        | PhysicsError::UnknownOutput { .. }
        | PhysicsError::Curve { .. }
        | PhysicsError::Start { .. } => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Ids, load};

    #[track_caller]
    fn findings_in(text: &str) -> Vec<Finding> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.ron");
        std::fs::write(&file, text).unwrap();
        let mut findings = check(&load(&file, &mut Ids::default()).unwrap().site);
        for finding in &mut findings {
            finding.file = "site.ron".into();
        }
        findings
    }

    fn told(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(ToString::to_string).collect()
    }

    fn documented() -> &'static str {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenes/README.md"));
        text.split("```ron\n").nth(1).and_then(|it| it.split("```").next()).unwrap()
    }

    #[test]
    fn the_documented_site_runs() {
        assert_eq!(findings_in(documented()), []);
    }

    #[test]
    fn a_kept_name_is_told_where_it_stands() {
        let text = documented().replace("outflow", "out");
        let line = 1 + text[..text.find("out {").unwrap()].matches('\n').count();
        let want = format!(
            "site.ron:{line}:21: error: \"out\" is kept by the language of the equations (expected another name: "
        );
        let told = told(&findings_in(&text));
        assert!(told.len() == 1 && told[0].starts_with(&want), "{told:?}");
    }

    #[test]
    fn a_slip_in_the_equations_is_told_where_it_stands_with_what_was_meant() {
        let text = documented().replace("rain - outflow", "rain - outflwo");
        let at = text.find("outflwo").unwrap();
        let findings = findings_in(&text);
        assert_eq!((findings.len(), findings[0].span), (1, (at, at + "outflwo".len())), "{:?}", told(&findings));
        assert!(told(&findings)[0].ends_with("cannot find variable outflwo (did you mean \"outflow\"?)"));
    }

    #[test]
    fn what_is_wrong_in_a_template_is_told_once() {
        let physics = r#"physics: (equations: r"y { x + {n} }", outputs: {"y": ""})"#;
        let text = format!(
            r#"(name: "T", place: (latitude: 0, longitude: 0),
            templates: {{"a": (params: {{"n": ""}}, twin: (kind: Asset, {physics}))}},
            twins: [(id: "a", uses: "a", with: {{"n": "1"}}), (id: "b", uses: "a", with: {{"n": "22"}})])"#
        );
        let told = told(&findings_in(&text));
        let want = "cannot find variable x (in a, made from template \"a\")";
        assert!(told.len() == 1 && told[0].ends_with(want), "{told:?}");
    }
}
