"""Writes an OCI image layout of one static binary, and its SBOM: oci.py BINARY DIRECTORY --name NAME:TAG --version V.

oci.py --sbom BINARY FILE --version V writes the SBOM alone. Needs nothing but Python's standard library, and `strip`
where it is there. The same binary gives the same bytes.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EPOCH = "1970-01-01T00:00:00Z"
USER = "65532:65532"


def fail(sentence):
    sys.exit(f"oci.py: {sentence}")


def compact(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def interpreter(data):
    """The dynamic loader that an ELF binary asks for; None when it is static."""
    if data[:4] != b"\x7fELF" or data[4] != 2:
        fail("the binary is no 64-bit ELF file")
    offset = int.from_bytes(data[32:40], "little")
    size, count = (int.from_bytes(data[at:at + 2], "little") for at in (54, 56))
    for index in range(count):
        header = data[offset + index * size:offset + (index + 1) * size]
        if int.from_bytes(header[:4], "little") == 3:
            start, length = (int.from_bytes(header[at:at + 8], "little") for at in (8, 32))
            return data[start:start + length].rstrip(b"\0").decode()
    return None


def architecture(data):
    machine = int.from_bytes(data[18:20], "little")
    return {62: "amd64", 183: "arm64"}.get(machine) or fail(f"no name is known for the ELF machine {machine}")


def stripped(path):
    if not shutil.which("strip"):
        return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "binary"
        subprocess.run(["strip", "-o", str(copy), str(path)], check=True)
        return copy.read_bytes()


def linked_packages(binary):
    """Identities of the packages whose modules were linked; None when nobody knows."""
    objects = binary.parent / f"{binary.name}.product" / "Objects.LinkFileList"
    build = binary.resolve()
    checkouts = next((at / "checkouts" for at in build.parents if (at / "checkouts").is_dir()), None)
    if not objects.is_file() or checkouts is None:
        return None
    modules = {part[:-6] for line in objects.read_text().split() for part in line.split("/") if part.endswith(".build")}
    found = set()
    for checkout in checkouts.iterdir():
        for module in modules:
            if any(checkout.glob(f"Sources/{module}")) or any(checkout.glob(f"Sources/*/{module}")):
                found.add(checkout.name.lower())
    return found


def licence(identity, binary):
    checkouts = next((at / "checkouts" for at in binary.resolve().parents if (at / "checkouts").is_dir()), None)
    if checkouts:
        for checkout in checkouts.iterdir():
            if checkout.name.lower() == identity:
                text = "".join(f.read_text(errors="replace")[:2000] for f in sorted(checkout.glob("LICENSE*")))
                if "Apache License" in text:
                    return "Apache-2.0"
                if "MIT License" in text or "Permission is hereby granted" in text:
                    return "MIT"
    return "NOASSERTION"


def sbom(binary, data, version):
    """SPDX 2.3: the program, and every package that is linked into it, at its revision."""
    resolved = ROOT / "Package.resolved"
    if not resolved.is_file():
        fail("Package.resolved is missing; build first")
    pins = json.loads(resolved.read_text())["pins"]
    linked = linked_packages(binary)
    main = {
        "SPDXID": "SPDXRef-kratix-webhook", "name": "kratix-webhook", "versionInfo": version,
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "primaryPackagePurpose": "APPLICATION",
        "checksums": [{"algorithm": "SHA256", "checksumValue": sha256(data)}],
        "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
    }
    packages = [main]
    for pin in pins:
        if linked is not None and pin["identity"] not in linked:
            continue
        state = pin["state"]
        where = pin["location"].removesuffix(".git")
        shown = state.get("version", state["revision"])
        declared = licence(pin["identity"], binary)
        packages.append({
            "SPDXID": "SPDXRef-" + pin["identity"].replace(".", "-"), "name": pin["identity"], "versionInfo": shown,
            "downloadLocation": f"git+{where}@{state['revision']}", "filesAnalyzed": False,
            "licenseConcluded": declared, "licenseDeclared": declared, "copyrightText": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator": f"pkg:swift/{where.removeprefix('https://')}@{shown}"}],
        })
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.split("Swift version ")
    packages.append({
        "SPDXID": "SPDXRef-swift-runtime", "name": "swift-runtime",
        "versionInfo": swift[1].split()[0] if len(swift) > 1 else "NOASSERTION",
        "downloadLocation": "https://github.com/swiftlang/swift", "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION"})
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"kratix-webhook-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/kratix-webhook-{version}-{sha256(data)[:32]}",
        "creationInfo": {"created": EPOCH, "creators": ["Tool: kratix-webhook-image"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": main["SPDXID"]}
        ] + [
            {"spdxElementId": main["SPDXID"], "relationshipType": "STATIC_LINK", "relatedSpdxElement": other["SPDXID"]}
            for other in packages[1:]
        ],
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def layer(data):
    """A tar of the whole root: the binary, and names for the user."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        def add(name, content=None, mode=0o644):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.mtime = mode, 0
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                return tar.addfile(entry)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))

        add("etc")
        add("etc/passwd", b"nonroot:x:65532:65532::/:/usr/local/bin/kratix-webhook\n")
        add("etc/group", b"nonroot:x:65532:\n")
        for folder in ("usr", "usr/local", "usr/local/bin"):
            add(folder)
        add("usr/local/bin/kratix-webhook", data, 0o755)
    raw = plain.getvalue()
    return raw, gzip.compress(raw, compresslevel=9, mtime=0)


def write(directory, name, version, binary, data):
    if directory.exists() and any(directory.iterdir()) and not (directory / "oci-layout").exists():
        fail(f"{directory} holds something else; name an empty or a new directory")
    staging = pathlib.Path(tempfile.mkdtemp(prefix=".oci-", dir=directory.absolute().parent))
    blobs = staging / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(content, media_type, **more):
        digest = sha256(content)
        (blobs / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content), **more}

    raw, packed = layer(data)
    labels = {"org.opencontainers.image.title": "kratix-webhook", "org.opencontainers.image.version": version}
    config = {
        "architecture": architecture(data), "os": "linux", "created": EPOCH,
        "config": {
            "User": USER, "ExposedPorts": {"9443/tcp": {}}, "Entrypoint": ["/usr/local/bin/kratix-webhook"],
            "Cmd": ["serve"], "WorkingDir": "/", "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(raw)}"]},
        "history": [{"created": EPOCH, "created_by": "kratix-webhook"}],
    }
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = blob(compact({
        "schemaVersion": 2, "mediaType": manifest_type,
        "config": blob(compact(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(packed, "application/vnd.oci.image.layer.v1.tar+gzip")], "annotations": labels,
    }), manifest_type)
    bill = sbom(binary, data, version)
    # Found from the image by its subject (OCI distribution, referrers).
    referrer = blob(compact({
        "schemaVersion": 2, "mediaType": manifest_type, "artifactType": "application/spdx+json",
        "config": blob(b"{}", "application/vnd.oci.empty.v1+json"),
        "layers": [blob(bill, "application/spdx+json", annotations={"org.opencontainers.image.title": "sbom.spdx.json"})],
        "subject": manifest,
    }), manifest_type, artifactType="application/spdx+json")
    tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else "latest"
    index = {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {**manifest, "annotations": {"org.opencontainers.image.ref.name": tag},
             "platform": {"architecture": config["architecture"], "os": "linux"}}, referrer],
    }
    (staging / "index.json").write_bytes(compact(index))
    (staging / "oci-layout").write_bytes(compact({"imageLayoutVersion": "1.0.0"}))
    (staging / "sbom.spdx.json").write_bytes(bill)
    os.chmod(staging, 0o755)
    if directory.exists():
        shutil.rmtree(directory)
    os.replace(staging, directory)
    print(f"{directory}: {tag} {manifest['digest']}, {len(packed) / 1e6:.1f} MB; SBOM sbom.spdx.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sbom", action="store_true")
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--name", default="kratix-webhook:latest")
    parser.add_argument("--version", required=True)
    given = parser.parse_args()
    if not given.binary.is_file():
        fail(f"there is no {given.binary}")
    data = stripped(given.binary)
    if given.sbom:
        given.target.write_bytes(sbom(given.binary, data, given.version))
        return
    loader = interpreter(data)
    if loader:
        fail(f"{given.binary} is not static (it asks for {loader}), and the image holds nothing else")
    given.target.absolute().parent.mkdir(parents=True, exist_ok=True)
    write(given.target, given.name, given.version, given.binary, data)


main()
