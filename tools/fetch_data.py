#!/usr/bin/env python3
"""Fetches the public image sets that models/recipes uses into data/, and checks them. Python's standard library only.

    python3 tools/fetch_data.py                              # mnist fashion-mnist cifar10: 230 MB
    python3 tools/fetch_data.py mnist fashion-mnist
    python3 tools/fetch_data.py --from ~/Downloads cifar10   # copies what is there, downloads nothing

What is there and right is left alone; an interrupted download goes on where it stopped. A file whose SHA-256 is not the
one in tools/datasets.json is never put in place. idx files are compared by what is inside the .gz, as several
compressions of the same images are about. Exit 0 done, 1 usage, 2 not found or not reachable, 3 wrong checksum.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tarfile
import urllib.error
import urllib.request
import zlib

TOOLS = pathlib.Path(__file__).resolve().parent
CHUNK = 1 << 20


class WrongContent(Exception):
    """The bytes are not those of the data set."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def file_chunks(path):
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def content_chunks(path, size_limit):
    """What is inside a gzip file; more than size_limit bytes are not unpacked."""
    inflate = zlib.decompressobj(wbits=31)
    total = 0
    for chunk in file_chunks(path):
        while chunk and not inflate.eof:
            content = inflate.decompress(chunk, CHUNK)
            chunk = inflate.unconsumed_tail
            total += len(content)
            if total > size_limit:
                raise WrongContent(f"expected {size_limit} bytes inside, got more")
            yield content
        if inflate.unused_data:
            raise WrongContent("bytes after the end of the gzip data")
    if not inflate.eof:
        raise WrongContent("the gzip data end too early")


def verify(path, download):
    """Raises WrongContent unless the file is what the manifest says."""
    inside = download["digest_of"] == "content"
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in content_chunks(path, download["bytes"]) if inside else file_chunks(path):
            digest.update(chunk)
            size += len(chunk)
    except zlib.error as error:
        raise WrongContent(f"no whole gzip file ({error})") from error
    if size != download["bytes"]:
        raise WrongContent(f"expected {download['bytes']} bytes, got {size}")
    if digest.hexdigest() != download["sha256"]:
        raise WrongContent(f"expected SHA-256 {download['sha256']}, got {digest.hexdigest()}")


def download_to(part, url):
    """Downloads url to the file part, going on at its end where the server can."""
    start = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing left to send: the part is whole, or the check will refuse it
            return
        raise
    with response, open(part, "ab" if response.status == 206 else "wb") as file:
        shutil.copyfileobj(response, file, CHUNK)
        expected = response.headers.get("Content-Length")
        if expected and file.tell() < int(expected) + (start if response.status == 206 else 0):
            raise OSError(f"the connection ended after {file.tell()} bytes")


def copy_from(source, name, download, folder):
    """A copy, in folder, of the file that lies in source."""
    candidates = [source / name / download["file"], source / download["file"]]
    found = next((c for c in candidates if c.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"expected {candidates[0]} or {candidates[1]}, found neither")
    copy = folder / f".{download['file']}.copy"
    shutil.copyfile(found, copy)
    return copy


def download_any(name, download, folder):
    """The file, in folder, from the first address that answers."""
    problems = []
    for url in download["urls"]:
        part = folder / f".{download['file']}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
        try:
            say(f"{name}: {url}")
            download_to(part, url)
            return part
        except OSError as error:
            problems.append(f"{url}: {error}")
    raise OSError("; ".join(problems) + "; already downloaded elsewhere? --from DIR")


def extract(archive, names, folder):
    """Puts the named files of a tar archive into folder (whatever folder they lie in inside) and their sums beside them."""
    sums = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = pathlib.PurePosixPath(member.name).name
            if name not in names or not member.isfile():
                continue
            temporary = folder / f".{name}.tmp"
            with tar.extractfile(member) as content, open(temporary, "wb") as file:
                shutil.copyfileobj(content, file, CHUNK)
            sums[name] = sha256(temporary)
            os.replace(temporary, folder / name)
    if missing := [name for name in names if name not in sums]:
        raise WrongContent(f"the archive lacks {', '.join(missing)}")
    (folder / "SHA256SUMS").write_text("".join(f"{sums[name]}  {name}\n" for name in names))


def sha256(path):
    digest = hashlib.sha256()
    for chunk in file_chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def is_extracted(names, folder):
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return False
    expected = dict(reversed(line.split()) for line in sums.read_text().splitlines())
    return set(expected) == set(names) and all(
        (folder / name).is_file() and sha256(folder / name) == expected[name] for name in names)


def is_present(download, folder):
    if "extract" in download:
        return is_extracted(download["extract"], folder)
    target = folder / download["file"]
    if not target.is_file():
        return False
    try:
        verify(target, download)
    except WrongContent as error:
        raise WrongContent(f"{error}; delete {target} to fetch it again") from error
    return True


def fetch(download, name, folder, source):
    """Puts a verified file, or what is in a verified archive, into folder."""
    if is_present(download, folder):
        say(f"{name}/{download['file']}: present")
        return
    fetched = copy_from(source, name, download, folder) if source else download_any(name, download, folder)
    try:
        verify(fetched, download)
        if "extract" in download:
            extract(fetched, download["extract"], folder)
        else:
            os.replace(fetched, folder / download["file"])
    except (WrongContent, tarfile.TarError) as error:
        raise WrongContent(f"{error}; it was not put in place") from error
    finally:
        fetched.unlink(missing_ok=True)
    say(f"{name}/{download['file']}: verified")


def fetch_set(data_set, to, source):
    name, folder = data_set["name"], to / data_set["name"]
    folder.mkdir(parents=True, exist_ok=True)
    for download in data_set["downloads"]:
        try:
            fetch(download, name, folder, source)
        except WrongContent as error:
            raise WrongContent(f"{name}/{download['file']}: {error}") from error
        except OSError as error:
            raise OSError(f"{name}/{download['file']}: {error}") from error


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(1, f"fetch_data: {message}\n")


def main():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="*", help="data sets (default: all of the manifest)")
    parser.add_argument("--to", type=pathlib.Path, default=TOOLS.parent / "data", metavar="DIR", help="default: data")
    parser.add_argument("--from", dest="source", type=pathlib.Path, metavar="DIR",
                        help="use the files in DIR or DIR/NAME instead of the network")
    parser.add_argument("--manifest", type=pathlib.Path, default=TOOLS / "datasets.json", metavar="FILE")
    options = parser.parse_args()
    try:
        data_sets = {d["name"]: d for d in json.loads(options.manifest.read_text())}
        if unknown := [name for name in options.name if name not in data_sets]:
            parser.error(f"expected names among {', '.join(data_sets)}, got {', '.join(unknown)}")
        for name in options.name or data_sets:
            say(f"{name}: licence {data_sets[name]['licence']}, {data_sets[name]['home']}")
            fetch_set(data_sets[name], options.to, options.source)
    except WrongContent as error:
        say(f"fetch_data: {error}")
        sys.exit(3)
    except (OSError, ValueError) as error:
        say(f"fetch_data: {error}")
        sys.exit(2)


if __name__ == "__main__":
    main()
