#!/usr/bin/env python3
"""Check the committed models: names, sizes, axes, connection points.  Plain Python."""
import glob
import json
import os
import struct
import sys

HERE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
PARTS = {
    "baseplate": "frame", "motor": "body fan_cover terminal_box shaft", "coupling": "hubs guard", "bearing": "housing ring",
    "pump": "casing feet impeller", "valve": "body actuator stem handwheel", "flow_meter": "body head", "transmitter": "body",
    "filter": "vessel legs manway nozzles window", "dosing": "tank liquid pump panel bund", "well": "plinth casing riser motor_head",
    "screen": "channel drum drive", "clear_tank": "shell roof ladder liquid", "tower": "stem bowl window liquid ladder railing",
    "cabinet": "body lamp screen", "ahu": "casing fan duct filter_door", "desk": "desk monitors chair", "ceiling_light": "panel",
    "person": "person", "rack": "rack servers", "lab_bench": "bench glassware instruments", "tree": "tree",
    "house": "walls roof chimney openings", "pipe_support": "support", "lamp_post": "post head",
}
TURNING = {"shaft", "hubs", "ring", "impeller", "handwheel", "drum", "fan"}
# (model, part, axis 0..2, sign, value): the part reaches exactly to this plane
FACES = [("pump", "casing", 1, 1, .62), ("pump", "casing", 0, 1, .42), ("valve", "body", 0, 1, .25), ("valve", "body", 0, -1, -.25),
         ("flow_meter", "body", 0, 1, .25), ("flow_meter", "body", 0, -1, -.25), ("filter", "nozzles", 0, -1, -1.15), ("filter", "nozzles", 0, 1, 1.15),
         ("well", "riser", 0, 1, 1.0), ("tower", "bowl", 1, 1, 26.0), ("person", "person", 1, 1, 1.75), ("clear_tank", "shell", 0, 1, 4.85)]
bad, total, boxes = [], 0, {}
for path in sorted(glob.glob(HERE + "/*.glb")):
    name = os.path.basename(path)[:-4]
    raw = open(path, "rb").read()
    total += len(raw)
    if len(raw) > 150 * 1024:
        bad.append("%s is %d KB" % (name, len(raw) // 1024))
    n = struct.unpack_from("<I", raw, 12)[0]
    doc, data = json.loads(raw[20:20 + n]), raw[28 + n:]
    if sorted(PARTS.get(name, "").split()) != sorted(x["name"] for x in doc["nodes"]):
        bad.append(name + ": parts " + " ".join(x["name"] for x in doc["nodes"]))
    for node in doc["nodes"]:
        t = node.get("translation", [0, 0, 0])
        lo, hi = [1e9] * 3, [-1e9] * 3
        for prim in doc["meshes"][node["mesh"]]["primitives"]:
            a = doc["accessors"][prim["attributes"]["POSITION"]]
            lo = [min(p, q) for p, q in zip(lo, a["min"])]
            hi = [max(p, q) for p, q in zip(hi, a["max"])]
            nb = doc["accessors"][prim["attributes"]["NORMAL"]]
            o = doc["bufferViews"][nb["bufferView"]].get("byteOffset", 0) + nb.get("byteOffset", 0)
            v = struct.unpack_from("<%df" % (nb["count"] * 3), data, o)
            worst = max(abs(v[i] ** 2 + v[i + 1] ** 2 + v[i + 2] ** 2 - 1) for i in range(0, len(v), 3))
            if worst > 1e-3:
                bad.append("%s %s: normals not of unit length" % (name, node["name"]))
        boxes[name, node["name"]] = [lo[i] + t[i] for i in range(3)], [hi[i] + t[i] for i in range(3)]
        if node["name"] in TURNING:
            off = max(abs(lo[1] + hi[1]) / 2, abs(lo[2] + hi[2]) / 2)
            if off > .03 * max(hi[1] - lo[1], hi[2] - lo[2]):
                bad.append("%s %s: off its axis by %.3f" % (name, node["name"], off))
        if node["name"] == "liquid" and (abs(lo[1]) > 1e-6 or abs(hi[1] - 1) > 1e-5 or abs(lo[0] + hi[0]) > 1e-3):
            bad.append("%s liquid: not one metre from its origin" % name)
for m, p, ax, sign, val in FACES:
    got = boxes[m, p][1 if sign > 0 else 0][ax]
    if abs(got - val) > 2e-3:
        bad.append("%s %s: reaches %.3f, not %.3f" % (m, p, got, val))
missing = set(PARTS) - {m for m, _ in boxes}
if missing:
    bad.append("missing: " + " ".join(sorted(missing)))
if "-v" in sys.argv:
    for (m, p), (lo, hi) in boxes.items():
        print("%-14s %-13s x %6.2f..%5.2f  y %6.2f..%5.2f  z %6.2f..%5.2f" % (m, p, lo[0], hi[0], lo[1], hi[1], lo[2], hi[2]))
print("%d models, %.2f MB" % (len({m for m, _ in boxes}), total / 1048576))
print("\n".join(bad) or "all well")
sys.exit(bool(bad))
