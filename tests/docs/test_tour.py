"""Every lesson of the tour has the same parts, an experiment and a picture, and is read in twelve minutes."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour"
CONTENTS = TOUR / "README.md"
LESSONS = sorted(page for page in TOUR.glob("*.md") if page != CONTENTS)
PARTS = ["See it", "Break it", "Explain", "Price it", "Limits", "At 100 times the load"]
MOST_WORDS = 900
# A lesson about an AWS service breaks that one. The others are about a pattern, which spans several.
SERVICES = {
    "sns": "SNS",
    "sqs": "SQS",
    "sqs-fifo": "SQS FIFO",
    "lambda": "Lambda",
    "eventbridge": "EventBridge",
    "kinesis": "Kinesis",
    "step-functions": "Step Functions",
    "dynamodb-streams": "DynamoDB Streams",
    "msk": "MSK",
}


def faults(lesson: str, text: str) -> list[str]:
    """Returns what is wrong with a lesson, in words."""
    wrong = []
    if re.findall(r"^## (.+)$", text, re.MULTILINE) != PARTS:
        wrong.append(f"its parts are not {', '.join(PARTS)}")
    if len(re.findall(r"^!\[[^\]]+\]\(\.\./pictures/architecture[\w-]*\.svg\)", text, re.MULTILINE)) != 1:
        wrong.append("it does not have one picture")
    if (words := len(text.split())) > MOST_WORDS:
        wrong.append(f"it has {words} words")
    breaking = text.partition("## Break it")[2].partition("\n## ")[0]
    experiments = re.findall(r"^\./shop experiment run ([\w-]+)$", breaking, re.MULTILINE)
    if not experiments:
        wrong.append("it breaks nothing")
    wrong += [f"there is no experiment {name}" for name in experiments if not _file(name).exists()]
    services = {yaml.safe_load(_file(name).read_text())["service"] for name in experiments if _file(name).exists()}
    if services and lesson in SERVICES and SERVICES[lesson] not in services:
        wrong.append(f"no experiment of it is about {SERVICES[lesson]}")
    return wrong


def _file(experiment: str) -> Path:
    return ROOT / "experiments" / f"{experiment}.yaml"


@pytest.mark.parametrize("page", LESSONS, ids=lambda page: page.stem)
def test_a_lesson_has_all_its_parts(page: Path) -> None:
    assert faults(page.stem, page.read_text()) == []


def test_the_contents_list_every_lesson_once() -> None:
    listed = re.findall(r"^\| \d+ \| \[[^\]]+\]\(([\w-]+)\.md\)", CONTENTS.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(page.stem for page in LESSONS)
    assert set(SERVICES) <= set(listed)


@pytest.mark.parametrize(
    ("change", "to", "fault"),
    [
        ("## Price it", "## Costs", "parts"),
        ("experiment run topic-refused", "experiment run topic-accepted", "no experiment topic-accepted"),
        ("experiment run topic-refused", "experiment run poison-queue", "about SNS"),
        ("./shop experiment run topic-refused", "", "breaks nothing"),
        ("![", "[", "picture"),
        ("## Limits\n", "## Limits\n" + "word " * MOST_WORDS, "words"),
    ],
)
def test_a_lesson_with_a_fault_is_found(change: str, to: str, fault: str) -> None:
    lesson = (TOUR / "sns.md").read_text()
    assert change in lesson
    assert fault in " ".join(faults("sns", lesson.replace(change, to, 1)))
