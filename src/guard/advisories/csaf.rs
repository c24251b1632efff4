//! Advisories and VEX statements: the Common Security Advisory Framework 2.0 (OASIS Standard, 18 November 2022).
//!
//! Read are the product tree (3.2.2), the status of each product (3.2.3.9), why it is not affected (3.2.3.5, 3.2.3.14),
//! scores (3.2.3.13), what to do (3.2.3.12) and the severity of the whole (3.2.1.2); the profile VEX (4.5) is a matter of
//! which of them are there. All else may be there and is passed over.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use super::library::Library;
use super::product::Product;
use super::text::Text;
use super::version::{Version, Versions};
use super::{Advisory, Claim, Severity, VexState, sound_score};

/// Relationships may stand before those that they refer to, but not in chains without end.
const PASSES: usize = 8;

#[derive(Debug, Deserialize)]
struct CsafDoc {
    document: DocumentDoc,
    product_tree: Option<ProductTree>,
    #[serde(default)]
    vulnerabilities: Vec<VulnerabilityDoc>,
}

#[derive(Debug, Deserialize)]
struct DocumentDoc {
    csaf_version: String,
    title: String,
    tracking: TrackingDoc,
    aggregate_severity: Option<SeverityDoc>,
    #[serde(default)]
    references: Vec<ReferenceDoc>,
}

#[derive(Debug, Deserialize)]
struct TrackingDoc {
    id: String,
}

#[derive(Debug, Deserialize)]
struct SeverityDoc {
    text: String,
}

#[derive(Debug, Deserialize)]
struct ReferenceDoc {
    category: Option<String>,
    url: String,
}

/// Section 3.2.2: all products that a document speaks of.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ProductTree {
    #[serde(default)]
    branches: Vec<Branch>,
    #[serde(default)]
    full_product_names: Vec<FullName>,
    #[serde(default)]
    product_groups: Vec<Group>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Debug, Deserialize)]
struct Branch {
    category: String,
    name: String,
    #[serde(default)]
    branches: Vec<Self>,
    product: Option<FullName>,
}

#[derive(Debug, Deserialize)]
struct FullName {
    name: String,
    product_id: String,
    product_identification_helper: Option<Helper>,
}

#[derive(Debug, Deserialize)]
struct Helper {
    cpe: Option<String>,
    purl: Option<String>,
    #[serde(default)]
    model_numbers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Relationship {
    category: String,
    full_product_name: FullName,
    product_reference: String,
    relates_to_product_reference: String,
}

#[derive(Debug, Deserialize)]
struct VulnerabilityDoc {
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<IdDoc>,
    title: Option<String>,
    product_status: Option<StatusDoc>,
    #[serde(default)]
    flags: Vec<FlagDoc>,
    #[serde(default)]
    threats: Vec<ThreatDoc>,
    #[serde(default)]
    scores: Vec<ScoreDoc>,
    #[serde(default)]
    remediations: Vec<RemediationDoc>,
    #[serde(default)]
    references: Vec<ReferenceDoc>,
}

#[derive(Debug, Deserialize)]
struct IdDoc {
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StatusDoc {
    first_affected: Vec<String>,
    first_fixed: Vec<String>,
    fixed: Vec<String>,
    known_affected: Vec<String>,
    known_not_affected: Vec<String>,
    last_affected: Vec<String>,
    recommended: Vec<String>,
    under_investigation: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct FlagDoc {
    label: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ThreatDoc {
    category: String,
    details: String,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ScoreDoc {
    #[serde(default)]
    products: Vec<String>,
    cvss_v3: Option<CvssDoc>,
    cvss_v2: Option<CvssDoc>,
}

#[derive(Debug, Deserialize)]
struct CvssDoc {
    #[serde(rename = "baseScore")]
    base_score: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct RemediationDoc {
    category: String,
    details: String,
    url: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

/// Reads an advisory.
pub(super) fn read(text: &mut Text<'_>, library: &mut Library) {
    let hint = "see CSAF 2.0, section 3: document, product_tree and vulnerabilities";
    let Some(doc) = text.parse::<CsafDoc>("CSAF 2.0 document", hint) else { return };
    if doc.document.csaf_version != "2.0" {
        let message = format!("this is CSAF {}: what it has in common with 2.0 is read", doc.document.csaf_version);
        text.warn(&doc.document.csaf_version, 0, message, "ask for a document of CSAF 2.0");
    }
    let products = Products::of(doc.product_tree.unwrap_or_default(), text);
    for vulnerability in &doc.vulnerabilities {
        library.advisories.push(advisory(&doc.document, vulnerability, &products, text));
    }
}

fn advisory(document: &DocumentDoc, it: &VulnerabilityDoc, products: &Products, text: &mut Text<'_>) -> Advisory {
    let id = document.tracking.id.clone();
    let weakness = it.cve.clone().or_else(|| it.ids.first().map(|it| it.text.clone())).unwrap_or_else(|| id.clone());
    let details = Details::of(it, products, text);
    let none = StatusDoc::default();
    let status = it.product_status.as_ref().unwrap_or(&none);
    let mut claims = Vec::new();
    let lists = [
        (VexState::Affected, &status.known_affected),
        (VexState::Affected, &status.first_affected),
        (VexState::Affected, &status.last_affected),
        (VexState::UnderInvestigation, &status.under_investigation),
        (VexState::Fixed, &status.fixed),
        (VexState::Fixed, &status.first_fixed),
        (VexState::NotAffected, &status.known_not_affected),
    ];
    for (state, ids) in lists {
        for id in ids {
            if !text.takes_claim() {
                break;
            }
            let Some(product) = products.by_id(id, text) else { continue };
            let why = match state {
                VexState::NotAffected => details.why.get(id.as_str()).cloned(),
                VexState::Affected | VexState::UnderInvestigation | VexState::Fixed => None,
            };
            let (mend, score) =
                (details.mends.get(id.as_str()).map(|it| it.1.clone()), details.scores.get(id.as_str()));
            claims.push(Claim { product, through: None, state, why, mend, score: score.copied() });
        }
    }
    let mended_ids = status.fixed.iter().chain(&status.first_fixed).chain(&status.recommended);
    let mut mended = Vec::new();
    for id in mended_ids {
        if !text.takes_claim() {
            break;
        }
        mended.extend(products.by_id(id, text));
    }
    let score = details.scores.values().copied().max_by(f64::total_cmp);
    let severity = score.map(Severity::of_score).unwrap_or_else(|| {
        document.aggregate_severity.as_ref().map_or(Severity::Unknown, |it| Severity::of_word(&it.text))
    });
    let of_itself = |it: &&ReferenceDoc| it.category.as_deref() == Some("self");
    let link = document.references.iter().find(of_itself).or_else(|| it.references.first());
    Advisory {
        title: it.title.clone().unwrap_or_else(|| document.title.clone()),
        id,
        weakness,
        severity,
        score,
        link: link.map(|it| it.url.clone()),
        claims,
        mended,
        file: Arc::clone(&text.file),
    }
}

/// What a vulnerability says beside the status, by the products' ids.
struct Details<'d> {
    why: HashMap<&'d str, String>,
    /// With the rank of its category: the most helpful one stays.
    mends: HashMap<&'d str, (u8, String)>,
    scores: HashMap<&'d str, f64>,
}

impl<'d> Details<'d> {
    fn of(doc: &'d VulnerabilityDoc, products: &'d Products, text: &mut Text<'_>) -> Self {
        let mut details = Self { why: HashMap::new(), mends: HashMap::new(), scores: HashMap::new() };
        for flag in &doc.flags {
            for id in products.expand(&flag.product_ids, &flag.group_ids, text) {
                details.why.entry(id).or_insert_with(|| justification(&flag.label));
            }
        }
        for threat in doc.threats.iter().filter(|it| it.category == "impact") {
            for id in products.expand(&threat.product_ids, &threat.group_ids, text) {
                details.why.entry(id).or_insert_with(|| threat.details.clone());
            }
        }
        for score in &doc.scores {
            let base = [&score.cvss_v3, &score.cvss_v2].into_iter().flatten().find_map(|it| sound_score(it.base_score));
            let Some(base) = base else { continue };
            for id in &score.products {
                let known = details.scores.entry(id).or_insert(base);
                *known = known.max(base);
            }
        }
        for remediation in &doc.remediations {
            let (rank, words) = remedy(remediation);
            for id in products.expand(&remediation.product_ids, &remediation.group_ids, text) {
                let known = details.mends.entry(id).or_insert_with(|| (rank, words.clone()));
                if rank < known.0 {
                    *known = (rank, words.clone());
                }
            }
        }
        details
    }
}

/// Section 3.2.3.5, label: why a product is not affected, in the words of VEX.
fn justification(label: &str) -> String {
    match label {
        "component_not_present" => "the component is not present in it".to_owned(),
        "vulnerable_code_not_present" => "the vulnerable code is not present in it".to_owned(),
        "vulnerable_code_not_in_execute_path" => "the vulnerable code is never run".to_owned(),
        "vulnerable_code_cannot_be_controlled_by_adversary" => {
            "an adversary cannot reach the vulnerable code".to_owned()
        }
        "inline_mitigations_already_exist" => "it has a protection of its own".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Section 3.2.3.12, category: what helps most comes first.
fn remedy(doc: &RemediationDoc) -> (u8, String) {
    let details = doc.details.trim();
    let with_link = doc.url.as_ref().map_or_else(|| details.to_owned(), |url| format!("{details} ({url})"));
    match doc.category.as_str() {
        "vendor_fix" => (0, with_link),
        "workaround" => (1, format!("Workaround: {with_link}")),
        "mitigation" => (2, format!("Mitigation: {with_link}")),
        "none_available" => (3, format!("No fix yet: {with_link}")),
        "no_fix_planned" => (4, format!("No fix is planned: {with_link}")),
        _ => (5, with_link),
    }
}

/// The products of a tree by their ids.
#[derive(Debug, Default)]
pub(super) struct Products {
    by_id: HashMap<String, Arc<Product>>,
    groups: HashMap<String, Vec<String>>,
}

/// What stands above a branch.
#[derive(Debug, Clone, Default)]
struct Above<'d> {
    maker: Option<&'d str>,
    family: Option<&'d str>,
    model: Option<&'d str>,
    versions: Option<Versions>,
}

impl Products {
    /// Of a product tree.
    pub(super) fn of(tree: ProductTree, text: &mut Text<'_>) -> Self {
        let mut products = Self::default();
        for branch in &tree.branches {
            products.walk(branch, &Above::default(), text);
        }
        for name in &tree.full_product_names {
            products.add(name, &Above::default(), text);
        }
        let mut left: Vec<&Relationship> = tree.relationships.iter().collect();
        for _ in 0..PASSES {
            left.retain(|it| !products.relate(it, text));
        }
        for relationship in left {
            for id in [&relationship.product_reference, &relationship.relates_to_product_reference] {
                products.by_id(id, text);
            }
        }
        products.groups = tree.product_groups.into_iter().map(|it| (it.group_id, it.product_ids)).collect();
        products
    }

    /// Section 3.1.2: the branches above a product say what it is.
    fn walk<'d>(&mut self, branch: &'d Branch, above: &Above<'d>, text: &mut Text<'_>) {
        let mut here = above.clone();
        let name = branch.name.as_str();
        match branch.category.as_str() {
            "vendor" => here.maker = Some(name),
            "product_family" => here.family = Some(name),
            "product_name" => here.model = Some(name),
            // Such a name is one version, whatever it looks like; a range has a category of its own.
            "product_version" => here.versions = Some(Versions::One(Version::new(name))),
            "product_version_range" => here.versions = Some(Versions::range(name)),
            _ => (),
        }
        if let Some(product) = &branch.product {
            self.add(product, &here, text);
        }
        for below in &branch.branches {
            self.walk(below, &here, text);
        }
    }

    fn add(&mut self, name: &FullName, above: &Above<'_>, text: &mut Text<'_>) {
        let mut models: Vec<String> = above.model.map(str::to_owned).into_iter().collect();
        models.extend(above.family.zip(above.model).map(|(family, model)| format!("{family} {model}")));
        models.extend(above.family.filter(|_| above.model.is_none()).map(str::to_owned));
        let helper = name.product_identification_helper.as_ref();
        // A question mark or a star stands for letters (3.1.3.3.4): such a number names several.
        let numbers = helper.into_iter().flat_map(|it| &it.model_numbers).filter(|it| !it.contains(['?', '*']));
        models.extend(numbers.cloned());
        if above.maker.is_none() {
            models.push(name.name.clone());
        }
        let product = Product {
            name: name.name.clone(),
            maker: above.maker.map(str::to_owned),
            models,
            purl: None,
            cpe: None,
            versions: above.versions.clone().unwrap_or(Versions::All),
        };
        let product =
            product.identified(helper.and_then(|it| it.purl.as_deref()), helper.and_then(|it| it.cpe.as_deref()));
        text.check_versions(&product);
        self.insert(&name.product_id, product, text);
    }

    fn insert(&mut self, id: &str, product: Product, text: &mut Text<'_>) {
        if self.by_id.contains_key(id) {
            let message = format!("the product id {id:?} is given twice: the first one counts");
            text.warn(id, 1, message, "give each product an id of its own");
        } else if text.takes(self.by_id.len()) {
            self.by_id.insert(id.to_owned(), Arc::new(product));
        }
    }

    /// Section 3.2.2.4: something in or on something else. False where one of the two is not known yet.
    fn relate(&mut self, it: &Relationship, text: &mut Text<'_>) -> bool {
        let (Some(inner), Some(outer)) =
            (self.by_id.get(&it.product_reference), self.by_id.get(&it.relates_to_product_reference))
        else {
            return false;
        };
        let mut product = Product { name: it.full_product_name.name.clone(), ..Product::clone(outer) };
        // What is installed on a device is its firmware; what is a component of it has versions of its own.
        let installed = matches!(it.category.as_str(), "installed_on" | "installed_with");
        if installed && product.versions == Versions::All {
            product.versions = inner.versions.clone();
        }
        let id = it.full_product_name.product_id.clone();
        self.insert(&id, product, text);
        true
    }

    fn by_id(&self, id: &str, text: &mut Text<'_>) -> Option<Arc<Product>> {
        let product = self.by_id.get(id);
        if product.is_none() {
            let message = format!("the product id {id:?} stands in no product tree");
            text.warn(id, 0, message, "add it to the product tree, or correct it");
        }
        product.cloned()
    }

    /// All ids that are meant, those of groups included.
    fn expand<'d>(&'d self, ids: &'d [String], groups: &'d [String], text: &mut Text<'_>) -> Vec<&'d str> {
        let grouped = groups.iter().filter_map(|it| self.groups.get(it)).flatten();
        ids.iter().chain(grouped).map(String::as_str).take_while(|_| text.takes_claim()).collect()
    }

    /// The products that are meant, those of groups included.
    pub(super) fn of_ids(&self, ids: &[String], groups: &[String], text: &mut Text<'_>) -> Vec<Arc<Product>> {
        let ids = self.expand(ids, groups, text);
        ids.into_iter().filter_map(|it| self.by_id(it, text)).collect()
    }
}
