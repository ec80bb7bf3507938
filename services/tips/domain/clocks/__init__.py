"""Statutory and service clocks of tips: the rules as data, and time as the law counts it. Pure; knows no tip."""

from services.tips.domain.clocks.clock import Clock, ClockState
from services.tips.domain.clocks.rules import RULES, ClockName, ClockRule, Manner, rule_of
from services.tips.domain.clocks.spans import end_of
from services.tips.domain.clocks.working_days import known_until

__all__ = ["RULES", "Clock", "ClockName", "ClockRule", "ClockState", "Manner", "end_of", "known_until", "rule_of"]
