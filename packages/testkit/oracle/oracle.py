#!/usr/bin/env python3
"""The snapshot of a directory, worked out with nothing but the standard library.

usage: oracle.py [--id | --json] ROOT

Prints one {"path": ..., "id": ...} a line; with --id the snapshot id alone; with --json one document. A byte of a
name that is not UTF-8 is written as \\udcXX. Stops at the first file or directory that cannot be read.
"""

import hashlib
import json
import os
import stat
import sys

RESERVED = (b".muse", b".git")


def fail(error):
    raise error


def object_id(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return "sha256:" + digest.hexdigest()


def manifest(root):
    found = {}
    for directory, subdirectories, names in os.walk(root, onerror=fail):
        subdirectories[:] = [name for name in subdirectories if name not in RESERVED]
        for name in names:
            path = os.path.join(directory, name)
            if name not in RESERVED and stat.S_ISREG(os.lstat(path).st_mode):
                found[os.path.relpath(path, root)] = object_id(path)
    return dict(sorted(found.items()))


def snapshot_id(found):
    entries = (path + b"\0" + identity.encode() for path, identity in found.items())
    return "sha256:" + hashlib.sha256(b"\0".join(entries)).hexdigest()


def decode(path):
    return path.decode("utf-8", "surrogateescape")


def main(arguments):
    form = arguments.pop(0) if arguments[:1] in (["--id"], ["--json"]) else "--lines"
    if len(arguments) != 1:
        sys.exit(__doc__)
    sys.setrecursionlimit(100_000)
    found = manifest(os.path.realpath(os.fsencode(arguments[0])))
    decoded = {decode(path): identity for path, identity in found.items()}
    if form == "--id":
        print(snapshot_id(found))
    elif form == "--json":
        print(json.dumps({"snapshot_id": snapshot_id(found), "files": len(found), "manifest": decoded}))
    else:
        for path, identity in decoded.items():
            print(json.dumps({"path": path, "id": identity}))


if __name__ == "__main__":
    main(sys.argv[1:])
