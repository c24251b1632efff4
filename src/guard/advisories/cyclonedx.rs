//! What products are made of, and which weaknesses are in it: `CycloneDX` (ECMA-424; versions 1.5 and 1.6 of its JSON schema).
//!
//! Read are `metadata.component`, `components` with those in them, and `vulnerabilities` with `analysis` and `affects`. What
//! an analysis says of a part holds for the product of the same bill, and for no other product with the same part.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::library::Library;
use super::product::Product;
use super::text::Text;
use super::version::{Fits, Version, Versions};
use super::{Advisory, Bill, BillPart, Claim, Severity, VexState, sound_score};

#[derive(Debug, Deserialize)]
struct BomDoc {
    #[serde(rename = "specVersion")]
    spec_version: String,
    metadata: Option<MetadataDoc>,
    #[serde(default)]
    components: Vec<ComponentDoc>,
    #[serde(default)]
    vulnerabilities: Vec<VulnerabilityDoc>,
}

#[derive(Debug, Deserialize)]
struct MetadataDoc {
    component: Option<ComponentDoc>,
    manufacturer: Option<OrganizationDoc>,
    supplier: Option<OrganizationDoc>,
}

#[derive(Debug, Deserialize)]
struct ComponentDoc {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    name: String,
    version: Option<String>,
    manufacturer: Option<OrganizationDoc>,
    supplier: Option<OrganizationDoc>,
    publisher: Option<String>,
    purl: Option<String>,
    cpe: Option<String>,
    #[serde(default)]
    hashes: Vec<HashDoc>,
    #[serde(default)]
    components: Vec<Self>,
}

#[derive(Debug, Clone, Deserialize)]
struct OrganizationDoc {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HashDoc {
    alg: String,
    content: String,
}

#[derive(Debug, Deserialize)]
struct VulnerabilityDoc {
    id: Option<String>,
    source: Option<SourceDoc>,
    #[serde(default)]
    ratings: Vec<RatingDoc>,
    description: Option<String>,
    recommendation: Option<String>,
    workaround: Option<String>,
    #[serde(default)]
    advisories: Vec<SourceDoc>,
    analysis: Option<AnalysisDoc>,
    #[serde(default)]
    affects: Vec<AffectsDoc>,
}

#[derive(Debug, Deserialize)]
struct SourceDoc {
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RatingDoc {
    score: Option<f64>,
    severity: Option<String>,
    method: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AnalysisDoc {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AffectsDoc {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    versions: Vec<AffectedDoc>,
}

#[derive(Debug, Deserialize)]
struct AffectedDoc {
    version: Option<String>,
    range: Option<String>,
    status: Option<String>,
}

/// A component of the bill, once it is known whose part it is.
struct Component {
    product: Arc<Product>,
    version: Option<Version>,
    /// It is a product that stands for itself, whatever it is in.
    stands_alone: bool,
    /// The product that it is a part of: its place among the bills.
    of: Option<usize>,
}

/// Reads a bill of materials.
pub(super) fn read(text: &mut Text<'_>, library: &mut Library) {
    let hint = "see the JSON schema of CycloneDX 1.6: bomFormat, specVersion, components, vulnerabilities";
    let Some(doc) = text.parse::<BomDoc>("CycloneDX document", hint) else { return };
    if !matches!(doc.spec_version.as_str(), "1.4" | "1.5" | "1.6" | "1.7") {
        let message = format!("this is CycloneDX {}: what it has in common with 1.6 is read", doc.spec_version);
        text.warn(&doc.spec_version, 0, message, "make it with version 1.5 or 1.6");
    }
    let mut bom = Bom { bills: Vec::new(), components: Vec::new(), by_reference: HashMap::new() };
    let mut subject = None;
    if let Some(metadata) = &doc.metadata
        && let Some(component) = &metadata.component
    {
        let maker = maker_of(component).or_else(|| named(metadata.manufacturer.as_ref()));
        let maker = maker.or_else(|| named(metadata.supplier.as_ref()));
        subject = bom.add(component, maker, None, true, text);
    }
    for component in &doc.components {
        bom.walk(component, subject, text);
    }
    for vulnerability in &doc.vulnerabilities {
        library.advisories.extend(bom.advisory(vulnerability, text));
    }
    library.bills.append(&mut bom.bills);
}

fn named(organization: Option<&OrganizationDoc>) -> Option<String> {
    organization?.name.clone()
}

fn maker_of(component: &ComponentDoc) -> Option<String> {
    let made = named(component.manufacturer.as_ref()).or_else(|| named(component.supplier.as_ref()));
    made.or_else(|| component.publisher.clone())
}

struct Bom {
    bills: Vec<Bill>,
    components: Vec<Component>,
    by_reference: HashMap<String, usize>,
}

impl Bom {
    /// Takes a component in, with those in it. `of`: the bill of the product that it is a part of.
    fn walk(&mut self, doc: &ComponentDoc, of: Option<usize>, text: &mut Text<'_>) {
        let is_device = doc.kind == "device";
        let bill = self.add(doc, maker_of(doc), of, is_device, text);
        for below in &doc.components {
            self.walk(below, bill.or(of), text);
        }
    }

    /// Takes one component in. Returns its bill, where it has one of its own.
    fn add(
        &mut self,
        doc: &ComponentDoc,
        maker: Option<String>,
        of: Option<usize>,
        has_bill: bool,
        text: &mut Text<'_>,
    ) -> Option<usize> {
        if !text.takes(self.components.len()) {
            return of;
        }
        let version = doc.version.as_deref().filter(|it| !it.is_empty()).map(Version::new);
        let versions = version.clone().map_or(Versions::All, Versions::One);
        let product = Product::named(maker.as_deref(), &doc.name, versions);
        let name = version.as_ref().map_or_else(|| doc.name.clone(), |it| format!("{} {it}", doc.name));
        let product = Product { name, ..product }.identified(doc.purl.as_deref(), doc.cpe.as_deref());
        let product = Arc::new(product);
        if let Some(bill) = of.and_then(|it| self.bills.get_mut(it)) {
            let sha256 = doc.hashes.iter().find(|it| it.alg == "SHA-256").map(|it| it.content.clone());
            bill.parts.push(BillPart { product: Product::clone(&product), sha256 });
        }
        if let Some(reference) = &doc.reference {
            if self.by_reference.contains_key(reference) {
                let message = format!("the reference {reference:?} is given twice: the first one counts");
                text.warn(reference, 1, message, "give each component a bom-ref of its own");
            } else {
                self.by_reference.insert(reference.clone(), self.components.len());
            }
        }
        let stands_alone = has_bill || of.is_none();
        self.components.push(Component { product: Arc::clone(&product), version, stands_alone, of });
        if !has_bill {
            return None;
        }
        self.bills.push(Bill { product, parts: Vec::new(), file: Arc::clone(&text.file) });
        Some(self.bills.len() - 1)
    }

    fn advisory(&self, doc: &VulnerabilityDoc, text: &mut Text<'_>) -> Option<Advisory> {
        let id = doc.id.clone()?;
        let mut claims = Vec::new();
        for affects in &doc.affects {
            // A BOM-Link names the document before the #.
            let reference = affects.reference.rsplit('#').next().unwrap_or(&affects.reference);
            let Some(component) = self.by_reference.get(reference).and_then(|it| self.components.get(*it)) else {
                let message = format!("{reference:?} is the bom-ref of no component");
                text.warn(&affects.reference, 0, message, "add the component, or correct the reference");
                continue;
            };
            self.claim(doc, affects, component, &mut claims, text);
        }
        let score = doc.ratings.iter().filter_map(|it| sound_score(it.cvss())).max_by(f64::total_cmp);
        let word = doc.ratings.iter().filter_map(|it| it.severity.as_deref()).map(Severity::of_word).max();
        let link = doc.advisories.iter().chain(&doc.source).find_map(|it| it.url.clone());
        Some(Advisory {
            title: doc.description.as_deref().map_or_else(|| id.clone(), first_line),
            weakness: id.clone(),
            id,
            severity: score.map(Severity::of_score).or(word).unwrap_or_default(),
            score,
            link,
            claims,
            mended: Vec::new(),
            file: Arc::clone(&text.file),
        })
    }

    /// What a vulnerability says about one component: to the product that it is a part of, and, where it is one, to itself.
    fn claim(
        &self,
        doc: &VulnerabilityDoc,
        affects: &AffectsDoc,
        component: &Component,
        claims: &mut Vec<Claim>,
        text: &mut Text<'_>,
    ) {
        let (state, why) = analysis(doc.analysis.as_ref());
        let mend = doc.recommendation.clone().or_else(|| doc.workaround.as_ref().map(|it| format!("Workaround: {it}")));
        let claim = |product: &Arc<Product>, through, state| Claim {
            product: Arc::clone(product),
            through,
            state,
            why: why.clone(),
            mend: mend.clone(),
            score: None,
        };
        let entries: Vec<(Versions, VexState)> = if affects.versions.is_empty() {
            vec![(component.product.versions.clone(), state)]
        } else {
            affects.versions.iter().filter_map(|it| it.meant(state)).collect()
        };
        for (versions, state) in entries {
            if !text.takes_claim() {
                return;
            }
            if component.stands_alone {
                let product = Product { versions: versions.clone(), ..Product::clone(&component.product) };
                text.check_versions(&product);
                claims.push(claim(&Arc::new(product), None, state));
            }
            let meant = versions.fit(component.version.as_ref()) != Fits::No;
            if let Some(bill) = component.of.and_then(|it| self.bills.get(it)).filter(|_| meant) {
                claims.push(claim(&bill.product, Some(component.product.name.clone()), state));
            }
        }
    }
}

impl RatingDoc {
    /// The score, where it is one of CVSS.
    fn cvss(&self) -> Option<f64> {
        let is_cvss = self.method.as_deref().is_none_or(|it| it.to_lowercase().starts_with("cvss"));
        self.score.filter(|_| is_cvss)
    }
}

impl AffectedDoc {
    /// Which versions are meant, and what is said of them.
    fn meant(&self, state: VexState) -> Option<(Versions, VexState)> {
        let one = self.version.as_deref().map(|it| Versions::One(Version::new(it)));
        let versions = one.or_else(|| self.range.as_deref().map(Versions::range))?;
        let state = match self.status.as_deref() {
            Some("unaffected") => VexState::NotAffected,
            Some("unknown") => VexState::UnderInvestigation,
            _ => state,
        };
        Some((versions, state))
    }
}

/// The state of an analysis in the states of VEX, and why. A weakness that nobody has analysed counts as one.
fn analysis(doc: Option<&AnalysisDoc>) -> (VexState, Option<String>) {
    let Some(doc) = doc else { return (VexState::Affected, None) };
    let state = match doc.state.as_deref() {
        Some("resolved" | "resolved_with_pedigree") => VexState::Fixed,
        Some("not_affected" | "false_positive") => VexState::NotAffected,
        Some("in_triage") => VexState::UnderInvestigation,
        _ => VexState::Affected,
    };
    let justification = doc.justification.as_ref().map(|it| it.replace('_', " "));
    (state, doc.detail.clone().or(justification))
}

fn first_line(text: &str) -> String {
    text.lines().find(|it| !it.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
