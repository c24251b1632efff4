//! All that was read, in which a device is looked up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::product::{Identity, Product};
use super::version::{Fits, Versions};
use super::{Advisory, Bill, Claim, Lifecycle, Until, VexState};
use crate::site::Finding;

/// What the files of a folder say.
#[derive(Debug, Default)]
pub struct Library {
    /// Weaknesses.
    pub advisories: Vec<Advisory>,
    /// How long products are supported.
    pub lifecycles: Vec<Lifecycle>,
    /// What products are made of.
    pub bills: Vec<Bill>,
    /// What is wrong in the files.
    pub findings: Vec<Finding>,
    /// Advisory and claim, by the keys of the claim's product.
    claims: HashMap<String, Vec<(usize, usize)>>,
    lifecycles_by_key: HashMap<String, Vec<usize>>,
    bills_by_key: HashMap<String, Vec<usize>>,
}

/// An advisory that concerns a device, and how.
#[derive(Debug, Clone)]
pub struct Concern<'a> {
    /// Which.
    pub advisory: &'a Advisory,
    /// Whether the device is affected.
    pub state: VexState,
    /// False where its version is not known, or where what is said of versions cannot be read.
    pub certain: bool,
    /// The part of it in which the weakness is. `None`: it itself.
    pub through: Option<&'a str>,
    /// Why it is not affected, or what else its maker says.
    pub why: Option<&'a str>,
    /// What its maker says to do.
    pub mend: Option<&'a str>,
    /// CVSS base score.
    pub score: Option<f64>,
    /// The version in which it is mended. `None`: nobody has named one.
    pub fixed_in: Option<String>,
}

impl Library {
    /// Makes ready for looking up, once all files are read.
    pub fn index(&mut self) {
        fn note<T>(index: &mut HashMap<String, Vec<T>>, product: &Product, place: impl Fn() -> T) {
            for key in product.keys() {
                index.entry(key).or_default().push(place());
            }
        }
        for (at, advisory) in self.advisories.iter().enumerate() {
            for (n, claim) in advisory.claims.iter().enumerate() {
                note(&mut self.claims, &claim.product, || (at, n));
            }
        }
        for (at, lifecycle) in self.lifecycles.iter().enumerate() {
            note(&mut self.lifecycles_by_key, &lifecycle.product, || at);
        }
        for (at, bill) in self.bills.iter().enumerate() {
            note(&mut self.bills_by_key, &bill.product, || at);
        }
    }

    /// Nothing was read, and nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.advisories.is_empty() && self.lifecycles.is_empty() && self.bills.is_empty() && self.findings.is_empty()
    }

    /// The advisories that concern a device, or a part that it is made of; the worst first.
    pub fn concerns(&self, device: &Identity) -> Vec<Concern<'_>> {
        let mut concerns = self.said_of(device, None);
        // What is said of the device itself is said by who knows how its parts are used in it.
        let settled: BTreeSet<&str> =
            concerns.iter().filter(|it| it.certain).map(|it| it.advisory.weakness.as_str()).collect();
        let mut of_parts = Vec::new();
        for part in self.bills_of(device).flat_map(|it| &it.parts) {
            of_parts.extend(self.said_of(&part.product.identity(), Some(&part.product.name)));
        }
        let mut seen = BTreeSet::new();
        of_parts.retain(|it: &Concern| {
            !settled.contains(it.advisory.weakness.as_str()) && seen.insert((&it.advisory.id, &it.advisory.weakness))
        });
        concerns.extend(of_parts);
        let rank = |it: &Concern| (it.state, it.certain, (it.score.unwrap_or(-1.0) * 10.0) as i64);
        concerns.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.advisory.id.cmp(&b.advisory.id)));
        concerns
    }

    /// What a device is made of.
    pub fn bills_of<'a>(&'a self, device: &Identity) -> impl Iterator<Item = &'a Bill> + use<'a> {
        let found = found(&self.bills_by_key, device);
        let device = device.clone();
        found.into_iter().map(|it| &self.bills[it]).filter(move |it| it.product.fits(&device) != Fits::No)
    }

    fn said_of<'a>(&'a self, product: &Identity, through: Option<&'a str>) -> Vec<Concern<'a>> {
        // Of several statements of one advisory the worst counts, so that a contradiction harms nobody.
        let mut said: BTreeMap<usize, (VexState, Fits, &Claim)> = BTreeMap::new();
        for (at, n) in found(&self.claims, product) {
            let claim = &self.advisories[at].claims[n];
            let fits = claim.product.fits(product);
            if fits == Fits::No {
                continue;
            }
            let known = said.entry(at).or_insert((claim.state, fits, claim));
            if (claim.state, fits) > (known.0, known.1) {
                *known = (claim.state, fits, claim);
            }
        }
        let concern = |(at, (state, fits, claim)): (usize, (VexState, Fits, &'a Claim))| {
            let advisory = &self.advisories[at];
            Concern {
                advisory,
                state,
                certain: fits == Fits::Yes,
                through: through.or(claim.through.as_deref()),
                why: claim.why.as_deref(),
                mend: claim.mend.as_deref(),
                score: claim.score.or(advisory.score),
                fixed_in: fixed_in(advisory, product),
            }
        };
        said.into_iter().map(concern).collect()
    }

    /// Up to when a device is mended where it is unsafe, and which file says so. `None`: no file does.
    pub fn support_of(&self, device: &Identity) -> Option<(Until, &Lifecycle)> {
        let end = |it: &Lifecycle| it.end_of_security_support.into_iter().chain(it.end_of_life).min();
        // A statement about this version says more than one about many; among equals the shorter one counts.
        let breadth = |it: &Lifecycle| match it.product.versions {
            Versions::One(_) => 0,
            Versions::Range(_) => 1,
            Versions::All | Versions::Unreadable(_) => 2,
        };
        found(&self.lifecycles_by_key, device)
            .into_iter()
            .map(|it| &self.lifecycles[it])
            .filter_map(|it| Some((it.product.fits(device), end(it)?, it)))
            .filter(|it| it.0 != Fits::No)
            .min_by_key(|(fits, end, it)| (*fits != Fits::Yes, breadth(it), *end))
            .map(|(_, end, it)| (end, it))
    }
}

/// Places under any of a device's keys, each once, in the order of the files.
fn found<T: Copy + Ord>(index: &HashMap<String, Vec<T>>, device: &Identity) -> BTreeSet<T> {
    device.keys().iter().filter_map(|it| index.get(it)).flatten().copied().collect()
}

/// The lowest version above the one that runs in which it is mended; the highest where nobody knows which one runs.
fn fixed_in(advisory: &Advisory, device: &Identity) -> Option<String> {
    let mended = advisory.mended.iter().filter(|it| it.is_of(device));
    let versions = mended.filter_map(|it| if let Versions::One(version) = &it.versions { Some(version) } else { None });
    match &device.version {
        Some(runs) => versions.filter(|it| *it > runs).min(),
        None => versions.max(),
    }
    .map(ToString::to_string)
}
