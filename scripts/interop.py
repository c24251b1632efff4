"""Envelopes made by another implementation of COSE (the package `cwt`), and ours looked at by it.

usage: interop.py FILE

Writes the envelopes to FILE, each with what went into it; a unit test of `trust/letter.rs` makes the same ones and opens these.
The key is that of RFC 8032, section 7.1, test 2, which everybody knows.
"""

import hashlib
import json
import sys

import cbor2
from cwt import COSE, COSEKey

SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
KID = hashlib.sha256(PUBLIC).digest()[:8]
ALG, CRIT, KEY_ID, TYP = 1, 2, 4, 16
EPOCH, SEQ, TIME, PREV = -70001, -70002, -70003, -70004


def keys():
    common = {1: 1, -1: 6, 2: KID, 3: -19, -2: PUBLIC}
    return COSEKey.new({**common, 4: [1], -4: SEED}), COSEKey.new({**common, 4: [2]})


def make(signing, verifying, name, typ, topic, epoch, seq, at, prev, payload, beside):
    protected = {
        ALG: -19, CRIT: [EPOCH, SEQ, TIME, PREV], KEY_ID: KID, TYP: typ, EPOCH: epoch, SEQ: seq, TIME: at, PREV: prev,
    }
    aad = cbor2.dumps(["pollux-1", topic])
    signed = COSE.new().encode_and_sign(payload, signing, protected=protected, external_aad=aad)
    if beside:
        tag = cbor2.loads(signed)
        head, unprotected, _, signature = tag.value
        signed = cbor2.dumps(cbor2.CBORTag(18, [head, unprotected, None, signature]))
    detached = {"detached_payload": payload} if beside else {}
    assert COSE.new().decode(signed, verifying, external_aad=aad, **detached) == payload
    return {
        "name": name, "typ": typ, "topic": topic, "epoch": epoch, "seq": seq, "at": at, "prev": prev.hex(),
        "payload": payload.hex(), "beside": beside, "envelope": signed.hex(),
    }


def main(path):
    signing, verifying = keys()
    samples = cbor2.dumps([1_800_000_000_000_000_000, [["pumping.p1/speed", 0, 1480.5, 0], ["pumping.p1/run", 1000, True, 0]]])
    first = make(signing, verifying, "values within", "application/pollux-samples+cbor", "northfield/pumping/p1/state",
                 1_800_000_000, 1, 1_800_000_000_000_000_000, bytes(32), samples, False)
    prev = hashlib.sha256(bytes.fromhex(first["envelope"])).digest()
    second = make(signing, verifying, "values beside", "application/pollux-samples", "northfield/pumping/p1/state",
                  1_800_000_000, 2, 1_800_000_000_500_000_000, prev, b'{"t":1800000000500,"speed":1480.5}', True)
    order = make(signing, verifying, "an order", "application/pollux-command", "northfield/pumping/p1/set/run",
                 1_800_000_000, 3, 1_800_000_001_000_000_000, prev, b"true", True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump([first, second, order], file, indent=1)
        file.write("\n")
    print(f"{path}: 3 envelopes made and opened by cwt")


main(sys.argv[1])
