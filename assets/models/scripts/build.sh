#!/bin/sh
# Regenerates every model of this folder.  Needs Blender 3.4 or later.
set -e
cd "$(dirname "$0")"
for s in ${@:-pump_skid fittings process tanks building outdoors}; do
    PYTHONDONTWRITEBYTECODE=1 blender -b --factory-startup --python-exit-code 1 --python "$s.py" | grep -v -e '^Blender' -e '^$' -e '^Read' || true
done
