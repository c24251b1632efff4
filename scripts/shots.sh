#!/bin/sh
# Draws the README's pictures off-screen: `shots.sh PATH/TO/pollux`.
set -eu
pollux="$1"
out=docs/pictures
mkdir -p "$out"
shot() {
    name="$1"
    shift
    "$pollux" demo --headless --for 20s --size 1600x900 --shot "$out/$name.png" "$@" >"$out/$name.json"
    echo "$out/$name.png"
}
shot overview --camera overview
shot pump --camera pump
shot building --camera building --select building
shot selected --camera pump --select pumping.p1 --plot pumping.p1/speed --plot pumping.p1/discharge --plot pumping.p1.motor/power
shot pending --camera pumping --select pumping.p1.discharge_valve --plot pumping.p1.discharge_valve/position --plot pumping.p1/discharge --ask pumping.p1.discharge_valve/position=10
rm -f "$out"/*.json
