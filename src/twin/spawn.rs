//! Twins and signals as entities, which follow the site.

use bevy::prelude::*;

use super::health::Health;
use super::reading::Reading;
use crate::session::CurrentSite;
use crate::signal::SignalId;
use crate::site::TwinId;
use crate::site::doc::AtDoc;

/// A twin. Its parts are its children.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Transform, Visibility, Health)]
pub struct TwinRef(pub TwinId);

/// A signal.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Reading)]
pub struct SignalRef(pub SignalId);

/// Points from a signal to the twin that it was measured on.
#[derive(Component, Debug, Clone, Copy)]
#[relationship(relationship_target = Signals)]
pub struct MeasuredOn(pub Entity);

/// The signals of a twin. Despawning the twin despawns them.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = MeasuredOn, linked_spawn)]
pub struct Signals(Vec<Entity>);

/// Which entity stands for which twin and signal. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct TwinIndex {
    twins: Vec<Option<Entity>>,
    signals: Vec<Option<Entity>>,
}

impl TwinIndex {
    /// The entity of a twin.
    pub fn twin(&self, id: TwinId) -> Option<Entity> {
        self.twins.get(id.index()).copied().flatten()
    }

    /// The entity of a signal.
    pub fn signal(&self, id: SignalId) -> Option<Entity> {
        self.signals.get(id.index()).copied().flatten()
    }
}

/// A place in a site as a transform.
fn transform_of(at: &AtDoc) -> Transform {
    Transform::from_translation(Vec3::from(at.pos))
        .with_rotation(Quat::from_rotation_y(at.yaw.to_radians()))
        .with_scale(Vec3::splat(at.scale))
}

/// Entities come and go with the site; those whose address stays are kept, at their new place.
pub(super) fn follow_site(site: Res<CurrentSite>, mut index: ResMut<TwinIndex>, mut commands: Commands) {
    if !site.is_changed() {
        return;
    }
    let TwinIndex { twins, signals } = &mut *index;
    twins.resize(site.twin_capacity, None);
    signals.resize(site.signal_capacity, None);
    for signal in 0..signals.len() {
        if site.signal(SignalId(signal as u32)).is_none()
            && let Some(gone) = signals[signal].take()
        {
            commands.entity(gone).try_despawn();
        }
    }
    for twin in &site.twins {
        let own = (Name::new(twin.name.clone()), transform_of(&twin.at));
        let entity = match twins[twin.id.index()] {
            Some(known) => commands.entity(known).insert(own).id(),
            None => commands.spawn((TwinRef(twin.id), own)).id(),
        };
        twins[twin.id.index()] = Some(entity);
        match twin.parent.and_then(|it| twins[it.index()]) {
            Some(parent) => commands.entity(entity).insert(ChildOf(parent)),
            None => commands.entity(entity).remove::<ChildOf>(),
        };
    }
    for signal in &site.signals {
        let Some(twin) = twins[signal.twin.index()] else { continue };
        if signals[signal.id.index()].is_none() {
            let made = (SignalRef(signal.id), MeasuredOn(twin), Name::new(signal.name.clone()));
            signals[signal.id.index()] = Some(commands.spawn(made).id());
        }
    }
    // After the others have new parents: a twin takes what is still below it along.
    for twin in 0..twins.len() {
        if site.twin(TwinId(twin as u32)).is_none()
            && let Some(gone) = twins[twin].take()
        {
            commands.entity(gone).try_despawn();
        }
    }
}
