"""The schema: portable, without surprises, and each module's own."""
import re

from .project import Violation, blank, code_only, files, folders, line_of, modules, read, without_comments


def migration_names(root):
    """Migrations are <owner>/NNNN_what_it_does.sql, numbered from 0001 without a gap; an owner is a module or the kernel."""
    violations = []
    for path in files(root, "migrations", suffixes=(".sql",)):
        owner, name = path.split("/")[1], path.split("/")[-1]
        if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", name) or path.count("/") != 2:
            violations.append(Violation(path, 1, "the name must be migrations/<owner>/NNNN_what_it_does.sql"))
        elif owner not in modules(root) + ["kernel"]:
            violations.append(Violation(path, 1, f"{owner} is no module"))
    for owner in folders(root, "migrations"):
        names = [path.split("/")[-1] for path in files(root, f"migrations/{owner}", suffixes=(".sql",))]
        numbers = [int(name[:4]) for name in names if re.match(r"\d{4}_", name)]
        for place, number in enumerate(numbers, 1):
            if number != place:
                violations.append(Violation(f"migrations/{owner}/{names[place - 1]}", 1, f"number {place:04} was expected"))
                break
    return sorted(violations)


FORBIDDEN_SQL = {
    r"\bTRIGGER\b": "a trigger acts unseen",
    r"\bAUTOINCREMENT\b": "the writer gives numbers, not the database",
    r"\bREFERENCES\b|\bFOREIGN\s+KEY\b": "a foreign key ties tables that may part",
    r"\bON\s+(?:DELETE|UPDATE)\b": "a foreign-key action acts unseen",
    r"\bJOIN\b|\bVIEW\b": "a migration makes tables and indexes",
    r"\bIF\s+NOT\s+EXISTS\b": "a migration runs once, on a known schema",
}


def sql_only(text):
    return re.sub(r"--[^\n]*", lambda comment: blank(comment[0]), text)


def created_tables(sql):
    """(line, name, columns, options) of each CREATE TABLE."""
    for match in re.finditer(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)\s*\((.*?)\n\)([^;]*);", sql, re.DOTALL | re.IGNORECASE):
        yield line_of(sql, match.start()), match[1], match[2], match[3]


def schema_rules(root):
    """Tables are STRICT, with a declared primary key that is never NULL; no triggers, foreign keys or AUTOINCREMENT."""
    violations = []
    for path in files(root, "migrations", suffixes=(".sql",)):
        sql = sql_only(read(root / path))
        for pattern, reason in FORBIDDEN_SQL.items():
            for match in re.finditer(pattern, sql, re.IGNORECASE):
                violations.append(Violation(path, line_of(sql, match.start()), f"{' '.join(match[0].split())}: {reason}"))
        for line, table, columns, options in created_tables(sql):
            if "STRICT" not in options.upper():
                violations.append(Violation(path, line, f"the table {table} is not STRICT"))
            key = re.search(r"^\s*PRIMARY\s+KEY\s*\(([^)]*)\)", columns, re.MULTILINE | re.IGNORECASE)
            inline = re.search(r"^\s*(\w+)\s[^\n]*PRIMARY\s+KEY", columns, re.MULTILINE | re.IGNORECASE)
            names = re.findall(r"\w+", key[1]) if key else [inline[1]] if inline else []
            if not names:
                violations.append(Violation(path, line, f"the table {table} has no primary key"))
            for name in names:
                if not re.search(rf"^\s*{name}\s[^\n]*NOT\s+NULL", columns, re.MULTILINE | re.IGNORECASE):
                    violations.append(Violation(path, line, f"the primary key of {table} may be NULL in {name}"))
    return sorted(violations)


def own_tables_only(root):
    """A module's SQL names its own tables alone: none of the kernel's, none of another module's."""
    owners = {}
    for path in files(root, "migrations", suffixes=(".sql",)):
        for _, table, _, _ in created_tables(sql_only(read(root / path))):
            owners.setdefault(table, set()).add(path.split("/")[1])
    violations = []
    for path in files(root, "modules"):
        module = path.split("/")[1]
        text, code = without_comments(root / path), code_only(root / path)
        for match in re.finditer(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)", text):
            is_in_string = code[match.start()] == " "
            if is_in_string and module not in owners.get(match[1], {module}):
                owner = " and ".join(sorted(owners[match[1]]))
                violations.append(Violation(path, line_of(text, match.start()), f"the table {match[1]} belongs to {owner}"))
    return sorted(violations)
