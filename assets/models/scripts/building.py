"""Rooms and people: cabinet, ahu, desk, ceiling_light, person, rack, lab_bench."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kit import *


def cabinet():
    b = Part("body")
    b.box2((-.385, 0, -.235), (.385, .10, .22), "rubber", .006)
    b.box2((-.40, .10, -.25), (.40, 2.0, .225), "paint", .012)
    for s in (-1, 1):
        b.box2((s * .199 - .196, .115, .222), (s * .199 + .196, 1.985, .25), "paint", .008)
        b.box2((s * .045 - .011, .95, .249), (s * .045 + .011, 1.15, .268), "rubber", .006)
    for x in (-.20, .20):                                        # vents
        for k in range(6):
            b.box2((x - .11, .20 + .03 * k, .248), (x + .11, .214 + .03 * k, .254), "paint_dark", .003)
    for y in (.35, 1.05, 1.75):
        for s in (-1, 1):
            b.cyl(.012, y - .04, y + .04, "y", (s * .392, 0, .243), "steel", 8, .003)
    b.box2((.12, 1.30, .249), (.28, 1.34, .2525), "steel", .001)
    b.cyl(.030, .249, .262, "z", (.20, 1.20, 0), "paint_dark", 20, .004)      # selector
    b.box2((.193, 1.175, .26), (.207, 1.225, .278), "rubber", .003)
    for x in (-.34, .34):
        b.torus(.028, .008, "x", (x, 1.995, 0), 14, 6, "steel")
    l = Part("lamp")
    l.cyl(.022, .249, .258, "z", (-.20, 1.20, 0), "steel", 20, .003)
    l.lathe([(.256, .018), (.266, .017), (.274, .010), (.276, 0)], "z", (-.20, 1.20, 0), 18, "paint", 0)
    s = Part("screen")
    s.box2((-.31, 1.38, .246), (-.09, 1.66, .262), "rubber", .006)
    s.box2((-.285, 1.48, .260), (-.115, 1.63, .2635), "paint_dark", .001)
    for k in range(3):
        s.cyl(.012, .26, .266, "z", (-.25 + .05 * k, 1.43, 0), "paint", 12, .002)
    export("cabinet", [b, l, s])


def ahu():
    c = Part("casing")
    x0, x1, y0, y1, z = -1.5, 1.5, .12, 1.40, .60
    for x in (-1.38, -.5, .5, 1.38):                            # feet
        for s in (1, -1):
            c.box2((x - .06, 0, s * .5 - .06), (x + .06, .03, s * .5 + .06), "rubber", .006)
    for s in (1, -1):
        c.box2((x0, .025, s * .54 - .05), (x1, .125, s * .54 + .05), "paint_dark", .008)
    xs = (-1.47, -.47, .43, 1.47)
    f = .03
    for x in xs:                                                 # frame
        for s in (1, -1):
            c.box2((x - f, y0, s * .57 - f), (x + f, y1, s * .57 + f), "steel", .008)
        for y in (y0 + f, y1 - f):
            c.box2((x - f, y - f, -.57), (x + f, y + f, .57), "steel", .008)
    for s in (1, -1):
        for y in (y0 + f, y1 - f):
            c.box2((x0, y - f, s * .57 - f), (x1, y + f, s * .57 + f), "steel", .008)
    for x in xs:                                                 # corner pieces
        for y in (y0 + f, y1 - f):
            for s in (1, -1):
                c.box((.066, .066, .066), (x, y, s * .57), "rubber", .010)
    c.box2((x0 + .03, y1 - .05, -.56), (x1 - .03, y1 - .008, .56), "paint", .006)     # roof, floor, back
    c.box2((x0 + .03, y0 + .005, -.56), (x1 - .03, y0 + .04, .56), "paint", .006)
    for k in range(3):
        c.box2((xs[k] + .035, y0 + .06, -.592), (xs[k + 1] - .035, y1 - .06, -.555), "paint", .010)
    c.box2((xs[1] + .035, y0 + .065, .555), (xs[2] - .035, y1 - .065, .594), "paint", .010)
    c.box2((xs[1] + .10, .70, .592), (xs[1] + .13, .86, .62), "rubber", .008)
    c.box2((xs[2] - .20, 1.10, .593), (xs[2] - .08, 1.18, .597), "steel", .001)
    for x in (-.25, .05):                                        # coil pipes
        c.cyl(.035, .55, .70, "z", (x, .40 if x < 0 else .55, 0), "steel", 14, .005)
        c.cyl(.055, .68, .70, "z", (x, .40 if x < 0 else .55, 0), "steel", 16, .004)
    # fan section: window with a frame
    def frame(lo, hi, w, zz, th, mat):
        c.box2((lo[0], lo[1], zz), (hi[0], lo[1] + w, zz + th), mat, .006)
        c.box2((lo[0], hi[1] - w, zz), (hi[0], hi[1], zz + th), mat, .006)
        c.box2((lo[0], lo[1], zz), (lo[0] + w, hi[1], zz + th), mat, .006)
        c.box2((hi[0] - w, lo[1], zz), (hi[0], hi[1], zz + th), mat, .006)
    frame((xs[2] + .035, y0 + .065), (xs[3] - .035, y1 - .065), .10, .556, .038, "paint")
    c.box2((xs[2] + .12, y0 + .15, .572), (xs[3] - .12, y1 - .15, .580), "glass", .002)
    c.box2((xs[2] - .015, y0 + .04, -.55), (xs[2] + .015, y1 - .05, .55), "paint_dark", .004)
    # discharge end: plate with a round mouth and a wire guard
    rows, cy, n = [], .76, 32
    ring = []
    for i in range(n):
        t = math.radians(360 * i / n + 45)
        a, b = math.cos(t), math.sin(t)
        k = 1 / max(abs(a), abs(b))
        ring.append(((.56 * k * a, cy + .58 * k * b), (.46 * a, cy + .46 * b)))
    for x, sel in ((1.46, 0), (1.485, 0), (1.49, 1), (1.47, 1), (1.46, 0)):
        rows.append([Vector((x, p[sel][1], p[sel][0] * (1 if x != 1.47 else .97))) for p in ring])
    c.loft(rows, "paint", caps=False)
    for r in (.15, .25, .35, .45):
        c.torus(r, .006, "x", (1.497, cy, 0), 28, 3, "steel")
    for k in range(4):
        t = PI * k / 4 + .39
        c.tube([(1.497, cy + .46 * math.cos(t), .46 * math.sin(t)), (1.497, cy - .46 * math.cos(t), -.46 * math.sin(t))], .007, "steel", 4)
    fan = Part("fan", origin=(1.0, cy, 0))
    o = (0, cy, 0)
    fan.lathe([(.86, 0), (.86, .40), (.875, .40), (.90, .14), (.98, .10), (1.0, 0)], "x", o, 32, "paint_dark", .004)
    fan.lathe([(1.17, .25), (1.13, .40), (1.12, .405), (1.15, .26), (1.20, .235), (1.215, .245)], "x", o, 32, "paint_dark", 0, ring=True)
    for i in range(9):
        row = []
        for k in range(4):
            t = math.radians(40 * i + 13 * k)
            r = .20 + .065 * k
            e = Vector((0, math.cos(t), math.sin(t)))
            wv = Vector((0, -e.z, e.y)) * .005
            q = Vector((0, cy, 0)) + e * r
            row.append([Vector((.87, 0, 0)) + q - wv, Vector((1.15, 0, 0)) + q - wv, Vector((1.15, 0, 0)) + q + wv, Vector((.87, 0, 0)) + q + wv])
        fan.loft(row, "steel")
    fan.cyl(.035, .72, 1.05, "x", o, "steel", 14, .004)
    fan.bolts(.07, 4, (.985, cy, 0), "x", .014, .014)
    c.box2((.52, cy - .15, -.15), (.76, cy + .15, .15), "paint_dark", .04)      # motor
    c.box2((.50, .15, -.22), (.95, .24, .22), "steel", .008)
    c.box2((.56, .23, -.10), (.72, cy - .1, .10), "steel", .008)
    d = Part("duct")
    for i, x in enumerate((-1.56, -1.60, -1.66)):
        d.box2((x - .018, .28, -.48), (x + .018, 1.24, .48), "rubber" if i == 1 else "steel", .006)
    d.box2((-2.10, .31, -.45), (-1.66, 1.21, .45), "paint", .010)
    d.box2((-2.135, .28, -.48), (-2.10, 1.24, .48), "steel", .006)
    d.box2((-2.139, .34, -.42), (-2.13, 1.18, .42), "rubber", .002)
    for k in range(5):
        d.box((.02, .15, .84), (-2.13, .42 + .17 * k, 0), "paint_dark", .005, T=move(-2.13, .42 + .17 * k, 0) @ rot("z", 35) @ move(2.13, -.42 - .17 * k, 0))
    d.box2((-1.565, .27, -.50), (-1.50, 1.25, .50), "paint", .006)
    fd = Part("filter_door")
    fd.box2((xs[0] + .035, y0 + .065, .555), (xs[1] - .035, y1 - .065, .596), "paint", .010)
    for y in (.32, 1.2):
        fd.cyl(.016, y - .05, y + .05, "y", (xs[0] + .05, 0, .602), "steel", 10, .004)
    for y in (.45, 1.05):
        fd.cyl(.028, .594, .612, "z", (xs[1] - .12, y, 0), "rubber", 16, .004)
        fd.box2((xs[1] - .20, y - .014, .608), (xs[1] - .10, y + .014, .628), "rubber", .006)
    fd.cyl(.06, .59, .615, "z", (-1.0, .95, 0), "paint_dark", 24, .005)         # differential gauge
    fd.cyl(.05, .613, .618, "z", (-1.0, .95, 0), "paint", 24, .001)
    fd.box((.006, .04, .003), (-.99, .965, .619), "rubber", .001)
    export("ahu", [c, fan, d, fd])


def desk():
    d = Part("desk")
    d.box2((-.90, .71, -.40), (.90, .74, .40), "wood", .008)
    for s in (1, -1):
        d.box2((s * .78 - .03, .03, -.03), (s * .78 + .03, .71, .03), "paint_dark", .008)
        d.box2((s * .78 - .035, 0, -.36), (s * .78 + .035, .03, .36), "paint_dark", .008)
        d.box2((s * .78 - .03, .68, -.34), (s * .78 + .03, .712, .34), "paint_dark", .006)
    d.box2((-.75, .42, -.25), (.75, .70, -.235), "paint", .004)
    d.box2((.45, .12, -.28), (.73, .66, .26), "paint", .010)
    for k in range(3):
        d.box2((.46, .14 + .172 * k, .255), (.72, .30 + .172 * k, .272), "paint", .005)
    m = Part("monitors")
    for x, a in ((-.58, 20), (0, 0), (.58, -20)):
        T = move(x, 0, -.20 + abs(x) * .18) @ rot("y", a)
        m.box2((-.10, .74, -.08), (.10, .752, .08), "rubber", .004, T=T)
        m.box2((-.025, .75, -.055), (.025, 1.10, -.035), "rubber", .005, T=T)
        m.box2((-.28, .90, -.035), (.28, 1.24, -.008), "rubber", .008, T=T)
        m.box2((-.27, .912, -.0085), (.27, 1.23, -.006), "paint_dark", .001, T=T)
    m.box2((-.22, .74, .10), (.22, .758, .24), "rubber", .006)
    m.prism([(.035 * math.cos(TAU * k / 12) + .33, .055 * math.sin(TAU * k / 12) + .17) for k in range(12)], .74, .77, "y", "rubber", .012)
    c = Part("chair")
    o = (-.05, 0, .72)
    T = move(*o)
    for k in range(5):
        c.prism([(.02, .06), (.30, .045), (.30, .075), (.02, .11)], -.022, .022, "z", "rubber", .008, T=T @ rot("y", 72 * k + 18))
        c.cyl(.028, -.02, .02, "z", (.285, .03, 0), "rubber", 10, .006, T=T @ rot("y", 72 * k + 18))
    c.cyl(.028, .08, .42, "y", (0, 0, 0), "steel", 12, .004, T=T)
    c.box2((-.245, .42, -.24), (.245, .50, .24), "paint_dark", .035, T=T)
    c.tube([(0, .42, .10), (0, .42, .30), (0, .66, .33)], .025, "rubber", 8, bend=.08, T=T)
    rows = []
    for y, w, z in ((.58, .17, .28), (.60, .20, .28), (.75, .225, .25), (.95, .215, .27), (1.06, .18, .30), (1.08, .14, .305)):
        th = .018 if y in (.58, 1.08) else .03
        rows.append([Vector((w * u, y, z + th * v - .05 * (1 - u * u))) for u, v in ((-1, 0), (-.92, .8), (-.4, 1), (.4, 1), (.92, .8), (1, 0), (.92, -.8), (.4, -1), (-.4, -1), (-.92, -.8))])
    c.loft(rows, "paint_dark", T=T)
    for s in (1, -1):
        c.tube([(s * .20, .44, .04), (s * .29, .46, .04), (s * .29, .66, .04)], .014, "rubber", 6, bend=.04, steps=2, T=T)
        c.box2((s * .29 - .035, .655, -.10), (s * .29 + .035, .685, .16), "rubber", .012, T=T)
    export("desk", [d, m, c])


def ceiling_light():
    p = Part("panel")
    p.box2((-.30, -.05, -.30), (.30, 0, .30), "paint_dark", .008)
    p.box2((-.275, -.054, -.275), (.275, -.045, .275), "paint", .003)
    export("ceiling_light", [p], below=True)


def person():
    """A mannequin: soft limbs melted into one skin by a remesh, then thinned."""
    import bpy
    p = Part("person", smooth=180)

    def limb(pts):
        rows = []
        for k, (x, y, z, rx, rz) in enumerate(pts):
            rows.append([Vector((x + rx * math.cos(TAU * s / 20), y, z + rz * math.sin(TAU * s / 20))) for s in range(20)])
        p.loft(rows, "paint")
    limb([(0, .86, 0, .10, .07), (0, .88, 0, .155, .10), (0, .98, -.005, .165, .112), (0, 1.10, 0, .138, .098), (0, 1.25, .0, .160, .112), (0, 1.36, -.005, .182, .112),
          (0, 1.415, -.01, .14, .092), (0, 1.45, -.01, .085, .07), (0, 1.56, 0, .052, .055)])
    p.ball(.118, (0, 1.632, .012), "paint", 20, 12, (.82, 1.0, .95))
    for s in (1, -1):
        limb([(s * .088, .94, 0, .06, .07), (s * .092, .86, 0, .088, .095), (s * .095, .68, .005, .075, .082), (s * .098, .48, .008, .054, .060), (s * .10, .34, -.008, .055, .062),
              (s * .10, .10, -.015, .036, .042), (s * .10, .05, -.012, .038, .05)])
        p.ball(.5, (s * .108, .042, .045), "paint", 16, 8, (.092, .082, .26))
        p.tube([(s * .165, 1.345, -.01), (s * .205, 1.32, -.01), (s * .245, 1.12, -.015), (s * .262, .98, .01), (s * .268, .84, .045), (s * .268, .76, .06)],
               .05, "paint", 14, scale=[.9, 1.02, .90, .80, .70, .62])
        p.ball(.062, (s * .180, 1.358, -.01), "paint", 16, 10, (1.05, 1, 1.05))
        p.ball(.5, (s * .268, .735, .062), "paint", 14, 8, (.062, .17, .085))
    me = bpy.data.meshes.new("person")
    me.from_pydata([tuple(v) for v in p.verts], [], [f for f, _ in p.faces])
    ob = bpy.data.objects.new("person", me)
    bpy.context.scene.collection.objects.link(ob)
    r = ob.modifiers.new("r", "REMESH")
    r.mode, r.voxel_size = "VOXEL", .016
    s = ob.modifiers.new("s", "SMOOTH")
    s.factor, s.iterations = .5, 7
    d = ob.modifiers.new("d", "DECIMATE")
    d.ratio = .13
    dg = bpy.context.evaluated_depsgraph_get()
    ev = ob.evaluated_get(dg).to_mesh()
    lo = min(v.co.y for v in ev.vertices)
    hi = max(v.co.y for v in ev.vertices)
    k = 1.75 / (hi - lo)
    out = Part("person", smooth=180)
    out.add([(v.co.x * k, (v.co.y - lo) * k, v.co.z * k) for v in ev.vertices], [tuple(f.vertices) for f in ev.polygons], "paint")
    export("person", [out])


def rack():
    r = Part("rack")
    for x in (-.285, .285):
        for z in (-.475, .475):
            r.box2((x - .02, 0, z - .025), (x + .02, 2.0, z + .025), "rubber", .006)
    r.box2((-.30, 1.96, -.50), (.30, 2.0, .50), "rubber", .008)
    r.box2((-.30, .02, -.50), (.30, .08, .50), "rubber", .008)
    for s in (1, -1):
        r.box2((s * .295 - .006, .06, -.47), (s * .295 + .006, 1.97, .47), "rubber", .004)
    r.box2((-.28, .06, -.49), (.28, 1.97, -.475), "rubber", .004)
    sv = Part("servers")
    y = .14
    for h, kind in ((.177, "ups"), (.089, "s"), (.089, "s"), (.089, "s"), (.089, "s"), (.044, "p"), (.089, "s"), (.089, "s"), (.177, "disk"), (.177, "disk"), (.044, "net"), (.044, "p"), (.044, "net")):
        sv.box2((-.24, y, -.35), (.24, y + h - .006, .455), "paint_dark" if kind != "p" else "rubber", .004)
        if kind == "disk":
            for k in range(8):
                sv.box2((-.225 + .0565 * k, y + .012, .452), (-.175 + .0565 * k, y + h - .018, .466), "paint", .004)
        elif kind == "s":
            sv.box2((-.225, y + .014, .453), (.10, y + h - .02, .459), "rubber", .003)
            sv.box2((.15, y + .03, .453), (.17, y + .05, .459), "paint", .003)
        elif kind == "net":
            for k in range(3):
                sv.box2((-.21 + .12 * k, y + .008, .453), (-.11 + .12 * k, y + .03, .459), "rubber", .002)
        elif kind == "ups":
            sv.box2((-.06, y + .05, .453), (.06, y + .12, .460), "rubber", .004)
        for s in (1, -1):
            if h > .05:
                sv.box2((s * .25 - .008, y + .006, .450), (s * .25 + .008, y + h - .014, .470), "steel", .004)
        y += h + .012
    while y < 1.93:                                              # blank panels
        h = min(.10, 1.955 - y)
        sv.box2((-.255, y, .44), (.255, y + h - .008, .458), "rubber", .004)
        y += h
    export("rack", [r, sv])


def lab_bench():
    b = Part("bench")
    b.box2((-1.2, .87, -.375), (1.2, .90, .375), "paint_dark", .008)
    b.box2((-1.16, 0, -.32), (1.16, .10, .30), "rubber", .006)
    for k in range(4):
        x = -1.18 + .59 * k
        b.box2((x + .005, .10, -.34), (x + .585, .87, .33), "paint", .006)
        if k in (0, 3):
            for j, (a, c) in enumerate(((.12, .36), (.37, .61), (.62, .86))):
                b.box2((x + .012, a, .325), (x + .578, c - .008, .347), "paint", .006)
                b.box2((x + .22, c - .06, .345), (x + .37, c - .045, .36), "steel", .004)
        else:
            b.box2((x + .012, .12, .325), (x + .578, .855, .347), "paint", .006)
            b.box2((x + .50, .62, .345), (x + .515, .78, .36), "steel", .004)
    for x in (-1.15, 1.15):
        b.box2((x - .02, .89, -.35), (x + .02, 1.62, -.31), "steel", .006)
    for y in (1.28, 1.60):
        b.box2((-1.18, y, -.36), (1.18, y + .025, -.12), "paint", .006)
    b.box2((.52, .885, -.22), (1.0, .904, .22), "steel", .005)                  # sink
    b.box2((.56, .902, -.17), (.96, .906, .18), "rubber", .002)
    b.tube([(.76, .90, -.25), (.76, 1.20, -.25), (.76, 1.20, -.05), (.76, 1.12, -.05)], .014, "steel", 8, bend=.08, steps=5)
    g = Part("glassware")

    def flask(x, z, y=.90, k=1.0):
        g.lathe([(0, 0), (0, .055 * k), (.012 * k, .058 * k), (.11 * k, .018 * k), (.16 * k, .018 * k), (.165 * k, .022 * k)], "y", (x, y, z), 16, "glass", .004, open_=True)
        g.lathe([(.004, 0), (.004, .052 * k), (.012 * k, .055 * k), (.05 * k, .040 * k), (.05 * k, 0)], "y", (x, y, z), 16, "water", 0)

    def beaker(x, z, y=.90, r=.045, h=.11):
        g.lathe([(0, 0), (0, r), (h, r), (h + .004, r + .004)], "y", (x, y, z), 16, "glass", .004, open_=True)
        g.cyl(r - .003, .004, h * .5, "y", (x, y, z), "water", 16, 0)
    flask(-.20, .05)
    flask(-.05, .14, k=.8)
    beaker(.12, .02)
    beaker(.24, .13, r=.035, h=.09)
    for k in range(6):
        g.cyl(.035, 0, .15 + .03 * (k % 3), "y", (-1.02 + .13 * k, 1.305, -.24), "paint_dark" if k % 2 else "glass", 14, .008)
        g.cyl(.02, .14 + .03 * (k % 3), .18 + .03 * (k % 3), "y", (-1.02 + .13 * k, 1.305, -.24), "rubber", 12, .004)
    i = Part("instruments")
    i.box2((-1.05, .905, -.20), (-.62, 1.10, .18), "paint", .03)                # photometer
    i.prism([(.18, .92), (.24, .92), (.18, 1.07)], -.98, -.69, "x", "paint", .008)
    i.box2((-.96, .975, .20), (-.71, 1.05, .206), "rubber", .002, T=move(0, 1.0, .21) @ rot("x", -21.8) @ move(0, -1.0, -.205))
    i.cyl(.05, 1.09, 1.13, "y", (-.93, 0, -.05), "paint_dark", 20, .008)
    i.box2((-.50, .90, -.10), (-.32, .93, .10), "paint_dark", .010)              # pH stand
    i.cyl(.008, .92, 1.24, "y", (-.47, 0, -.06), "steel", 8, .002)
    i.box2((-.475, 1.16, -.07), (-.36, 1.18, -.05), "paint_dark", .005)
    i.cyl(.011, .98, 1.18, "y", (-.38, 0, -.06), "rubber", 10, .003)
    export("lab_bench", [b, g, i])


cabinet()
ahu()
desk()
ceiling_light()
person()
rack()
lab_bench()
