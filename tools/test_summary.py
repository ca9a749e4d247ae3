#!/usr/bin/env python3
"""Sums up a run of ctest:  test_summary.py BUILD_FOLDER

Reads junit.xml (one entry a test program), test-results/*.xml (the cases of each unit test program),
conformance.json (the conformance cases) and onnx_suite.json (ONNX's own tests). The last line reads "N passed, N failed"; before it stand the cases that failed and the
reason of everything that was skipped. Exit status 1 when something failed or nothing ran.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def gtest_counts(report: pathlib.Path) -> tuple[int, int, int, list[str]]:
    """(passed, failed, skipped, names of the failed) of one report of GoogleTest."""
    passed = failed = skipped = 0
    names = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
            names.append(f"{case.get('classname')}.{case.get('name')}")
        elif case.get("result") in ("skipped", "suppressed") or case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped, names


def conformance_counts(report: pathlib.Path) -> tuple[int, int, str]:
    """(passed, failed, one line about the run) of a report of webnn-conformance."""
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    passed, failed, known = totals["passed"], totals["failed"], totals["known"]
    line = f"conformance: {passed} of {totals['cases']} cases passed, {failed} failed"
    return passed, failed, line + (f", {known} known to differ" if known else "")


def skip_reasons(report: pathlib.Path) -> list[str]:
    """What the skipped cases of a report of GoogleTest say, each once."""
    reasons = []
    refusals = 0
    for skipped in ElementTree.parse(report).getroot().iter("skipped"):
        # GoogleTest's first line is the place in the source; pytest has one line, the reason.
        lines = skipped.get("message", "").splitlines()
        if lines and lines[0].startswith("reviewed refusal: "):  # ONNX's suite through Python
            refusals += 1
            continue
        reasons += [line for line in lines[1:] or lines if line and line not in reasons]
    if refusals:
        reasons.append(f"ONNX backend tests through Python: {refusals} cases refused for reasons in "
                       "tests/onnx/suite_refusals.json")
    return reasons


def onnx_suite_counts(report: pathlib.Path) -> tuple[int, int, str]:
    """(passed, failed, one line about the run) of a report of webnn-onnx-suite."""
    suite = json.loads(report.read_text(encoding="utf-8"))
    totals = suite["totals"]
    passed, failed, refused = totals["passed"], totals["failed"], totals["refused"]
    return passed, failed, (f"ONNX {suite['onnx']} backend tests: {passed} of {totals['cases']} "
                            f"cases passed, {failed} failed, {refused} refused for reasons in "
                            "tests/onnx/suite_refusals.json")


def main() -> int:
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    try:
        entries = list(ElementTree.parse(build / "junit.xml").getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError) as error:
        print(f"no test report: {error}\n0 passed, 1 failed")
        return 1

    total_passed = total_failed = total_skipped = 0
    failures, notes = [], []
    for entry in entries:
        name, status = entry.get("name"), entry.get("status")
        output = (entry.findtext("system-out") or "").strip()
        report = build / "test-results" / f"{name}.xml"
        if report.exists():
            passed, failed, skipped, names = gtest_counts(report)
            failures += [f"{name}: {case}" for case in names]
            notes += skip_reasons(report)
            if status == "fail" and failed == 0:
                # A sanitizer's report after the last case, for example.
                failed = 1
                failures.append(f"{name}: the program itself failed")
        elif name == "conformance" and (build / "conformance.json").exists():
            skipped = 0
            passed, failed, line = conformance_counts(build / "conformance.json")
            notes.append(line)
            if status == "fail":
                failed = max(failed, 1)
                failures.append("conformance: see conformance.json and the lines above")
        elif name == "onnx_suite" and (build / "onnx_suite.json").exists():
            skipped = 0
            passed, failed, line = onnx_suite_counts(build / "onnx_suite.json")
            notes.append(line)
            if status == "fail":
                failed = max(failed, 1)
                failures.append("onnx_suite: see onnx_suite.json and the lines above")
        else:
            passed, failed, skipped = (status == "run"), (status == "fail"), (status == "notrun")
            if failed:
                failures.append(name)
            elif skipped and output:
                notes += [line for line in output.splitlines()[-1:] if line not in notes]
            elif skipped:
                # Not built, or not runnable: never a silent success.
                failed, skipped = 1, 0
                failures.append(f"{name}: could not be run")
        total_passed += passed
        total_failed += failed
        total_skipped += skipped

    print()
    for failure in failures:
        print(f"FAILED  {failure}")
    for note in notes:
        print(note)
    if total_skipped:
        print(f"{total_skipped} skipped")
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed or not total_passed else 0


if __name__ == "__main__":
    sys.exit(main())
