"""The documents: their links lead somewhere, and they are at home on every machine."""
import re

from .project import Violation, files, lines, read

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The anchors of a document's headings, as forges make them."""
    titles = re.findall(r"^#+ +(.+?)\s*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(root):
    """Every relative link of a document leads to a file, and to a heading where it names one."""
    violations = []
    for path in files(root, suffixes=(".md",)):
        in_code = False
        for number, line in enumerate(lines(root, path), 1):
            in_code ^= line.lstrip().startswith("```")
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)) if not in_code else []:
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                place = (root / path).parent / name if name else root / path
                if not place.exists():
                    violations.append(Violation(path, number, f"{target} leads nowhere"))
                elif anchor and place.suffix == ".md" and anchor not in anchors(read(place)):
                    violations.append(Violation(path, number, f"{target}: there is no such heading"))
    return violations


# Hosts that a document may name: what a standard is published at, and names that are reserved for examples.
KNOWN_HOSTS = {"127.0.0.1", "www.apache.org", "json-schema.org", "spec.openapis.org", "www.rfc-editor.org", "datatracker.ietf.org",
               "www.w3.org", "cloudevents.io", "www.sqlite.org", "example.org", "example.com",
               "maven.apache.org"}  # the namespace of a pom.xml
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home|Users)/\w+|(?<!\w)/root/\.")


def places(root):
    """No file names a path of one developer's machine, or a host that is neither a standard's nor an example's."""
    violations = []
    for path in files(root, suffixes=None):
        if b"\0" in (root / path).read_bytes():
            continue
        for number, line in enumerate(lines(root, path), 1):
            for match in MACHINE_PATH.finditer(line):
                violations.append(Violation(path, number, f"{match[0]} is a path of one machine"))
            for host in re.findall(r"https?://([\w.-]*\.\w+)", line):
                if host not in KNOWN_HOSTS and not host.endswith((".local", ".test", ".invalid", ".example", ".example.org", ".example.com")):
                    violations.append(Violation(path, number, f"the host {host} is not listed in checks/documents.py"))
    return violations
