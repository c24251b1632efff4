"""Surroundings: tree, house, lamp_post."""
import os
import random
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kit import *
from mathutils import noise


def tree():
    t = Part("tree", smooth=180)
    tr = Part("trunk")
    tr.tube([(0, 0, 0), (.0, .12, 0), (.02, .9, .01), (.0, 1.9, 0), (.08, 3.2, .03)], .20, "wood", 9, scale=[1.5, 1.05, .8, .65, .3])
    for a, y, l in ((20, 1.7, 1.5), (140, 1.9, 1.4), (255, 2.1, 1.5)):
        d = Vector((math.cos(math.radians(a)), 0, math.sin(math.radians(a))))
        tr.tube([(0, y, 0), tuple(d * l * .45 + Vector((0, y + .45, 0))), tuple(d * l * .8 + Vector((0, y + 1.3, 0)))], .09, "wood", 6, scale=[1, .7, .35])
    t.merge(tr)
    for x, y, z, r, h in ((0, 4.2, 0, 1.45, .95), (1.05, 3.25, .35, 1.05, .8), (-.85, 3.35, .65, 1.0, .82), (-.35, 3.2, -.95, 1.08, .8), (.55, 4.9, -.25, .85, .85)):
        bm = bmesh.new()
        bmesh.ops.create_icosphere(bm, subdivisions=3, radius=1)
        vs = []
        for v in bm.verts:
            n = v.co.normalized()
            k = 1 + .17 * noise.noise(n * 1.9 + Vector((x * 3, y, z * 3))) + .05 * noise.noise(n * 5 + Vector((y, x, z)))
            q = Vector((n.x * r * k, n.y * r * h * k * (1 if n.y > 0 else .72), n.z * r * k))
            vs.append(Vector((x, y, z)) + q)
        bm.verts.index_update()
        fs = [[v.index for v in f.verts] for f in bm.faces]
        bm.free()
        t.add(vs, fs, "foliage")
    export("tree", [t], below=True)


def house():
    h = Part("walls")
    X, Z, H, R = 3.0, 2.5, 3.0, 5.4
    h.box2((-X - .06, 0, -Z - .06), (X + .06, .32, Z + .06), "concrete", .03)
    h.prism([(-Z, .30), (Z, .30), (Z, H), (0, R - .12), (-Z, H)], -X, X, "x", "paint", .03)
    r = Part("roof")
    s = (R - H) / Z
    th, o = .16, .38
    prof = [(0, R), (Z + o, H - o * s), (Z + o, H - o * s + th), (0, R + th * 1.25), (-Z - o, H - o * s + th), (-Z - o, H - o * s)]
    r.prism(prof, -X - .30, X + .30, "x", "paint_dark", .03)
    r.tube([(-X - .32, R + .19, 0), (X + .32, R + .19, 0)], .09, "paint_dark", 8)
    for sg in (1, -1):
        y = H - o * s + .06
        r.tube([(-X - .3, y, sg * (Z + o + .05)), (X + .3, y, sg * (Z + o + .05))], .06, "steel", 8)
        r.tube([(X - .15, y, sg * (Z + o + .05)), (X - .15, y - .35, sg * (Z + .07)), (X - .15, .05, sg * (Z + .07))], .04, "steel", 6, bend=.1, steps=2)
    for k in range(1, 9):                                        # courses of the roof
        f = k / 9
        for sg in (1, -1):
            z, y = sg * (Z + o) * (1 - f), (H - o * s + th) + f * (R + .04 - H + o * s)
            r.box((2 * X + .58, .03, .05), (0, y + .015, z), "paint_dark", .01)
    c = Part("chimney")
    c.box2((1.2, 4.2, -1.05), (1.75, 6.1, -.5), "concrete", .025)
    c.box2((1.14, 6.08, -1.11), (1.81, 6.2, -.44), "concrete", .025)
    for x in (1.36, 1.59):
        c.cyl(.09, 6.18, 6.45, "y", (x, 0, -.775), "paint_dark", 12, .015)
    o = Part("openings")

    def win(T, w=.95, h=1.25):
        o.box((w + .18, h + .18, .10), (0, 0, .02), "paint", .02, T=T)
        o.box((w, h, .03), (0, 0, .062), "rubber", .008, T=T)
        o.box((w, .045, .05), (0, h * .16, .075), "paint", .01, T=T)
        o.box((.045, h, .05), (0, 0, .075), "paint", .01, T=T)
        o.box((w + .3, .07, .26), (0, -h / 2 - .10, .08), "concrete", .015, T=T)
    for x in (-1.9, 1.75):
        win(move(x, 1.75, Z))
    for x in (-1.7, 0, 1.7):
        win(rot("y", 180) @ move(x, 1.75, Z))
    for a in (90, -90):
        for z in (-1.15, 1.15):
            win(rot("y", a) @ move(z, 1.75, X))
        win(rot("y", a) @ move(0, 3.75, X), .8, .95)
    o.box2((-.60, .10, Z - .02), (.60, 2.55, Z + .07), "paint", .02)
    o.box2((-.47, .20, Z + .05), (.47, 2.42, Z + .10), "wood", .02)
    o.box2((-.30, 1.55, Z + .095), (.30, 2.2, Z + .11), "rubber", .01)
    o.cyl(.03, Z + .09, Z + .16, "z", (.37, 1.25, 0), "steel", 10, .008)
    o.box2((-.80, 0, Z), (.80, .11, Z + .85), "concrete", .025)
    o.box2((-.80, .10, Z), (.80, .21, Z + .48), "concrete", .025)
    o.prism([(Z - .02, 2.78), (Z + .95, 2.62), (Z + .95, 2.70), (Z - .02, 2.90)], -.85, .85, "x", "paint_dark", .02)
    export("house", [h, r, c, o])


def lamp_post():
    p = Part("post")
    p.box2((-.22, 0, -.22), (.22, .10, .22), "concrete", .02)
    p.lathe([(.09, 0), (.09, .14), (.115, .14), (.13, .088), (.85, .082), (.90, .065), (1.0, .062), (4.2, .045), (4.2, 0)], "y", mat="paint_dark", seg=18, b=.008)
    p.bolts(.115, 4, (0, .115, 0), "y", .016, .02, turn=45)
    p.box2((-.035, .45, .074), (.035, .70, .09), "paint_dark", .006)
    p.tube([(0, 4.1, 0), (0, 4.95, 0), (.95, 5.05, 0)], .042, "paint_dark", 12, bend=.55, steps=7)
    h = Part("head")
    h.prism([(.72, -.10), (.80, -.14), (1.42, -.10), (1.46, -.05), (1.46, .05), (1.42, .10), (.80, .14), (.72, .10)], 5.02, 5.09, "y", "paint_dark", .02)
    h.box2((.88, 5.008, -.085), (1.40, 5.024, .085), "paint", .005)
    h.cyl(.05, 5.0, 5.10, "y", (.80, 0, 0), "paint_dark", 14, .01)
    for k in range(5):
        h.box2((.86 + .08 * k, 5.085, -.08), (.88 + .08 * k, 5.105, .08), "paint_dark", .005)
    export("lamp_post", [p, h], below=True)


tree()
house()
lamp_post()
