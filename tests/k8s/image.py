# SPDX-License-Identifier: Apache-2.0
"""image.py LAYER... NAME:TAG ARCHIVE [KEY=VALUE...] [-- COMMAND]: packs folders as an image.

The first layer is the lowest. The archive is an OCI one, which containerd imports; nothing is
compressed, and owners are kept as numbers.
"""

import hashlib
import io
import json
import pathlib
import sys
import tarfile
import tempfile


def pack_layer(folder, file):
    def nameless(entry):
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for path in sorted(folder.iterdir()):
            layer.add(path, arcname=path.name, filter=nameless)
    size = file.tell()
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest, size


def write_archive(archive, texts, layers, files):
    with tarfile.open(archive, "w") as out:

        def add(path, size, file):
            entry = tarfile.TarInfo(path)
            entry.size = size
            out.addfile(entry, file)

        for path, text in texts.items():
            add(path, len(text), io.BytesIO(text))
        for (digest, size), file in zip(layers, files):
            add(f"blobs/sha256/{digest}", size, file)


def pack(folders, name, archive, environment=(), entrypoint=None):
    files = [tempfile.TemporaryFile(dir=archive.parent) for _ in folders]
    layers = [pack_layer(folder, file) for folder, file in zip(folders, files)]
    blobs = {}

    def blob(value, kind):
        text = json.dumps(value).encode()
        digest = hashlib.sha256(text).hexdigest()
        blobs[digest] = text
        return {
            "mediaType": f"application/vnd.oci.image.{kind}.v1+json",
            "digest": f"sha256:{digest}",
            "size": len(text),
        }

    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest, _ in layers]},
        "config": {
            "WorkingDir": "/",
            "Env": [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                *environment,
            ],
            **({"Entrypoint": entrypoint} if entrypoint else {}),
        },
    }
    manifest = blob(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob(config, "config"),
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": f"sha256:{digest}",
                    "size": size,
                }
                for digest, size in layers
            ],
        },
        "manifest",
    )
    manifest["annotations"] = {"io.containerd.image.name": name}
    texts = {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode(),
        **{f"blobs/sha256/{digest}": text for digest, text in blobs.items()},
    }
    write_archive(archive, texts, layers, files)


if __name__ == "__main__":
    words, command = sys.argv[1:], None
    if "--" in words:
        words, command = words[: words.index("--")], words[words.index("--") + 1 :]
    settings = [word for word in words if "=" in word]
    *folders, name, archive = (word for word in words if "=" not in word)
    pack(
        [pathlib.Path(folder) for folder in folders], name, pathlib.Path(archive), settings, command
    )
