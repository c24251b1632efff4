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
    lens_color: vec4<f32>,
    lens_pattern: f32,
    lens_ink: f32,
    neutral: f32,
    spare: f32,
    center: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<storage, read> slots: array<Slot>;

// Ordered thresholds for fading without sorting: 4 × 4, evenly spread.
fn threshold(at: vec2<f32>) -> f32 {
    let x = u32(at.x) % 4u;
    let y = u32(at.y) % 4u;
    let bayer = array<f32, 16>(0., 8., 2., 10., 12., 4., 14., 6., 3., 11., 1., 9., 15., 7., 13., 5.);
    return (bayer[y * 4u + x] + 0.5) / 16.;
}

fn grey_of(color: vec3<f32>) -> f32 {
    return dot(color, vec3<f32>(0.2126, 0.7152, 0.0722));
}

// A round spot of a radius in a cell, its edge one pixel soft.
fn spot(cell: vec2<f32>, radius: f32) -> f32 {
    return 1.0 - smoothstep(radius - 0.7, radius + 0.7, length(cell));
}

// Where in its cell a pixel lies, from the middle; every other row is shifted by half a cell.
fn cell_of(at: vec2<f32>, size: vec2<f32>) -> vec2<f32> {
    let row = floor(at.y / size.y);
    let shifted = vec2<f32>(at.x + (row % 2.0) * size.x * 0.5, at.y);
    return (fract(shifted / size) - 0.5) * size;
}

// Stripes across a coordinate: 1 in the stripe, which is a share of the period.
fn stripe(along: f32, period: f32, share: f32) -> f32 {
    let phase = fract(along / period) * period;
    let width = period * share;
    return smoothstep(0.0, 1.0, phase) * (1.0 - smoothstep(width, width + 1.0, phase));
}

// How much ink a pattern puts on a pixel: above zero dark, below zero light. The numbers are those of `lens::Pattern`.
fn ink_of(pattern: u32, at: vec2<f32>) -> f32 {
    switch pattern {
        case 1u: { return -0.55 * spot(cell_of(at, vec2<f32>(15.0, 13.0)), 1.9); }
        case 2u: {
            let cell = cell_of(at, vec2<f32>(16.0, 7.0));
            let dash = (1.0 - smoothstep(4.0, 5.0, abs(cell.x))) * (1.0 - smoothstep(0.5, 1.4, abs(cell.y)));
            return 0.62 * dash;
        }
        case 3u: {
            let cell = cell_of(at, vec2<f32>(18.0, 16.0));
            return -0.42 * spot(cell, 4.2) * (1.0 - spot(cell, 2.8));
        }
        case 4u: { return 0.72 * spot(cell_of(at, vec2<f32>(7.0, 6.0)), 1.7); }
        case 5u: { return 0.70 * stripe(at.x + at.y, 9.0, 0.45); }
        case 6u: {
            let cell = cell_of(at, vec2<f32>(14.0, 12.0));
            return 0.80 * (1.0 - smoothstep(3.6, 4.8, abs(cell.x) + abs(cell.y)));
        }
        case 7u: { return 0.74 * stripe(at.x - at.y, 6.0, 0.42); }
        case 8u: {
            let square = floor(at / 8.0);
            return 0.90 * ((square.x + square.y) % 2.0 + 2.0) % 2.0;
        }
        case 9u: {
            let bars = stripe(at.x, 11.0, 0.42);
            let rails = stripe(at.y, 44.0, 0.10);
            return 0.88 * max(bars, rails);
        }
        default: { return 0.0; }
    }
}

fn inked(color: vec3<f32>, ink: f32) -> vec3<f32> {
    let dark = mix(color, color * 0.12, max(ink, 0.0));
    return mix(dark, vec3<f32>(0.92), max(-ink, 0.0));
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
    let hatch = slot.hatch * (1.0 - max(slot.neutral, slot.lens_color.a * f32(u32(slot.lens_pattern + 0.5) < 10u)));
    if hatch > 0.0 {
        let stripe = fract((in.position.x + in.position.y) / 9.0);
        let dark = smoothstep(0.40, 0.52, stripe) * (1.0 - smoothstep(0.88, 1.0, stripe));
        let grey = vec3<f32>(dot(color.rgb, vec3<f32>(0.2126, 0.7152, 0.0722)));
        let faded = mix(color.rgb, grey, 0.75 * hatch);
        color = vec4<f32>(mix(faded, faded * 0.28, dark * hatch), color.a);
    }

    // The lens: what is nobody's fades to an even grey, all else takes a colour and a pattern that stand on the screen.
    if slot.neutral > 0.0 {
        let grey = mix(grey_of(color.rgb), 0.13, 0.45);
        color = vec4<f32>(mix(color.rgb, vec3<f32>(grey), slot.neutral), color.a);
    }
    let pattern = u32(slot.lens_pattern + 0.5);
    let split = pattern == 10u;
    var cover = slot.lens_color.a;
    if split {
        // What it claims at the left, and at the right that it cannot be: halves as they are seen.
        let right = view.world_from_view[0].xyz;
        let side = dot(in.world_position.xyz - slot.center.xyz, right);
        let beyond = step(0.0, side);
        let stripes = stripe(in.position.x - in.position.y, 8.0, 0.4);
        cover = cover * beyond * mix(1.0, 0.25, stripes);
    }
    if cover > 0.0 {
        let tone = slot.lens_color.rgb * mix(0.55, 1.15, clamp(grey_of(color.rgb) * 1.6, 0., 1.));
        color = vec4<f32>(mix(color.rgb, tone, cover), mix(color.a, max(color.a, 0.72), cover));
    }
    color = vec4<f32>(inked(color.rgb, ink_of(pattern, in.position.xy) * slot.lens_ink), color.a);
    pbr.material.base_color = alpha_discard(pbr.material, color);

    var out: FragmentOutput;
    var lit = apply_pbr_lighting(pbr);
    let shine = mix(color.rgb * 1.2, vec3<f32>(1.0, 0.93, 0.80), 0.6);
    let quiet = 1.0 - 0.85 * max(slot.neutral, select(slot.lens_color.a, 0.0, split));
    lit = vec4<f32>(lit.rgb + shine * slot.glow * 0.9 * quiet, lit.a);
    // Nobody signs for it: a thin edge, dashed.
    if pattern == 11u {
        let facing = abs(dot(normalize(pbr.world_normal), normalize(pbr.V)));
        let edge = smoothstep(0.72, 0.9, 1.0 - facing);
        let dash = step(0.5, fract((in.position.x - in.position.y) / 9.0));
        lit = vec4<f32>(mix(lit.rgb, vec3<f32>(0.82, 0.86, 0.90), edge * dash * 0.6 * slot.lens_ink), lit.a);
    }
    if slot.ghost > 0.0 {
        let facing = abs(dot(normalize(pbr.world_normal), normalize(pbr.V)));
        let rim = pow(1.0 - facing, 2.2);
        let dash = step(0.5, fract((in.position.x - in.position.y) / 12.0));
        lit = vec4<f32>(lit.rgb + vec3<f32>(0.10, 0.42, 0.78) * rim * dash * slot.ghost, lit.a);
    }
    out.color = main_pass_post_lighting_processing(pbr, lit);
    return out;
}
