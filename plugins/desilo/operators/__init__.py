"""Thin Airflow operators: each reads as one sentence over the rest of the package."""

from desilo.operators.build import (
    DbtLayerOperator,
    DocsOperator,
    GateOperator,
    NightFailedOperator,
    PrepareOperator,
    PublishOperator,
)
from desilo.operators.ingest import LandOperator, ReportLandingOperator
from desilo.operators.retry import API_RETRY_POLICY

__all__ = [
    "API_RETRY_POLICY",
    "DbtLayerOperator",
    "DocsOperator",
    "GateOperator",
    "LandOperator",
    "NightFailedOperator",
    "PrepareOperator",
    "PublishOperator",
    "ReportLandingOperator",
]
