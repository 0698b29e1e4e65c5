"""Holds the schemas, the samples and the clauses to each other.

    pip install -r requirements.txt && python schemas.py
"""

import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

HERE = Path(__file__).resolve().parent.parent.parent
SCHEMAS = {p.name: json.loads(p.read_text("utf-8")) for p in sorted(HERE.glob("json/*.schema.json"))}
# Every schema is found by its `$id`, so nothing is ever fetched.
REGISTRY = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in SCHEMAS.values())
PROVENANCE = {"documented", "public-api", "assumed"}
failures = []


def validator(schema):
    return Draft202012Validator(schema, registry=REGISTRY)


def walk(node, path=()):
    """Yields every object in a schema file with the path to it; conditions (`if`) and data are left out."""
    if isinstance(node, dict):
        yield path, node
        for key, child in node.items():
            if key not in ("if", "examples", "default", "enum", "const"):
                yield from walk(child, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from walk(child, (*path, index))


def pointer(path):
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def nearest_clauses(node, above, out):
    """Maps every object of a schema file to its own `x-clause` or the nearest one above it."""
    if isinstance(node, dict):
        # Under `properties` a key is a property's name, so only text counts.
        above = node["x-clause"] if isinstance(node.get("x-clause"), str) else above
        out[id(node)] = above
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        nearest_clauses(child, above, out)
    return out


NEAREST = {key: value for schema in SCHEMAS.values() for key, value in nearest_clauses(schema, None, {}).items()}


def clause(error):
    """The clause that an error breaks.

    A missing property breaks its own clause, if it has one. Everything else breaks the
    nearest `x-clause` on the way from the failing keyword up to the root of its file.
    """
    if error.validator == "required":
        missing = next(name for name in error.validator_value if error.message.startswith(repr(name)))
        own = error.schema.get("properties", {}).get(missing, {}).get("x-clause")
        if own:
            return own
    return NEAREST[id(error.schema)]


def finish(summary):
    for failure in failures:
        print("FAILED", failure)
    print(f"schemas.py: {summary}, " + (f"{len(failures)} failures" if failures else "all as named"))
    sys.exit(bool(failures))


for file, schema in SCHEMAS.items():
    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
        failures.append(f"{file}: {error.json_path}: {error.message}")
if failures:
    finish(f"{len(SCHEMAS)} schemas")

# 1. Every property is explained, every example is right.
properties = examples = 0
used = set()
for file, schema in SCHEMAS.items():
    # Cases and reports are the contract runner's own: they go over no wire, and no public page could say anything of them.
    if file in ("case.schema.json", "hints.schema.json", "report.schema.json"):
        continue
    if "x-clause" not in schema:
        failures.append(f"{file}: no x-clause at the root")
    for path, node in walk(schema):
        where = f"{file}#{pointer(path)}"
        if path[-1:] == ("properties",):
            for name, child in node.items():
                properties += 1
                if not child.get("description") or not child.get("examples") or child.get("x-provenance") not in PROVENANCE:
                    failures.append(f"{where}/{name}: wants description, examples and x-provenance")
        elif "examples" in node and isinstance(node["examples"], list):
            for example in node["examples"]:
                examples += 1
                for error in validator({"$ref": f"{schema['$id']}#{pointer(path)}"}).iter_errors(example):
                    failures.append(f"{where}: example {json.dumps(example)}: {error.message}")
        if isinstance(node.get("x-clause"), str):
            used.add(node["x-clause"])

# 2. Valid samples pass; invalid ones break the clause in their name and no other.
message = SCHEMAS["step-message.schema.json"]
samples = sorted(HERE.glob("samples/*/*.json"))
for path in samples:
    broken = {clause(e) for e in validator(message).iter_errors(json.loads(path.read_text("utf-8")))}
    expected = set()
    if path.parent.name == "invalid":
        expected = {path.stem.rpartition("--")[2]}
        used |= expected
    if broken != expected:
        failures.append(f"{path.parent.name}/{path.name}: breaks {sorted(broken) or 'nothing'}, not {sorted(expected) or 'nothing'}")

# 3. A username and password can be configured exactly when they have a header.
vectors = json.loads((HERE / "vectors/basic-authorization.json").read_text("utf-8"))
secrets = json.loads((HERE / "vectors/client-secret.json").read_text("utf-8"))
webhook = {"enabled": True, "name": "n", "endpoint": "https://hooks.example.com/", "trigger": "stepCompleted"}
configuration = validator(SCHEMAS["webhook.schema.json"])
for case in vectors["encode"]:
    basic = {"type": "basic", "username": case["username"], "password": case["password"]}
    if configuration.is_valid(webhook | {"authentication": basic}) != ("header" in case):
        failures.append(f"webhook.schema.json and the encode vector {case['name']!r} disagree")
for case in secrets["cases"]:
    if not configuration.is_valid(webhook | {"authentication": {"type": "clientSecret", "clientSecret": case["accepted"]}}):
        failures.append(f"webhook.schema.json refuses the accepted secret of {case['name']!r}")
used |= {case["clause"] for case in vectors["decode"] + secrets["cases"]}

# 4. The clauses are numbered without gaps, listed at the top, and every one that is named exists.
text = (HERE / "CONTRACT.md").read_text("utf-8")
headings = re.findall(r"^### ((\w+)-(\d+)) · (MUST|SHOULD|MAY) · (.+)$", text, re.M)
rows = re.findall(r"^\| \[((\w+)-(\d+))\]\(#[^)]+\) \| (MUST|SHOULD|MAY) \| (.+) \|$", text, re.M)
if headings != rows:
    failures.append(f"CONTRACT.md: the table and the headings differ: {sorted(set(headings) ^ set(rows))}")
for group in dict.fromkeys(h[1] for h in headings):
    numbers = [int(h[2]) for h in headings if h[1] == group]
    if numbers != list(range(1, len(numbers) + 1)):
        failures.append(f"CONTRACT.md: {group} is numbered {numbers}")
for name in sorted(used - {h[0] for h in headings}):
    failures.append(f"CONTRACT.md: no clause {name}")

finish(f"{len(samples)} samples, {len(SCHEMAS)} schemas, {properties} properties, {examples} examples, {len(headings)} clauses")
