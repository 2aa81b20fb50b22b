#!/usr/bin/env python3
"""Cuts the demo's images (models/demo/data) out of the full MNIST and Fashion-MNIST files. Python's standard library only.

    python3 tools/fetch_data.py mnist fashion-mnist
    python3 tools/make_demo_data.py               # writes models/demo/data
    python3 tools/make_demo_data.py --check       # writes nothing; exit 3 if a bundled file holds anything else

What goes where (a record is an image or a label; the teachers saw train images 0..54999 and no others):

    models/demo/data/NAME/train-images-*      train records 0..9999       what the student learns from; no labels
    models/demo/data/NAME-validate/train-*    train records 55000..55999  selection; seen by no teacher
    models/demo/data/NAME/t10k-*              all 10,000 test records

The files have no time stamp, so the same zlib writes the same bytes. The bundled images were compressed once more,
by zopfli (2 % smaller), and another zlib may compress otherwise: --check compares what is inside.
"""
import argparse
import gzip
import hashlib
import os
import pathlib
import struct
import sys
import zlib

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
SETS = ("mnist", "fashion-mnist")
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
# (target folder's suffix, file's split, what of it, first record, number of records)
PARTS = (("", "train", (IMAGES,), 0, 10_000), ("-validate", "train", (IMAGES, LABELS), 55_000, 1_000),
         ("", "t10k", (IMAGES, LABELS), 0, 10_000))


def cut(idx, first, count):
    """Records first..first+count-1 of an idx file as an idx file."""
    rank = idx[3]
    dims = struct.unpack_from(f">{rank}I", idx, 4)
    record = 1
    for dim in dims[1:]:
        record *= dim
    body = 4 + 4 * rank
    if len(idx) != body + dims[0] * record or first + count > dims[0]:
        raise ValueError(f"expected at least {first + count} records of {record} bytes, got {dims[0]} in {len(idx)} bytes")
    header = idx[:4] + struct.pack(f">{rank}I", count, *dims[1:])
    return header + idx[body + first * record:body + (first + count) * record]


def compress(content):
    """A gzip member without name and time."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflate.compress(content) + deflate.flush()
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + data + struct.pack("<II", zlib.crc32(content), len(content))


def demo_files(source):
    """(path relative to the target folder, content) of every file of the demo."""
    for name in SETS:
        for suffix, split, kinds, first, count in PARTS:
            for kind in kinds:
                file = f"{split}-{kind}.gz"
                content = gzip.decompress((source / name / file).read_bytes())
                yield f"{name}{suffix}/{file}", cut(content, first, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=pathlib.Path, default=REPOSITORY / "data", metavar="DIR",
                        help="folder with mnist/ and fashion-mnist/ (default: data)")
    parser.add_argument("--to", type=pathlib.Path, default=REPOSITORY / "models/demo/data", metavar="DIR")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()

    different = []
    try:
        for path, content in demo_files(options.source):
            target = options.to / path
            if not options.check:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary = target.with_name(f".{target.name}.tmp")
                temporary.write_bytes(compress(content))
                os.replace(temporary, target)
            elif gzip.decompress(target.read_bytes()) != content:
                different.append(path)
            print(f"{hashlib.sha256(target.read_bytes()).hexdigest()}  {path}")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        print(f"make_demo_data: {error}", file=sys.stderr)
        sys.exit(2)
    if different:
        print(f"make_demo_data: not what the full files hold: {', '.join(different)}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
