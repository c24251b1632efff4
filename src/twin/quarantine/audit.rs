//! What was isolated and released goes into the recording, and comes out of it again.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Basis, Estimate, Hold, Isolation, QuarantineEvent, Released};
use crate::session::recording::{AuditDoc, EstimateDoc, QuarantineAuditDoc};
use crate::signal::{Timestamp, Value};
use crate::site::Site;

const ISOLATED: &str = "isolated";
const RELEASED: &str = "released";

/// An event as it is recorded. `None`: the site has no such twin.
pub fn quarantine_doc(event: &QuarantineEvent, site: &Site) -> Option<AuditDoc> {
    let twin = site.twin(event.twin())?.address.to_string();
    let (mut at_gate, mut since) = (false, None);
    let (what, who, why, estimates) = match event {
        QuarantineEvent::Isolated(it) => {
            let estimates = it.estimates.iter().filter_map(|(signal, estimate)| {
                let signal = site.signal(*signal)?.address.to_string();
                Some(EstimateDoc { signal, value: json(&estimate.value), basis: estimate.basis.0.to_string() })
            });
            (at_gate, since) = (it.hold == Hold::Gate, Some(it.since.as_nanos()));
            (ISOLATED, &it.who, &it.why, estimates.collect())
        }
        QuarantineEvent::Released(it) => (RELEASED, &it.who, &it.why, Vec::new()),
    };
    Some(AuditDoc {
        at: event.at().as_nanos(),
        who: who.to_string(),
        reason: Some(why.to_string()),
        quarantine: Some(QuarantineAuditDoc { twin, what: what.to_owned(), at_gate, since, estimates }),
        ..AuditDoc::default()
    })
}

/// A recorded event. `None`: it is about something else, or about a twin that the site does not have.
pub fn quarantine_event(doc: &AuditDoc, site: &Site) -> Option<QuarantineEvent> {
    let told = doc.quarantine.as_ref()?;
    let (at, twin) = (Timestamp::from_nanos(doc.at), site.twin_at(&told.twin)?.id);
    let (who, why) = (Arc::from(doc.who.as_str()), Arc::from(doc.reason.as_deref().unwrap_or_default()));
    match told.what.as_str() {
        ISOLATED => {
            let estimates = told.estimates.iter().filter_map(|it| {
                let basis = Basis(Arc::from(it.basis.as_str()));
                Some((site.signal_at(&it.signal)?.id, Estimate { value: value(&it.value)?, basis }))
            });
            let (estimates, since) = (estimates.collect(), told.since.map_or(at, Timestamp::from_nanos));
            let hold = if told.at_gate { Hold::Gate } else { Hold::Here };
            Some(QuarantineEvent::Isolated(Arc::new(Isolation { at, since, hold, twin, who, why, estimates })))
        }
        RELEASED => Some(QuarantineEvent::Released(Released { at, twin, who, why })),
        _ => None,
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Number(number) => (*number).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Text(text) => text.as_ref().into(),
    }
}

fn value(json: &Json) -> Option<Value> {
    match json {
        Json::Number(number) => number.as_f64().map(Value::Number),
        Json::Bool(flag) => Some(Value::Flag(*flag)),
        Json::String(text) => Some(Value::Text(Arc::from(text.as_str()))),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{Ids, load};

    #[test]
    fn what_is_recorded_comes_out_as_it_went_in() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
        let site = load(&path, &mut Ids::default()).unwrap().site;
        let twin = site.twin_at("bench.pump").unwrap().id;
        let at = Timestamp::from_nanos(1_800_000_000_123_456_789);
        let values = [Value::Number(0.1), Value::Flag(true), Value::Text("auto".into())];
        let estimate = |value: &Value| Estimate { value: value.clone(), basis: Basis("last value".into()) };
        let estimates = site.signals.iter().map(|it| it.id).zip(values.iter().map(estimate)).collect();
        let (who, why): (Arc<str>, Arc<str>) = ("anna".into(), "it lies".into());
        let (since, hold) = (Timestamp::from_nanos(1_700_000_000_000_000_000), Hold::Gate);
        let isolation = Isolation { at, since, hold, twin, who: Arc::clone(&who), why: Arc::clone(&why), estimates };
        for event in
            [QuarantineEvent::Isolated(Arc::new(isolation)), QuarantineEvent::Released(Released { at, twin, who, why })]
        {
            let text = serde_json::to_string(&quarantine_doc(&event, &site).unwrap()).unwrap();
            let doc: AuditDoc = serde_json::from_str(&text).unwrap();
            assert_eq!(quarantine_event(&doc, &site), Some(event));
        }
    }
}
