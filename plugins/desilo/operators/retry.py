"""When a failed call to a platform is worth another try, said once for every ingest DAG."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from desilo import transport

API_RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[transport.AuthError, transport.BadRequestError],
            action=RetryAction.FAIL,
            reason="the platform refused the credentials or the request: a person has to act",
        ),
        RetryRule(
            exception=transport.ThrottledError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=30),
            reason="the platform's quota is used up: try again when some of it is back",
        ),
        RetryRule(
            exception=transport.TransientError,
            action=RetryAction.RETRY,
            retry_delay=timedelta(minutes=5),
            reason="the platform or the network is unwell",
        ),
    ]
)
