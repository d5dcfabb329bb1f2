"""A comparison as JUnit XML, which most CI systems read.

There is no single schema. What is written here is valid both against the one of Ant's JUnit task, the
strictest, and against that of Jenkins' xUnit plugin; GitLab reads the same elements. A case that is not
decided or was not checked is `skipped`, with its reason: the format has no other word, and it is no pass.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from perfkit.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.report.ci import Case, CiView

_FORBIDDEN = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # by XML 1.0
_SECONDS = 19  # characters of an ISO 8601 moment up to its seconds, which is all that the schema allows


def render(view: CiView) -> str:
    """Render as JUnit XML.

    Returns
    -------
    str
        One suite; ends in a newline. To be written as UTF-8.
    """
    root = Element("testsuites")
    cases = view.cases
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": _token(f"perfkit {view.pipeline}"),
            "package": _token(view.pipeline or "perfkit"),
            "id": "0",
            "hostname": "localhost",  # asked for by the schema; nobody is told where it ran
            "timestamp": view.started_at[:_SECONDS],
            "tests": str(len(cases)),
            "failures": _count(cases, "failed"),
            "errors": _count(cases, "error"),
            "skipped": str(sum(one.outcome in {"undecided", "not checked"} for one in cases)),
            "time": f"{view.duration_s:.3f}",
        },
    )
    properties = SubElement(suite, "properties")
    for name, value in view.facts.items():
        SubElement(properties, "property", {"name": name, "value": _text(value)})
    for one in cases:
        _case(suite, view, one)
    SubElement(suite, "system-out").text = "\n".join(_line(one) for one in cases)
    SubElement(suite, "system-err")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _count(cases: Sequence[Case], outcome: str) -> str:
    return str(sum(one.outcome == outcome for one in cases))


def _case(suite: Element, view: CiView, case: Case) -> None:
    made = SubElement(
        suite,
        "testcase",
        {
            "name": _token(case.name),
            "classname": _token(".".join(part for part in ("perfkit", view.pipeline, case.group) if part)),
            "time": f"{case.time_s:.6f}",
        },
    )
    message = _text(clean(case.words))
    if case.outcome == "failed":
        SubElement(made, "failure", {"message": message, "type": case.group}).text = _details(case)
    elif case.outcome == "error":
        SubElement(made, "error", {"message": message, "type": case.group}).text = _details(case)
    elif case.outcome == "undecided":
        SubElement(made, "skipped", {"message": f"inconclusive: {message}"})
    elif case.outcome == "not checked":
        SubElement(made, "skipped", {"message": message})


def _details(case: Case) -> str:
    at = "" if case.place is None else f"{case.place.file}:{case.place.line or 1}: "
    return _text("\n".join(part for part in (f"{at}{case.words}", case.details) if part))


def _line(case: Case) -> str:
    return _text(clean(f"{case.outcome}: {case.group}: {case.name}: {case.words}"))


def _token(text: str) -> str:
    """Return a name as the schema's tokens are: no spaces at its ends, and no two in a row."""
    return " ".join(_text(clean(text)).split()) or "-"


def _text(text: str) -> str:
    """Return a text without the characters that no XML can hold."""
    return _FORBIDDEN.sub("\ufffd", text)
