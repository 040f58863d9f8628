# One image for every service: Airflow, the pipeline, the sandbox and the server of the releases.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONPATH=/opt/desilo:/opt/desilo/plugins \
    AIRFLOW_HOME=/opt/airflow

RUN useradd --create-home --uid 50000 desilo \
    && mkdir -p /opt/airflow /data /releases \
    && chown desilo:desilo /opt/airflow /data /releases

WORKDIR /opt/desilo

# the drivers of PostgreSQL are only needed here: a laptop runs on SQLite
COPY requirements.lock ./
RUN pip install --no-compile -r requirements.lock psycopg2-binary==2.9.13 asyncpg==0.32.0

COPY . .

USER desilo
