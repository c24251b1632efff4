// A standard surface, changed by what its twin shows. The slots are written by `view/live.rs`.
#import bevy_pbr::{
    forward_io::{VertexOutput, FragmentOutput},
    mesh_functions,
    mesh_view_bindings::view,
    pbr_fragment::pbr_input_from_standard_material,
    pbr_functions::{alpha_discard, apply_pbr_lighting, main_pass_post_lighting_processing},
}

struct Slot {
    tint: vec4<f32>,
    glow: f32,
    hatch: f32,
    presence: f32,
    ghost: f32,
    flow_offset: f32,
    flow: f32,
    flow_way: f32,
    flow_pitch: f32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<storage, read> slots: array<Slot>;

// Ordered thresholds for fading without sorting: 4 × 4, evenly spread.
fn threshold(at: vec2<f32>) -> f32 {
    let x = u32(at.x) % 4u;
    let y = u32(at.y) % 4u;
    let bayer = array<f32, 16>(0., 8., 2., 10., 12., 4., 14., 6., 3., 11., 1., 9., 15., 7., 13., 5.);
    return (bayer[y * 4u + x] + 0.5) / 16.;
}

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    let slot = slots[mesh_functions::get_tag(in.instance_index)];
#ifdef VERTEX_UVS_A
    // Before any branch: derivatives need the neighbor's pixel on the same path.
    let along_pixel = fwidth(in.uv.x);
#endif
    if slot.presence < 0.999 && threshold(in.position.xy) > slot.presence {
        discard;
    }
    var pbr = pbr_input_from_standard_material(in, is_front);
    var color = pbr.material.base_color;

    // A state covers the surface's colour but keeps some of its light and dark.
    let light = dot(color.rgb, vec3<f32>(0.2126, 0.7152, 0.0722));
    let covered = slot.tint.rgb * mix(0.55, 1.15, clamp(light * 1.6, 0., 1.));
    color = vec4<f32>(mix(color.rgb, covered, slot.tint.a), color.a);

#ifdef VERTEX_UVS_A
    if slot.flow > 0.0 && in.uv.x >= 0.0 {
        // Chevrons around the pipe, three, each pointing the way that it runs.
        let around = abs(fract(in.uv.y * 3.0) - 0.5) * 2.0;
        let along = in.uv.x * slot.flow_way - slot.flow_offset;
        let phase = fract(along / slot.flow_pitch + around * 0.13);
        let soft = along_pixel / slot.flow_pitch + 0.006;
        let head = smoothstep(0.0, soft, phase) * (1.0 - smoothstep(0.17 - soft, 0.17, phase));
        let width = 1.0 - smoothstep(0.70, 0.76, around);
        // Where arrows would be smaller than pixels they become an even tone.
        let far = smoothstep(0.10, 0.35, soft);
        let mark = mix(head * width, 0.12, far) * slot.flow;
        color = vec4<f32>(mix(color.rgb, vec3<f32>(0.045, 0.165, 0.27), mark * 0.9), color.a);
    }
#endif

    // Stale: diagonal stripes that stand on the screen, whatever the distance.
    if slot.hatch > 0.0 {
        let stripe = fract((in.position.x + in.position.y) / 9.0);
        let dark = smoothstep(0.40, 0.52, stripe) * (1.0 - smoothstep(0.88, 1.0, stripe));
        let grey = vec3<f32>(dot(color.rgb, vec3<f32>(0.2126, 0.7152, 0.0722)));
        let faded = mix(color.rgb, grey, 0.75 * slot.hatch);
        color = vec4<f32>(mix(faded, faded * 0.28, dark * slot.hatch), color.a);
    }
    pbr.material.base_color = alpha_discard(pbr.material, color);

    var out: FragmentOutput;
    var lit = apply_pbr_lighting(pbr);
    let shine = mix(color.rgb * 1.2, vec3<f32>(1.0, 0.93, 0.80), 0.6);
    lit = vec4<f32>(lit.rgb + shine * slot.glow * 0.9, lit.a);
    if slot.ghost > 0.0 {
        let facing = abs(dot(normalize(pbr.world_normal), normalize(pbr.V)));
        let rim = pow(1.0 - facing, 2.2);
        let dash = step(0.5, fract((in.position.x - in.position.y) / 12.0));
        lit = vec4<f32>(lit.rgb + vec3<f32>(0.10, 0.42, 0.78) * rim * dash * slot.ghost, lit.a);
    }
    out.color = main_pass_post_lighting_processing(pbr, lit);
    return out;
}
