//! What the card of a reading's provenance reads of the world, put into words.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::facts::Facts;
use super::format;
use super::provenance::{ChainRow, ExhibitRow, Made, ProvenanceCard, Proves, SHOWN_BYTES, StepRow};
use crate::link::{BrokerUrl, Posture, TlsVersion};
use crate::session::VerifyAgain;
use crate::signal::{SignalId, Timestamp};
use crate::site::doc::{DeviceDoc, SigningDoc};
use crate::site::{Signal, TwinId};
use crate::trust::{Exhibit, KeyDoc, KeyRole};
use crate::twin::{Reading, ReadingState, Standing, signs};

impl Facts<'_, '_> {
    /// How far a reading may be believed, in sentences.
    pub(super) fn trust_words(&self, signal: &Signal, reading: &Reading) -> String {
        let mut words = reading.standing.says().to_owned();
        if let Some(key) = reading.proof.key {
            let of = self.session.registry.as_ref().and_then(|it| it.find(key)).map(|it| it.of.as_str());
            words.push_str(&format!(
                " Signed with the key {key}{}.",
                of.map_or(String::new(), |it| format!(" of {it}"))
            ));
        }
        if reading.proof.gap > 0 {
            words.push_str(&format!(" Of the 64 before it {} never came.", reading.proof.gap));
        }
        if let Some(refused) = reading.refused {
            let time = self.pulse.clock.time(refused.at);
            words.push_str(&format!(
                " {} refused so far, the last at {time}: {}",
                refused.count,
                refused.reason.says()
            ));
        }
        words.push_str(&self.beside(signal, reading));
        if reading.standing == Standing::Unsigned && self.session.registry.is_none() {
            let must = self.site.device_of(signal.twin).is_some_and(|it| it.1.signing != SigningDoc::None);
            if must {
                words.push_str(" No registry of keys is loaded: nothing can be verified.");
            }
        }
        words
    }

    /// What to hold a value against that is not to be believed: what can be, or how old the last good one is.
    fn beside(&self, signal: &Signal, reading: &Reading) -> String {
        let (age, trust) = (format::span(reading.age_secs(self.cursor.at)), reading.proof.trust.label());
        match (reading.standing, range_text(signal), &reading.value) {
            (Standing::Inconsistent, Some(range), _) => format!(" It can be {range}."),
            (Standing::Rejected | Standing::EvilTwin, _, Some(value)) => {
                let value = format::value(value, signal.unit, signal.decimals);
                format!(" The last good one says {value}, was {trust} and is {age} old.")
            }
            (Standing::Rejected | Standing::EvilTwin, _, None) => " Nothing of it was ever good.".to_owned(),
            _ => String::new(),
        }
    }

    /// The worst of each twin and of what is below it by its number, where it is to be seen in the tree.
    pub(super) fn tree_standings(&self) -> Vec<Option<Standing>> {
        let mut all = vec![None; self.site.twin_capacity];
        if !signs(&self.site) {
            return all;
        }
        // What is not current is told by its health already.
        let shown = |it: &Standing| !matches!(it, Standing::Verified | Standing::Unheard | Standing::Stale);
        for twin in &self.site.twins {
            all[twin.id.index()] = self.trust_of.of(twin.id).worst.filter(shown);
        }
        all
    }

    /// The reading of a twin that is to be believed least; of one without readings, of what its device tells.
    pub(super) fn least_believed(&self, twin: TwinId) -> Option<SignalId> {
        let worst = |twin| {
            let signals: Vec<&Signal> = self.site.signals_of(twin).collect();
            // The first of the worst.
            signals.into_iter().rev().max_by_key(|it| self.readings.get(it.id).standing).map(|it| it.id)
        };
        worst(twin).or_else(|| worst(self.site.device_of(twin)?.0.id))
    }

    /// What is asked to verify a reading again.
    pub(super) fn to_verify(&self, signal: SignalId) -> VerifyAgain {
        let reading = self.readings.get(signal);
        VerifyAgain { signal, received: reading.received, proof: reading.proof }
    }

    /// The card of a reading. `None`: an edit of the site took it away.
    pub(super) fn provenance_card(&self, id: SignalId) -> Option<ProvenanceCard> {
        let signal = self.site.signal(id)?;
        let twin = self.site.twin(signal.twin)?;
        let reading = self.readings.get(id);
        let device = self.site.device_of(twin.id).map(|it| it.1);
        let (account, newest) = device.map(|it| self.refused_by_then(&it.id)).unwrap_or_default();
        let passed = self.session.book.passed(&signal.topic, reading.received);
        let clock = &self.pulse.clock;
        let value = match &reading.value {
            Some(value) => {
                let value = format::value(value, signal.unit, signal.decimals);
                format!(
                    "{value} · measured {} · came {}",
                    clock.time_millis(reading.at),
                    clock.time_millis(reading.received)
                )
            }
            None => "no value yet".to_owned(),
        };
        let unchecked = self.unchecked(signal, reading, device);
        let is_known = passed.is_some() || reading.value.is_none() || unchecked.is_some();
        Some(ProvenanceCard {
            signal: id,
            twin: twin.id,
            title: format!("{} · {}", twin.name, signal.name),
            value,
            standing: reading.standing,
            says: self.trust_words(signal, reading),
            others: self.site.signals_of(twin.id).map(|it| (it.id, it.name.clone())).collect(),
            chain: self.chain(signal, reading, device),
            steps: match unchecked {
                Some(_) => Vec::new(),
                None => self.steps(&account, passed.as_ref(), reading, newest.as_ref()),
            },
            unknown: (!is_known).then(|| UNKNOWN.to_owned()),
            unchecked,
            cannot_verify: self.cannot_verify(reading),
            again: self.again_rows(id, reading),
            exhibit: newest.map(|it| self.exhibit_row(&it)),
        })
    }

    fn exhibit_row(&self, it: &Exhibit) -> ExhibitRow {
        let time = self.pulse.clock.time_millis(it.received);
        ExhibitRow {
            text: format!("{} at {time} on {}. {}", format::capital(it.reason.label()), it.topic, it.reason.says()),
            detail: format::sentence(&it.detail),
            bytes: it.payload.iter().copied().take(SHOWN_BYTES).collect(),
            length: it.payload.len(),
        }
    }

    /// Why no check is made of a signal's messages.
    fn unchecked(&self, signal: &Signal, reading: &Reading, device: Option<&DeviceDoc>) -> Option<String> {
        if reading.state == ReadingState::Isolated {
            return Some("It is isolated: what is shown is an estimate, which came in no message.".to_owned());
        }
        let Some(device) = device else {
            return Some("No device of the site speaks for it: nothing is checked but that it can be read.".to_owned());
        };
        if self.site.is_status(signal) {
            return Some(
                "A status is the broker's word, too: it says it when the device is gone. It is not signed.".to_owned(),
            );
        }
        if device.signing == SigningDoc::None {
            return Some("This device signs nothing: nothing is checked but that it can be read.".to_owned());
        }
        let none = "No registry of keys is loaded: signatures are passed over. Make one with `pollux keys`.";
        self.session.registry.is_none().then(|| none.to_owned())
    }

    fn cannot_verify(&self, reading: &Reading) -> Option<String> {
        if reading.value.is_none() {
            return Some("It has no value yet.".to_owned());
        }
        if reading.state == ReadingState::Isolated {
            return Some("What is shown is an estimate: no message says it.".to_owned());
        }
        self.session.recording().is_none().then(|| "This session is not recorded: its bytes are gone.".to_owned())
    }

    fn chain(&self, signal: &Signal, reading: &Reading, device: Option<&DeviceDoc>) -> Vec<ChainRow> {
        let must = match device.map(|it| &it.signing) {
            None => "No device of the site speaks for it.".to_owned(),
            Some(SigningDoc::None) => "It signs nothing.".to_owned(),
            Some(SigningDoc::Required) => "What it says must be signed with its own key.".to_owned(),
            Some(SigningDoc::Vouched(gateway)) => format!("It cannot sign: the gateway {gateway} does for it."),
        };
        let signed = reading.proof.key.is_some();
        let device = ChainRow {
            what: "Device",
            text: device.map_or_else(|| "unknown".to_owned(), |it| it.id.clone()),
            lines: vec![must, format!("Topic {}", signal.topic)],
            proves: if signed { Proves::Yes } else { Proves::Nothing },
        };
        let mut chain = vec![device, self.key_row(reading)];
        chain.extend(self.way());
        chain
    }

    fn key_row(&self, reading: &Reading) -> ChainRow {
        let row = |text: String, lines, proves| ChainRow { what: "Key", text, lines, proves };
        let Some(key) = reading.proof.key else {
            return row("none".to_owned(), vec!["Nobody signed it.".to_owned()], Proves::Nothing);
        };
        let registry = self.session.registry.as_ref();
        let Some(entry) = registry.and_then(|it| it.find(key)) else {
            let lines = vec!["The registry that is loaded now does not know it.".to_owned()];
            return row(key.to_string(), lines, Proves::Against);
        };
        let mut lines = vec![format!("Key of the {} {}", role(entry.role), entry.of), self.time_of(entry)];
        if let Some(registry) = registry {
            let issued = registry.doc().issued.map_or(String::new(), |it| format!(" on {}", self.day(it.0)));
            let by = registry.authority().map_or("nobody".to_owned(), |it| it.id().to_string());
            lines.push(format!("Registry version {}, signed{issued} by the authority {by}", registry.doc().version));
        }
        let good = entry.is_good_at(reading.received, crate::trust::Defences::all()).is_ok();
        row(key.to_string(), lines, if good { Proves::Yes } else { Proves::Against })
    }

    fn day(&self, at: Timestamp) -> String {
        self.pulse.clock.date_time(at)
    }

    fn time_of(&self, key: &KeyDoc) -> String {
        if let Some(revoked) = &key.revoked {
            return format!("Revoked since {}: {}", self.day(revoked.at.0), revoked.why);
        }
        match (key.from, key.until) {
            (None, None) => "Good without an end".to_owned(),
            (Some(from), None) => format!("Good from {} without an end", self.day(from.0)),
            (None, Some(until)) => format!("Good until {}", self.day(until.0)),
            (Some(from), Some(until)) => format!("Good from {} until {}", self.day(from.0), self.day(until.0)),
        }
    }

    /// The link and the broker, or the recording in their place.
    fn way(&self) -> Vec<ChainRow> {
        if let Some(recording) = self.session.recording().filter(|_| self.session.is_replay()) {
            let name = recording.path.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
            let lines = vec!["Every message in it is verified again as it is read.".to_owned()];
            return vec![ChainRow { what: "Recording", text: name, lines, proves: Proves::Nothing }];
        }
        let Some(link) = &self.session.link else { return Vec::new() };
        let (text, lines, proves) = link_words(link.url(), link.posture().as_deref());
        let broker = "It may read, delay and drop what passes; what is signed it cannot change unseen.";
        vec![
            ChainRow { what: "Link", text, lines, proves },
            ChainRow {
                what: "Broker",
                text: link.url().to_string(),
                lines: vec![broker.to_owned()],
                proves: Proves::Nothing,
            },
        ]
    }

    /// The same as JSON, for whoever has to write about it.
    pub(super) fn provenance_json(&self, id: SignalId) -> String {
        let Some(card) = self.provenance_card(id) else { return String::new() };
        let reading = self.readings.get(id);
        let address = self.site.signal(id).map(|it| it.address.to_string());
        let steps: Vec<Json> = card.steps.iter().map(step_json).collect();
        let chain: BTreeMap<&str, Json> =
            card.chain.iter().map(|it| (it.what, json!({ "text": it.text, "lines": it.lines }))).collect();
        let refused = reading
            .refused
            .map(|it| json!({ "reason": it.reason, "at": it.at.to_string(), "count": it.count, "proofs": it.proofs }));
        let again = card.again.as_ref().map(|it| json!({ "text": it.text, "same": it.same }));
        let doc = json!({
            "signal": address,
            "value": reading.value.as_ref().map(|it| format::bare(it, None)),
            "measured": reading.at.to_string(),
            "received": reading.received.to_string(),
            "standing": card.standing.label(),
            "trust": reading.proof.trust,
            "key": reading.proof.key.map(|it| it.to_string()),
            "gap": reading.proof.gap,
            "refused": refused,
            "chain": chain,
            "checks": steps,
            "checks_unknown": card.unknown,
            "verified_again": again,
        });
        serde_json::to_string_pretty(&doc).unwrap_or_default()
    }
}

fn step_json(row: &StepRow) -> Json {
    let passed = (row.made == Made::Passed).then_some(true);
    json!({ "check": row.step, "passed": passed, "saw": row.saw, "refused": row.refused })
}

fn role(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Device => "device",
        KeyRole::Gateway => "gateway",
        KeyRole::Gate => "gate",
        KeyRole::Recorder => "recorder",
        KeyRole::Witness => "witness",
    }
}

/// How the link to a broker is protected.
fn link_words(url: &BrokerUrl, posture: Option<&Posture>) -> (String, Vec<String>, Proves) {
    let proves = "It proves who the broker is, and nothing about what the broker passes on.".to_owned();
    if let Some(posture) = posture.filter(|it| it.is_secure()) {
        let protocol = posture.protocol.map_or("TLS", TlsVersion::label);
        let mut lines: Vec<String> = posture.cipher.iter().map(|it| format!("Cipher suite {it}")).collect();
        let certificates = [("The broker's certificate", &posture.peer), ("Our certificate", &posture.own)];
        let told = certificates.into_iter().filter_map(|(whose, it)| Some((whose, it.as_ref()?)));
        lines.extend(told.map(|(whose, it)| format!("{whose}: {}", it.words())));
        lines.extend(posture.roots.as_ref().map(|it| format::capital(&it.words())));
        lines.push(proves);
        return (format!("encrypted, {protocol}"), lines, Proves::Yes);
    }
    if url.tls {
        return ("encrypted (TLS)".to_owned(), vec![proves], Proves::Yes);
    }
    if url.is_loopback() {
        return ("plain text".to_owned(), vec!["It does not leave this machine.".to_owned()], Proves::Nothing);
    }
    let line = "Whoever is on the way reads it, and changes what is not signed.";
    ("plain text, not encrypted".to_owned(), vec![line.to_owned()], Proves::Against)
}

/// What a signal can be, with its unit. `None`: anything.
pub(super) fn range_text(signal: &Signal) -> Option<String> {
    let number = |it| format::number(it, signal.decimals);
    signal.range.map(|(low, high)| format::with_unit(&format!("{} to {}", number(low), number(high)), signal.unit))
}

/// Why it is not known what the checks saw of a message.
const UNKNOWN: &str = "What the checks saw is remembered of the newest messages alone, and this value came with an older one. It can \
                       be verified again from its raw bytes.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_by_how_it_is_protected() {
        let check = |url: &str, want: &str, proves| {
            let (text, _, got) = link_words(&url.parse().unwrap(), None);
            assert_eq!((text.as_str(), got), (want, proves), "{url}");
        };
        check("mqtts://plant.example:8883", "encrypted (TLS)", Proves::Yes);
        check("mqtt://127.0.0.1:1883", "plain text", Proves::Nothing);
        check("mqtt://plant.example:1883", "plain text, not encrypted", Proves::Against);
    }
}
