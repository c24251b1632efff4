//! Who vouches for recorders and witnesses: whoever named their keys, or the registry that gives them this part.

use std::io::{self, Read, Seek};
use std::sync::Arc;

use super::defence::Defences;
use super::key::PublicKey;
use super::registry::{KeyDoc, KeyRole, Registry};
use super::seals::{Complete, Report, SealHead, SealOptions, borne, verify};
use super::witness::Witnessed;
use crate::signal::Timestamp;

/// Whose word is taken on sessions.
#[derive(Debug, Clone, Default)]
pub struct Vouchers {
    /// The recorder's key, as it was named.
    pub recorder: Option<PublicKey>,
    /// Keys of witnesses, as they were named.
    pub witnesses: Vec<PublicKey>,
    /// Who has which key. `None`: no registry was named.
    pub registry: Option<Arc<Registry>>,
}

/// What witnesses say, sifted by who they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sifted {
    /// What counts.
    pub heads: Vec<SealHead>,
    /// Somebody vouches for those who say so. Otherwise anybody may have made them up.
    pub vouched: bool,
    /// Witnesses whose word was passed over, since others are named.
    pub passed_over: Vec<PublicKey>,
}

impl Vouchers {
    /// All keys that may be the recorder's.
    pub fn recorders(&self) -> Vec<PublicKey> {
        let registered = self.registered(KeyRole::Recorder).map(|it| it.key);
        self.recorder.into_iter().chain(registered).collect()
    }

    /// Who says that a witness's key is one. `None`: nobody does, or it was not good when it signed.
    pub fn of_witness(&self, witness: &PublicKey, at: Timestamp) -> Option<String> {
        if self.witnesses.contains(witness) {
            return Some("named by its key".to_owned());
        }
        let entry = self.registered(KeyRole::Witness).find(|it| it.key == *witness)?;
        entry.is_good_at(at, Defences::all()).is_ok().then(|| format!("{} by the registry of keys", entry.of))
    }

    /// Where nobody names a witness, all are heard, and it is said that nobody vouches for them.
    pub fn sift(&self, witnessed: &[Witnessed]) -> Sifted {
        let anybody = self.witnesses.is_empty() && self.registered(KeyRole::Witness).next().is_none();
        let mut sifted = Sifted { vouched: !anybody, ..Sifted::default() };
        for it in witnessed {
            if anybody || self.of_witness(&it.witness, it.at).is_some() {
                sifted.heads.push(it.head.clone());
            } else if !sifted.passed_over.contains(&it.witness) {
                sifted.passed_over.push(it.witness);
            }
        }
        sifted
    }

    /// Looks a file over by the key of those that may be the recorder's which it bears, with the witnesses who are heard.
    pub fn verify(&self, mut file: impl Read + Seek, witnessed: &[Witnessed]) -> io::Result<(Report, Sifted)> {
        let (recorders, sifted) = (self.recorders(), self.sift(witnessed));
        let key = borne(&mut file, &recorders)?.or(recorders.first().copied());
        let options = SealOptions { key, witnessed: sifted.heads.clone() };
        let mut report = verify(file, &options)?;
        // They were asked, and those who are named have nothing to say.
        let unheard = sifted.heads.is_empty() && !witnessed.is_empty();
        if unheard && matches!(report.complete, Complete::Closed { .. } | Complete::Unknown { .. }) {
            report.complete = Complete::NotWitnessed;
        }
        Ok((report, sifted))
    }

    /// Who says that a key is the recorder's, for a person. `None`: no registry was named, or the key was. `Err`: why the
    /// registry speaks against it.
    pub fn of_recorder(&self, key: &PublicKey, at: Timestamp) -> Option<Result<String, String>> {
        let registry = self.registry.as_ref().filter(|_| self.recorder != Some(*key))?;
        let Some(entry) = self.registered(KeyRole::Recorder).find(|it| it.key == *key) else {
            let none = registry.doc().keys.iter().all(|it| it.role != KeyRole::Recorder);
            return (!none).then(|| Err("the registry of keys gives no recorder this key".to_owned()));
        };
        Some(match entry.is_good_at(at, Defences::all()) {
            Ok(()) => Ok(format!("{} by the registry of keys", entry.of)),
            Err(why) => Err(format!(
                "the key of the recorder {} is not good at the time of its last seal: {}",
                entry.of,
                why.label()
            )),
        })
    }

    fn registered(&self, role: KeyRole) -> impl Iterator<Item = &KeyDoc> {
        self.registry.iter().flat_map(|it| &it.doc().keys).filter(move |it| it.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{RevokedDoc, SecretKey, Timestamp8601};

    const AT: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn witnessed(recorder: &SecretKey, witness: &SecretKey) -> Witnessed {
        let head = SealHead {
            session: "01910f2e-3c4b-7d5a-8e6f-0123456789ab".parse().unwrap(),
            key: recorder.public(),
            n: 7,
            chain: [7; 32],
            at: AT,
            messages: 700,
            is_final: false,
        };
        Witnessed { head, witness: witness.public(), at: AT }
    }

    #[test]
    fn only_witnesses_who_are_named_are_heard_where_any_is() {
        let (recorder, known, stranger) = (SecretKey::generate(), SecretKey::generate(), SecretKey::generate());
        let said = [witnessed(&recorder, &known), witnessed(&recorder, &stranger)];
        let unnamed = Vouchers::default().sift(&said);
        assert_eq!((unnamed.heads.len(), unnamed.vouched, unnamed.passed_over.len()), (2, false, 0));
        let by_key = Vouchers { witnesses: vec![known.public()], ..Vouchers::default() };
        let entry = KeyDoc::new("tower", KeyRole::Witness, known.public());
        let registry = |entry| Some(Arc::new(Registry::made(vec![entry], AT, &SecretKey::generate())));
        let by_registry = Vouchers { registry: registry(entry.clone()), ..Vouchers::default() };
        for vouchers in [&by_key, &by_registry] {
            let sifted = vouchers.sift(&said);
            assert_eq!(sifted.heads, [said[0].head.clone()]);
            assert_eq!((sifted.vouched, sifted.passed_over), (true, vec![stranger.public()]));
        }
        assert_eq!(by_registry.of_witness(&known.public(), AT).unwrap(), "tower by the registry of keys");
        // Another part in the plant makes nobody a witness, and a revoked key is none any more.
        let device =
            Vouchers { registry: registry(KeyDoc { role: KeyRole::Device, ..entry.clone() }), ..Vouchers::default() };
        assert_eq!(device.of_witness(&known.public(), AT), None);
        let revoked = Some(RevokedDoc { at: Timestamp8601(AT), why: "stolen".to_owned() });
        let revoked = Vouchers { registry: registry(KeyDoc { revoked, ..entry }), ..Vouchers::default() };
        assert_eq!(revoked.sift(&said).heads, []);
    }

    #[test]
    fn a_registry_that_names_recorders_speaks_for_them_and_against_all_others() {
        let (own, other) = (SecretKey::generate().public(), SecretKey::generate().public());
        let entry = KeyDoc::new("desk", KeyRole::Recorder, own);
        let with = |entry| {
            let registry = Registry::made(vec![entry], AT, &SecretKey::generate());
            Vouchers { registry: Some(Arc::new(registry)), ..Vouchers::default() }
        };
        let named = with(entry.clone());
        assert_eq!(named.recorders(), [own]);
        assert_eq!(named.of_recorder(&own, AT), Some(Ok("desk by the registry of keys".to_owned())));
        assert!(matches!(named.of_recorder(&other, AT), Some(Err(_))));
        let until = Some(Timestamp8601(AT));
        assert!(matches!(with(KeyDoc { until, ..entry.clone() }).of_recorder(&own, AT), Some(Err(_))));
        assert_eq!(with(KeyDoc { role: KeyRole::Device, ..entry }).of_recorder(&own, AT), None);
        assert_eq!(Vouchers::default().of_recorder(&own, AT), None);
    }
}
