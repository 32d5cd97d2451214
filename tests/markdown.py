# SPDX-License-Identifier: Apache-2.0
"""Reads Markdown by line: its paragraphs, its sentences, its links."""

import dataclasses
import re

FENCE = re.compile(r"\s*(```|~~~)")
MARKER = re.compile(r"(\s*(?:>\s?)*(?:(?:[-*+]|\d+\.)\s+)?)")
# A table row, a heading, HTML, a link's definition, a rule: never reflowed.
FIXED = re.compile(r"\s*(\||#|<|\[[^\]]+\]:\s|(?:---+|\*\*\*+)\s*$)")
ABBREVIATIONS = {
    *("e.g.", "i.e.", "etc.", "vs.", "cf.", "sec.", "ed.", "eds.", "no.", "fig.", "p.", "pp."),
    *("al.", "approx.", "vol.", "dr.", "st.", "ca.", "incl.", "ch."),
}
SENTENCE_END = re.compile(r"[.!?][\"'”’)\]*_]*\s+(?=[\"'“‘(\[`*_]*[A-Z0-9`])")
CODE_SPAN = re.compile(r"(`+)(?:.+?)\1")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")


@dataclasses.dataclass
class Paragraph:
    """Lines of one paragraph or list item, without a fence, table or heading among them."""

    line: int  # number of the first line, from 1
    marker: str  # indentation, quote and list marker of the first line
    lines: list[str]

    def text(self) -> str:
        parts = [self.lines[0][len(self.marker) :], *(line.lstrip(" >") for line in self.lines[1:])]
        return " ".join(part.strip() for part in parts)


def masked(text: str) -> str:
    """The text with code spans, links and parentheses blanked, at equal length."""
    text = CODE_SPAN.sub(lambda m: "`" + "x" * (len(m[0]) - 2) + "`", text)
    text = re.sub(r"\]\([^)]*\)", lambda m: "]" + "x" * (len(m[0]) - 1), text)
    return re.sub(r"\([^()]*\)", lambda m: "(" + "x" * (len(m[0]) - 2) + ")", text)


def sentences(text: str) -> list[str]:
    """Splits a paragraph's text where a sentence ends."""
    hidden, found, start = masked(text), [], 0
    for match in SENTENCE_END.finditer(hidden):
        word = hidden[: match.end()].split()[-1].lower().strip("([*_\"'")
        if word in ABBREVIATIONS or re.fullmatch(r"[a-z]\.", word):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [*found, text[start:].strip()]


def prose_lines(text: str):
    """Yields (number, line) of all lines outside code fences and front matter."""
    fence, front_matter = None, text.startswith("---\n")
    for number, line in enumerate(text.split("\n"), 1):
        if front_matter:
            front_matter = number == 1 or line != "---"
            continue
        mark = FENCE.match(line)
        if mark and fence in (None, mark[1]):
            fence = mark[1] if fence is None else None
        elif fence is None:
            yield number, line


def paragraphs(text: str) -> list[Paragraph]:
    found, current, last = [], None, 0
    for number, line in prose_lines(text):
        marker = MARKER.match(line)[1]
        item = marker.strip(" >") != ""
        if not line.strip(" >") or FIXED.match(line) or (not found and line.startswith("    ")):
            current = None
        elif current and not item and number == last + 1:
            current.lines.append(line)
        else:
            current = Paragraph(number, marker, [line])
            found.append(current)
        last = number
    return found


def reflowed(paragraph: Paragraph) -> list[str]:
    """The paragraph's lines with one sentence on each."""
    rest = re.sub(r"[^>\s]", " ", paragraph.marker)
    first, *others = sentences(paragraph.text())
    return [paragraph.marker + first, *(rest + sentence for sentence in others)]


def reflow(text: str) -> str:
    """The whole file with one sentence a line."""
    lines = text.split("\n")
    for paragraph in reversed(paragraphs(text)):
        start = paragraph.line - 1
        lines[start : start + len(paragraph.lines)] = reflowed(paragraph)
    return "\n".join(lines)


def links(text: str) -> list[tuple[int, str]]:
    """(line, target) of every link and image outside code."""
    found = []
    for number, line in prose_lines(text):
        found += [(number, target) for target in LINK.findall(CODE_SPAN.sub("", line))]
        found += [(number, target) for target in re.findall(r'(?:src|href)="([^"]+)"', line)]
    return found


def anchors(text: str) -> set[str]:
    """Fragments that headings can be linked by, as GitHub makes them."""
    found: set[str] = set()
    for _, line in prose_lines(text):
        if heading := re.match(r"#+\s+(.*?)\s*#*$", line):
            plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading[1]).lower()
            name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            number, unique = 0, name
            while unique in found:
                number += 1
                unique = f"{name}-{number}"
            found.add(unique)
    return found
