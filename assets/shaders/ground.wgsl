// The ground: a matt floor with a quiet grid of 1 and 10 metres, which fades into the horizon.
#import bevy_pbr::{
    forward_io::{VertexOutput, FragmentOutput},
    mesh_view_bindings::view,
    pbr_fragment::pbr_input_from_standard_material,
    pbr_functions::{apply_pbr_lighting, main_pass_post_lighting_processing},
}

struct Ground {
    horizon: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(100) var<uniform> ground: Ground;

// How much of a pixel lies on a line of a grid with this pitch; lines never get thinner than a pixel but fainter.
fn lines(at: vec2<f32>, pitch: f32, width: f32) -> f32 {
    let cell = at / pitch;
    let pixel = max(fwidth(cell), vec2<f32>(1e-5));
    let half = max(vec2<f32>(width / pitch * 0.5), pixel * 0.5);
    let distance = abs(fract(cell - 0.5) - 0.5);
    let on = 1.0 - smoothstep(half, half + pixel, distance);
    let faint = clamp(vec2<f32>(width / pitch) / (pixel * 1.2), vec2<f32>(0.0), vec2<f32>(1.0));
    let crowd = 1.0 - smoothstep(vec2<f32>(0.15), vec2<f32>(0.5), pixel);
    let both = on * max(faint, vec2<f32>(0.35)) * crowd;
    return max(both.x, both.y);
}

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) is_front: bool) -> FragmentOutput {
    var pbr = pbr_input_from_standard_material(in, is_front);
    let at = in.world_position.xz;
    let far = length(in.world_position.xyz - view.world_position);
    let fine = lines(at, 1.0, 0.012) * 0.20 * (1.0 - smoothstep(18.0, 55.0, far));
    let coarse = lines(at, 10.0, 0.03) * 0.22 * (1.0 - smoothstep(70.0, 190.0, far));
    let base = pbr.material.base_color.rgb;
    pbr.material.base_color = vec4<f32>(base * (1.0 + max(fine, coarse) * 1.3), 1.0);

    var out: FragmentOutput;
    out.color = main_pass_post_lighting_processing(pbr, apply_pbr_lighting(pbr));
    let fade = smoothstep(25.0, 150.0, length(at));
    let grazing = smoothstep(120.0, 420.0, far);
    out.color = vec4<f32>(mix(out.color.rgb, ground.horizon.rgb, max(fade, grazing)), 1.0);
    return out;
}
