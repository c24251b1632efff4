//! What the pointer is over, and clicks: they leave as requests to select.

use bevy::picking::mesh_picking::ray_cast::{MeshRayCast, MeshRayCastSettings};
use bevy::prelude::*;

use super::camera::Camera as Fly;
use super::drawn::MeshOf;
use super::fade::Fading;
use super::screen::{SceneCamera, ViewRect};
use crate::session::CurrentSite;
use crate::site::doc::Kind;
use crate::site::{Site, TwinId};
use crate::twin::{Select, Selection};

/// Where the pointer is. Written by the overlay, which knows what lies over the scene.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct PointerAt {
    /// Logical pixels in the window. `None`: outside.
    pub(super) at: Option<Vec2>,
    /// Over the scene, with no panel or window between.
    pub(super) over_scene: bool,
    /// A drag that began over the scene goes on.
    pub(super) dragging: bool,
}

/// Where badges stand on the screen, logical pixels in the window, and of which twin. Written by the overlay.
#[derive(Resource, Debug, Default)]
pub(super) struct Badges(pub(super) Vec<(Rect, TwinId)>);

impl Badges {
    /// The twin whose badge is at a place.
    fn at(&self, at: Vec2) -> Option<TwinId> {
        self.0.iter().find(|it| it.0.contains(at)).map(|it| it.1)
    }
}

/// The press that may become a click, and the click that may become a double click.
#[derive(Debug, Default)]
pub(super) struct Clicks {
    pressed: Option<Vec2>,
    last: Option<(f32, Option<TwinId>)>,
    hover_at: Option<Vec2>,
}

/// A press that moves further is a drag: logical pixels.
const SLOP: f32 = 4.0;

/// Two clicks within this are one double click: seconds.
const DOUBLE_SECS: f32 = 0.4;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<PointerAt>().init_resource::<Badges>();
}

/// What a click on a body means: first the asset that it belongs to, and within the selected asset its parts.
fn meant(site: &Site, body: TwinId, selected: Option<TwinId>) -> TwinId {
    let whole = |it: TwinId| site.lineage(it).find(|it| it.kind == Kind::Asset).map(|it| it.id);
    match whole(body) {
        Some(asset) if selected.and_then(whole) != Some(asset) => asset,
        Some(_) | None => body,
    }
}

/// Finds the twin under the pointer; clicks become requests.
pub(super) fn pick(
    time: Res<Time<Real>>,
    rect: Res<ViewRect>,
    site: Res<CurrentSite>,
    selection: Res<Selection>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    camera: Query<(&Camera, &GlobalTransform), With<SceneCamera>>,
    meshes: Query<(&MeshOf, Option<&Fading>)>,
    mut rays: MeshRayCast,
    badges: Res<Badges>,
    mut pointer: ResMut<PointerAt>,
    mut clicks: Local<Clicks>,
    mut selects: MessageWriter<Select>,
    mut flights: MessageWriter<Fly>,
) {
    let Some(buttons) = buttons else { return };
    let any = [MouseButton::Left, MouseButton::Right, MouseButton::Middle];
    if buttons.any_just_pressed(any) {
        pointer.dragging = pointer.over_scene;
        clicks.pressed = pointer.at.filter(|_| pointer.over_scene && buttons.just_pressed(MouseButton::Left));
    }
    if !buttons.any_pressed(any) && pointer.dragging {
        pointer.dragging = false;
    }
    let clicked = buttons.just_released(MouseButton::Left)
        && clicks.pressed.take().zip(pointer.at).is_some_and(|(from, to)| from.distance(to) < SLOP);
    let moved = clicks.hover_at != pointer.at;
    if !clicked && (!moved || buttons.any_pressed(any)) {
        return;
    }
    clicks.hover_at = pointer.at;
    let Ok((eye, place)) = camera.single() else { return };
    let mut found = None;
    if let Some(at) = pointer.at.filter(|_| pointer.over_scene)
        && let Some(size) = eye.logical_viewport_size()
        && let Ok(ray) = eye.viewport_to_world(place, (at - rect.min) / rect.size() * size)
    {
        let there = |it: Entity| meshes.get(it).is_ok_and(|it| it.1.is_none_or(Fading::is_there));
        let settings = MeshRayCastSettings::default().with_filter(&there);
        let hit = rays.cast_ray(ray, &settings).first();
        found = hit.and_then(|(it, _)| meshes.get(*it).ok()).and_then(|it| it.0.0);
        found = found.map(|it| meant(&site, it, selection.twin));
    }
    // A badge stands over what is behind it.
    let badge = pointer.at.filter(|_| pointer.over_scene).and_then(|it| badges.at(it));
    found = badge.or(found);
    if selection.hovered != found && (pointer.over_scene || moved) {
        selects.write(Select::Hover(found));
    }
    if let Some(twin) = badge.filter(|_| clicked) {
        clicks.last = None;
        selects.write(Select::Twin(Some(twin)));
        flights.write(Fly::FlyTo(twin));
    } else if clicked {
        let now = time.elapsed_secs();
        // The second click of two flies to what the first one selected, though by itself it would go on to a part.
        let double = clicks.last.take().filter(|(at, _)| now - at < DOUBLE_SECS).and_then(|it| it.1);
        match double.filter(|whole| found.is_some_and(|it| site.lineage(it).any(|it| it.id == *whole))) {
            Some(twin) => {
                flights.write(Fly::FlyTo(twin));
            }
            None => {
                clicks.last = Some((now, found));
                selects.write(Select::Twin(found));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Ids, find, load};

    #[test]
    fn a_click_means_the_asset_first_and_its_part_then() {
        let site = load(&find("northfield".as_ref()).unwrap(), &mut Ids::default()).unwrap().site;
        let check = |body: &str, selected: Option<&str>, want: &str| {
            let id = |it: &str| site.twin_at(it).unwrap().id;
            let got = meant(&site, id(body), selected.map(id));
            assert_eq!(&*site.twin(got).unwrap().address, want, "a click on {body} with {selected:?} selected");
        };
        check("pumping.p1.pump", None, "pumping.p1");
        check("pumping.p1.pump", Some("pumping.p2"), "pumping.p1");
        check("pumping.p1.pump", Some("pumping.p1"), "pumping.p1.pump");
        check("pumping.p1.motor", Some("pumping.p1.pump"), "pumping.p1.motor");
        check("pumping.p1.suction_valve", Some("pumping.p1"), "pumping.p1.suction_valve");
        check("pumping.suction_2", None, "pumping.suction_2");
    }
}
