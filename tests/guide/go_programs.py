"""Programs made of the guide's Go and its surroundings, built with the standard library alone."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from snippets import HERE, go_with_imports, text_of

BUILD_TIMEOUT_S = 800


def gateway_sources():
    # One of the guide's imports is unused, which the language does not let pass.
    yield "gateway.go", text_of("14_gateway.go") + "\nvar _ = json.Marshal\n"
    yield "surroundings.go", (HERE / "surroundings/gateway.go").read_text()


def client_sources():
    yield "circuit_breaker.go", go_with_imports("16_circuit_breaker.go", "fmt", "net/http")
    # The guide's use of the function is a statement, which stands in a function.
    function, usage = text_of("17_retry.go").split("\n// Usage\n")
    yield "retry.go", ('package main\n\nimport (\n\t"math"\n\t"time"\n)\n\n' + function +
                       "\nfunc usageOfRetry() error {\n" + usage + "\treturn err\n}\n")
    yield "surroundings.go", (HERE / "surroundings/client.go").read_text()


SOURCES = {"gateway": gateway_sources, "client": client_sources}


def path_of(name):
    """Where the built program is: beside Go's own caches, since its path must be known before and after the network is left."""
    return HERE.parents[1] / "build/go/guide" / name


def build(name):
    """Needs the network where Go itself is still to be installed."""
    path_of(name).parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"guide-{name}-"))
    try:
        (folder / "go.mod").write_text(f"module {name}\n\ngo 1.23\n")
        for file, text in SOURCES[name]():
            (folder / file).write_text(text)
        built = subprocess.run([HERE / "go", "build", "-o", path_of(name), "."], cwd=folder, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S,
                               check=False)
        if built.returncode != 0:
            raise AssertionError(f"the guide's code does not build:\n{built.stderr}")
    finally:
        shutil.rmtree(folder)
