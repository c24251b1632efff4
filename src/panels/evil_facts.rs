//! What the panels read of evil twins, and the notes that tell what became of an acknowledgement.

use bevy::prelude::*;

use super::dock::Desk;
use super::evil_banner::{EvilRow, proof_text};
use super::facts::Facts;
use super::format;
use super::toasts::Tone;
use crate::command::AcknowledgeRefused;
use crate::guard::{Node, NotAcknowledged, may_acknowledge, name_of};
use crate::session::CurrentSite;
use crate::signal::Timestamp;
use crate::site::TwinId;
use crate::trust::Reason;
use crate::twin::{EvilAcknowledged, speaker_of};

impl Facts<'_, '_> {
    /// The device with the newest proof that no person has acknowledged, isolated or not. `None`: there is none.
    pub(super) fn evil_row(&self) -> Option<EvilRow> {
        let mut found: Vec<(TwinId, (Reason, Timestamp))> = Vec::new();
        for signal in &self.site.signals {
            let Some(evil) = self.readings.get(signal.id).refused.and_then(|it| it.evil) else { continue };
            let speaker = speaker_of(&self.site, signal.twin);
            match found.iter_mut().find(|it| it.0 == speaker) {
                Some(known) if known.1.1 >= evil.1 => {}
                Some(known) => known.1 = evil,
                None => found.push((speaker, evil)),
            }
        }
        let (twin, (reason, at)) = *found.iter().max_by_key(|it| it.1.1)?;
        let isolated = self.quarantine.isolation_of(&self.site, twin).is_some();
        Some(EvilRow {
            twin,
            name: self.site.twin(twin)?.name.clone(),
            proof: format!("{}, {}", proof_text(reason), self.pulse.clock.date_time(at)),
            more: found.len() - 1,
            cannot_isolate: if isolated { Some("It is isolated already.".to_owned()) } else { self.cannot_isolate() },
            cannot_acknowledge: self.cannot_acknowledge(),
        })
    }

    /// Why no evil twin can be acknowledged now. `None`: one can.
    pub(super) fn cannot_acknowledge(&self) -> Option<String> {
        if let Err(why) = may_acknowledge(&self.session, &self.operator) {
            return Some(format::sentence(&why.to_string()));
        }
        (!self.is_live()).then(|| "The view shows the past: go live to acknowledge.".to_owned())
    }
}

/// What was acknowledged or refused is told.
pub(super) fn tell_evil(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    mut done: MessageReader<EvilAcknowledged>,
    mut refused: (MessageReader<NotAcknowledged>, MessageReader<AcknowledgeRefused>),
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    let name = |it: TwinId| name_of(Node::Twin(it), &site);
    for EvilAcknowledged { twin, who, .. } in done.read() {
        let text = format!("{who} has acknowledged the evil twin of {}: its values are relied on again.", name(*twin));
        desk.toasts.add(text, Tone::Warning, now);
    }
    let here = refused.0.read().map(|it| (it.twin, it.why.to_string()));
    let at_gate =
        refused.1.read().map(|it| (it.twin, format!("the gate does not acknowledge its evil twin: {}", it.why)));
    for (twin, why) in here.chain(at_gate) {
        desk.toasts.add(format!("{}: {why}", name(twin)), Tone::Warning, now);
    }
}
