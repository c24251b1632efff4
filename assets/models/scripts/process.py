"""Process equipment: filter, dosing, well, screen."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kit import *


def dished(y0, depth, R, d, n=7):
    """Half-ellipse profile from the rim to the pole; d = +1 top head, -1 bottom head."""
    return [(y0 + d * depth * math.sin(math.radians(90 * i / n)), R * math.cos(math.radians(90 * i / n)) if i < n else 0) for i in range(n + 1)]


def filter_():
    v = Part("vessel")
    v.lathe(dished(.66, .44, 1.0, -1)[::-1] + dished(2.88, .46, 1.0, 1), "y", mat="paint", seg=48, b=0)
    for y in (.66, 1.77, 2.88):
        v.lathe([(y - .018, .99), (y - .012, 1.006), (y + .012, 1.006), (y + .018, .99)], "y", mat="paint", seg=48, b=0, open_=True)
    v.lathe([(3.30, 0), (3.30, .07), (3.36, .07), (3.36, .11), (3.385, .11), (3.385, 0)], "y", seg=18, b=.004)
    v.bolts(.09, 4, (0, 3.385, 0), "y", .012, .014)
    v.box2((-.06, 1.98, -1.01), (.06, 2.06, -.98), "steel", .004)
    for s in (1, -1):                                                    # lifting lugs
        v.prism([(s * .50, 3.16), (s * .66, 3.10), (s * .66, 3.27), (s * .60, 3.33), (s * .52, 3.31)], -.02, .02, "z", "paint", .006)
    legs = Part("legs")
    for k in range(4):
        T = rot("y", 45 + 90 * k)
        legs.prism([(-.075, .96), (.075, .96), (.075, 1.09), (.055, 1.09), (.055, .98), (-.055, .98), (-.055, 1.09), (-.075, 1.09)], .02, 1.15,
                   "y", "paint_dark", .004, T=T)
        legs.box((.26, .02, .26), (0, .01, 1.02), "paint_dark", .004, T=T)
        legs.box((.26, .42, .02), (0, 1.0, 1.005), "paint_dark", .006, T=T)
        for x in (-.1, .1):
            legs.hexhead((x, .02, 1.11), "y", .018, .02, T=T)
    m = Part("manway")
    T = rot("y", 40) @ move(0, 1.30, 0)
    m.lathe([(.90, 0), (.90, .26), (1.12, .26), (1.12, .33), (1.15, .33), (1.15, 0)], "z", seg=32, b=.006, T=T)
    m.lathe([(1.155, 0), (1.155, .33), (1.185, .33), (1.195, .25), (1.205, 0)], "z", seg=32, b=.006, T=T)
    m.bolts(.298, 12, (0, 0, 1.187), "z", .019, .022, T=T)
    for y in (-.1, .1):
        m.tube([(.34, y, 1.135), (.40, y, 1.135), (.40, y, 1.17), (.30, y, 1.17)], .014, "steel", 6, bend=.02, steps=2, T=T)
    m.cyl(.016, -.15, .15, "y", (.395, 0, 1.152), "steel", 8, .003, T=T)
    m.tube([(-.10, 0, 1.19), (-.10, 0, 1.26), (.10, 0, 1.26), (.10, 0, 1.19)], .012, "steel", 6, bend=.03, steps=2, T=T)
    n = Part("nozzles")
    n.lathe([(-1.15, .1), (-1.14, .115), (-.95, .115), (-.95, .1)], "x", (0, 2.6, 0), 24, "paint", .002, ring=True)
    n.flange(-1.15, -1, .17, .1, .026, 8, .1475, "x", (0, 2.6, 0))
    n.pipe(.20, .11, -1.02, -.985, "x", (0, 2.6, 0), "paint", 24, .006)
    n.lathe([(1.15, .1), (1.14, .115), (.94, .115), (.94, .1)], "x", (0, .7, 0), 24, "paint", .002, ring=True)
    n.flange(1.15, 1, .17, .1, .026, 8, .1475, "x", (0, .7, 0))
    n.pipe(.20, .11, .985, 1.02, "x", (0, .7, 0), "paint", 24, .006)
    G = rot("y", -38) @ move(0, 2.35, 0)                                       # gauge
    n.cyl(.022, .95, 1.06, "z", (0, 0, 0), "steel", 10, .003, T=G)
    n.tube([(0, 0, 1.04), (0, .12, 1.04)], .014, "steel", 8, T=G)
    n.cyl(.085, 1.02, 1.065, "z", (0, .19, 0), "paint_dark", 24, .006, T=G)
    n.cyl(.074, 1.06, 1.067, "z", (0, .19, 0), "paint", 24, .001, T=G)
    n.box((.008, .06, .004), (.012, .21, 1.069), "rubber", .001, T=G @ move(0, .19, 0) @ rot("z", -40) @ move(0, -.19, 0))
    n.cyl(.075, 1.071, 1.074, "z", (0, .19, 0), "glass", 24, .001, T=G)
    n.tube([(0, 3.38, 0), (0, 3.40, 0)], .03, "steel", 10)
    w = Part("window")
    fr = [(-.11, .92), (.11, .92), (.11, 2.52), (-.11, 2.52)]
    w.prism(fr, .94, 1.025, "z", "steel", .008, corner=.03)
    w.box2((-.065, .99, 1.015), (.065, 1.76, 1.029), "concrete", .004)         # sand bed behind the pane
    w.box2((-.065, 1.76, 1.015), (.065, 2.45, 1.029), "paint_dark", .004)
    w.box2((-.068, .985, 1.030), (.068, 2.455, 1.036), "glass", .002)
    for i in range(8):
        for s in (1, -1):
            w.hexhead((s * .088, .99 + i * .208, 1.025), "z", .011, .010)
    export("filter", [v, legs, m, n, w])


def dosing():
    tx = -.35
    b = Part("bund")
    b.box2((-.8, 0, -.5), (.8, .06, .5), "paint_dark", .01)
    for s in (1, -1):
        b.box2((-.8, .03, s * .485 - .015), (.8, .26, s * .485 + .015), "paint_dark", .008)
        b.box2((s * .785 - .015, .03, -.5), (s * .785 + .015, .26, .5), "paint_dark", .008)
    b.cyl(.38, .055, .14, "y", (tx, 0, 0), "paint_dark", 32, .01)
    for x in (-.6, .6):
        b.box2((x - .06, -.0, -.54), (x + .06, .02, .54), "paint_dark", .004)
    t = Part("tank")
    t.lathe([(.14, 0), (.14, .365), (.40, .365), (.41, .375), (.43, .375), (.44, .365), (.72, .365), (.73, .375), (.75, .375), (.76, .365), (1.14, .365),
             (1.18, .345), (1.21, .25)], "y", (tx, 0, 0), 40, "glass", .006, open_=True)
    t.lathe([(1.205, .0), (1.205, .27), (1.22, .27), (1.22, .15), (1.225, .15), (1.225, .165), (1.265, .155), (1.275, 0)], "y", (tx, 0, 0), 32, "paint_dark", .006)
    for i in range(6):
        t.box((.014, .03, .02), (0, 0, .16), "paint_dark", .004, T=move(tx, 1.245, 0) @ rot("y", 60 * i))
    for k in range(9):                                                        # level scale
        t.box2((tx - (.05 if k % 2 == 0 else .03), .25 + .1 * k, .366), (tx, .256 + .1 * k, .372), "rubber", .001)
    t.cyl(.022, 1.2, 1.34, "y", (tx + .2, 0, -.08), "rubber", 10, .004)          # suction lance
    li = Part("liquid", origin=(tx, .15, 0))
    li.cyl(.35, .15, 1.15, "y", (tx, 0, 0), "water", 40, 0)
    pa = Part("panel")
    for x in (.18, .70):
        pa.box2((x - .02, .05, -.36), (x + .02, 1.55, -.32), "steel", .005)
        pa.prism([(-.34, .06), (-.10, .06), (-.10, .085), (-.32, .42), (-.34, .42)], x - .008, x + .008, "x", "steel", .002)
    pa.box2((.13, .55, -.32), (.75, 1.58, -.295), "paint", .006)
    pa.box2((.20, .76, -.30), (.58, .785, -.06), "steel", .005)                 # shelf
    for x in (.23, .55):
        pa.prism([(-.30, .62), (-.29, .62), (-.08, .752), (-.08, .765), (-.30, .765)], x - .006, x + .006, "x", "steel", .002)
    pa.box2((.52, 1.20, -.30), (.70, 1.44, -.20), "paint_dark", .012)           # controller
    pa.box2((.55, 1.33, -.203), (.67, 1.41, -.196), "rubber", .003)
    for i in range(3):
        pa.cyl(.011, -.2, -.192, "z", (.57 + .04 * i, 1.27, 0), "paint", 10, .002)
    pa.cyl(.035, 1.12, 1.42, "y", (.26, 0, -.25), "glass", 16, .003)            # calibration column
    for y in (1.10, 1.44):
        pa.cyl(.042, y - .02, y + .02, "y", (.26, 0, -.25), "paint_dark", 16, .004)
    pa.tube([(tx + .2, 1.33, -.08), (tx + .2, 1.42, -.08), (.02, 1.42, -.2), (.05, .68, -.2), (.30, .68, -.12), (.30, .80, -.12)], .010, "rubber", 6, bend=.07, steps=3)
    pa.tube([(.30, 1.0, -.12), (.30, 1.08, -.12), (.26, 1.08, -.25)], .009, "steel", 6, bend=.03, steps=2)
    pa.tube([(.30, 1.04, -.12), (.42, 1.04, -.12), (.42, 1.04, -.26), (.42, 1.50, -.26), (.80, 1.50, -.26)], .011, "steel", 8, bend=.03, steps=2)
    pa.cyl(.03, 1.20, 1.27, "y", (.42, 0, -.26), "paint_dark", 14, .004)
    pa.torus(.028, .007, "z", (.42, 1.235, -.215), 14, 5, "rubber")
    pu = Part("pump")
    pu.box2((.36, .785, -.24), (.56, .82, -.07), "paint_dark", .006)
    pu.box2((.37, .81, -.235), (.55, 1.02, -.075), "paint", .022)
    pu.lathe([(.38, 0), (.38, .062), (.36, .075), (.352, .075), (.352, 0)], "x", (0, .90, -.12), 24, "paint_dark", .004)
    pu.lathe([(.352, 0), (.352, .085), (.315, .085), (.295, .06), (.28, .055), (.28, 0)], "x", (0, .90, -.12), 28, "paint", .005)
    pu.bolts(.07, 6, (.315, .90, -.12), "x", .009, .012, -1)
    for a, c in ((.80, .83), (.97, 1.0)):
        pu.cyl(.022, a, c, "y", (.30, 0, -.12), "rubber", 12, .003)
    pu.cyl(.013, .82, .98, "y", (.30, 0, -.12), "paint", 10, .002)
    pu.cyl(.034, -.078, -.045, "z", (.46, .90, 0), "rubber", 20, .005)
    pu.box2((.457, .905, -.046), (.463, .93, -.042), "paint", .001)
    pu.box2((.41, .96, -.078), (.51, 1.0, -.072), "rubber", .002)
    export("dosing", [t, li, pu, pa, b])


def well():
    p = Part("plinth")
    p.box2((-.70, 0, -.60), (.70, .12, .60), "concrete", .03)
    p.box2((-.48, .10, -.48), (.48, .36, .48), "concrete", .03)
    c = Part("casing")
    c.cyl(.205, .34, .60, "y", mat="paint_dark", seg=32, b=.006)
    c.lathe([(.36, .2), (.36, .31), (.385, .31), (.385, .2)], "y", mat="paint_dark", seg=32, b=.005, ring=True)
    c.bolts(.275, 8, (0, .385, 0), "y", .018, .02)
    c.lathe([(.575, 0), (.575, .30), (.606, .30), (.606, 0)], "y", mat="paint_dark", seg=32, b=.005)
    c.lathe([(.612, 0), (.612, .30), (.643, .30), (.643, 0)], "y", mat="paint", seg=32, b=.005)
    c.bolts(.262, 12, (0, .643, 0), "y", .017, .02)
    c.bolts(.262, 12, (0, .575, 0), "y", .017, .02, -1)
    c.lathe([(.64, 0), (.64, .03), (.70, .03), (.70, .042), (.73, .042), (.73, 0)], "y", (.0, 0, .205), 12, "steel", .003)  # dip tube
    r = Part("riser")
    path = fillet([Vector((0, .64, 0)), Vector((0, .9, 0)), Vector((1.0, .9, 0))], .24, 9)
    rings = []
    for i, q in enumerate(path):
        d = (path[min(i + 1, len(path) - 1)] - path[max(i - 1, 0)]).normalized()
        nrm = Vector((-d.y, d.x, 0))
        rings.append([q + (nrm * math.cos(TAU * k / 24) + Vector((0, 0, 1)) * math.sin(TAU * k / 24)) * .115 for k in range(24)])
    for x, rad in ((1.0, .1), (.75, .1)):
        rings.append([Vector((x, .9 - 0, 0)) + (Vector((0, 1, 0)) * math.cos(TAU * k / 24) + Vector((0, 0, 1)) * math.sin(TAU * k / 24)) * rad for k in range(24)])
    r.loft(rings, "paint")
    r.flange(1.0, 1, .17, .1, .026, 8, .1475, "x", (0, .9, 0))
    r.lathe([(.643, .10), (.643, .165), (.665, .165), (.67, .12), (.67, .10)], "y", seg=28, b=.004, ring=True)
    r.lathe([(.74, .1), (.74, .14), (.76, .14), (.76, .1)], "x", (0, .9, 0), 28, "paint", .004, ring=True)
    r.tube([(.55, .99, 0), (.55, 1.10, 0)], .018, "steel", 8)                    # pressure tap
    r.lathe([(.0, 0), (.0, .06), (.035, .06), (.035, 0)], "z", (.55, 1.16, -.017), 20, "paint_dark", .004)
    r.cyl(.052, .033, .040, "z", (.55, 1.16, -.017), "paint", 20, .001)
    r.prism([(.30, .36), (.40, .36), (.365, .78), (.335, .78)], -.02, .02, "z", "paint_dark", .006)
    m = Part("motor_head")
    for k in range(4):
        m.prism([(.155, .66), (.20, .66), (.195, 1.14), (.155, 1.14)], -.016, .016, "z", "paint", .006, T=rot("y", 45 + 90 * k))
    m.lathe([(.655, .14), (.655, .205), (.675, .205), (.675, .14)], "y", seg=28, b=.004, ring=True)
    m.cyl(.028, .95, 1.2, "y", mat="steel", seg=16, b=.003)
    m.lathe([(.99, 0), (.99, .065), (1.03, .055), (1.03, 0)], "y", mat="paint_dark", seg=20, b=.004)
    m.lathe([(1.13, 0), (1.13, .235), (1.165, .235), (1.165, 0)], "y", seg=32, b=.006)
    m.bolts(.218, 8, (0, 1.165, 0), "y", .014, .016)
    m.lathe([(1.16, 0), (1.16, .19), (1.20, .205), (1.225, .205), (1.225, 0)], "y", seg=32, b=.006)
    n, poly = 24, []
    for i in range(n):
        for dt, rr in ((-5.4, .185), (-2.2, .185), (-1.2, .218), (1.2, .218)):
            a = math.radians(360 * i / n + dt)
            poly.append((rr * math.cos(a), rr * math.sin(a)))
    m.prism(poly, 1.215, 1.62, "y", "paint", 0, corner=0)
    m.lathe([(1.61, 0), (1.61, .205), (1.65, .205), (1.65, .225), (1.76, .222), (1.80, .18), (1.81, 0)], "y", mat="paint_dark", seg=32, b=.006)
    m.cyl(.05, 1.80, 1.835, "y", mat="paint_dark", seg=16, b=.006)
    m.box2((-.10, 1.30, .18), (.10, 1.50, .31), "paint", .015)
    m.box2((-.108, 1.292, .305), (.108, 1.508, .325), "paint", .006)
    m.tube([(0, 1.31, .25), (0, .80, .25), (0, .80, .42), (0, .36, .42)], .02, "rubber", 8, bend=.08, steps=3)
    export("well", [p, c, r, m])


def screen():
    c = Part("channel")
    c.box2((-1.5, 0, -1.0), (1.5, .2, 1.0), "concrete", .02)
    c.prism([(-1.5, .15), (1.5, .15), (1.5, 2.0), (1.02, 2.0), (.72, .85), (-.72, .85), (-1.02, 2.0), (-1.5, 2.0)], .8, 1.0, "z", "concrete", .02)
    c.box2((-1.5, .15, -1.0), (1.5, 2.0, -.8), "concrete", .02)
    # bulkhead with the round outlet of the drum
    hole = arc(0, 1.15, .58, 270, -90, 32)
    c.prism([(-.81, .19), (-.0001, .19)] + [(z, y) for z, y in hole[:17]] + [(0, 1.95), (-.81, 1.95)], .66, .78, "x", "concrete", .012, corner=0) if False else None
    ring, n = [], 32
    for i in range(n):
        t = math.radians(360 * i / n + 45)
        z, y = math.cos(t), math.sin(t)
        k = 1 / max(abs(z), abs(y))
        ring.append(((.81 * k * z, 1.07 + .88 * k * y), (.60 * z, 1.15 + .60 * y)))
    rows = []
    for x, sel, inset in ((.66, 1, .015), (.675, 1, 0), (.785, 1, 0), (.80, 1, .015), (.80, 0, .015), (.785, 0, 0), (.675, 0, 0), (.66, 0, .015)):
        rows.append([Vector((x, p[sel][1], p[sel][0])) for p in ring])
    rows.append(rows[0])
    c.loft(rows, "concrete", caps=False)
    for z in (-.9,):                                                           # handrail on the rear wall
        for x in (-1.4, -.47, .47, 1.4):
            c.tube([(x, 1.98, z), (x, 3.0, z)], .02, "steel", 6)
        for y in (2.5, 2.99):
            c.tube([(-1.4, y, z), (1.4, y, z)], .02, "steel", 6)
    d = Part("drum", origin=(0, 1.15, 0))
    R, x0, x1 = .72, -.62, .64
    o = (0, 1.15, 0)
    for x in (x0, x0 + .42, x0 + .84, x1):
        d.lathe([(x - .03, R - .05), (x - .03, R + .02), (x + .03, R + .02), (x + .03, R - .05)], "x", o, 40, "steel", .006, ring=True)
    for i in range(36):
        d.box((x1 - x0, .035, .012), ((x0 + x1) / 2, R - .012, 0), "steel", .003, T=move(*o) @ rot("x", 10 * i))
    d.lathe([(x0, .0), (x0, R - .03), (x1, R - .03)], "x", o, 40, "paint_dark", 0, open_=True)          # mesh
    d.lathe([(x1, R - .034), (x0 + .01, R - .034), (x0 + .01, 0)], "x", o, 40, "paint_dark", 0, open_=True)
    for i in range(6):
        d.box((.03, R - .08, .06), (x0 - .018, (R - .02) / 2, 0), "steel", .006, T=move(*o) @ rot("x", 60 * i))
    d.lathe([(x0 - .22, 0), (x0 - .22, .05), (x0 - .06, .05), (x0 - .06, .14), (x0, .14), (x0, 0)], "x", o, 20, "steel", .006)
    d.bolts(.105, 6, (x0 - .06, 1.15, 0), "x", .018, .02, -1)
    for i in range(4):                                                         # lifting buckets
        d.box((x1 - x0 - .1, .012, .09), ((x0 + x1) / 2, R + .01, .02), "paint_dark", .004, T=move(*o) @ rot("x", 90 * i + 5) )
    v = Part("drive")
    v.box2((-1.0, 1.96, -.98), (-.80, 2.10, .98), "paint_dark", .012)           # beam
    v.box2((-.93, 1.0, -.07), (-.78, 1.98, .07), "paint_dark", .010)            # hanger
    v.prism(arc(0, 1.15, .12, 0, 360, 20)[:-1], -.95, -.76, "x", "paint", .01)
    v.box2((-1.02, 2.09, -.16), (-.78, 2.14, .16), "paint_dark", .006)
    v.box2((-1.0, 2.13, -.13), (-.78, 2.40, .13), "paint", .03)                  # gearbox
    v.cyl(.10, .12, .46, "z", (-.89, 2.28, 0), "paint", 24, .012)                # motor
    v.lathe([(.45, 0), (.45, .108), (.52, .10), (.52, 0)], "z", (-.89, 2.28, 0), 24, "paint_dark", .006)
    for i in range(14):
        v.box((.012, .016, .28), (0, .105, .30), "paint", .004, T=move(-.89, 2.28, 0) @ rot("z", i * 360 / 14))
    v.box2((-.80, 1.02, -.13), (-.755, 2.36, .13), "paint", .03)                 # chain case
    for y in (1.15, 2.24):
        v.cyl(.16, -.805, -.752, "x", (0, y, 0), "paint", 24, .01)
    v.tube([(.70, 2.02, -.35), (-.66, 2.02, -.35)], .035, "steel", 10)           # spray bar
    for k in range(6):
        v.cyl(.012, 1.94, 2.0, "y", (-.5 + .2 * k, 0, -.35), "steel", 8, .003, r2=.022)
    v.tube([(.70, 2.02, -.35), (.70, 2.02, -.9)], .035, "steel", 10)
    export("screen", [c, d, v])


filter_()
dosing()
well()
screen()
