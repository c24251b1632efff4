//! An evidence bundle from the window: first a picture of what is shown is taken, then the session is asked for the bundle.

use std::fs;
use std::path::{Path, PathBuf};

use bevy::prelude::*;

use super::dock::Desk;
use crate::session::evidence::Evidence;
use crate::session::{Notice, NoticeTone, StartEvidence};
use crate::signal::Timestamp;
use crate::view::ShotSaved;

/// A picture that has not come after so many frames does not come.
const MAX_FRAMES: u32 = 300;

/// A bundle that waits for its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitingEvidence {
    /// From when to when.
    range: (Timestamp, Timestamp),
    /// Where to.
    path: PathBuf,
    /// Where the picture is saved meanwhile.
    pub(super) shot: PathBuf,
    frames: u32,
}

impl WaitingEvidence {
    pub(super) fn new(range: (Timestamp, Timestamp), path: PathBuf) -> Self {
        let shot = std::env::temp_dir().join(format!("pollux-evidence-{}.png", std::process::id()));
        Self { range, path, shot, frames: 0 }
    }

    /// What to ask for, with the picture if there is one.
    fn ask(self, picture: Option<Vec<u8>>) -> StartEvidence {
        let pictures = picture.map(|it| ("shown.png".to_owned(), it)).into_iter().collect();
        let evidence = Evidence { range: self.range, pictures, ..Evidence::default() };
        StartEvidence { evidence, path: self.path }
    }
}

/// Asks for the bundle once its picture is there.
pub(super) fn ask_for_evidence(
    mut saved: MessageReader<ShotSaved>,
    mut desk: ResMut<Desk>,
    mut asked: MessageWriter<StartEvidence>,
    mut notices: MessageWriter<Notice>,
) {
    let waits_for = |it: &&ShotSaved| desk.evidence.as_ref().is_some_and(|waiting| waiting.shot == it.path);
    let shot = saved.read().filter(waits_for).last().cloned();
    if desk.evidence.is_none() {
        return;
    }
    let desk = desk.bypass_change_detection();
    let Some(waiting) = &mut desk.evidence else { return };
    waiting.frames += 1;
    if shot.is_none() && waiting.frames < MAX_FRAMES {
        return;
    }
    let picture = match shot {
        None => Err("it did not come".to_owned()),
        Some(ShotSaved { error: Some(error), .. }) => Err(error),
        Some(ShotSaved { path, .. }) => taken(&path),
    };
    if let Err(why) = &picture {
        notices.write(Notice::new(NoticeTone::Warning, format!("The bundle has no picture: {why}.")));
    }
    asked.write_batch(desk.evidence.take().map(|it| it.ask(picture.ok())));
}

/// The picture; its file goes.
fn taken(path: &Path) -> Result<Vec<u8>, String> {
    let read = fs::read(path).map_err(|it| it.to_string());
    fs::remove_file(path).map_err(|it| it.to_string())?;
    read
}

#[cfg(test)]
mod tests {
    use bevy::ecs::message::Messages;

    use super::*;

    #[test]
    fn a_bundle_is_asked_for_with_its_picture_or_without_one_that_does_not_come() {
        for comes in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let mut app = App::new();
            app.add_message::<ShotSaved>()
                .add_message::<StartEvidence>()
                .add_message::<Notice>()
                .init_resource::<Desk>()
                .add_systems(Update, ask_for_evidence);
            let range = (Timestamp::MIN, Timestamp::MAX);
            let shot = folder.path().join("shot.png");
            fs::write(&shot, b"a picture").unwrap();
            let waiting = WaitingEvidence { shot: shot.clone(), ..WaitingEvidence::new(range, "b.mcap".into()) };
            app.world_mut().resource_mut::<Desk>().evidence = Some(waiting);
            app.update();
            let asked = |app: &mut App| -> Vec<StartEvidence> {
                app.world_mut().resource_mut::<Messages<StartEvidence>>().drain().collect()
            };
            assert!(asked(&mut app).is_empty(), "it waits");
            if comes {
                app.world_mut().write_message(ShotSaved { path: shot.clone(), error: None });
                app.update();
            } else {
                (0..MAX_FRAMES).for_each(|_| app.update());
            }
            let all = asked(&mut app);
            let [StartEvidence { evidence, path }] = &all[..] else { panic!("{all:?}") };
            let pictures = if comes { vec![("shown.png".to_owned(), b"a picture".to_vec())] } else { Vec::new() };
            assert_eq!((&evidence.pictures, evidence.range, path.to_str()), (&pictures, range, Some("b.mcap")));
            assert_eq!(shot.exists(), !comes);
        }
    }
}
