"""The supervisor's Prometheus metrics: which parts of the house are up, and how often each was started again."""

from prometheus_client import Gauge

UP = Gauge("skingpt_part_up", "1 where the part is up or has done its one thing", ["part"])
RESTARTS = Gauge("skingpt_part_restarts", "How often the part was started again since the house started", ["part"])
