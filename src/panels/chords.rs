//! Gives each key the modifiers that were held when it was pressed.

use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardFocusLost, KeyboardInput};
use bevy::prelude::*;
use bevy_egui::EguiInput;
use bevy_egui::helpers::bevy_to_egui_key;
use egui::{Event, Modifiers};

/// A key that went down or up, and what was held then.
type Stroke = (egui::Key, bool, Modifiers);

/// Mends what `bevy_egui` tells: it looks at the modifiers once a frame, so that of a chord that was pressed and let go
/// within one frame, as slow frames have it, only the plain key is left.
pub(super) fn mend_chords(
    mut held: Local<Modifiers>,
    mut keys: MessageReader<KeyboardInput>,
    mut lost: MessageReader<KeyboardFocusLost>,
    mut inputs: Query<&mut EguiInput>,
) {
    if lost.read().last().is_some() {
        *held = Modifiers::NONE;
    }
    let strokes: Vec<Stroke> = keys.read().filter_map(|it| stroke(&mut held, &it.logical_key, it.state)).collect();
    if !strokes.is_empty() {
        inputs.iter_mut().for_each(|mut it| mend(&mut it.0.events, &strokes));
    }
}

/// Follows a key. `None`: it is a modifier, or one that egui doesn't know.
fn stroke(held: &mut Modifiers, key: &Key, state: ButtonState) -> Option<Stroke> {
    let down = state.is_pressed();
    let mac = cfg!(target_os = "macos");
    if *key == Key::Shift {
        held.shift = down;
    } else if *key == Key::Alt {
        held.alt = down;
    } else if *key == Key::Control {
        held.ctrl = down;
        held.command = if mac { held.command } else { down };
    } else if *key == Key::Super || *key == Key::Meta {
        held.mac_cmd = mac && down;
        held.command = if mac { down } else { held.command };
    } else {
        return Some((bevy_to_egui_key(key)?, down, *held));
    }
    None
}

/// Both are in the order in which the keys went down and up.
fn mend(events: &mut [Event], strokes: &[Stroke]) {
    let mut rest = strokes.iter();
    for event in events {
        if let Event::Key { key, pressed, modifiers, .. } = event
            && let Some((_, _, held)) = rest.find(|it| it.0 == *key && it.1 == *pressed)
        {
            *modifiers = *held;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_within_one_frame_keeps_its_modifiers() {
        let mut held = Modifiers::NONE;
        let (down, up) = (ButtonState::Pressed, ButtonState::Released);
        let keys = [
            (Key::Control, down),
            (Key::ArrowLeft, down),
            (Key::ArrowLeft, up),
            (Key::Control, up),
            (Key::ArrowLeft, down),
        ];
        let strokes: Vec<Stroke> = keys.iter().filter_map(|(key, state)| stroke(&mut held, key, *state)).collect();
        let event = |pressed| Event::Key {
            key: egui::Key::ArrowLeft,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let mut events = [event(true), Event::PointerGone, event(false), event(true)];
        mend(&mut events, &strokes);
        let commands: Vec<bool> = events
            .iter()
            .filter_map(|it| if let Event::Key { modifiers, .. } = it { Some(modifiers.command) } else { None })
            .collect();
        assert_eq!(commands, [true, true, false]);
    }
}
