"""A stat cache after the test suite of Muse in Python: JSON version 3, valid by size, mtime and inode.

Walks the tree in argv[1] and prints as JSON what was a hit, with each object id; argv[2] "save" writes the cache again.
"""

import hashlib
import json
import os
import sys
import tempfile

root, mode = sys.argv[1], sys.argv[2]
cache = os.path.join(root, ".muse", "cache", "stat.json")


def load():
    try:
        with open(cache, encoding="utf-8", errors="surrogateescape") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict) or document.get("version") != 3:
        return {}
    return {
        path: entry
        for path, entry in document["entries"].items()
        if isinstance(entry["mtime"], float)
        and isinstance(entry["size"], int)
        and isinstance(entry["ino"], int)
        and isinstance(entry["object_hash"], str)
        and isinstance(entry["dimensions"], dict)
    }


def is_hit(entry, stat):
    return (entry["mtime"], entry["size"], entry["ino"]) == (stat.st_mtime, stat.st_size, stat.st_ino)


known = load()
entries, hits = {}, []
for directory, names, files in os.walk(root):
    names[:] = sorted(name for name in names if name not in (".muse", ".git"))
    for name in sorted(files):
        native = os.path.join(directory, name)
        path = os.path.relpath(native, root)
        stat = os.lstat(native)
        entry = known.get(path)
        if entry and is_hit(entry, stat):
            hits.append(path)
        else:
            with open(native, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            entry = {
                "mtime": stat.st_mtime,
                "size": stat.st_size,
                "ino": stat.st_ino,
                "object_hash": "sha256:" + digest,
                "dimensions": {},
            }
        entries[path] = {key: entry[key] for key in ("mtime", "size", "ino", "object_hash")}
        entries[path]["dimensions"] = {**entry["dimensions"], "symbols": "of " + entry["object_hash"][7:19]}
if mode == "save":
    handle, temporary = tempfile.mkstemp(prefix=".stat_cache_", suffix=".tmp", dir=os.path.dirname(cache))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"version": 3, "entries": entries}, file, separators=(",", ":"), ensure_ascii=False)
    os.replace(temporary, cache)
print(json.dumps({"hits": sorted(hits), "ids": {path: entry["object_hash"] for path, entry in entries.items()}}))
