//! No two systems of a frame may race on the same data without an order.

use bevy::ecs::schedule::{LogLevel, ScheduleBuildSettings};
use bevy::prelude::*;
use pollux::schedule::Stage;
use pollux::session::Cursor;

use crate::harness::{TestTwin, site_path};

fn strict(mut app: App) -> App {
    // Set before the first run: on a schedule that is already built it would do nothing.
    app.edit_schedule(Update, |schedule| {
        schedule.set_build_settings(ScheduleBuildSettings {
            ambiguity_detection: LogLevel::Error,
            auto_insert_apply_deferred: false,
            ..default()
        });
    });
    app
}

fn runs_without_races(mut app: App) -> bool {
    
    app.world_mut().resource_scope(|world, mut schedules: Mut<Schedules>| {
        schedules.get_mut(Update).is_some_and(|it| it.initialize(world).is_ok())
    })
}

#[test]
fn the_headless_frame_has_no_races() {
    let app = strict(TestTwin::build(&site_path("bench_pump"), None));
    assert!(runs_without_races(app), "two systems of Update race: run with RUST_LOG=warn to see which");
}

#[test]
fn a_planted_race_is_found() {
    let mut app = strict(TestTwin::build(&site_path("bench_pump"), None));
    app.add_systems(Update, (|mut it: ResMut<Cursor>| it.set_changed()).in_set(Stage::Time));
    app.add_systems(Update, (|mut it: ResMut<Cursor>| it.set_changed()).in_set(Stage::Time));
    assert!(!runs_without_races(app), "the detection no longer finds a race");
}
