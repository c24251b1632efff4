"""The pump skid family: baseplate, motor, coupling, bearing, pump."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kit import *


def baseplate():
    p = Part("frame")
    # two channel beams along X and two across
    c = [(0, 0), (.09, 0), (.09, .016), (.018, .024), (.018, .126), (.09, .134), (.09, .15), (0, .15)]
    for s in (1, -1):
        p.prism([(s * (.36 + x), y) for x, y in c], -1.3, 1.3, "x", "paint_dark", .003)
        p.box2((-1.3 if s < 0 else 1.22, .002, -.358), (-1.22 if s < 0 else 1.3, .149, .358), "paint_dark", .006)
    p.box2((-1.225, .10, -.365), (1.225, .118, .365), "paint_dark", .003)      # drip tray
    for s in (1, -1):                                                            # rim
        p.box2((-1.3, .15, s * .44 - .008), (1.3, .172, s * .44 + .008), "paint_dark", .003)
        p.box2((s * 1.292 - .008, .15, -.44), (s * 1.292 + .008, .172, .44), "paint_dark", .003)
    for x in (-.40, .06, .58):                                                   # cross members
        p.box2((x - .03, 0, -.365), (x + .03, .102, .365), "paint_dark", .005)
    # pads and pedestals
    for x in (-.84, -.40):
        for z in (.225, -.225):
            p.box2((x - .085, .112, z - .075), (x + .085, .15, z + .075), "steel", .005)
    for z in (.185, -.185):                                                      # guard
        p.box2((-.19, .112, z - .045), (.19, .15, z + .045), "paint_dark", .005)
    for x in (.22, .46):
        p.prism([(-.2, .11), (.2, .11), (.165, .295), (-.165, .295)], x - .06, x + .06, "x", "paint_dark", .006)
        p.box2((x - .075, .295, -.185), (x + .075, .32, .185), "steel", .004)
    for z in (.17, -.17):
        p.box2((.68, .112, z - .075), (.92, .20, z + .075), "paint_dark", .008)
    # anchors
    for x in (-1.1, 0.0, 1.1):
        for s in (1, -1):
            p.box2((x - .05, 0, s * .49 - .045), (x + .05, .02, s * .49 + .045), "paint_dark", .004)
            p.prism([(s * .45, .02), (s * .51, .02), (s * .45, .11)], x - .042, x - .030, "x", "paint_dark", .002)
            p.prism([(s * .45, .02), (s * .51, .02), (s * .45, .11)], x + .030, x + .042, "x", "paint_dark", .002)
            p.hexhead((x, .02, s * .50), "y", .019, .02)
            p.cyl(.009, .03, .062, "y", (x, 0, s * .50), "steel", 8, .002)
    p.pipe(.022, .015, 1.29, 1.36, "x", (0, .06, -.25), "steel", 12, .002)       # drain
    export("baseplate", [p])


def motor():
    body = Part("body")
    n, poly = 28, []
    for i in range(n):
        t = 360 * i / n
        for dt, r in ((-4.6, .218), (-1.9, .218), (-1.0, .25), (1.0, .25)):
            a = math.radians(t + dt)
            poly.append((r * math.cos(a), r * math.sin(a)))
    body.prism(poly, -.23, .255, "x", "paint", .0, corner=0)
    body.lathe([(.245, .0), (.245, .232), (.30, .232), (.335, .205), (.348, .12), (.375, .10), (.375, .0)], "x",
               mat="paint", b=.008, seg=32)
    body.lathe([(-.27, 0), (-.27, .226), (-.215, .238), (-.215, 0)], "x", mat="paint", b=.006, seg=32)
    body.bolts(.214, 8, (.318, 0, 0), "x", .011, .012)
    body.lathe([(.37, .05), (.37, .075), (.383, .075), (.383, .05)], "x", mat="steel", ring=True, b=.004, seg=24)
    for x in (-.2, .2):                                                          # feet
        for s in (1, -1):
            body.prism([(s * .11, -.20), (s * .20, -.13), (s * .255, -.268), (s * .255, -.295), (s * .13, -.295)], x - .045, x + .045,
                       "x", "paint", .008)
            body.hexhead((x, -.270, s * .225), "y", .016, .018)
    for s in (1, -1):                                                            # stool
        body.prism([(-.27, -.31), (.27, -.31), (.31, -.46), (.20, -.46), (.13, -.40), (-.13, -.40), (-.20, -.46), (-.31, -.46)],
                   s * .22 - .013, s * .22 + .013, "z", "paint_dark", .004)
        for x in (-.22, .22):
            body.box2((x - .07, -.47, s * .225 - .06), (x + .07, -.452, s * .225 + .06), "paint_dark", .004)
            body.hexhead((x, -.452, s * .262), "y", .014, .015)
    body.box2((-.275, -.315, -.265), (.275, -.293, .265), "paint_dark", .005)
    for x in (-.2, .2):
        body.box2((x - .012, -.455, -.21), (x + .012, -.312, .21), "paint_dark", .004)
    body.cyl(.03, .235, .262, "y", (0, 0, 0), "steel", 16, .004)
    body.torus(.032, .009, "x", (0, .292, 0), 20, 6, "steel")
    plate = rot("x", 55)
    body.box((.12, .004, .07), (-.02, .252, 0), "steel", .0015, T=plate)

    cover = Part("fan_cover")
    cover.lathe([(-.205, .251), (-.205, .259), (-.345, .259), (-.375, .225), (-.375, .205), (-.366, .205),
                 (-.34, .249)], "x", mat="paint_dark", b=.004, ring=True, seg=32)
    for r in (.17, .13, .09):
        cover.torus(r, .005, "x", (-.370, 0, 0), 24, 3, "paint_dark")
    cover.cyl(.045, -.376, -.364, "x", mat="paint_dark", seg=20, b=.003)
    for i in range(8):
        t = TAU * i / 8
        d = Vector((0, math.cos(t), math.sin(t)))
        cover.tube([Vector((-.368, 0, 0)) + d * .04, Vector((-.368, 0, 0)) + d * .212], .005, "paint_dark", 4)
    cover.bolts(.259, 4, (-.225, 0, 0), "x", .008, .008, -1, turn=45)

    tb = Part("terminal_box")
    tb.box2((-.03, -.02, .20), (.15, .10, .26), "paint", .01)
    tb.box2((-.055, -.055, .255), (.175, .135, .335), "paint", .016)
    tb.box2((-.062, -.062, .335), (.182, .142, .352), "paint", .007)
    for x in (-.046, .166):
        for y in (-.046, .126):
            tb.hexhead((x, y, .352), "z", .008, .007)
    for x in (.01, .10):
        tb.lathe([(-.055, .02), (-.075, .02), (-.079, .026), (-.10, .026), (-.108, .014), (-.14, .012), (-.14, 0)], "y",
                 (x, 0, .295), 12, "rubber", .002)

    sh = Part("shaft")
    sh.lathe([(.30, 0), (.30, .042), (.415, .042), (.415, .034), (.60, .034), (.60, 0)], "x", mat="steel", b=.004, seg=24)
    sh.box2((.42, .028, -.009), (.51, .043, .009), "steel", .003)
    sh.lathe([(.388, .04), (.388, .07), (.405, .07), (.405, .04)], "x", mat="steel", b=.004, ring=True, seg=24)
    sh.bolts(.056, 4, (.405, 0, 0), "x", .009, .009)
    sh.cyl(.06, -.36, -.30, "x", mat="rubber", seg=20, b=.008)
    for i in range(7):
        sh.box((.05, .145, .010), (-.333, .12, 0), "paint", .003, T=rot("x", 360 * i / 7))
    export("motor", [body, cover, tb, sh])


def coupling():
    h = Part("hubs")
    for s in (1, -1):
        h.lathe([(s * .118, .036), (s * .118, .072), (s * .055, .078), (s * .05, .13), (s * .018, .13), (s * .018, .036)],
                "x", mat="steel", b=.006, ring=True, seg=30)
        h.bolts(.105, 6, (s * .05, 0, 0), "x", .013, .013, s)
        h.hexhead((s * .09, .073, 0), "y", .009, .008, 1, "rubber")
        h.box2((min(s * .119, s * .1), .032, -.009), (max(s * .119, s * .1), .044, .009), "steel", .002)
    lobes = []
    for i in range(12):
        for dt in (-11, 0, 11):
            r = (.128 if i % 2 == 0 else .102)
            t = math.radians(i * 30 + dt)
            lobes.append((r * math.cos(t), r * math.sin(t)))
    h.prism(lobes, -.022, .022, "x", "rubber", .004)
    for i in range(6):
        h.box((.03, .022, .05), (0, .120, 0), "paint_dark", .004, T=rot("x", 60 * i + 30))
    g = Part("guard")
    R = .185

    def arch(x, r=.009, legs=True):
        pts = [(x, -.47, R), (x, -.2, R)] if legs else []
        pts += [(x, R * math.sin(t), R * math.cos(t)) for t in [PI * k / 12 for k in range(13)]]
        pts += [(x, -.2, -R), (x, -.47, -R)] if legs else []
        g.tube(pts, r, "paint", 6)
        if legs:
            for s in (1, -1):
                g.box((.055, .016, .06), (x, -.462, s * R), "paint", .004)
                g.hexhead((x, -.454, s * (R + .012)), "y", .009, .009)
    arch(-.145)
    arch(.085 + .06)
    for x in (-.07, 0, .07):
        arch(x, .005, False)
    for k in range(9):
        t = math.radians(-24 + 228 * k / 8)
        y, z = R * math.sin(t), R * math.cos(t)
        if k in (0, 8):
            y, z = -.12, R * (1 if k == 0 else -1)
        g.tube([(-.15, y, z), (.15, y, z)], .006, "paint", 6)
    export("coupling", [h, g])


def bearing():
    b = Part("housing")
    low = [(-.175, -.30), (.175, -.30), (.175, -.262), (.13, -.25), (.105, -.13), (.165, -.07), (.165, -.004), (-.165, -.004),
           (-.165, -.07), (-.105, -.13), (-.13, -.25), (-.175, -.262)]
    b.prism(low, -.06, .06, "x", "paint", .007)
    top = [(.165, .004), (.165, .035), (.125, .045)] + arc(0, 0, .128, 25, 155, 12) + [(-.125, .045), (-.165, .035), (-.165, .004)]
    b.prism(top, -.06, .06, "x", "paint", .007)
    b.box2((-.055, -.006, -.155), (.055, .006, .155), "rubber", .001)
    for s in (1, -1):
        b.lathe([(s * .05, .045), (s * .05, .105), (s * .076, .098), (s * .084, .06), (s * .084, .045)], "x", mat="paint", b=.005, ring=True, seg=32)
        b.bolts(.082, 4, (s * .078, 0, 0), "x", .008, .008, s)
        b.cyl(.011, .03, .05, "y", (0, 0, s * .145), "steel", 8, .002)
        b.hexhead((0, .036, s * .147), "y", .016, .016)
        b.hexhead((0, -.263, s * .153), "y", .014, .014)
        b.box2((-.012, -.255, s * .09 - .02), (.012, -.09, s * .09 + .02), "paint", .004)
    b.lathe([(.124, .012), (.136, .012), (.138, .008), (.152, .008), (.158, .005), (.166, .005), (.166, 0)], "y", mat="brass", seg=8, b=.001)
    r = Part("ring")
    d = arc(0, 0, .0365, 115, 425, 20)
    r.prism(d, -.11, .11, "x", "steel", .003)
    for s in (1, -1):
        r.lathe([(s * .074, .03), (s * .074, .055), (s * .098, .055), (s * .098, .03)], "x", mat="steel", b=.003, ring=True, seg=24)
        r.hexhead((s * .086, .054, 0), "y", .007, .007, 1, "rubber")
    export("bearing", [b, r])


PUMP_Z = -.28


def pump():
    c = Part("casing")
    # the volute: circular sections that grow round the shaft and leave upwards
    n, seg = 30, 14
    rings = []

    def section(cy, cz, ny, nz, r, wide=1.0):
        row = []
        for s in range(seg):
            t = TAU * s / seg
            k, x = math.cos(t) * r, math.sin(t) * r * wide
            row.append((x, cy + ny * k, cz + nz * k))
        return row
    for i in range(n + 1):
        f = i / n
        a = PI + TAU * (1 - f)
        r = .052 + (.112 - .052) * f
        R = .168 + r
        rings.append(section(R * math.sin(a), R * math.cos(a), math.sin(a), math.cos(a), r))
    for y, r in ((.12, .113), (.25, .115), (.60, .117), (.61, .1), (.25, .1)):
        rings.append(section(y, PUMP_Z, 0, -1, r))
    c.loft(rings, "paint")
    c.flange(.62, 1, .17, .1, .028, 8, .1475, "y", (0, 0, PUMP_Z), "paint")
    c.lathe([(.57, .112), (.575, .122), (.595, .13), (.595, .112)], "y", (0, 0, PUMP_Z), 32, "paint", .002, ring=True)
    # side walls of the casing with the suction nozzle
    c.lathe([(.42, .125), (.388, .125), (.02, .128), (.02, .235), (.075, .225), (.108, .195), (.125, .165), (.28, .143),
             (.395, .15), (.42, .15)], "x", mat="paint", b=.01, ring=True, seg=32)
    c.flange(.42, 1, .2025, .125, .030, 12, .1775, "x", mat="paint", seg=32)
    c.lathe([(-.135, 0), (-.135, .215), (-.10, .225), (-.02, .235), (-.02, 0)], "x", mat="paint", b=.008, seg=32)
    c.lathe([(-.118, .0), (-.118, .255), (-.092, .255), (-.092, .0)], "x", mat="paint", b=.006, seg=32)
    c.bolts(.24, 12, (-.118, 0, 0), "x", .012, .013, -1)
    c.lathe([(-.235, 0), (-.235, .072), (-.222, .072), (-.222, .06), (-.19, .062), (-.16, .10), (-.13, .12), (-.13, 0)],
            "x", mat="paint_dark", b=.005, seg=28)
    c.bolts(.05, 4, (-.235, 0, 0), "x", .008, .01, -1)
    for a in (35, -35, 145, -145):                                               # ribs
        c.box((.11, .05, .014), (.18, .155, 0), "paint", .005, T=rot("x", a))
    c.lathe([(.245, .014), (.262, .014), (.262, .02), (.28, .02), (.28, 0)], "y", (.0, -.005, -.0), 8, "steel", .002)
    c.lathe([(-.30, .016), (-.40, .016), (-.40, .024), (-.42, .024), (-.42, 0)], "y", (0, .02, 0), 6, "steel", .002)
    f = Part("feet")
    for s in (1, -1):
        f.prism([(s * .10, -.18), (s * .20, -.12), (s * .225, -.39), (s * .125, -.39)], -.045, .045, "x", "paint", .008)
        f.box2((-.10, -.42, s * .17 - .065), (.10, -.388, s * .17 + .065), "paint", .006)
        for x in (-.07, .07):
            f.hexhead((x, -.388, s * .20), "y", .014, .015)
    im = Part("impeller")
    im.lathe([(-.70, 0), (-.70, .030), (-.10, .030), (-.10, 0)], "x", mat="steel", b=.004, seg=20)
    im.lathe([(-.01, 0), (-.01, .126), (.006, .126), (.018, .06), (.07, .042), (.13, .034), (.158, .018), (.158, 0)], "x", mat="brass", b=.004, seg=24)
    im.hexhead((.155, 0, 0), "x", .02, .02, 1)
    for i in range(6):
        row = []
        for k in range(5):
            t = math.radians(60 * i - 26 * k)
            r = .030 + .022 * k
            x1 = .118 - .016 * k
            tv = Vector((0, math.cos(t), math.sin(t)))
            w = Vector((0, -tv.z, tv.y)) * .0045
            p = tv * r
            row.append([Vector((.0, 0, 0)) + p - w, Vector((x1, 0, 0)) + p - w * .6, Vector((x1, 0, 0)) + p + w * .6, p + w])
        im.loft(row, "brass")
    im.lathe([(.03, .108), (.03, .124), (.062, .124), (.062, .116)], "x", mat="brass", b=.003, ring=True, seg=24)
    im.box2((-.30, .026, -.008), (-.25, .037, .008), "steel", .002)
    export("pump", [c, f, im])


baseplate()
motor()
coupling()
bearing()
pump()
