//! Everything that a panel can ask for, and the one registry of names and keys.
//!
//! Panels return an [`Action`]; `perform` is the one place that turns it into requests to other folders
//! and into changes of what the panels themselves keep.

use std::path::PathBuf;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::alarms::{AlarmAction, AlarmView};
use super::commands::Passphrase;
use super::diagnostics::DiagnosticKind;
use super::inventory::InventoryAction;
use super::layout::Pane;
use crate::command::{Pace, SequenceRequest};
use crate::session::export::{Export, Format};
use crate::session::{Alignment, EditMark, Recollect, WorkId};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{CommandId, TwinId};
use crate::view::{self, LensKind, SetLens};

/// What a person asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Select a twin.
    Select(TwinId),
    /// Select nothing.
    Deselect,
    /// The pointer came over a twin, or left it.
    Hover(Option<TwinId>),
    /// Select a twin and look at it.
    FlyTo(TwinId),
    /// Go to a signal that is not to be believed: to its twin, and to where its reading comes from.
    Culprit(SignalId),
    /// Look at the selected twin.
    FlyToSelected,
    /// Look from a named viewpoint.
    Viewpoint(String),
    /// Look from the first viewpoint.
    Home,
    /// Send a command.
    Ask(CommandId, Value),
    /// Send one that was looked at twice, with the passphrase given once more.
    AskAgain(CommandId, Value, Passphrase),
    /// Stop a system, at once.
    EmergencyStop(TwinId),
    /// Open the dialog in which a second person approves the request of a correlation.
    AskApproval(String),
    /// Approve the request of a correlation as a second person: the account, and its passphrase.
    Approve(String, String, Passphrase),
    /// Take the request of a correlation back, which was not sent yet.
    TakeBack(String),
    /// Something about sequences.
    Sequence(SequenceRequest),
    /// Open the dialog of who is signed in.
    AskSignIn,
    /// Sign in.
    SignIn(String, Passphrase),
    /// Nobody may command until the passphrase is given again.
    Lock,
    /// Nobody is signed in any more.
    SignOut,
    /// Open the dialog in which a twin is isolated.
    AskIsolate(TwinId),
    /// The same for the selected twin.
    AskIsolateSelected,
    /// Isolate a twin, for a reason.
    Isolate(TwinId, String),
    /// Open the dialog in which a twin is released.
    AskRelease(TwinId),
    /// The same for the selected twin.
    AskReleaseSelected,
    /// Release a twin, for a reason.
    Release(TwinId, String),
    /// Show a signal in the plot, or take it out of it.
    TogglePlot(SignalId),
    /// Show a signal in the plot.
    Plot(SignalId),
    /// Take all signals out of the plot.
    ClearPlot,
    /// Read again what the plots need.
    Recollect(Recollect),
    /// The plot shows the last so many seconds.
    PlotLast(f64),
    /// The cursor follows what comes in.
    Live,
    /// The cursor stands still, or plays on from there.
    TogglePause,
    /// The cursor goes to an instant.
    Seek(Timestamp),
    /// The cursor goes on or back by seconds.
    SeekBy(f64),
    /// The cursor goes to another sample of the signal at hand.
    Step(StepTo),
    /// The cursor goes to another event.
    Jump(EventKind, StepTo),
    /// The cursor goes to where the session begins.
    Oldest,
    /// The cursor plays at a speed.
    Speed(f64),
    /// The cursor goes round in a range, or no more.
    Loop(Option<(Timestamp, Timestamp)>),
    /// The loop begins, or ends, at the cursor.
    LoopFrom(LoopEnd),
    /// The cursor goes round in what was marked out, or no more.
    ToggleLoop,
    /// What came after the cursor is hidden, or shown again.
    ToggleAsLive,
    /// Mark where the cursor is.
    Bookmark,
    /// Edit the bookmarks.
    EditMark(EditMark),
    /// The timeline shows all of the session.
    FitTimeline,
    /// The timeline shows the span before or after the one it shows, just as long.
    ShiftWindow(StepTo),
    /// Gaps on the timeline are as long as they were, or folded.
    ToggleRealScale,
    /// Lay the session that is compared otherwise over this one.
    Align(Alignment),
    /// The cursor goes to another place where the two differ most.
    Difference(StepTo),
    /// Bring a panel to the front; open it where it was closed.
    Show(Pane),
    /// Write into the tree's search.
    SearchTree,
    /// Unfold or fold the whole tree.
    FoldAll(bool),
    /// Hide a diagnostic.
    Suppress(String),
    /// Hide all diagnostics of a kind.
    SuppressKind(DiagnosticKind),
    /// Show the hidden diagnostics again.
    Unsuppress,
    /// Open the palette, empty.
    OpenPalette,
    /// Open the palette where it was.
    ReopenPalette,
    /// Show all keys, or hide them.
    ToggleKeys,
    /// The panels as they were on the first day.
    ResetLayout,
    /// Nothing slides or fades, or it does again.
    ToggleReducedMotion,
    /// Copy a text.
    Copy(String),
    /// Choose a session, a table or a site to open.
    AskOpen,
    /// Open it, in a window of its own.
    Open(PathBuf),
    /// Choose where to write the range, or the whole session.
    AskExport(Format),
    /// Write it.
    Export(Export, PathBuf),
    /// Choose where to write an evidence bundle of the range, or of the whole session.
    AskEvidence,
    /// Take a picture, and write the bundle with it.
    Evidence((Timestamp, Timestamp), PathBuf),
    /// Copy a command line that shows the instant and the range.
    CopyLink,
    /// Stop an export or an import.
    CancelWork(WorkId),
    /// Something about alarms.
    Alarm(AlarmAction),
    /// Something about the inventory.
    Inventory(InventoryAction),
    /// The lens over the 3D view.
    Lens(SetLens),
    /// Tell where a reading comes from.
    Provenance(SignalId),
    /// Tell it of the reading of a twin that is to be believed least.
    ProvenanceOf(TwinId),
    /// The same of the selected twin.
    ProvenanceOfSelected,
    /// Close the card that tells it.
    CloseProvenance,
    /// Verify the message of a reading again, from its raw bytes.
    VerifyAgain(SignalId),
}

/// To which sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepTo {
    /// The one before the cursor.
    Previous,
    /// The one after it.
    Next,
}

/// What can be gone to on the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Whatever is there.
    Any,
    /// A bookmark.
    Bookmark,
    /// A command.
    Command,
    /// An alarm that was raised.
    Alarm,
    /// Where something came again after nothing had.
    Gap,
}

/// Which end of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopEnd {
    /// Where it begins.
    Begin,
    /// Where it ends.
    End,
}

/// An action that needs nothing more, with its name.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// The heading it stands under.
    pub group: &'static str,
    /// What the palette calls it.
    pub name: &'static str,
    /// The key. `None`: it has none.
    pub keys: Option<KeyboardShortcut>,
    /// What it does.
    pub action: Action,
}

const CTRL_SHIFT: Modifiers = Modifiers { ctrl: false, shift: true, alt: false, mac_cmd: false, command: true };

/// All named actions of the panels.
pub(super) fn all() -> Vec<Named> {
    let plain = |key| Some(KeyboardShortcut::new(Modifiers::NONE, key));
    let ctrl = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
    let ctrl_shift = |key| Some(KeyboardShortcut::new(CTRL_SHIFT, key));
    let shift = |key| Some(KeyboardShortcut::new(Modifiers::SHIFT, key));
    let see = |view| Action::Alarm(AlarmAction::See(view));
    let named = |group, name, keys, action| Named { group, name, keys, action };
    vec![
        named("Find", "Find anything…", ctrl(Key::K), Action::OpenPalette),
        named("Find", "Find: continue where it was", ctrl_shift(Key::K), Action::ReopenPalette),
        named("Find", "Search the tree", ctrl(Key::F), Action::SearchTree),
        named("Find", "Show all keys", plain(Key::Questionmark), Action::ToggleKeys),
        named("Session", "Open a session…", ctrl(Key::O), Action::AskOpen),
        named("Session", "Save a recording of the range…", None, Action::AskExport(Format::Mcap)),
        named("Session", "Save the range packed, for keeping…", None, Action::AskExport(Format::Packed)),
        named("Session", "Export the range as CSV…", None, Action::AskExport(Format::Csv)),
        named("Session", "Export the range as Parquet…", None, Action::AskExport(Format::Parquet)),
        named("Session", "Save an evidence bundle of the range…", None, Action::AskEvidence),
        named("Session", "Copy a link to the range", None, Action::CopyLink),
        named("Panels", "Show the tree", ctrl(Key::Num1), Action::Show(Pane::Tree)),
        named("Panels", "Show the inspector", ctrl(Key::Num2), Action::Show(Pane::Inspector)),
        named("Panels", "Show the plots", ctrl(Key::Num3), Action::Show(Pane::Plots)),
        named("Panels", "Show the diagnostics", ctrl(Key::Num4), Action::Show(Pane::Diagnostics)),
        named("Panels", "Show the commands", ctrl(Key::Num5), Action::Show(Pane::Commands)),
        named("Panels", "Show the timeline", ctrl(Key::Num6), Action::Show(Pane::Timeline)),
        named("Panels", "Show the alarms", ctrl(Key::Num7), Action::Show(Pane::Alarms)),
        named("Panels", "Reset the layout", None, Action::ResetLayout),
        named("Panels", "Unfold the whole tree", None, Action::FoldAll(false)),
        named("Panels", "Fold the whole tree", None, Action::FoldAll(true)),
        named("Panels", "Reduced motion on or off", None, Action::ToggleReducedMotion),
        named("Time", "Pause, or play on", plain(Key::Space), Action::TogglePause),
        named("Time", "Follow live", plain(Key::L), Action::Live),
        // Home alone is the camera's.
        named("Time", "Go to the beginning", ctrl(Key::Home), Action::Oldest),
        named("Time", "Go to the newest, and follow it", plain(Key::End), Action::Live),
        named("Time", "Back by a second", plain(Key::ArrowLeft), Action::SeekBy(-1.0)),
        named("Time", "On by a second", plain(Key::ArrowRight), Action::SeekBy(1.0)),
        named("Time", "Back by 10 seconds", shift(Key::ArrowLeft), Action::SeekBy(-10.0)),
        named("Time", "On by 10 seconds", shift(Key::ArrowRight), Action::SeekBy(10.0)),
        named("Time", "Previous sample", ctrl(Key::ArrowLeft), Action::Step(StepTo::Previous)),
        named("Time", "Next sample", ctrl(Key::ArrowRight), Action::Step(StepTo::Next)),
        named("Time", "Previous event", plain(Key::Comma), Action::Jump(EventKind::Any, StepTo::Previous)),
        named("Time", "Next event", plain(Key::Period), Action::Jump(EventKind::Any, StepTo::Next)),
        named("Time", "Previous bookmark", None, Action::Jump(EventKind::Bookmark, StepTo::Previous)),
        named("Time", "Next bookmark", None, Action::Jump(EventKind::Bookmark, StepTo::Next)),
        named("Time", "Previous command", None, Action::Jump(EventKind::Command, StepTo::Previous)),
        named("Time", "Next command", None, Action::Jump(EventKind::Command, StepTo::Next)),
        named("Time", "Previous alarm", None, Action::Jump(EventKind::Alarm, StepTo::Previous)),
        named("Time", "Next alarm", None, Action::Jump(EventKind::Alarm, StepTo::Next)),
        named("Time", "Previous gap", None, Action::Jump(EventKind::Gap, StepTo::Previous)),
        named("Time", "Next gap", None, Action::Jump(EventKind::Gap, StepTo::Next)),
        named("Time", "Loop from here", plain(Key::OpenBracket), Action::LoopFrom(LoopEnd::Begin)),
        named("Time", "Loop up to here", plain(Key::CloseBracket), Action::LoopFrom(LoopEnd::End)),
        named("Time", "Loop on or off", None, Action::ToggleLoop),
        named("Time", "Replay as live (hide what came later) on or off", None, Action::ToggleAsLive),
        named("Time", "Bookmark this instant", plain(Key::B), Action::Bookmark),
        named("Time", "Undo the last edit of bookmarks", ctrl(Key::Z), Action::EditMark(EditMark::Undo)),
        named("Time", "Redo the edit of bookmarks", ctrl_shift(Key::Z), Action::EditMark(EditMark::Redo)),
        named("Time", "Play at 1×", None, Action::Speed(1.0)),
        named("Time", "Play at 10×", None, Action::Speed(10.0)),
        named("Time", "Play at 60×", None, Action::Speed(60.0)),
        named("Time", "Play backward", None, Action::Speed(-1.0)),
        named("Time", "Fit the timeline", None, Action::FitTimeline),
        named("Time", "Timeline: the span before", plain(Key::PageUp), Action::ShiftWindow(StepTo::Previous)),
        named("Time", "Timeline: the span after", plain(Key::PageDown), Action::ShiftWindow(StepTo::Next)),
        named("Time", "Real scale of the timeline on or off", None, Action::ToggleRealScale),
        named("Time", "Plot the last minute", None, Action::PlotLast(60.0)),
        named("Time", "Plot the last 5 minutes", None, Action::PlotLast(300.0)),
        named("Time", "Plot the last 30 minutes", None, Action::PlotLast(1_800.0)),
        named("Time", "Plot the last 2 hours", None, Action::PlotLast(7_200.0)),
        named("Time", "Empty the plot", None, Action::ClearPlot),
        named("Compare", "Next difference of the two sessions", plain(Key::N), Action::Difference(StepTo::Next)),
        named(
            "Compare",
            "Previous difference of the two sessions",
            plain(Key::P),
            Action::Difference(StepTo::Previous),
        ),
        named("Alarms", "Acknowledge the chosen alarm", plain(Key::A), Action::Alarm(AlarmAction::Acknowledge)),
        named("Alarms", "Acknowledge all listed alarms…", shift(Key::A), Action::Alarm(AlarmAction::AskAcknowledgeAll)),
        named("Alarms", "Shelve the chosen alarm…", plain(Key::S), Action::Alarm(AlarmAction::AskShelve)),
        named("Alarms", "Why? Explain the chosen alarm", plain(Key::W), Action::Alarm(AlarmAction::Why)),
        named("Alarms", "Take the chosen alarm off the shelf", None, Action::Alarm(AlarmAction::Unshelve)),
        named("Alarms", "Take the chosen alarm out of service…", None, Action::Alarm(AlarmAction::AskOutOfService)),
        named("Alarms", "Put the chosen alarm back into service", None, Action::Alarm(AlarmAction::ReturnToService)),
        named("Alarms", "Reset the chosen alarm", None, Action::Alarm(AlarmAction::Reset)),
        named("Alarms", "Write a note on the chosen alarm…", None, Action::Alarm(AlarmAction::AskNote)),
        named("Alarms", "List the standing alarms", None, see(AlarmView::Standing)),
        named("Alarms", "List the unacknowledged alarms", None, see(AlarmView::Unacknowledged)),
        named("Alarms", "List the shelved alarms", None, see(AlarmView::Shelved)),
        named("Alarms", "List the alarms suppressed by design", None, see(AlarmView::Suppressed)),
        named("Alarms", "List the alarms out of service", None, see(AlarmView::OutOfService)),
        named("Alarms", "Journal of alarms", None, see(AlarmView::Journal)),
        named("Alarms", "Figures of the alarms", None, see(AlarmView::Figures)),
        named("View", "Look from the first viewpoint", None, Action::Home),
        named("View", "Look at the selected twin", None, Action::FlyToSelected),
        named("View", "Select nothing", None, Action::Deselect),
        named("Trust", "Trust lens on or off", plain(Key::T), Action::Lens(SetLens::Toggle(LensKind::Trust))),
        named(
            "Trust",
            "Where does it come from? Provenance of the selected twin",
            plain(Key::V),
            Action::ProvenanceOfSelected,
        ),
        named("Panels", "Show the sequences", ctrl(Key::Num8), Action::Show(Pane::Sequences)),
        named("Panels", "Show the inventory", ctrl(Key::Num9), Action::Show(Pane::Inventory)),
        named("Inventory", "Export the inventory as CSV…", None, Action::Inventory(InventoryAction::AskExport)),
        named("Inventory", "Read the advisories again", None, Action::Inventory(InventoryAction::ReadAgain)),
        named("Commands", "Sequence: run through", None, Action::Sequence(SequenceRequest::Start(Pace::Through))),
        named("Commands", "Sequence: run step by step", None, Action::Sequence(SequenceRequest::Start(Pace::Stepwise))),
        named("Commands", "Sequence: next step", ctrl(Key::Enter), Action::Sequence(SequenceRequest::Step)),
        named("Commands", "Sequence: stop", None, Action::Sequence(SequenceRequest::Stop)),
        named("Commands", "Sign in as somebody…", ctrl(Key::I), Action::AskSignIn),
        named("Commands", "Lock: nobody may command", ctrl_shift(Key::L), Action::Lock),
        named("Commands", "Sign out", None, Action::SignOut),
        named("Trust", "Isolate the selected twin…", None, Action::AskIsolateSelected),
        named("Trust", "Release the selected twin…", None, Action::AskReleaseSelected),
        named("Diagnostics", "Show suppressed diagnostics again", None, Action::Unsuppress),
    ]
}

/// A key as it is written on the screen: `Ctrl+Shift+K`, `?`.
pub(super) fn keys_text(keys: &KeyboardShortcut) -> String {
    let mut text = String::new();
    if keys.modifiers.command || keys.modifiers.ctrl {
        text.push_str("Ctrl+");
    }
    if keys.modifiers.alt {
        text.push_str("Alt+");
    }
    if keys.modifiers.shift {
        text.push_str("Shift+");
    }
    let key = keys.logical_key;
    let is_sign = matches!(key, Key::Questionmark | Key::OpenBracket | Key::CloseBracket | Key::Comma | Key::Period);
    text + if is_sign { key.symbol_or_name() } else { key.name() }
}

/// Keys and what they do, by heading: those of the panels, of the lists in them, and of the 3D view.
pub(super) fn sheet() -> Vec<(&'static str, String, String)> {
    let mut rows: Vec<(&'static str, String, String)> =
        all().iter().filter_map(|it| Some((it.group, keys_text(&it.keys?), it.name.to_owned()))).collect();
    let fixed = |group, keys: &str, does: &str| (group, keys.to_owned(), does.to_owned());
    rows.extend([
        fixed("Tree", "Up, Down", "Go through the rows"),
        fixed("Tree", "Right, Left", "Unfold, fold or go to the parent"),
        fixed("Tree", "Enter", "Look at the twin"),
        fixed("Alarm list", "Up, Down", "Go through the alarms"),
        fixed("Alarm list", "Enter", "Fly to the alarm's twin"),
        fixed("Timeline", "Drag", "Move the cursor"),
        fixed("Timeline", "Shift+drag", "Mark out a range"),
        fixed("Timeline", "Ctrl+wheel", "Zoom at the pointer"),
        fixed("Timeline", "Middle drag", "Move what is shown"),
        fixed("Timeline", "Double click", "Show all of the session"),
        fixed("Commands", "Enter", "Send what was typed"),
        fixed("Commands", "Esc", "Drop what was typed"),
    ]);
    rows.extend(view::SHORTCUTS.iter().map(|it| fixed("3D view", it.keys, it.does)));
    rows
}

/// The keys of an action, as they are written on the screen. `None`: it has none.
pub(super) fn keys_of(action: &Action) -> Option<String> {
    all().iter().find(|it| it.action == *action)?.keys.as_ref().map(keys_text)
}

/// The action whose key was pressed, if any. While something has the keyboard only keys with Ctrl count.
pub(super) fn pressed(input: &mut egui::InputState, keyboard_taken: bool) -> Option<Action> {
    pressed_among(input, keyboard_taken, |_| true)
}

/// The same among the actions of one group, for a list that has the keyboard and is no text.
pub(super) fn pressed_of(group: &str, input: &mut egui::InputState) -> Option<Action> {
    pressed_among(input, false, |it| it.group == group)
}

fn pressed_among(
    input: &mut egui::InputState,
    keyboard_taken: bool,
    counts: impl Fn(&Named) -> bool,
) -> Option<Action> {
    let mut named: Vec<Named> = all().into_iter().filter(|it| it.keys.is_some() && counts(it)).collect();
    // Ctrl+K would otherwise swallow Ctrl+Shift+K.
    named.sort_by_key(|it| !it.keys.is_some_and(|keys| keys.modifiers.shift));
    named.into_iter().find_map(|it| {
        let keys = it.keys?;
        let counts = !keyboard_taken || (keys.modifiers.command && !edits_text(keys.logical_key));
        (counts && input.consume_shortcut(&keys)).then_some(it.action)
    })
}

/// Whether a text field knows what to do with this key and Ctrl.
fn edits_text(key: Key) -> bool {
    matches!(key, Key::Z | Key::ArrowLeft | Key::ArrowRight | Key::Home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_key_or_a_name() {
        let mut keys: Vec<String> = all().iter().filter_map(|it| Some(keys_text(&it.keys?))).collect();
        keys.extend(view::SHORTCUTS.iter().flat_map(|it| it.keys.split(", ")).map(str::to_owned));
        let mut names: Vec<String> = all().iter().map(|it| it.name.to_owned()).collect();
        for mut list in [&mut keys, &mut names].map(std::mem::take) {
            list.sort();
            let twice: Vec<_> = list.windows(2).filter(|it| it[0] == it[1]).map(|it| &it[0]).collect();
            assert!(twice.is_empty(), "used twice: {twice:?}");
        }
    }

    #[test]
    fn a_key_without_ctrl_is_text_while_someone_types() {
        let press =
            |key, modifiers| egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let check = |key, modifiers, taken, want: Option<Action>| {
            let mut input = egui::InputState::default();
            input.events.push(press(key, modifiers));
            assert_eq!(pressed(&mut input, taken), want);
        };
        check(Key::L, Modifiers::NONE, false, Some(Action::Live));
        check(Key::L, Modifiers::NONE, true, None);
        check(Key::K, Modifiers::COMMAND, true, Some(Action::OpenPalette));
        check(Key::K, CTRL_SHIFT, false, Some(Action::ReopenPalette));
        check(Key::Questionmark, Modifiers::SHIFT, false, Some(Action::ToggleKeys));
        check(Key::ArrowLeft, Modifiers::NONE, false, Some(Action::SeekBy(-1.0)));
        check(Key::ArrowLeft, Modifiers::SHIFT, false, Some(Action::SeekBy(-10.0)));
        check(Key::ArrowLeft, Modifiers::COMMAND, false, Some(Action::Step(StepTo::Previous)));
        check(Key::ArrowLeft, Modifiers::COMMAND, true, None);
        check(Key::Z, Modifiers::COMMAND, true, None);
        check(Key::Z, CTRL_SHIFT, false, Some(Action::EditMark(EditMark::Redo)));
        check(Key::OpenBracket, Modifiers::NONE, false, Some(Action::LoopFrom(LoopEnd::Begin)));
    }
}
