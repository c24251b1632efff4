//! What is wrong with keys, signatures and clocks, as diagnostics, each with how to mend it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::diagnostics::{Diagnostic, DiagnosticKind, Gravity};
use super::facts::Facts;
use super::format;
use crate::link;
use crate::signal::Timestamp;
use crate::site::doc::{DeviceDoc, SigningDoc};
use crate::site::{Site, TwinId};
use crate::trust::{Defences, DeviceAccount, KeyDoc, Reason, Registry};

/// A key that ends sooner than this is told, seconds.
const ENDS_SOON_SECS: f64 = 14.0 * 86_400.0;

/// What they follow from.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrustEvidence<'a> {
    /// The site.
    pub site: &'a Site,
    /// Who has which key. `None`: nobody knows.
    pub registry: Option<&'a Registry>,
    /// What verification saw, by device.
    pub book: &'a BTreeMap<Arc<str>, DeviceAccount>,
    /// Why what must survive a restart is not kept. `None`: it is.
    pub store: Option<&'a str>,
    /// The instant at which keys must be good.
    pub now: Timestamp,
}

impl Facts<'_, '_> {
    /// What is wrong with keys, signatures and clocks.
    pub(super) fn trust_diagnostics(&self) -> Vec<Diagnostic> {
        let store = self.session.store.as_ref().and_then(|it| it.problem());
        trust_diagnostics(&TrustEvidence {
            site: &self.site,
            registry: self.session.registry.as_deref(),
            book: &self.session.book.all(),
            store: store.as_deref(),
            now: if self.session.is_replay() { self.cursor.at } else { link::now() },
        })
    }
}

/// All of it, in no order.
pub(super) fn trust_diagnostics(evidence: &TrustEvidence) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    no_registry(evidence, &mut all);
    keys(evidence, &mut all);
    refused(evidence, &mut all);
    all.extend(evidence.store.map(|why| Diagnostic {
        key: "store".to_owned(),
        kind: DiagnosticKind::Signing,
        severity: Gravity::Error,
        text: format!("What was heard is not kept over restarts: {}", why.trim_end_matches('.')),
        hint: "Until it is, what was heard before a restart could be played again after it. Is the disk full, or the file open \
               elsewhere?"
            .to_owned(),
        twins: Vec::new(),
    }));
    all
}

/// Devices that must sign, or for which somebody must.
fn signers(site: &Site) -> impl Iterator<Item = (TwinId, &DeviceDoc)> {
    let devices = site.twins.iter().filter_map(|it| Some((it.id, it.device.as_ref()?)));
    devices.filter(|it| it.1.signing != SigningDoc::None)
}

fn no_registry(evidence: &TrustEvidence, all: &mut Vec<Diagnostic>) {
    let twins: Vec<TwinId> = signers(evidence.site).map(|it| it.0).collect();
    if evidence.registry.is_some() || twins.is_empty() {
        return;
    }
    let devices = if twins.len() == 1 { "1 device signs".to_owned() } else { format!("{} devices sign", twins.len()) };
    all.push(Diagnostic {
        key: "no registry".to_owned(),
        kind: DiagnosticKind::Signing,
        severity: Gravity::Warning,
        text: format!("{devices}, and no registry of keys is loaded: nothing is verified"),
        hint:
            "Make keys.ron beside the site with `pollux keys`, and have it signed. Until then all is taken as unsigned."
                .to_owned(),
        twins,
    });
}

/// Keys of this site's devices that are missing, over, or end soon.
fn keys(evidence: &TrustEvidence, all: &mut Vec<Diagnostic>) {
    let Some(registry) = evidence.registry else { return };
    let mut owners: BTreeMap<&str, BTreeSet<TwinId>> = BTreeMap::new();
    for (twin, device) in signers(evidence.site) {
        let own = [match &device.signing {
            SigningDoc::Vouched(gateway) => gateway,
            SigningDoc::None | SigningDoc::Required => &device.id,
        }];
        let named: Vec<&String> = if device.keys.is_empty() { own.to_vec() } else { device.keys.iter().collect() };
        for owner in named {
            owners.entry(owner).or_default().insert(twin);
        }
    }
    for (owner, twins) in owners {
        let twins = twins.into_iter().collect();
        let told = |key: &str, severity, text, hint: &str| Diagnostic {
            key: format!("{key} {owner}"),
            kind: DiagnosticKind::Signing,
            severity,
            text,
            hint: hint.to_owned(),
            twins,
        };
        let good: Vec<_> =
            registry.of(owner).filter(|it| it.is_good_at(evidence.now, Defences::all()).is_ok()).collect();
        if good.is_empty() {
            let any = registry.of(owner).next().is_some();
            let what = if any { "no key that is good now" } else { "no key in the registry" };
            let hint = "Add one with `pollux keys`: until then all that it says is refused.";
            all.push(told("no key", Gravity::Error, format!("{owner} has {what}"), hint));
            continue;
        }
        // Where any key goes on for longer, nothing ends.
        let left = |it: &&&KeyDoc| it.until.map_or(f64::INFINITY, |it| it.0.secs_since(evidence.now));
        let Some(last) = good.iter().max_by(|a, b| left(a).total_cmp(&left(b))) else { continue };
        if left(&last) < ENDS_SOON_SECS {
            let text = format!("The key {} of {owner} ends in {}", last.key.id(), format::span(left(&last)));
            let hint = "Give it a new one with `pollux keys`, and bring it to the device before this one ends.";
            all.push(told("key ends", Gravity::Warning, text, hint));
        }
    }
}

/// How to mend what was refused with a reason.
fn mend(reason: Reason) -> &'static str {
    match reason {
        Reason::Future | Reason::Stale => "Set its clock (NTP), and look whether its network holds messages back.",
        Reason::NotSigned => "Does the device have its key? Or does somebody else publish on its topic?",
        Reason::UnknownKey | Reason::WrongKey => {
            "Is its new key in the registry? Else somebody else publishes on its topic."
        }
        Reason::Expired => "Give it a new key with `pollux keys`.",
        Reason::Revoked => "Its key was revoked: give it a new one, and look for who still has the old one.",
        Reason::Forged => "Somebody changes its messages or makes them up: look at who may publish on its topic.",
        Reason::Rollback | Reason::Replayed => {
            "Somebody sends again what it said before: look at who may publish on its topic."
        }
        Reason::Cloned => "Its key was copied: revoke it now, and give the device a new one.",
        Reason::Flood => "It, or somebody in its name, sends more than its period allows.",
        Reason::Oversize | Reason::Malformed => {
            "Is its software of another version? Else somebody else publishes on its topic."
        }
        Reason::UnknownTopic => "Bind the topic in the site file, or take away who may publish there.",
        Reason::Broken => "Messages were put in or taken out between it and here: look at the broker.",
        Reason::Implausible => {
            "Is the sensor broken? Or does the site say another kind, path or range than the device has?"
        }
    }
}

fn refused(evidence: &TrustEvidence, all: &mut Vec<Diagnostic>) {
    for (device, account) in evidence.book {
        let twin = evidence.site.twins.iter().find(|it| it.device.as_ref().is_some_and(|it| *it.id == **device));
        // Of a flood of reasons the one that says most is told first; all are counted.
        let worst = account.n_refused.iter().max_by_key(|it| (it.0.is_evidence(), *it.1));
        let Some((reason, count)) = worst else { continue };
        // What nothing is bound to is on nobody's account.
        if device.is_empty() {
            all.push(Diagnostic {
                key: "refused".to_owned(),
                kind: DiagnosticKind::Refused,
                severity: Gravity::Note,
                text: format!("Signed values came on topics that nothing is bound to ({}×)", format::count(*count)),
                hint: mend(*reason).to_owned(),
                twins: Vec::new(),
            });
        }
        let Some((_, at)) = account.last_refused else { continue };
        let count: u64 = account.n_refused.values().sum();
        let reasons: Vec<String> = account
            .n_refused
            .iter()
            .map(|(reason, count)| format!("{} {}×", reason.label(), format::count(*count)))
            .collect();
        // Whoever hid it hid these reasons: with another one it is another diagnostic.
        let kinds: Vec<&str> = account.n_refused.keys().map(|it| it.label()).collect();
        let kind = match account.n_refused.keys().all(|it| matches!(it, Reason::Future | Reason::Stale)) {
            _ if reason.is_evidence() => DiagnosticKind::Proof,
            true => DiagnosticKind::ClockSkew,
            false => DiagnosticKind::Refused,
        };
        let messages = if count == 1 { "1 message".to_owned() } else { format!("{} messages", format::count(count)) };
        let ago = format::span(evidence.now.secs_since(at).max(0.0));
        all.push(Diagnostic {
            key: format!("refused {device}: {}", kinds.join(", ")),
            kind,
            severity: if reason.is_evidence() { Gravity::Error } else { Gravity::Warning },
            text: format!("{messages} of {device} refused: {}; the last {ago} ago", reasons.join(", ")),
            hint: mend(*reason).to_owned(),
            twins: twin.map(|it| it.id).into_iter().collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnostics::Suppressed;
    use super::super::fixture;
    use super::*;
    use crate::trust::{KeyRole, SecretKey, Timestamp8601};

    const DAY: i64 = 86_400;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000)
    }

    /// The fixture's site, whose first pump must sign.
    fn site() -> Site {
        let mut site = fixture::site();
        for twin in &mut site.twins {
            if let Some(device) = &mut twin.device
                && device.id == "pumping.p1"
            {
                device.signing = SigningDoc::Required;
            }
        }
        site
    }

    fn texts(keys: Option<Vec<KeyDoc>>, book: &BTreeMap<Arc<str>, DeviceAccount>) -> Vec<(Gravity, String)> {
        let registry = keys.map(|it| Registry::made(it, at(0), &SecretKey::generate()));
        let evidence = TrustEvidence { site: &site(), registry: registry.as_ref(), book, store: None, now: at(0) };
        trust_diagnostics(&evidence).into_iter().map(|it| (it.severity, it.text)).collect()
    }

    fn key(until: Option<i64>) -> KeyDoc {
        let key = KeyDoc::new("pumping.p1", KeyRole::Device, SecretKey::generate().public());
        KeyDoc { until: until.map(|it| Timestamp8601(at(it))), ..key }
    }

    #[test]
    fn what_must_be_signed_wants_a_registry_with_keys_that_do_not_end_soon() {
        let check = |keys, want: &[&str]| {
            let got = texts(keys, &BTreeMap::new());
            assert_eq!(got.len(), want.len(), "{got:?}");
            assert!(got.iter().zip(want).all(|(got, want)| got.1.replace('\u{a0}', " ").contains(want)), "{got:?}");
        };
        check(None, &["1 device signs, and no registry"]);
        check(Some(Vec::new()), &["pumping.p1 has no key in the registry"]);
        check(Some(vec![key(Some(-1))]), &["pumping.p1 has no key that is good now"]);
        check(Some(vec![key(Some(3 * DAY))]), &["ends in 3 d"]);
        check(Some(vec![key(Some(3 * DAY)), key(None)]), &[]);
        check(Some(vec![key(Some(15 * DAY))]), &[]);
    }

    #[test]
    fn what_was_refused_is_told_by_device_with_how_to_mend_it() {
        let account = |reasons: &[(Reason, u64)]| DeviceAccount {
            n_refused: reasons.iter().copied().collect(),
            last_refused: Some((reasons[0].0, at(-2))),
            ..DeviceAccount::default()
        };
        let book = BTreeMap::from([
            ("pumping.p1".into(), account(&[(Reason::Replayed, 9), (Reason::Cloned, 1)])),
            ("pumping.p2".into(), account(&[(Reason::Future, 4)])),
            ("".into(), DeviceAccount { last_refused: None, ..account(&[(Reason::UnknownTopic, 3)]) }),
        ]);
        let evidence =
            TrustEvidence { site: &site(), registry: None, book: &book, store: Some("the disk is full."), now: at(0) };
        let got = trust_diagnostics(&evidence);
        let find = |key: &str| got.iter().find(|it| it.key == key).unwrap();
        let cloned = find("refused pumping.p1: replayed, cloned");
        assert!(
            cloned.text.starts_with("10 messages of pumping.p1 refused: replayed 9×, cloned 1×"),
            "{}",
            cloned.text
        );
        assert_eq!((cloned.severity, cloned.twins.as_slice()), (Gravity::Error, &[TwinId(1)][..]));
        assert!(cloned.hint.contains("revoke it now"));
        assert_eq!(cloned.kind, DiagnosticKind::Proof);
        let skewed = find("refused pumping.p2: from the future");
        assert_eq!((skewed.kind, skewed.severity), (DiagnosticKind::ClockSkew, Gravity::Warning));
        assert!(skewed.hint.starts_with("Set its clock (NTP)"));
        assert_eq!(find("refused").text, "Signed values came on topics that nothing is bound to (3×)");
        assert!(find("store").text.ends_with("the disk is full"));
    }

    #[test]
    fn what_was_hidden_comes_back_with_another_reason_and_evidence_is_never_hidden() {
        let told = |reasons: &[(Reason, u64)]| {
            let account = DeviceAccount {
                n_refused: reasons.iter().copied().collect(),
                last_refused: Some((reasons[0].0, at(-2))),
                ..DeviceAccount::default()
            };
            let book = BTreeMap::from([("pumping.p2".into(), account)]);
            let evidence = TrustEvidence { site: &site(), registry: None, book: &book, store: None, now: at(0) };
            trust_diagnostics(&evidence).into_iter().find(|it| it.key.starts_with("refused pumping.p2")).unwrap()
        };
        let mut hidden = Suppressed::default();
        hidden.keys.insert(told(&[(Reason::Stale, 3)]).key);
        assert!(hidden.hides(&told(&[(Reason::Stale, 400)])), "more of the same stays hidden");
        assert!(!hidden.hides(&told(&[(Reason::Stale, 400), (Reason::NotSigned, 1)])));
        for reason in [Reason::Cloned, Reason::Forged, Reason::Rollback] {
            let proof = told(&[(Reason::Stale, 400), (reason, 1)]);
            assert!(!hidden.hides(&proof), "{reason:?}");
            let all = Suppressed {
                keys: BTreeSet::from([proof.key.clone()]),
                kinds: BTreeSet::from([proof.kind, DiagnosticKind::ClockSkew, DiagnosticKind::Refused]),
            };
            assert!(!all.hides(&proof), "{reason:?}");
        }
    }
}
