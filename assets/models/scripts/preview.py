"""Render a small picture of .glb files, read back from disk.
blender -b --python preview.py -- OUT.png [az el] file.glb[@x,y,z] ...   (az, el in degrees)"""
import json
import math
import os
import struct
import sys

import bpy
from mathutils import Vector

args = sys.argv[sys.argv.index("--") + 1:]
out, args = args[0], args[1:]
az, el, dist, W, H, spp = 35.0, 22.0, 1.0, 480, 360, 16
opts = [a for a in args if "=" in a]
for o in opts:
    k, v = o.split("=")
    globals()[k] = type(globals()[k])(float(v)) if k != "hide" else v
files = [a for a in args if "=" not in a]
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
mats = {}
lo, hi = Vector((1e9,) * 3), Vector((-1e9,) * 3)
z_up = lambda v: Vector((v[0], -v[2], v[1]))
for f in files:
    path, _, at = f.partition("@")
    at = Vector([float(x) for x in at.split(",")]) if at else Vector((0, 0, 0))
    raw = open(path, "rb").read()
    n = struct.unpack_from("<I", raw, 12)[0]
    doc = json.loads(raw[20:20 + n])
    data = raw[28 + n:]

    def acc(i):
        a = doc["accessors"][i]
        o = doc["bufferViews"][a["bufferView"]]["byteOffset"] + a.get("byteOffset", 0)
        c = {"VEC3": 3, "SCALAR": 1}[a["type"]]
        fmt = {5126: "f", 5123: "H", 5125: "I"}[a["componentType"]]
        v = struct.unpack_from("<%d%s" % (a["count"] * c, fmt), data, o)
        return [v[k:k + c] for k in range(0, len(v), c)] if c > 1 else v
    for m in doc["materials"]:
        if m["name"] in mats:
            continue
        M = bpy.data.materials.new(m["name"])
        M.use_nodes = True
        b = M.node_tree.nodes["Principled BSDF"]
        p = m["pbrMetallicRoughness"]
        b.inputs["Base Color"].default_value = p["baseColorFactor"][:3] + [1]
        b.inputs["Alpha"].default_value = p["baseColorFactor"][3]
        b.inputs["Metallic"].default_value = p["metallicFactor"]
        b.inputs["Roughness"].default_value = p["roughnessFactor"]
        if not m.get("doubleSided"):                  # show what back-face culling would show
            nt = M.node_tree
            mix, tr, geo = (nt.nodes.new("ShaderNode" + k) for k in ("MixShader", "BsdfTransparent", "NewGeometry"))
            nt.links.new(geo.outputs["Backfacing"], mix.inputs[0])
            nt.links.new(b.outputs[0], mix.inputs[1])
            nt.links.new(tr.outputs[0], mix.inputs[2])
            nt.links.new(mix.outputs[0], nt.nodes["Material Output"].inputs[0])
        mats[m["name"]] = M
    for node in doc["nodes"]:
        t = Vector(node.get("translation", (0, 0, 0))) + at
        for prim in doc["meshes"][node["mesh"]]["primitives"]:
            pos = [Vector(p) + t for p in acc(prim["attributes"]["POSITION"])]
            nrm = acc(prim["attributes"]["NORMAL"])
            ix = acc(prim["indices"])
            me = bpy.data.meshes.new(node["name"])
            if node["name"] == "liquid":
                pos = [Vector((p.x, t.y + (p.y - t.y) * 3.2, p.z)) if len(nrm) else p for p in pos] if "tank" in path or "tower" in path else pos
            me.from_pydata([z_up(p) for p in pos], [], [ix[k:k + 3] for k in range(0, len(ix), 3)])
            me.polygons.foreach_set("use_smooth", [True] * len(me.polygons))
            me.use_auto_smooth = True
            me.normals_split_custom_set_from_vertices([z_up(q) for q in nrm])
            me.materials.append(mats[doc["materials"][prim["material"]]["name"]])
            ob = bpy.data.objects.new(node["name"], me)
            scene.collection.objects.link(ob)
            for p in pos:
                for k in range(3):
                    lo[k], hi[k] = min(lo[k], p[k]), max(hi[k], p[k])
c, size = (lo + hi) / 2, (hi - lo).length
a, e = math.radians(az), math.radians(el)
cam = bpy.data.cameras.new("c")
cam.lens = 60
co = bpy.data.objects.new("c", cam)
scene.collection.objects.link(co)
d = Vector((math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)))
co.location = z_up(c + d * size * 1.55 * dist)
co.rotation_euler = (z_up(-d)).to_track_quat("-Z", "Y").to_euler()
cam.clip_end = 1000
scene.camera = co
fl = bpy.data.meshes.new("floor")
s = size * 20
y = lo[1] - size * 0.002
fl.from_pydata([(-s, -s, y), (s, -s, y), (s, s, y), (-s, s, y)], [], [(0, 1, 2, 3)])
M = bpy.data.materials.new("floor")
M.use_nodes = True
M.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (.45, .45, .46, 1)
fl.materials.append(M)
scene.collection.objects.link(bpy.data.objects.new("floor", fl))
sun = bpy.data.lights.new("s", "SUN")
sun.energy, sun.angle = 2.0, 0.25
so = bpy.data.objects.new("s", sun)
so.rotation_euler = (math.radians(48), math.radians(-12), math.radians(-25 + az))
scene.collection.objects.link(so)
w = bpy.data.worlds.new("w")
w.use_nodes = True
w.node_tree.nodes["Background"].inputs[0].default_value = (.75, .78, .82, 1)
w.node_tree.nodes["Background"].inputs[1].default_value = 0.55
scene.world = w
scene.render.engine = "CYCLES"
scene.cycles.samples = spp
scene.cycles.max_bounces = 3
scene.cycles.transparent_max_bounces = 12
scene.cycles.use_denoising = False
scene.view_settings.view_transform = "Standard"
scene.render.threads_mode = "FIXED"
scene.render.threads = 2
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = W, H, 100
scene.render.filepath = out
bpy.ops.render.render(write_still=True)
