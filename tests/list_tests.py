# SPDX-License-Identifier: Apache-2.0
"""Prints which tests a run of ctest skipped and which failed. Usage: list_tests.py LastTest.log

ctest knows files of pytest, not the tests in them, and shows no reasons.
"""

import pathlib
import re
import sys

TEST = re.compile(r"^\d+/\d+ Testing: (?P<name>.+)$")
PYTEST = re.compile(r"^SKIPPED \[(?P<count>\d+)\] (?P<place>[^:]+:\d+): (?P<reason>.+)$")
FAILED = re.compile(r"^(?:FAILED|ERROR) (?P<test>\S+\.py\S*)(?: - (?P<reason>.+))?$")
GTEST_REASON = re.compile(r"^\S+\.(cpp|h):\d+: Skipped$")


def skipped(log: str) -> list[tuple[str, int, str]]:
    """Test or file of tests, number of skipped tests, reason."""
    found, name, reason_follows = [], "", False
    for line in log.splitlines():
        if match := TEST.match(line):
            name, reason_follows = match["name"], False
        elif match := PYTEST.match(line):
            found.append((f"{name} {match['place']}", int(match["count"]), match["reason"]))
        elif GTEST_REASON.match(line):
            reason_follows = True
        elif reason_follows:
            found.append((name, 1, line.strip() or "no reason given"))
            reason_follows = False
    return found


def failed(log: str) -> list[tuple[str, str]]:
    """Tests of pytest that failed, and the first line of why."""
    matches = (FAILED.match(line) for line in log.splitlines())
    return [(match["test"], match["reason"] or "no reason given") for match in matches if match]


def main() -> None:
    log = pathlib.Path(sys.argv[1]).read_text(errors="replace")
    found = skipped(log)
    print(f"skipped: {sum(count for _, count, _ in found)} tests" if found else "skipped: no test")
    for name, count, reason in found:
        print(f"  {name}{f' ({count} tests)' if count > 1 else ''}: {reason}")
    for name, reason in failed(log):
        print(f"failed: {name}: {reason}")


if __name__ == "__main__":
    main()
