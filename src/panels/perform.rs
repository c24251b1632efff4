//! What becomes of an [`Action`]: a request to another folder, or a change of what the panels themselves keep.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::actions::{Action, LoopEnd};
use super::alarm_deeds::perform_alarm;
use super::commands::approvals::Approval;
use super::commands::confirm::Confirmation;
use super::commands::sign_in::SignInState;
use super::diagnostics::Suppressed;
use super::dialogs::Dialog;
use super::dock::Desk;
use super::evidence::WaitingEvidence;
use super::facts::Facts;
use super::files;
use super::inventory::{InventoryAction, day_shown};
use super::layout::{Layout, Pane};
use super::palette::Palette;
use super::provenance::Provenance;
use super::timeline::{TimelineState, Window};
use super::trust_section::QuarantineDialog;
use crate::command::{
    Approve, Ask, CancelRequest, EmergencyStop, Lock, SequenceRequest, SignIn, SignOut, Touched, class_of,
};
use crate::guard::{AskIsolate, AskRelease, ExportInventory, LookAhead, ReadAdvisories};
use crate::judge::AlarmRequest;
use crate::session::export::Export;
use crate::session::{
    Align, CancelWork, CursorMode, EditMark, Notice, NoticeTone, Open, PeekAt, Recollect, Seek, StartExport,
    VerifyAgain,
};
use crate::signal::Timestamp;
use crate::site::TwinId;
use crate::site::doc::Class;
use crate::twin::Select;
use crate::view::{Camera, Frame, SetLens, TakeShot};

/// The requests that panels write.
#[derive(SystemParam)]
pub(super) struct Requests<'w> {
    select: MessageWriter<'w, Select>,
    ask: MessageWriter<'w, Ask>,
    approve: MessageWriter<'w, Approve>,
    sequence: MessageWriter<'w, SequenceRequest>,
    take_back: MessageWriter<'w, CancelRequest>,
    emergency_stop: MessageWriter<'w, EmergencyStop>,
    sign_in: MessageWriter<'w, SignIn>,
    sign_out: MessageWriter<'w, SignOut>,
    lock: MessageWriter<'w, Lock>,
    pub(super) touched: MessageWriter<'w, Touched>,
    seek: MessageWriter<'w, Seek>,
    edit_mark: MessageWriter<'w, EditMark>,
    recollect: MessageWriter<'w, Recollect>,
    camera: MessageWriter<'w, Camera>,
    open: MessageWriter<'w, Open>,
    export: MessageWriter<'w, StartExport>,
    cancel_work: MessageWriter<'w, CancelWork>,
    pub(super) notice: MessageWriter<'w, Notice>,
    pub(super) alarm: MessageWriter<'w, AlarmRequest>,
    pub(super) frame: MessageWriter<'w, Frame>,
    pub(super) peek: MessageWriter<'w, PeekAt>,
    align: MessageWriter<'w, Align>,
    pub(super) look_ahead: MessageWriter<'w, LookAhead>,
    read_advisories: MessageWriter<'w, ReadAdvisories>,
    export_inventory: MessageWriter<'w, ExportInventory>,
    isolate: MessageWriter<'w, AskIsolate>,
    release: MessageWriter<'w, AskRelease>,
    lens: MessageWriter<'w, SetLens>,
    verify_again: MessageWriter<'w, VerifyAgain>,
    shot: MessageWriter<'w, TakeShot>,
}

/// The one place that does what panels ask for: a request to another folder, or a change of the desk.
pub(super) fn perform(
    action: Action,
    ctx: &egui::Context,
    facts: &Facts,
    desk: &mut Desk,
    layout: &mut Layout,
    requests: &mut Requests,
) {
    let mut select = |twin: Option<TwinId>| {
        requests.select.write(Select::Twin(twin));
    };
    match action {
        Action::Select(twin) => {
            unfold_to(twin, facts, desk);
            select(Some(twin));
        }
        Action::Deselect => select(None),
        Action::Hover(twin) => {
            requests.select.write(Select::Hover(twin));
        }
        Action::FlyTo(twin) => {
            unfold_to(twin, facts, desk);
            select(Some(twin));
            requests.camera.write(Camera::FlyTo(twin));
        }
        Action::Culprit(signal) => {
            if let Some(twin) = facts.site.signal(signal).map(|it| it.twin) {
                unfold_to(twin, facts, desk);
                select(Some(twin));
                requests.camera.write(Camera::FlyTo(twin));
                desk.provenance = Some(Provenance::of(signal));
            }
        }
        Action::FlyToSelected => {
            if let Some(twin) = facts.selection.twin {
                requests.camera.write(Camera::FlyTo(twin));
            }
        }
        Action::Viewpoint(id) => {
            requests.camera.write(Camera::Viewpoint(id));
        }
        Action::Home => {
            requests.camera.write(Camera::Home);
        }
        Action::Ask(command, value) => {
            let reaches_far = facts.site.command(command).is_some_and(|it| class_of(it, &value) >= Class::C2);
            if reaches_far && facts.cannot_send().is_none() {
                desk.dialog = Some(Dialog::Confirm(Confirmation::new(command, value)));
            } else {
                requests.ask.write(Ask::new(command, value));
            }
        }
        Action::AskAgain(command, value, passphrase) => {
            requests.ask.write(Ask { passphrase: Some(passphrase.0), ..Ask::new(command, value) });
        }
        Action::EmergencyStop(twin) => {
            requests.emergency_stop.write(EmergencyStop { twin });
        }
        Action::AskApproval(correlation) => desk.dialog = Some(Dialog::Approve(Approval::new(correlation))),
        Action::Approve(correlation, account, passphrase) => {
            requests.approve.write(Approve { correlation, account: Some(account), passphrase: passphrase.0 });
        }
        Action::TakeBack(correlation) => {
            requests.take_back.write(CancelRequest { correlation });
        }
        Action::Sequence(request) => {
            requests.sequence.write(request);
            layout.show(Pane::Sequences);
        }
        Action::AskSignIn => desk.dialog = Some(Dialog::SignIn(SignInState::default())),
        Action::SignIn(account, passphrase) => {
            requests.sign_in.write(SignIn { account, passphrase: passphrase.0 });
        }
        Action::Lock => {
            requests.lock.write(Lock);
        }
        Action::SignOut => {
            requests.sign_out.write(SignOut);
        }
        Action::AskIsolate(twin) => ask_quarantine(Some(twin), false, desk),
        Action::AskIsolateSelected => ask_quarantine(facts.selection.twin, false, desk),
        Action::AskRelease(twin) => ask_quarantine(Some(twin), true, desk),
        Action::AskReleaseSelected => ask_quarantine(facts.selection.twin, true, desk),
        Action::Isolate(twin, why) => {
            requests.isolate.write(AskIsolate { twin, why });
        }
        Action::Release(twin, why) => {
            requests.release.write(AskRelease { twin, why });
        }
        Action::Live => {
            desk.plot.fixed = None;
            desk.timeline.follow();
            requests.seek.write(Seek::Live);
        }
        Action::TogglePause => {
            let paused = facts.cursor.mode == CursorMode::Paused;
            requests.seek.write(if paused { Seek::Play } else { Seek::Pause });
        }
        Action::SeekBy(secs) => {
            requests.seek.write(Seek::By(secs));
        }
        Action::Step(to) => {
            requests.seek.write_batch(facts.step(to, &desk.plot).map(Seek::To));
        }
        Action::Jump(kind, to) => {
            requests.seek.write_batch(facts.event(kind, to).map(Seek::To));
        }
        Action::Oldest => {
            requests.seek.write(Seek::To(facts.extent().from));
        }
        Action::Speed(speed) => {
            requests.seek.write(Seek::Speed(speed));
        }
        Action::Loop(range) => {
            requests.seek.write(Seek::Loop(range));
            // What follows now goes round in nothing: it plays from where the loop begins.
            if let Some((from, _)) = range.filter(|_| facts.is_live()) {
                requests.seek.write_batch([Seek::To(from), Seek::Play]);
            }
        }
        Action::LoopFrom(end) => {
            requests.seek.write(Seek::Loop(Some(loop_from(end, facts, &desk.timeline))));
        }
        Action::ToggleLoop => {
            let extent = facts.extent();
            let range = desk.timeline.range.unwrap_or((extent.from, extent.to));
            desk.timeline.range = facts.cursor.looped.or(desk.timeline.range);
            requests.seek.write(Seek::Loop(facts.cursor.looped.is_none().then_some(range)));
        }
        Action::ToggleAsLive => {
            requests.seek.write(Seek::AsLive(!facts.cursor.as_live));
        }
        Action::Bookmark => {
            requests.edit_mark.write(EditMark::Add { at: facts.cursor.at, to: None, text: String::new() });
            layout.show(Pane::Timeline);
        }
        Action::EditMark(edit) => {
            requests.edit_mark.write(edit);
        }
        Action::FitTimeline => desk.timeline.show(Window::Whole),
        Action::ShiftWindow(to) => desk.timeline.shift(to, facts.extent()),
        Action::Align(by) => {
            requests.align.write(Align(by));
        }
        Action::Difference(to) => {
            if let Some((at, signal)) = facts.difference(to) {
                requests.seek.write(Seek::To(at));
                desk.plot.plot_instead(signal);
                if let Some(twin) = facts.site.signal(signal).map(|it| it.twin) {
                    unfold_to(twin, facts, desk);
                    select(Some(twin));
                }
            }
        }
        Action::ToggleRealScale => desk.timeline.real_scale = !desk.timeline.real_scale,
        Action::Seek(at) => {
            requests.seek.write(Seek::To(at));
        }
        Action::TogglePlot(signal) => {
            desk.plot.toggle(signal);
            layout.show(Pane::Plots);
        }
        Action::Plot(signal) => {
            if !desk.plot.signals.contains(&signal) {
                desk.plot.toggle(signal);
            }
        }
        Action::ClearPlot => desk.plot.signals.clear(),
        Action::Recollect(what) => {
            requests.recollect.write(what);
        }
        Action::PlotLast(secs) => {
            desk.plot.last_secs = secs;
            desk.plot.fixed = None;
            layout.show(Pane::Plots);
        }
        Action::Show(pane) => layout.show(pane),
        Action::SearchTree => {
            layout.show(Pane::Tree);
            desk.tree.focus_search = true;
        }
        Action::FoldAll(fold) => {
            desk.tree.folded.clear();
            if fold {
                desk.tree.folded.extend(facts.site.twins.iter().filter_map(|it| it.parent));
            }
        }
        Action::Suppress(key) => {
            desk.suppressed.keys.insert(key);
        }
        Action::SuppressKind(kind) => {
            desk.suppressed.kinds.insert(kind);
        }
        Action::Unsuppress => desk.suppressed = Suppressed::default(),
        Action::OpenPalette => desk.palette = Some(Palette::default()),
        Action::ReopenPalette => desk.palette = Some(desk.palette_before.clone()),
        Action::ToggleKeys => desk.keys_open = !desk.keys_open,
        Action::ResetLayout => *layout = Layout::default(),
        Action::ToggleReducedMotion => desk.reduced_motion = !desk.reduced_motion,
        Action::Copy(text) => ctx.copy_text(text),
        Action::AskOpen => desk.files.ask_open(),
        Action::Open(path) => {
            requests.open.write(Open(path));
        }
        Action::AskExport(format) => {
            let range = range_at_hand(facts, &desk.timeline);
            let name = files::export_name(&facts.site.name, range, &facts.pulse.clock);
            desk.files.ask_export(Export { range, only: String::new(), format }, &name);
        }
        Action::Export(export, path) => {
            requests.export.write(StartExport { export, path });
        }
        Action::AskEvidence => {
            let range = range_at_hand(facts, &desk.timeline);
            let name = files::export_name(&facts.site.name, range, &facts.pulse.clock);
            desk.files.ask_evidence(range, &name);
        }
        Action::Evidence(range, path) => {
            let waiting = WaitingEvidence::new(range, path);
            requests.shot.write(TakeShot(waiting.shot.clone()));
            desk.evidence = Some(waiting);
        }
        Action::CopyLink => {
            let range = facts.cursor.looped.or(desk.timeline.range);
            requests.notice.write(match facts.recording_path() {
                Some(file) => {
                    let text = files::link(file, facts.cursor.at, range);
                    let notice = Notice::new(NoticeTone::Good, format!("Copied: {text}"));
                    ctx.copy_text(text);
                    notice
                }
                None => Notice::new(NoticeTone::Bad, "This session is not recorded: nothing can lead to it."),
            });
        }
        Action::CancelWork(id) => {
            requests.cancel_work.write(CancelWork(id));
        }
        Action::Inventory(InventoryAction::AskExport) => {
            let date = day_shown(facts.today(), desk.inventory.months);
            let name = files::inventory_name(&facts.site.name, date);
            desk.files.ask_inventory(date, &name);
        }
        Action::Inventory(InventoryAction::Export(path, date)) => {
            requests.export_inventory.write(ExportInventory { path, date });
        }
        Action::Inventory(InventoryAction::ReadAgain) => {
            requests.read_advisories.write(ReadAdvisories);
        }
        Action::Lens(request) => {
            requests.lens.write(request);
        }
        Action::Provenance(signal) => desk.provenance = Some(Provenance::of(signal)),
        Action::ProvenanceOf(twin) => desk.provenance = facts.least_believed(twin).map(Provenance::of),
        Action::ProvenanceOfSelected => {
            desk.provenance = facts.selection.twin.and_then(|it| facts.least_believed(it)).map(Provenance::of);
        }
        Action::CloseProvenance => desk.provenance = None,
        Action::VerifyAgain(signal) => {
            requests.verify_again.write(facts.to_verify(signal));
        }
        Action::Alarm(action) => {
            if let Some((twin, fly)) = perform_alarm(action, facts, desk, layout, requests) {
                unfold_to(twin, facts, desk);
                requests.select.write(Select::Twin(Some(twin)));
                requests.camera.write_batch(fly.then_some(Camera::FlyTo(twin)));
            }
        }
    }
}

/// A person is asked why a twin is to be isolated, or released.
fn ask_quarantine(twin: Option<TwinId>, release: bool, desk: &mut Desk) {
    if let Some(twin) = twin {
        desk.dialog = Some(Dialog::Quarantine(QuarantineDialog::new(twin, release)));
    }
}

/// The range that is marked out or looped; else the whole session.
fn range_at_hand(facts: &Facts, timeline: &TimelineState) -> (Timestamp, Timestamp) {
    let extent = facts.extent();
    facts.cursor.looped.or(timeline.range).unwrap_or((extent.from, extent.to))
}

/// A loop that begins or ends at the cursor; the other end stays, where it makes a loop.
fn loop_from(end: LoopEnd, facts: &Facts, timeline: &TimelineState) -> (Timestamp, Timestamp) {
    let extent = facts.extent();
    let (from, to) = facts.cursor.looped.or(timeline.range).unwrap_or((extent.from, extent.to));
    let at = facts.cursor.at;
    match end {
        LoopEnd::Begin => (at, if to > at { to } else { extent.to }),
        LoopEnd::End => (if from < at { from } else { extent.from }, at),
    }
}

/// What is selected is to be seen in the tree.
fn unfold_to(twin: TwinId, facts: &Facts, desk: &mut Desk) {
    let mut next = facts.site.twin(twin).and_then(|it| it.parent);
    while let Some(parent) = next {
        desk.tree.folded.remove(&parent);
        next = facts.site.twin(parent).and_then(|it| it.parent);
    }
}
