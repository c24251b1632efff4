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

# By hand, in a window: inventory (Ctrl+9, a day to come) and quarantined (sign in as the engineer, isolate pump 1).
shot trust --secure --lens trust
shot provenance --secure --camera pump --select pumping.p1 --provenance pumping.p1/running

# Somebody publishes in pump 1's name, at a broker that lets everybody do everything.
mosquitto=$(mktemp -d)
printf 'listener 18882 127.0.0.1\nallow_anonymous true\n' >"$mosquitto/mosquitto.conf"
mosquitto -c "$mosquitto/mosquitto.conf" >/dev/null 2>&1 &
broker=$!
"$pollux" keys new "$mosquitto/keys" --site northfield >/dev/null
sleep 1
"$pollux" field northfield --broker mqtt://127.0.0.1:18882 --keys "$mosquitto/keys/secret" >/dev/null 2>&1 &
field=$!
(while sleep 1; do mosquitto_pub -p 18882 -V 5 -t northfield/pumping/p1/state -m '{"running":false}' || exit; done) &
stranger=$!
# Whose keys were believed here before is another matter.
XDG_DATA_HOME="$mosquitto/data" "$pollux" view northfield --broker mqtt://127.0.0.1:18882 --keys "$mosquitto/keys/keys.ron" --headless --for 20s \
    --size 1600x900 --camera pump --select pumping.p1 --shot "$out/rejected.png" >/dev/null
kill "$stranger" "$field" "$broker"
rm -rf "$mosquitto"
echo "$out/rejected.png"

# Two sessions of the same site: in the second one pump 1 is stopped after 15 s.
sessions=$(mktemp -d)
trap 'rm -rf "$sessions"' EXIT
session() {
    "$pollux" broker --port 18881 >/dev/null &
    broker=$!
    sleep 1
    "$pollux" field northfield --broker mqtt://127.0.0.1:18881 >/dev/null 2>&1 &
    field=$!
    "$pollux" record northfield --broker mqtt://127.0.0.1:18881 --out "$sessions/$1.mcap" --for 45s >/dev/null &
    recorder=$!
    sleep 15
    [ "$1" = today ] || mosquitto_pub -p 18881 -V 5 -t northfield/pumping/p1/set/run -m false
    wait "$recorder"
    kill "$field" "$broker"
}
session today
session stopped
from=$("$pollux" info "$sessions/today.mcap" --json | sed -n 's/.*"from": "\(.*\)\.[0-9]*Z",/\1Z/p')
at=$(date -u -d "$from + 36 seconds" +%Y-%m-%dT%H:%M:%SZ)
"$pollux" replay "$sessions/today.mcap" --compare "$sessions/stopped.mcap" --at "$at" --headless --for 5s --size 1600x900 \
    --camera pump --plot pumping.p1/speed --plot treatment.clear_tank/level --shot "$out/compared.png" >/dev/null
echo "$out/compared.png"
rm -f "$out"/*.json
