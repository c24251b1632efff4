// The backdrop: a soft gradient, the same at every hour.
#import bevy_pbr::{forward_io::VertexOutput, mesh_view_bindings::view}

struct Sky {
    top: vec4<f32>,
    horizon: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> sky: Sky;

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let way = normalize(in.world_position.xyz - view.world_position);
    let up = smoothstep(-0.04, 0.55, way.y);
    // A little noise hides the steps that dark gradients show.
    let noise = fract(sin(dot(in.position.xy, vec2<f32>(12.9898, 78.233))) * 43758.5453) - 0.5;
    return vec4<f32>(mix(sky.horizon.rgb, sky.top.rgb, up) + noise * 0.0015, 1.0);
}
