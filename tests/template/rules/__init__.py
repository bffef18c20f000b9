"""All rules of real accounts. Importing a module of them registers its rules."""

from tests.template.rule import RULES
from tests.template.rules import alarms, functions, pages, queues, state

__all__ = ["RULES", "alarms", "functions", "pages", "queues", "state"]
