#!/usr/bin/env python3
"""Read what the Python edgemanage would go on from, the way it and the checks around it read: with json, and with samples in
the order of their keys as strings. Prints a line an edge and one of the state; with "checks" also what the old Nagios checks
would find: rotations in ten minutes, the newest fetch of the slowest edge that is in, and failures of verification.

takeover.py HEALTHDATA_STORE STATEFILE [checks]
"""
import json
import os
import sys
import time

store, statefile, *more = sys.argv[1:]


def load(path, **form):
    with open(path) as f:
        text = f.read()
    value = json.loads(text)
    assert json.dumps(value, **form) == text, path  # the tool would have written it so
    return value


slowest = (0, "")
for name in sorted(os.listdir(store)):
    if not name.endswith(".edgestore"):
        continue
    edge = load(os.path.join(store, name), sort_keys=True, indent=4)
    name = name[: -len(".edgestore")]
    fetches = edge["fetch_times"]
    assert list(fetches) == sorted(fetches, key=float) and len(fetches) <= 2000, name
    newest = sorted(fetches)[-1] if fetches else None
    assert newest is None or newest == max(fetches, key=float) and float(newest) > 0, newest
    average = sum(fetches.values()) / max(1, len(fetches))
    assert average >= 0, average
    assert edge["state"] in ("in", "out"), edge["state"]
    assert isinstance(edge["rotation_history"], list), edge["rotation_history"]
    assert edge["state_entry_time"] is None or edge["state_entry_time"] > 0, edge["state_entry_time"]
    if edge["state"] == "in":
        slowest = max(slowest, (fetches[newest], name))
    print(name, edge["mode"], edge["state"], edge["comment"], *([len(fetches)] if more else []), sep="|")
state = load(statefile)
assert state["last_run"] > 0, state["last_run"]
assert len(state["rotation_list"]) <= 100, state["rotation_list"]
assert state["verification_failues"] == state["verification_failures"], state
print("live", *state["last_live"], sep="|")
if more:
    print("canaries", *("%s %s" % c for c in state["active_canaries"].items()), sep="|")
    print("zones", *sorted(state["zone_mtimes"]), sep="|")
    print("rotations", len([t for t in state["rotation_list"] if t > time.time() - 600]), sep="|")
    print("slowest", slowest[1], sep="|")
    print("notok", *state["verification_failures"], sep="|")
