#!/usr/bin/env python3
"""Read what the Python edgemanage would go on from, the way it and the checks around it read: with json, and with samples in
the order of their keys as strings. Prints a line an edge and one of the state.

takeover.py HEALTHDATA_STORE STATEFILE
"""
import json
import os
import sys

store, statefile = sys.argv[1:]
for name in sorted(os.listdir(store)):
    if not name.endswith(".edgestore"):
        continue
    with open(os.path.join(store, name)) as f:
        edge = json.load(f)
    newest = sorted(edge["fetch_times"])[-1] if edge["fetch_times"] else None
    average = sum(edge["fetch_times"].values()) / max(1, len(edge["fetch_times"]))
    assert newest is None or float(newest) > 0, newest
    assert average >= 0, average
    assert edge["state"] in ("in", "out"), edge["state"]
    assert isinstance(edge["rotation_history"], list), edge["rotation_history"]
    assert edge["state_entry_time"] is None or edge["state_entry_time"] > 0, edge["state_entry_time"]
    print(name[: -len(".edgestore")], edge["mode"], edge["state"], edge["comment"], sep="|")
with open(statefile) as f:
    state = json.load(f)
assert state["last_run"] > 0, state["last_run"]
assert len(state["rotation_list"]) <= 100, state["rotation_list"]
assert state["verification_failues"] == state["verification_failures"], state
print("live", *state["last_live"], sep="|")
