//! Models from glTF files: each named node a part, each surface by its name from the studio's palette.
//!
//! Meshes are spawned here rather than as a glTF scene, so that every copy of a model shares mesh and material.

use std::collections::BTreeMap;

use bevy::asset::LoadState;
use bevy::gltf::{Gltf, GltfMesh, GltfNode};
use bevy::prelude::*;

use super::drawn::{Builder, Built};
use super::live::{LiveMaterial, Slots, Surfaces};
use super::motion::Part;
use super::shapes;
use crate::session::CurrentSite;
use crate::site::{TwinId, assets_dir};

/// A model that waits for its file.
#[derive(Component, Debug, Clone)]
pub(super) struct Model {
    /// As the site writes it.
    pub(super) path: String,
    /// `None`: of a prop.
    pub(super) twin: Option<TwinId>,
}

/// The model stands, or its placeholder does.
#[derive(Component, Debug)]
pub(super) struct Filled;

/// The files that were asked for, by what the site calls them.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, Option<Handle<Gltf>>>);

/// The asset path of a model: beside the site, else under `models/` of the assets. `None`: there is no such file.
fn asset_path(site_folder: &std::path::Path, path: &str) -> Option<std::path::PathBuf> {
    let assets = assets_dir();
    let name = if path.contains('.') { path.to_owned() } else { format!("{path}.glb") };
    [site_folder.join(&name), assets.join("models").join(&name), assets.join(&name)]
        .into_iter()
        .find(|it| it.is_file())
        .map(|it| {
            it.strip_prefix(&assets)
                .map(std::path::Path::to_path_buf)
                .unwrap_or_else(|_: std::path::StripPrefixError| it.canonicalize().unwrap_or(it))
        })
}

/// Models whose file has come get their parts.
pub(super) fn fill_models(
    server: Res<AssetServer>,
    site: Res<CurrentSite>,
    gltfs: Res<Assets<Gltf>>,
    nodes: Res<Assets<GltfNode>>,
    gltf_meshes: Res<Assets<GltfMesh>>,
    waiting: Query<(Entity, &Model), Without<Filled>>,
    mut files: Local<Files>,
    mut built: ResMut<Built>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<LiveMaterial>>,
    mut surfaces: ResMut<Surfaces>,
    mut slots: ResMut<Slots>,
    mut commands: Commands,
) {
    for (root, model) in &waiting {
        let file = files.0.entry(model.path.clone()).or_insert_with(|| {
            let found = asset_path(&site.folder, &model.path);
            if found.is_none() {
                warn!("model {:?} was not found; a box stands in for it", model.path);
            }
            found.map(|it| server.load_builder().override_unapproved().load(it))
        });
        let mut builder = Builder {
            meshes: &mut meshes,
            materials: &mut materials,
            surfaces: &mut surfaces,
            slots: &mut slots,
            commands: &mut commands,
            holes: &[],
        };
        let failed = match file {
            None => true,
            Some(handle) => match server.get_load_state(&*handle) {
                Some(LoadState::Failed(error)) => {
                    warn!("model {:?} could not be loaded; a box stands in for it: {error}", model.path);
                    *file = None;
                    true
                }
                _ => false,
            },
        };
        if failed {
            let slot = builder.slot_of(model.twin, None);
            let mesh = builder.meshes.add(shapes::placeholder().into_mesh());
            builder.mesh(root, mesh, "ghost", model.twin, slot);
        } else {
            let Some(gltf) = file.as_ref().and_then(|it| gltfs.get(it)) else { continue };
            fill(&mut builder, root, model, gltf, &nodes, &gltf_meshes);
        }
        commands.entity(root).insert(Filled);
        built.n_changes += 1;
    }
}

fn fill(
    builder: &mut Builder,
    root: Entity,
    model: &Model,
    gltf: &Gltf,
    nodes: &Assets<GltfNode>,
    gltf_meshes: &Assets<GltfMesh>,
) {
    let surface_of: BTreeMap<_, &str> = gltf.named_materials.iter().map(|(name, it)| (it.id(), &**name)).collect();
    let inner: Vec<_> =
        gltf.nodes.iter().filter_map(|it| nodes.get(it)).flat_map(|it| &it.children).map(Handle::id).collect();
    let mut open: Vec<(Handle<GltfNode>, Entity)> =
        gltf.nodes.iter().filter(|it| !inner.contains(&it.id())).map(|it| (it.clone(), root)).collect();
    while let Some((handle, parent)) = open.pop() {
        let Some(node) = nodes.get(&handle) else { continue };
        let part = Part { twin: model.twin, name: node.name.clone(), rest: node.transform };
        let bundle = (Name::new(node.name.clone()), part, node.transform, Visibility::default(), ChildOf(parent));
        let entity = builder.commands.spawn(bundle).id();
        open.extend(node.children.iter().map(|it| (it.clone(), entity)));
        let slot = builder.slot_of(model.twin, Some(&node.name));
        let Some(mesh) = node.mesh.as_ref().and_then(|it| gltf_meshes.get(it)) else { continue };
        for primitive in &mesh.primitives {
            let surface = primitive.material.as_ref().and_then(|it| surface_of.get(&it.id())).copied();
            builder.mesh(entity, primitive.mesh.clone(), surface.unwrap_or("paint"), model.twin, slot);
        }
    }
}
