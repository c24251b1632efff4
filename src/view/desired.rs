//! What was asked for and is not yet so: drawn hollow at what is desired, beside the solid that is reported, with an arc
//! between them that tells for how long it has been awaited. What nobody knows has a question mark.

use bevy::prelude::*;
use bevy_egui::EguiContexts;

use super::ghost::apart;
use super::looks;
use super::outlines::{Apart, Bodies, Pen};
use super::overlay::{Eye, painter_of};
use super::palette;
use super::screen::{SceneCamera, ViewRect};
use crate::command::{CommandLog, CommandRow};
use crate::session::{CurrentSite, Cursor};
use crate::signal::{SignalId, Value};
use crate::site::{Command, Look, Site};
use crate::twin::{ReadingState, Readings};

/// The values that signals would have if a command had done what it should.
fn wanted(site: &Site, command: &Command, desired: &Value) -> Vec<(SignalId, Value)> {
    let mut wanted = vec![(command.reports, desired.clone())];
    let confirm = &command.confirm;
    if confirm.signal != command.reports {
        match (confirm.threshold, desired.as_flag()) {
            // What is off stands still; how much of it there is when it is on, only the device knows.
            (Some(_), Some(false)) => wanted.push((confirm.signal, Value::Number(0.0))),
            (Some(threshold), Some(true)) => {
                let reach =
                    site.signal(confirm.signal).and_then(|it| it.range).map_or(2.0 * threshold, |it| it.1 / 2.0);
                wanted.push((confirm.signal, Value::Number(reach.max(threshold))));
            }
            (_, _) => wanted.push((confirm.signal, desired.clone())),
        }
    }
    wanted
}

/// Draws what is awaited, over the scene.
pub(super) fn paint_desired(
    mut contexts: EguiContexts,
    view: Res<ViewRect>,
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    log: Res<CommandLog>,
    camera: Query<(&Camera, &GlobalTransform), With<SceneCamera>>,
    mut bodies: Bodies,
) -> Result {
    let awaited: Vec<&CommandRow> = site.commands.iter().filter_map(|it| log.awaited_for(it.id)).collect();
    if awaited.is_empty() {
        return Ok(());
    }
    let painter = painter_of(contexts.ctx_mut()?, &view);
    let Ok((camera, place)) = camera.single() else { return Ok(()) };
    for row in awaited {
        let Some(command) = site.command(row.command) else { continue };
        let wanted = wanted(&site, command, &row.desired);
        let since = row.sent.unwrap_or(row.asked);
        let secs = cursor.at.secs_since(since).max(0.0);
        let share = secs / row.until.secs_since(since).max(0.1);
        // What nobody knows any more does not come nearer with time.
        let age = match row.phase.is_open() {
            true if secs < 10.0 => format!("{secs:.1} s"),
            true => format!("{secs:.0} s"),
            false => "unknown".to_owned(),
        };
        let pen = Pen {
            painter: painter.clone(),
            eye: Eye { camera, place, rect: view.0 },
            ink: if row.phase.is_open() { palette::ACCENT } else { palette::WARNING },
            awaited: Some((age, share.clamp(0.0, 1.0) as f32)),
        };
        for twin in &site.twins {
            let differing: Vec<(&Look, Apart)> = twin
                .looks
                .iter()
                .filter_map(|look| {
                    let (_, value) = wanted.iter().find(|it| it.0 == look.signal)?;
                    let reading = readings.get(look.signal);
                    let shown = looks::effect_of(&look.show, reading.value.as_ref(), reading.state);
                    let then = looks::effect_of(&look.show, Some(value), ReadingState::Fresh);
                    Some((look, apart(&shown, &then)?))
                })
                .collect();
            if !differing.is_empty() {
                bodies.draw(&pen, twin, &differing);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{self, Ids};

    #[test]
    fn what_is_wanted_is_wanted_of_what_reports_it_and_of_what_confirms_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/bench_pump/site.ron");
        let site = site::load(&path, &mut Ids::default()).unwrap().site;
        let check = |command: &str, desired: Value, want: &[(&str, Value)]| {
            let got = wanted(&site, site.command_at(command).unwrap(), &desired);
            let want: Vec<_> = want.iter().map(|it| (site.signal_at(it.0).unwrap().id, it.1.clone())).collect();
            assert_eq!(got, want);
        };
        let speed = "bench.pump/speed";
        check("bench.pump/run", false.into(), &[("bench.pump/running", false.into())]);
        check(speed, 700.0.into(), &[("bench.pump/set", 700.0.into()), (speed, 700.0.into())]);
    }
}
