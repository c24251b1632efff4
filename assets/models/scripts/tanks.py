"""Clear-water tank and water tower."""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from kit import *


def ladder(p, R, y0, y1, deg, cage_from, w=.22, step=.4, hoop=1.4):
    """Caged ladder on the outside of a cylinder of radius R at angle deg from +Z."""
    T = rot("y", deg)
    for s in (1, -1):
        p.tube([(s * w, y0, R + .2), (s * w, y1, R + .2)], .025, "steel", 5, T=T)
        for y in (y0 + .4, (y0 + y1) / 2, y1 - 1.2):
            p.tube([(s * w, y, R - .05), (s * w, y, R + .2)], .018, "steel", 4, T=T)
    k = int((y1 - y0 - .3) / step)
    for i in range(k):
        y = y0 + .3 + i * step
        prism_bar(p, [(-w, y, R + .2), (w, y, R + .2)], .014, T)
    n = max(2, round((y1 - cage_from) / hoop))
    c = R + .2
    for i in range(n + 1):
        y = cage_from + (y1 - cage_from) * i / n
        p.tube([(-w, y, c)] + [(.38 * math.cos(math.radians(a)), y, c + .32 + .38 * math.sin(math.radians(a))) for a in range(180, -1, -45)] + [(w, y, c)],
               .016, "steel", 3, T=T)
    for a in (135, 90, 45):
        x, z = .38 * math.cos(math.radians(a)), c + .32 + .38 * math.sin(math.radians(a))
        prism_bar(p, [(x, cage_from, z), (x, y1, z)], .014, T)


def prism_bar(p, ends, r, T=None):
    """Light bar for rungs and rails: four sides shaded round, open ends that meet other bars."""
    a, b = Vector(ends[0]), Vector(ends[1])
    d = (b - a).normalized()
    u = d.cross(Vector((0, 1, 0)) if abs(d.y) < .9 else Vector((1, 0, 0))).normalized()
    v = d.cross(u)
    n = 4
    verts = [q + (u * math.cos(TAU * k / n) + v * math.sin(TAU * k / n)) * r for q in (a, b) for k in range(n)]
    p.add(verts, [[k, (k + 1) % n, n + (k + 1) % n, n + k] for k in range(n)], "steel", T, round_=True)


def railing(p, R, y, n, h=1.05, at=(0, 0, 0)):
    for i in range(n):
        t = TAU * i / n
        x, z = R * math.sin(t), R * math.cos(t)
        prism_bar(p, [(x, y, z), (x, y + h, z)], .026)
    for yy in (.55, h):
        p.torus(R, .024, "y", (0, y + yy, 0), 48, 3, "steel")
    p.lathe([(y + .0, R + .01), (y + .12, R + .01), (y + .12, R - .01)], "y", seg=48, mat="steel", b=0, open_=True)


def clear_tank():
    s = Part("shell")
    s.lathe([(0, 4.72), (.27, 4.72), (.30, 4.69), (.30, 4.05)], "y", seg=64, mat="concrete", b=0, open_=True)
    s.lathe([(.26, 0), (.26, 4.2), (.295, 4.2), (.295, 0)], "y", seg=48, mat="concrete", b=0)
    W = 35.0
    s.lathe([(.30, 4.44), (.30, 4.50), (5.0, 4.50), (5.0, 4.44)], "y", seg=52, b=0, ring=True, a0=W, sweep=360 - 2 * W)
    for y in (.95, 4.45):                                        # plate above and below the window
        lo, hi = (.30, .95) if y < 1 else (4.45, 5.0)
        s.lathe([(lo, 4.44), (lo, 4.50), (hi, 4.50), (hi, 4.44)], "y", seg=12, b=0, ring=True, a0=-W, sweep=2 * W)
    for y in (.34, 1.55, 2.75, 3.95):                            # stiffener rings
        full = y < .9
        s.lathe([(y - .035, 4.49), (y - .02, 4.565), (y + .02, 4.565), (y + .035, 4.49)], "y", seg=64 if full else 52, b=0, ring=True,
                a0=0 if full else W, sweep=360 if full else 360 - 2 * W)
    s.lathe([(4.90, 4.49), (4.915, 4.585), (4.98, 4.60), (5.0, 4.45)], "y", seg=64, b=0, open_=True)
    for k in range(6):                                           # mullions
        a = -W + 2 * W * k / 5
        s.box((.11 if k in (0, 5) else .06, 3.56, .12), (0, 2.70, 4.48), "paint_dark", .012, T=rot("y", a))
    for y in (.95, 4.45):
        s.lathe([(y - .045, 4.42), (y - .045, 4.54), (y + .045, 4.54), (y + .045, 4.42)], "y", seg=12, mat="paint_dark", b=0, ring=True, a0=-W, sweep=2 * W)
    s.lathe([(.97, 4.47), (4.43, 4.47)], "y", seg=15, mat="glass", b=0, open_=True, a0=-W, sweep=2 * W)
    s.lathe([(-4.85, .15), (-4.84, .16), (-4.45, .16), (-4.45, .15)], "x", (0, 4.2, 0), 20, "paint", 0, ring=True)   # inlet, high
    s.flange(-4.85, -1, .23, .15, .028, 8, .20, "x", (0, 4.2, 0), bolt=.02)
    s.lathe([(4.85, .15), (4.84, .16), (4.45, .16), (4.45, .15)], "x", (0, .8, 0), 20, "paint", 0, ring=True)        # outlet, low
    s.flange(4.85, 1, .23, .15, .028, 8, .20, "x", (0, .8, 0), bolt=.02)
    T = rot("y", -60)                                            # manway
    s.lathe([(4.4, 0), (4.4, .36), (4.62, .36), (4.62, .42), (4.66, .42), (4.67, .36), (4.68, 0)], "z", (0, 1.05, 0), 24, "paint", .0, T=T)
    s.bolts(.385, 6, (0, 1.05, 4.66), "z", .022, .025, T=T)
    r = Part("roof")
    r.lathe([(4.95, 4.52), (4.965, 4.61), (5.01, 4.63), (5.05, 4.56), (5.71, .38)], "y", seg=64, b=0, open_=True)
    r.cyl(4.46, 4.92, 4.95, "y", mat="paint", seg=32, b=0)                      # ceiling
    r.lathe([(5.66, .42), (5.92, .42), (5.95, .56), (6.0, .56), (6.12, .12), (6.13, 0)], "y", seg=16, mat="paint_dark", b=.02)
    for k in range(6):                                           # rafters' seams
        r.box((.04, .03, 3.95), (0, 0, 0), "paint", .01, T=rot("y", 60 * k) @ move(0, 5.365, 2.55) @ rot("x", 9.25))
    railing(r, 4.50, 5.03, 18)
    H = rot("y", 50) @ move(0, 5.22, 3.35)
    r.box((.75, .30, .75), (0, .08, 0), "paint_dark", .03, T=H)
    l = Part("ladder")
    ladder(l, 4.5, .3, 6.05, 62, 2.4)
    li = Part("liquid", origin=(0, .30, 0))
    li.cyl(4.4, .30, 1.30, "y", mat="water", seg=64, b=0)
    export("clear_tank", [s, r, l, li])


def tower():
    st = Part("stem")
    st.lathe([(0, 0), (0, 3.6), (.35, 3.6), (.40, 2.6), (.55, 2.45)] +
             [(.55 + 17.5 * t, 2.45 - 1.30 * math.sin(min(1, t * 1.8) * PI / 2) if t < .555 else 1.15 + 1.50 * ((t - .555) / .445) ** 2.2)
              for t in (.04, .1, .16, .24, .34, .45, .555, .68, .78, .86, .93, 1.0)] + [(18.05, 0)], "y", seg=32, mat="concrete", b=.06)
    st.box((1.30, 2.35, .9), (0, 1.55, 2.05), "concrete", .04)
    st.box((1.0, 2.1, .1), (0, 1.47, 2.49), "paint_dark", .02)               # door
    st.box((1.5, .12, 1.3), (0, 2.74, 2.10), "concrete", .03)
    st.box((1.3, .2, 1.3), (0, .42, 2.75), "concrete", .03)
    st.box((.04, .22, .06), (.36, 1.45, 2.56), "steel", .01)
    for y in (6.5, 9.5, 12.5):
        st.box((.42, .9, .2), (0, y, 1.20), "paint_dark", .03)
    bowl = Part("bowl")
    prof = [(18.0, 2.55), (18.35, 3.35), (18.75, 3.98), (19.2, 4.28), (19.7, 4.44), (20.4, 4.5), (22.9, 4.5), (23.6, 4.46), (24.3, 4.33), (24.7, 4.2)]
    w = 22.0

    def sector(p, a0, sweep, seg, th=.09):
        inner = [(y + (.03 if k else .06), r - th) for k, (y, r) in enumerate(p) if k % 3 == 0]
        bowl.lathe(p + inner[::-1], "y", seg=seg, mat="paint", b=0, ring=True, a0=a0, sweep=sweep)
    sector(prof, w, 360 - 2 * w, 32)
    sector(prof[:4], -w, 2 * w, 6)
    sector(prof[-3:], -w, 2 * w, 6)
    bowl.lathe([(17.80, 2.45), (17.86, 2.70), (18.06, 2.80), (18.12, 2.5)], "y", seg=36, mat="paint_dark", b=0, open_=True)
    bowl.lathe([(18.06, 0), (18.06, 2.6), (18.12, 2.6), (18.12, 0)], "y", seg=40, mat="paint_dark", b=0)
    bowl.lathe([(24.62, 4.15), (24.68, 4.53), (24.82, 4.55), (24.88, 4.40), (25.27, .8)], "y", seg=40, mat="paint", b=0, open_=True)
    bowl.cyl(4.2, 24.60, 24.63, "y", mat="paint", seg=28, b=0)                   # ceiling
    bowl.lathe([(25.25, .85), (25.62, .85), (25.66, 1.0), (25.72, 1.0), (25.97, .12), (26.0, 0)], "y", seg=16, mat="paint_dark", b=.03)
    for y in (20.2, 23.1):                                       # belt rings, cut at the window
        bowl.lathe([(y - .05, 4.44), (y - .03, 4.56), (y + .03, 4.56), (y + .05, 4.44)], "y", seg=36, mat="paint", b=0, ring=True, a0=w, sweep=360 - 2 * w)
    win = Part("window")
    glass = prof[3:8]
    win.lathe([(y, r - .03) for y, r in glass], "y", seg=8, mat="glass", b=0, open_=True, a0=-w, sweep=2 * w)
    for k in range(5):
        a = -w + 2 * w * k / 4
        fat = .13 if k in (0, 4) else .07
        pts = [(0, y, r - .02) for y, r in prof[3:9]]
        loft = []
        for _, y, z in pts:
            loft.append([Vector((-fat / 2, y, z - .06)), Vector((fat / 2, y, z - .06)), Vector((fat * .4, y, z + .05)), Vector((-fat * .4, y, z + .05))])
        win.loft(loft, "paint_dark", T=rot("y", a))
    for y, r in ((19.2, 4.28), (24.3, 4.33), (21.65, 4.5)):
        h = .06 if y != 21.65 else .035
        win.lathe([(y - h, r - .09), (y - h, r + .05), (y + h, r + .05), (y + h, r - .09)], "y", seg=8, mat="paint_dark", b=0, ring=True, a0=-w, sweep=2 * w)
    li = Part("liquid", origin=(0, 18.8, 0))
    li.cyl(3.75, 18.8, 19.8, "y", mat="water", seg=48, b=0)
    l = Part("ladder")
    ladder(l, 1.36, 4.6, 17.2, 180, 6.0, step=.6, hoop=2.2)
    T = rot("y", 180)
    for s in (.22, -.22):                                        # rails go down the flare and up round the bowl
        l.tube([(s, 17.2, 1.56), (s, 17.35, 2.6), (s, 18.0, 3.3), (s, 19.3, 4.62), (s, 20.2, 4.75), (s, 23.4, 4.75), (s, 24.85, 4.55), (s, 25.6, 4.5)], .025, "steel", 4, T=T)
        l.tube([(s, .4, 2.75), (s, 4.6, 1.56)], .025, "steel", 4, T=T)
    for k in range(10):
        prism_bar(l, [(-.22, 19.5 + .5 * k, 4.66 if k < 1 else 4.75), (.22, 19.5 + .5 * k, 4.66 if k < 1 else 4.75)], .016, T)
    for k in range(8):
        f = (k + .5) / 8
        prism_bar(l, [(-.22, .4 + 4.2 * f, 2.75 - 1.19 * f), (.22, .4 + 4.2 * f, 2.75 - 1.19 * f)], .016, T)
    ra = Part("railing")
    railing(ra, 4.30, 24.86, 16)
    export("tower", [st, bowl, win, li, l, ra], below=True)


clear_tank()
tower()
