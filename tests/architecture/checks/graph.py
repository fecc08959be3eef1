"""The graph of the modules: declared in CMake, used in code, drawn in the documents; the same everywhere."""
import re

from .project import Violation, code_only, edges, files, line_of, lines, modules, read, without_comments

GRAPH = "modules/README.md"


def calls_have_no_cycle(root):
    """No module calls itself, directly or through others: a call that waits for its caller would wait for ever."""
    declared = edges(root)
    violations = []
    for start in sorted(declared):
        seen, open_ones = set(), [(start, (start,))]
        while open_ones:
            name, way = open_ones.pop()
            for callee in declared[name].calls if name in declared else ():
                if callee == start and start == min(way):
                    cycle = " -> ".join(way + (start,))
                    violations.append(Violation(f"modules/{start}/CMakeLists.txt", declared[start].line, f"calls go in a circle: {cycle}"))
                elif callee not in seen and callee != start:
                    seen.add(callee)
                    open_ones.append((callee, way + (callee,)))
    return sorted(violations)


def each_heard(code):
    """The code with each event of a list Hears<x::Y, …> as if it were heard by itself: hear<x::Y>."""
    return re.sub(r"\bHears<([^<>]*)>", lambda found: re.sub(r"(?:seamline::)?\w+::\w+", r"hear<\g<0>>", found[1]), code)


def uses(root, module, pattern):
    """What module.cpp names as `pattern<x::Y>`: {x: line of the first}."""
    path = root / f"modules/{module}/module.cpp"
    found = {}
    if path.is_file():
        code = each_heard(code_only(path))
        for match in re.finditer(rf"\b{pattern}<(?:seamline::)?(\w+)::(\w+)>", code):
            found.setdefault(match[1], line_of(code, match.start()))
    return found


def code_equals_graph(root):
    """module.cpp asks for the ports of exactly the modules that CMake says it CALLS, and hears exactly those that it HEARS."""
    violations = []
    for module, declared in edges(root).items():
        for keyword, pattern, names in (("CALLS", "port", declared.calls), ("HEARS", "hear", declared.hears)):
            used = uses(root, module, pattern)
            for name in sorted(set(used) - set(names)):
                violations.append(Violation(f"modules/{module}/module.cpp", used[name], f"{pattern}<{name}::...>, but {keyword} does not name {name}"))
            for name in sorted(set(names) - set(used)):
                violations.append(Violation(f"modules/{module}/CMakeLists.txt", declared.line, f"{keyword} names {name}, but module.cpp has no {pattern}<{name}::...>"))
    return sorted(violations)


def table(root, *titles):
    """The rows of the table in modules/README.md that has these titles: (line, cells)."""
    rows = []
    is_inside = False
    for number, line in enumerate(lines(root, GRAPH) if (root / GRAPH).is_file() else [], 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if cells == list(titles):
            is_inside = True
        elif not cells:
            is_inside = False
        elif is_inside and not set("".join(cells)) <= set("-: "):
            rows.append((number, cells))
    return rows


def drawn_graph(root):
    """The modules as they are drawn: {module: (line, calls, hears)}."""
    rows = {}
    for number, cells in table(root, "module", "calls", "hears"):
        module, calls, hears = (re.findall(r"[a-z_]+", re.sub(r"\bnone\b", "", cell)) for cell in cells)
        rows[module[0]] = (number, tuple(sorted(calls)), tuple(sorted(hears)))
    return rows


def readme_equals_graph(root):
    """The table in modules/README.md is the graph that CMake declares."""
    drawn = drawn_graph(root)
    declared = edges(root)
    violations = []
    for module in sorted(set(declared) - set(drawn)):
        violations.append(Violation(GRAPH, 1, f"the graph lacks the module {module}"))
    for module, (line, calls, hears) in drawn.items():
        if module not in declared:
            violations.append(Violation(GRAPH, line, f"there is no module {module}"))
            continue
        for word, shown, true in (("calls", calls, declared[module].calls), ("hears", hears, declared[module].hears)):
            if shown != tuple(sorted(true)):
                violations.append(Violation(GRAPH, line, f"{module} {word} {', '.join(sorted(true)) or 'none'}, not {', '.join(shown) or 'none'}"))
    return sorted(violations)


def readme_equals_events(root):
    """The table of events in modules/README.md names each published event, its publisher and all who hear it."""
    published, heard = {}, {}
    for module in modules(root):
        names = true_names(root, module)
        published |= {event: module for event in names["Emits"]}
        for event in names["Hears"]:
            heard.setdefault(event, set()).add(module)
    violations = []
    shown = set()
    for line, (event, publisher, hearers) in table(root, "event", "published by", "heard by"):
        shown.add(event)
        named = set(re.findall(r"[a-z_]+", re.sub(r"\([^)]*\)", "", hearers))) & set(modules(root))
        if published.get(event) != publisher:
            violations.append(Violation(GRAPH, line, f"{event} is published by {published.get(event, 'nobody')}, not {publisher}"))
        if named != heard.get(event, set()):
            true = ", ".join(sorted(heard.get(event, set()))) or "nobody"
            violations.append(Violation(GRAPH, line, f"{event} is heard by {true}, not {', '.join(sorted(named)) or 'nobody'}"))
    for event in sorted(set(published) - shown):
        violations.append(Violation(GRAPH, 1, f"the table of events lacks {event}"))
    return sorted(violations)


def sections(root, path):
    """The sections `## Title` of a document: {title: (line, text)}."""
    found = {}
    title, start, body = None, 0, []
    for number, line in enumerate(lines(root, path) + ["## "], 1):
        if not line.startswith("## "):
            body.append(line)
            continue
        if title:
            found[title] = (start, "\n".join(body))
        title, start, body = line[3:].strip(), number, []
    return found


def text_of(root, path):
    return without_comments(root / path) if (root / path).is_file() else ""


def true_names(root, module):
    """What a module's README must name in each section, taken from the code."""
    here = f"modules/{module}"
    contract = text_of(root, f"{here}/contract/{module}/contract.hpp")
    wiring = each_heard(text_of(root, f"{here}/module.cpp"))
    sql = "".join(read(root / path) for path in files(root, f"migrations/{module}", suffixes=(".sql",)))
    return {
        "Owns": set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", sql)),
        "Offers": set(re.findall(r'string_view name = "([^"]+)"', text_of(root, f"{here}/contract/{module}/operations.hpp"))),
        "Emits": set(re.findall(r"\w+", (re.search(r"Publishes<([^>]*)>", contract) or ["", ""])[1])),
        "Hears": set(re.findall(r"\bhear<\w+::(\w+)>", wiring)),
        "Configuration": set(re.findall(r'Field{"(\w+)"', text_of(root, f"{here}/module.hpp"))),
    }


def module_readmes(root):
    """Each module's README has the same sections, and names exactly the tables, operations, events and keys that the code has."""
    violations = []
    for module in modules(root):
        path = f"modules/{module}/README.md"
        if not (root / path).is_file():
            violations.append(Violation(path, 1, "is missing"))
            continue
        shown = sections(root, path)
        wanted = ["Owns", "Offers", "Needs", "Emits", "Hears", "Failure modes", "Configuration"]
        if list(shown) != wanted:
            violations.append(Violation(path, 1, f"the sections are {', '.join(shown)}; they should be {', '.join(wanted)}"))
        for title, names in true_names(root, module).items():
            line, text = shown.get(title, (1, ""))
            named = set(re.findall(r"^[-|] ?`([^`]+)`", text, re.MULTILINE))
            for name in sorted(names - named):
                violations.append(Violation(path, line, f"{title} lacks {name}"))
            for name in sorted(named - names):
                violations.append(Violation(path, line, f"{title} has {name}, which the code has not"))
        line, text = shown.get("Needs", (1, ""))
        called = edges(root)[module].calls if module in edges(root) else ()
        named = {name.split(".")[0] for name in re.findall(r"^[-|] ?`(\w+\.\w+)`", text, re.MULTILINE)}
        if named != set(called):
            violations.append(Violation(path, line, f"Needs names operations of {', '.join(sorted(named)) or 'none'}; CALLS names {', '.join(sorted(called)) or 'none'}"))
    return sorted(violations)
