"""Shared modelling kit of the Pollux models.  Runs inside Blender 3.4 (bpy, bmesh).

All coordinates in the scripts are glTF axes and metres: X right (flow), Y up, Z to
the viewer.  A model is a set of named parts; a part is one glTF node with one mesh
and one primitive for each material.  Nodes carry a translation only, so a part's
local +X is always the model's +X.

Edges are chamfered when the shapes are made and the normals are weighted by face
area, so one chamfer segment shades like a round edge.  The .glb writer is here as
well: Blender's own exporter needs numpy, which the Debian package does not bring.
"""
import json
import math
import os
import struct

import bmesh
from mathutils.bvhtree import BVHTree
from mathutils import Matrix, Vector, geometry

PI = math.pi
TAU = 2 * math.pi
OUT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# name: (base colour, alpha, metallic, roughness); factors are linear, as in glTF
MATERIALS = {
    "paint": ((0.62, 0.61, 0.59), 1, 0.0, 0.55),
    "paint_dark": ((0.22, 0.22, 0.22), 1, 0.0, 0.55),
    "steel": ((0.55, 0.55, 0.55), 1, 0.9, 0.35),
    "rubber": ((0.05, 0.05, 0.05), 1, 0.0, 0.8),
    "concrete": ((0.55, 0.55, 0.54), 1, 0.0, 0.9),
    "glass": ((0.80, 0.83, 0.84), 0.25, 0.0, 0.1),
    "water": ((0.12, 0.35, 0.55), 0.75, 0.0, 0.1),
    "foliage": ((0.20, 0.24, 0.18), 1, 0.0, 0.9),
    "wood": ((0.34, 0.30, 0.25), 1, 0.0, 0.7),
    "brass": ((0.52, 0.49, 0.42), 1, 0.9, 0.4),
}


def rot(axis, deg):
    return Matrix.Rotation(math.radians(deg), 4, axis.upper())


def move(x, y, z):
    return Matrix.Translation((x, y, z))


def to_axis(axis, a, b, c):
    """a along the axis, b and c across it (angle 0 is up, or the viewer for axis y)."""
    if axis == "x":
        return (a, b, c)
    if axis == "y":
        return (c, a, b)
    return (c, b, a)


def arc(cx, cy, r, a0, a1, n):
    """Points of an arc in degrees, ends included."""
    return [(cx + r * math.cos(math.radians(a0 + (a1 - a0) * i / n)),
             cy + r * math.sin(math.radians(a0 + (a1 - a0) * i / n))) for i in range(n + 1)]


def chamfer(points, size, closed=False, limit=28):
    """Cut the corners of a 2D polyline that turn by more than `limit` degrees."""
    n = len(points)
    out = []
    for i, p in enumerate(points):
        b = size if len(p) < 3 else p[2]
        p = Vector(p[:2])
        if not closed and i in (0, n - 1):
            out.append(tuple(p))
            continue
        u = Vector(points[i - 1][:2]) - p
        v = Vector(points[(i + 1) % n][:2]) - p
        if u.length < 1e-9 or v.length < 1e-9:
            out.append(tuple(p))
            continue
        if math.degrees(u.angle(-v)) < limit or b <= 0:
            out.append(tuple(p))
            continue
        out.append(tuple(p + u.normalized() * min(b, u.length * 0.45)))
        out.append(tuple(p + v.normalized() * min(b, v.length * 0.45)))
    return out


def offset_poly(poly, d):
    """Shrink a closed counter-clockwise polygon by d."""
    n = len(poly)
    out = []
    for i in range(n):
        p0, p1, p2 = Vector(poly[i - 1]), Vector(poly[i]), Vector(poly[(i + 1) % n])
        a, b = (p1 - p0).normalized(), (p2 - p1).normalized()
        na, nb = Vector((-a.y, a.x)), Vector((-b.y, b.x))
        m = na + nb
        k = max(m.length_squared / 2, 0.25)
        out.append(tuple(p1 + m * (d / k)))
    return out


class Part:
    def __init__(self, name, origin=(0, 0, 0), smooth=62):
        self.name = name
        self.origin = Vector(origin)
        self.verts = []
        self.faces = []  # (indices, material)
        self.smooth = smooth
        self.round = set()  # faces shaded smooth whatever the angle

    # -- raw -------------------------------------------------------------
    def add(self, verts, faces, mat, T=None, closed=True, round_=False):
        assert mat in MATERIALS, mat
        if closed:
            faces = outward(verts, faces)
        if T is not None:
            flip = T.determinant() < 0
            verts = [T @ Vector(v) for v in verts]
            if flip:
                faces = [tuple(reversed(f)) for f in faces]
        base = len(self.verts)
        self.verts += [Vector(v) for v in verts]
        new = [(tuple(base + i for i in f), mat) for f in faces]
        self.faces += new
        if round_:
            self.round |= {f for f, _ in new}

    # -- shapes ----------------------------------------------------------
    def box(self, size, at, mat="paint", b=0.008, T=None):
        """Chamfered box, centred at `at`."""
        h = [s / 2 for s in size]
        b = min(b, *(0.45 * s for s in size))
        verts, idx = [], {}
        for axis in range(3):
            for s in (-1, 1):
                for s1 in (-1, 1):
                    for s2 in (-1, 1):
                        sg = [0, 0, 0]
                        sg[axis], sg[(axis + 1) % 3], sg[(axis + 2) % 3] = s, s1, s2
                        v = [sg[k] * (h[k] - (0 if k == axis else b)) + at[k] for k in range(3)]
                        idx[(axis, tuple(sg))] = len(verts)
                        verts.append(v)
        faces = []
        for a in range(3):
            p, q = (a + 1) % 3, (a + 2) % 3

            def key(axis, sa, sp, sq):
                sg = [0, 0, 0]
                sg[a], sg[p], sg[q] = sa, sp, sq
                return idx[(axis, tuple(sg))]

            for s in (-1, 1):
                faces.append([key(a, s, -1, -1), key(a, s, 1, -1), key(a, s, 1, 1), key(a, s, -1, 1)])
            for sp in (-1, 1):
                for sq in (-1, 1):  # edge along a, between faces p and q
                    faces.append([key(p, -1, sp, sq), key(p, 1, sp, sq), key(q, 1, sp, sq), key(q, -1, sp, sq)])
        for sx in (-1, 1):
            for sy in (-1, 1):
                for sz in (-1, 1):
                    faces.append([idx[(k, (sx, sy, sz))] for k in range(3)])
        self.add(verts, faces, mat, T)

    def box2(self, lo, hi, mat="paint", b=0.008, T=None):
        self.box([hi[i] - lo[i] for i in range(3)], [(hi[i] + lo[i]) / 2 for i in range(3)], mat, b, T)

    def prism(self, poly, lo, hi, axis="z", mat="paint", b=0.008, T=None, corner=None):
        """Extrude a 2D polygon; end edges and sharp corners are chamfered by b.
        The polygon is (x, y) for axis z, (z, y) for axis x and (x, z) for axis y."""
        area = sum(poly[i - 1][0] * poly[i][1] - poly[i][0] * poly[i - 1][1] for i in range(len(poly)))
        if area < 0:
            poly = poly[::-1]
        poly = chamfer(poly, b if corner is None else corner, closed=True)
        inner = offset_poly(poly, b) if b > 0 else poly
        n = len(poly)
        rings = [(inner, lo), (poly, lo + b), (poly, hi - b), (inner, hi)] if b > 0 else [(poly, lo), (poly, hi)]

        def place(p, a):
            return {"z": (p[0], p[1], a), "x": (a, p[1], p[0]), "y": (p[0], a, p[1])}[axis]

        verts = [place(p, a) for ring, a in rings for p in ring]
        faces = [list(range(n)), list(range((len(rings) - 1) * n, len(rings) * n))]
        for k in range(len(rings) - 1):
            for i in range(n):
                j = (i + 1) % n
                faces.append([k * n + i, k * n + j, (k + 1) * n + j, (k + 1) * n + i])
        self.add(verts, faces, mat, T)

    def lathe(self, profile, axis="x", at=(0, 0, 0), seg=28, mat="paint", b=0.006, ring=False,
              a0=0, sweep=360, T=None, open_=False, round_=False, inside=False):
        """Turn a profile of (along, radius) about an axis through `at`.
        ring: the profile is a closed loop (bore).  sweep < 360: a closed sector (ring only)."""
        prof = chamfer(profile, b, closed=ring)
        n = len(prof)
        big = max(p[1] for p in prof)
        for limit, most in ((.012, 6), (.025, 8), (.05, 10), (.09, 14), (.145, 18), (.30, 24), (.8, 28), (.95, 30), (2.0, 34), (99, 38)):
            if big <= limit:
                seg = min(seg, max(2, math.ceil(most * sweep / 360)) if sweep < 360 else most)
                break
        full = sweep >= 360
        cols = seg if full else seg + 1
        verts, index = [], {}
        for i, (a, r) in enumerate(prof):
            for k in range(cols):
                if r < 1e-6 and k > 0:
                    index[(i, k)] = index[(i, 0)]
                    continue
                t = math.radians(a0 + sweep * k / seg)
                index[(i, k)] = len(verts)
                verts.append(Vector(to_axis(axis, a, r * math.cos(t), r * math.sin(t))) + Vector(at))
        faces = []
        for i in range(n if ring else n - 1):
            j = (i + 1) % n
            for k in range(seg):
                m = (k + 1) % cols
                f = []
                for v in (index[(i, k)], index[(j, k)], index[(j, m)], index[(i, m)]):
                    if v not in f:
                        f.append(v)
                if len(f) > 2:
                    faces.append(f)
        if not full and not open_:
            faces.append([index[(i, 0)] for i in range(n)])
            faces.append([index[(i, seg)] for i in range(n)])
        if full and not ring:  # close open ends that do not reach the axis
            for i in (0, n - 1):
                if prof[i][1] > 1e-6:
                    faces.append([index[(i, k)] for k in range(seg)])
        if open_:  # an open skin looks away from its axis, or to it where inside is set
            away = 0
            for f in faces:
                n = Vector((0, 0, 0))
                c = Vector((0, 0, 0))
                for i in range(len(f)):
                    n += Vector(verts[f[i - 1]]).cross(Vector(verts[f[i]]))
                    c += (Vector(verts[f[i]]) - Vector(at)) / len(f)
                c["xyz".index(axis)] = 0
                away += n.dot(c)
            if (away < 0) != inside:
                faces = [f[::-1] for f in faces]
        self.add(verts, faces, mat, T, closed=not open_, round_=round_)

    def cyl(self, r, lo, hi, axis="y", at=(0, 0, 0), mat="paint", seg=24, b=0.006, T=None, r2=None):
        r2 = r if r2 is None else r2
        self.lathe([(lo, 0), (lo, r), (hi, r2), (hi, 0)], axis, at, seg, mat, b, T=T)

    def pipe(self, r, bore, lo, hi, axis="x", at=(0, 0, 0), mat="paint", seg=24, b=0.004, T=None):
        self.lathe([(lo, bore), (lo, r), (hi, r), (hi, bore)], axis, at, seg, mat, b, ring=True, T=T)

    def torus(self, R, r, axis="x", at=(0, 0, 0), seg=32, sides=8, mat="paint", T=None):
        prof = [(r * math.cos(TAU * i / sides), R + r * math.sin(TAU * i / sides)) for i in range(sides)]
        self.lathe(prof, axis, at, seg, mat, 0, ring=True, T=T, round_=True)

    def bolts(self, pcd, n, at, axis="x", r=0.014, h=0.016, d=1, mat="steel", turn=None, T=None):
        """Hex heads on a circle of radius pcd, standing from `at` along axis * d."""
        turn = 180 / n if turn is None else turn
        for i in range(n):
            t = math.radians(turn + 360 * i / n)
            c = Vector(to_axis(axis, 0, pcd * math.cos(t), pcd * math.sin(t))) + Vector(at)
            self.hexhead(c, axis, r, h, d, mat, T)

    def hexhead(self, at, axis="y", r=0.014, h=0.016, d=1, mat="steel", T=None):
        ring = [(r * math.cos(TAU * i / 6), r * math.sin(TAU * i / 6)) for i in range(6)]
        verts = [Vector(to_axis(axis, a, k * b, k * c)) + Vector(at) for a, k in ((0, 1), (h * d, 0.84)) for b, c in ring]
        faces = [[i, (i + 1) % 6, 6 + (i + 1) % 6, 6 + i] for i in range(6)] + [[6, 7, 8, 9, 10, 11]]
        self.add(verts, faces, mat, T, round_=True)

    def flange(self, face, d, r, bore, t=0.026, n=8, pcd=None, axis="x", at=(0, 0, 0), mat="paint", seg=28,
               bolt=0.014, T=None):
        """Flange whose face is at `face` and looks along axis * d; bolt heads on its back."""
        f, k = face, face - d * t
        self.lathe([(f, bore, 0), (f, r), (k, r), (k, bore, 0)], axis, at, seg, mat, 0.005, ring=True, T=T)
        p = Vector(to_axis(axis, k, 0, 0)) + Vector(at)
        self.bolts(pcd or r * 0.86, n, p, axis, bolt, bolt * 1.1, -d, T=T)

    def tube(self, path, r, mat="steel", seg=8, bend=0.0, steps=4, T=None, loop=False, scale=None):
        """Round bar along a path of points; corners are filleted with radius `bend`."""
        pts = fillet([Vector(p) for p in path], bend, steps) if bend else [Vector(p) for p in path]
        n = len(pts)
        tang = []
        for i in range(n):
            if loop:
                t = pts[(i + 1) % n] - pts[i - 1]
            else:
                t = pts[min(i + 1, n - 1)] - pts[max(i - 1, 0)]
            tang.append(t.normalized())
        up = Vector((0, 1, 0)) if abs(tang[0].y) < 0.9 else Vector((1, 0, 0))
        u = tang[0].cross(up).normalized()
        rings = []
        for i in range(n):
            if i:
                q = tang[i - 1].rotation_difference(tang[i])
                u = (q @ u)
                u = (u - tang[i] * u.dot(tang[i])).normalized()
            v = tang[i].cross(u)
            k = 1.0
            if 0 < i < n - 1 or loop:  # keep the section across a mitred corner
                a, b2 = pts[i] - pts[i - 1], pts[(i + 1) % n] - pts[i]
                if a.length > 0 and b2.length > 0:
                    k = 1 / max(0.5, math.cos(a.angle(b2) / 2))
            rad = r * (scale[i] if scale else 1)
            rings.append((pts[i], u, v, rad, k))
        if not loop:  # chamfered ends
            c = min(r * 0.35, 0.01)
            p, u, v, rad, k = rings[0]
            q, u2, v2, rad2, k2 = rings[-1]
            rings = ([(p, u, v, rad - c, k), (p + tang[0] * c, u, v, rad, k)] + rings[1:-1]
                     + [(q - tang[-1] * c, u2, v2, rad2, k2), (q, u2, v2, rad2 - c, k2)])
        verts, faces = [], []
        for p, u, v, rad, k in rings:
            for s in range(seg):
                t = TAU * s / seg
                verts.append(p + (u * math.cos(t) + v * math.sin(t)) * rad)
        m = len(rings)
        for i in range(m if loop else m - 1):
            j = (i + 1) % m
            for s in range(seg):
                w = (s + 1) % seg
                faces.append([i * seg + s, i * seg + w, j * seg + w, j * seg + s])
        if not loop:
            faces.append(list(range(seg)))
            faces.append([(m - 1) * seg + s for s in range(seg)])
        self.add(verts, faces, mat, T)

    def loft(self, rings, mat="paint", T=None, caps=True):
        """Skin a list of rings (lists of points, same count)."""
        n = len(rings[0])
        verts = [Vector(p) for ring in rings for p in ring]
        faces = []
        for i in range(len(rings) - 1):
            for s in range(n):
                w = (s + 1) % n
                faces.append([i * n + s, i * n + w, (i + 1) * n + w, (i + 1) * n + s])
        if caps:
            faces.append(list(range(n)))
            faces.append([(len(rings) - 1) * n + s for s in range(n)])
        self.add(verts, faces, mat, T)

    def ball(self, r, at, mat="paint", seg=16, rows=8, squash=(1, 1, 1), T=None):
        prof = [(-math.cos(PI * i / rows), math.sin(PI * i / rows) if 0 < i < rows else 0) for i in range(rows + 1)]
        M = move(*at) @ Matrix.Diagonal((r * squash[0], r * squash[1], r * squash[2], 1))
        self.lathe(prof, "y", (0, 0, 0), seg, mat, 0, T=(T @ M) if T else M)

    def merge(self, other, T=None):
        base = len(self.verts)
        self.verts += [(T @ v) if T else v.copy() for v in other.verts]
        self.faces += [(tuple(base + i for i in f), m) for f, m in other.faces]
        self.round |= {tuple(base + i for i in f) for f in other.round}


def fillet(pts, r, steps):
    out = [pts[0]]
    for i in range(1, len(pts) - 1):
        p = pts[i]
        u, v = (pts[i - 1] - p), (pts[i + 1] - p)
        ang = u.angle(v)
        if abs(ang - PI) < 0.02:
            out.append(p)
            continue
        d = min(r / math.tan(ang / 2), u.length * 0.49, v.length * 0.49)
        rr = d * math.tan(ang / 2)
        u, v = u.normalized(), v.normalized()
        c = p + (u + v).normalized() * (rr / math.sin(ang / 2))
        a, b = p + u * d - c, p + v * d - c
        for k in range(steps + 1):
            out.append(c + a.normalized().slerp(b.normalized(), k / steps) * a.length)
    out.append(pts[-1])
    return out


def outward(verts, faces):
    bm = bmesh.new()
    vs = [bm.verts.new(v) for v in verts]
    fs = []
    for f in faces:
        try:
            fs.append(bm.faces.new([vs[i] for i in f]))
        except ValueError:
            pass
    bm.verts.index_update()
    bmesh.ops.recalc_face_normals(bm, faces=fs)
    out = [[v.index for v in f.verts] for f in bm.faces]
    bm.free()
    return out


def drop_hidden(part, below=False):
    """Leave out the faces of a part that can be seen from nowhere: what is buried in
    its own other shapes.  Seen means that a ray from the face gets away.  Steep looks
    from below count only where asked for, as a floor is in the way of them."""
    clear = ("glass", "water")
    solid = [f for f, m in part.faces if m not in clear]
    if not solid:
        return
    tree = BVHTree.FromPolygons(part.verts, solid)
    rays = []
    for i in range(72):                                # even directions on a sphere
        y = 1 - 2 * (i + .5) / 72
        t = i * 2.399963
        if y < -.4 and not below:
            continue
        rays.append(Vector((math.sqrt(1 - y * y) * math.cos(t), y, math.sqrt(1 - y * y) * math.sin(t))))
    keep = []
    for f, m in part.faces:
        pts = [part.verts[i] for i in f]
        n = Vector((0, 0, 0))
        for i in range(len(pts)):
            n += pts[i - 1].cross(pts[i])
        if n.length < 1e-14:
            continue
        n.normalize()
        c = sum(pts, Vector()) / len(pts)
        size = max((p - c).length for p in pts)
        samples = [c] + [c.lerp(p, k) for p in pts for k in ((.5, .93) if size > .02 else (.85,))]
        for i in range(len(pts)):
            samples.append(c.lerp((pts[i - 1] + pts[i]) / 2, .93))
        if any(tree.ray_cast(q + n * 4e-4 + d * 1e-5, d)[0] is None for q in samples for d in rays if d.dot(n) > .03):
            keep.append((f, m))
    part.faces = keep


# -- .glb -----------------------------------------------------------------
def corner_normals(part):
    import collections
    at = collections.defaultdict(list)
    fn = []
    for k, (f, _) in enumerate(part.faces):
        n = Vector((0, 0, 0))
        for i in range(len(f)):
            a, b = part.verts[f[i - 1]], part.verts[f[i]]
            n += a.cross(b)
        area = n.length
        fn.append((n.normalized() if area > 0 else Vector((0, 1, 0)), area))
        for v in f:
            at[v].append(k)
    lim = math.cos(math.radians(part.smooth))
    res = []
    for k, (f, _) in enumerate(part.faces):
        row = []
        lim = -2 if f in part.round else math.cos(math.radians(part.smooth))
        for v in f:
            s = Vector((0, 0, 0))
            for j in at[v]:
                if fn[j][0].dot(fn[k][0]) > lim:
                    s += fn[j][0] * fn[j][1]
            row.append(s.normalized() if s.length > 1e-12 else fn[k][0])
        res.append(row)
    return res


def triangles(part, f):
    if len(f) == 3:
        return [(0, 1, 2)]
    if len(f) == 4:
        p = [part.verts[i] for i in f]
        if (p[0] - p[2]).length <= (p[1] - p[3]).length:
            return [(0, 1, 2), (0, 2, 3)]
        return [(0, 1, 3), (1, 2, 3)]
    p = [part.verts[i] for i in f]
    tri = geometry.tessellate_polygon([p])
    n = Vector((0, 0, 0))
    for i in range(len(p)):
        n += p[i - 1].cross(p[i])
    out = []
    for t in tri:
        m = (p[t[1]] - p[t[0]]).cross(p[t[2]] - p[t[0]])
        out.append(t if m.dot(n) >= 0 else t[::-1])
    return out


def export(name, parts, below=False):
    blob = {"pos": bytearray(), "nrm": bytearray(), "idx": bytearray()}
    accessors, meshes, nodes, used = [], [], [], []
    lo_all, hi_all = [1e9] * 3, [-1e9] * 3
    for part in parts:
        normals = dict(zip((id(f) for f, _ in part.faces), corner_normals(part)))
        whole = part.faces                             # keeps the ids alive
        drop_hidden(part, below)
        prims = {}
        for f, mat in part.faces:
            ns = normals[id(f)]
            prim = prims.setdefault(mat, ([], {}, []))
            for t in triangles(part, f):
                for c in t:
                    p = tuple(round(x, 5) + 0.0 for x in (part.verts[f[c]] - part.origin))
                    n = tuple(round(x, 2) + 0.0 for x in ns[c])
                    key = (p, n)
                    if key not in prim[1]:
                        prim[1][key] = len(prim[0])
                        prim[0].append((p, ns[c]))
                    prim[2].append(prim[1][key])
        gl = []
        for mat in MATERIALS:
            if mat not in prims:
                continue
            if mat not in used:
                used.append(mat)
            vs, _, ix = prims[mat]
            lo = [min(v[0][k] for v in vs) for k in range(3)]
            hi = [max(v[0][k] for v in vs) for k in range(3)]
            for k in range(3):
                lo_all[k] = min(lo_all[k], lo[k] + part.origin[k])
                hi_all[k] = max(hi_all[k], hi[k] + part.origin[k])
            f32 = lambda x: struct.unpack("<f", struct.pack("<f", x))[0]
            a = len(accessors)
            accessors.append({"bufferView": 0, "byteOffset": len(blob["pos"]), "componentType": 5126,
                              "count": len(vs), "type": "VEC3", "min": [f32(x) for x in lo],
                              "max": [f32(x) for x in hi]})
            accessors.append({"bufferView": 1, "byteOffset": len(blob["nrm"]), "componentType": 5126,
                              "count": len(vs), "type": "VEC3"})
            wide = len(vs) > 65535
            while len(blob["idx"]) % 4:
                blob["idx"] += b"\0"
            accessors.append({"bufferView": 2, "byteOffset": len(blob["idx"]),
                              "componentType": 5125 if wide else 5123, "count": len(ix), "type": "SCALAR"})
            for p, n in vs:
                blob["pos"] += struct.pack("<3f", *p)
                blob["nrm"] += struct.pack("<3f", *n)
            blob["idx"] += struct.pack("<%d%s" % (len(ix), "I" if wide else "H"), *ix)
            gl.append({"attributes": {"POSITION": a, "NORMAL": a + 1}, "indices": a + 2,
                       "material": used.index(mat)})
        meshes.append({"name": part.name, "primitives": gl})
        node = {"name": part.name, "mesh": len(meshes) - 1}
        if part.origin.length > 0:
            node["translation"] = [round(x, 6) for x in part.origin]
        nodes.append(node)
    mats = []
    for m in used:
        col, alpha, metal, rough = MATERIALS[m]
        d = {"name": m, "pbrMetallicRoughness": {"baseColorFactor": list(col) + [alpha], "metallicFactor": metal,
                                                 "roughnessFactor": rough}}
        if alpha < 1:
            d["alphaMode"] = "BLEND"
        if m == "glass":
            d["doubleSided"] = True
        mats.append(d)
    data, views = bytearray(), []
    for key, target in (("pos", 34962), ("nrm", 34962), ("idx", 34963)):
        while len(data) % 4:
            data += b"\0"
        view = {"buffer": 0, "byteOffset": len(data), "byteLength": len(blob[key]), "target": target}
        views.append(view)
        data += blob[key]
    while len(data) % 4:
        data += b"\0"
    doc = {"asset": {"version": "2.0", "generator": "Pollux model kit (Blender)"}, "scene": 0,
           "scenes": [{"name": name, "nodes": list(range(len(nodes)))}], "nodes": nodes, "meshes": meshes,
           "materials": mats, "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(data)}]}
    js = json.dumps(doc, separators=(",", ":")).encode()
    js += b" " * (-len(js) % 4)
    path = os.path.join(OUT, name + ".glb")
    with open(path, "wb") as fh:
        fh.write(struct.pack("<4sII", b"glTF", 2, 28 + len(js) + len(data)))
        fh.write(struct.pack("<I4s", len(js), b"JSON") + js)
        fh.write(struct.pack("<I4s", len(data), b"BIN\0") + data)
    size = os.path.getsize(path)
    print("%-14s %6.1f KB  x %.2f..%.2f  y %.2f..%.2f  z %.2f..%.2f  %s" % (
        name, size / 1024, lo_all[0], hi_all[0], lo_all[1], hi_all[1], lo_all[2], hi_all[2],
        " ".join("%s:%d" % (p.name, sum(accessors[q["attributes"]["POSITION"]]["count"] for q in m["primitives"]))
                 for p, m in zip(parts, meshes))))
