#!/usr/bin/env python3
"""Write files again as the Python edgemanage would, with random ones of its own first: one JSON object a line, each
{"kind": "edgestore" or "state", "text": the whole file, "keys": whether each time that is a key is as str() has it}.

rewrite.py NUMBER SEED < FILES      FILES has lines of the same form
"""
import json
import random
import struct
import sys

NOW = 1795000000.0


def written(kind, value):
    if kind == "edgestore":
        return json.dumps(value, sort_keys=True, indent=4)
    return json.dumps(value)


def show(kind, value):
    keys = []
    if kind == "edgestore":
        keys = [*value["fetch_times"], *value["historical_average"]]
    print(json.dumps({"kind": kind, "text": written(kind, value), "keys": all(str(float(k)) == k for k in keys)}))


def number(draw):
    """A float that is not whole, of any size: a whole one would read back as an int."""
    while True:
        f = draw.choice([
            draw.random, lambda: draw.uniform(0, 20), lambda: round(draw.uniform(0, 12), 6), lambda: draw.uniform(0, 1e-3),
            lambda: struct.unpack("d", struct.pack("Q", draw.getrandbits(63)))[0],
        ])()
        if f == f and f < 1e300 and f != int(f):
            return f


def text(draw):
    return "".join(chr(draw.choice([
        draw.randrange(0x20, 0x7f), draw.randrange(0x80), draw.randrange(0xd800), draw.randrange(0xe000, 0x110000),
    ])) for _ in range(draw.randrange(40)))


def times(draw, most):
    return {str(draw.choice([draw.uniform(1, NOW), NOW - draw.random() * 1e5, float(draw.randrange(1, int(NOW)))])): number(draw) for _ in range(draw.randrange(most))}


def edgestore(draw):
    return {
        "comment": text(draw), "fetch_times": times(draw, 30), "health": "pass_threshold", "historical_average": times(draw, 5),
        "mode": draw.choice(["available", "unavailable", "force", "blindforce"]), "rotation_history": [draw.uniform(1, NOW) for _ in range(draw.randrange(5))],
        "state": draw.choice(["in", "out"]), "state_entry_time": draw.choice([None, draw.uniform(1, NOW)]),
    }


def state(draw):
    failures = [text(draw) for _ in range(draw.randrange(3))]
    return {
        "rotation_list": sorted(draw.uniform(1, NOW) for _ in range(draw.randrange(100))), "last_run": draw.choice([None, draw.uniform(1, NOW)]),
        "last_live": sorted("edge%d.example.net" % i for i in range(draw.randrange(5))), "verification_failues": failures,
        "zone_mtimes": {"zone%d" % i: draw.randrange(1, int(NOW)) for i in range(draw.randrange(5))},
        "active_canaries": {"zone%d" % i: text(draw) for i in range(draw.randrange(5))}, "verification_failures": failures,
    }


draw = random.Random(int(sys.argv[2]))
for i in range(int(sys.argv[1])):
    if i % 4:
        show("edgestore", edgestore(draw))
    else:
        show("state", state(draw))
for line in sys.stdin:
    given = json.loads(line)
    show(given["kind"], json.loads(given["text"]))
