"""Publish, roll back, read: the release is all that analysts, the page and the briefs ever see.

``releases/<day>.<nn>/`` holds ``marts.duckdb``, ``parquet/``, ``site/`` and ``manifest.json``; the
link ``releases/current`` names the one that is served. A release is built beside the others and
appears by one rename, then the link is switched by another: a reader sees the old release or the
new one, and never waits for the writer. ``releases/status.js`` says how the last night ended, so
that the page of the release that is still served can say that a later night was blocked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from desilo import raw_views, settings, warehouse
from desilo.durable import checkpoint, fsync_folder, fsync_tree, switch_link, write_file, write_json
from desilo.quality import CheckResult

log = logging.getLogger(__name__)

CURRENT = "current"
BUILDING = ".building-"
RELEASE_ID = re.compile(r"\d{4}-\d{2}-\d{2}\.\d{2,}")


class ReleaseError(Exception):
    """There is no such release; the text lists those there are."""


@dataclass(frozen=True)
class Release:
    """A published release: its id (`2026-03-31.01`), its folder and what its manifest says."""

    release_id: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def database(self) -> Path:
        return self.folder / "marts.duckdb"


def releases() -> list[Release]:
    """Every release that is kept, in the order in which they were published."""
    root = settings.releases_dir()
    if not root.exists():
        return []
    found = [
        Release(entry.name, entry, json.loads((entry / "manifest.json").read_text("utf-8")))
        for entry in root.iterdir()
        if RELEASE_ID.fullmatch(entry.name) and (entry / "manifest.json").exists()
    ]
    return sorted(found, key=lambda each: (each.manifest["sequence"], each.release_id))


def current() -> Release | None:
    """The release that is served, or none."""
    link = settings.releases_dir() / CURRENT
    if not link.is_symlink():
        return None
    name = os.readlink(link)
    return next((each for each in releases() if each.release_id == name), None)


def before(day: date) -> raw_views.Previous | None:
    """The release of the latest day up to this one, the newest of that day; or none."""
    kept = [
        (date.fromisoformat(each.manifest["day"]), each.manifest["sequence"], each.folder)
        for each in releases()
    ]
    known = max((each for each in kept if each[0] <= day), default=None)
    return raw_views.Previous(known[0], known[2]) if known else None


def publish(
    build: warehouse.Build,
    configuration: settings.Configuration,
    *,
    gate_docs: Mapping[str, Path],
    dbt_docs: Path | None,
    descriptions: Mapping[str, Mapping[str, str]] | None = None,
) -> Release:
    """Make a release of the build database and serve it.

    Args:
        gate_docs: Data Docs by gate.
        dbt_docs: folder of the dbt docs.
        descriptions: by mart, of its columns (the mart's own under "").
    """
    from desilo import war_room

    root = settings.releases_dir()
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob(f"{BUILDING}*"):
        shutil.rmtree(left)
    kept = releases()
    release_id = _next_id(build.day, [each.release_id for each in kept])
    folder = root / f"{BUILDING}{release_id}"
    (folder / "parquet").mkdir(parents=True)
    checkpoint("copying the marts")
    published_at = settings.now()
    with warehouse.exclusive():
        tables = _copy_marts(folder, release_id, build.day, published_at, kept, descriptions or {})
    manifest = {
        "release_id": release_id,
        "sequence": 1 + max((each.manifest["sequence"] for each in kept), default=0),
        "day": build.day.isoformat(),
        "published_at": published_at.isoformat(),
        "code_version": warehouse.fingerprint(configuration),
        "world": settings.world(),
        "business_timezone": configuration.business_timezone,
        "base_currency": configuration.base_currency,
        "is_full_refresh": build.is_full_refresh,
        "data_through": _data_through(folder / "marts.duckdb"),
        "checks": _check_counts(folder / "marts.duckdb"),
        "tables": tables,
    }
    site = folder / "site"
    for gate, docs in gate_docs.items():
        shutil.copytree(docs, site / "data_docs" / gate)
    if gate_docs:
        _write_docs_index(site / "data_docs", gate_docs)
    if dbt_docs is not None:
        shutil.copytree(dbt_docs, site / "dbt")
    checkpoint("writing the page")
    war_room.render(folder / "marts.duckdb", site, manifest)
    manifest["files"] = _checksums(folder)
    write_json(folder / "manifest.json", manifest)
    fsync_tree(folder)
    checkpoint("the release appears")
    os.rename(folder, root / release_id)
    fsync_folder(root)
    switch_link(root / CURRENT, release_id)
    write_status(day=build.day, result="published", reasons=[], docs="")
    _forget_old(release_id)
    log.info("published %s", release_id)
    return Release(release_id, root / release_id, manifest)


def block(
    day: date, checks: Sequence[CheckResult], gate_docs: Mapping[str, Path], *, run_id: str
) -> Path:
    """Keep the evidence of a blocked night; the release that is served stays.

    Args:
        run_id: the run that was blocked; a later one of the same day is not mistaken for it.

    Returns:
        The folder with the Data Docs of the attempt.
    """
    folder = settings.releases_dir() / "blocked" / day.isoformat()
    docs = folder / "data_docs"
    if docs.exists():
        shutil.rmtree(docs)
    for gate, source in gate_docs.items():
        shutil.copytree(source, docs / gate)
    docs.mkdir(parents=True, exist_ok=True)
    _write_docs_index(docs, gate_docs)
    write_json(folder / "checks.json", [asdict(check) for check in checks])
    reasons = [
        {"check_name": c.check_name, "severity": c.severity, "details": c.details}
        for c in checks
        if not c.success and c.severity == "critical"
    ]
    write_status(
        day=day,
        result="blocked",
        reasons=reasons,
        docs=f"blocked/{day.isoformat()}/data_docs/index.html",
        run_id=run_id,
    )
    return docs


def blocking_reasons(run_id: str) -> list[dict[str, str]]:
    """Why a gate stopped this run: check_name, severity, details. Empty when none did."""
    status = settings.releases_dir() / "status.js"
    if not status.exists():
        return []
    text = status.read_text("utf-8").removeprefix("window.DESILO_STATUS = ").rstrip(";\n")
    attempt = json.loads(text)["last_attempt"]
    if attempt["result"] != "blocked" or attempt.get("run_id") != run_id:
        return []
    return list(attempt["reasons"])


def failed(day: date, what: str) -> None:
    """Say on the page that a night ended before its gate."""
    reason = {"check_name": "night_failed", "severity": "critical", "details": what}
    write_status(day=day, result="failed", reasons=[reason], docs="")


def rollback(release_id: str | None = None) -> Release:
    """Serve an earlier release: the one before the current one, or the one named.

    Raises:
        ReleaseError: it is not kept, or there is none before.
    """
    kept = releases()
    listed = ", ".join(each.release_id for each in kept) or "none"
    if release_id is None:
        serving = current()
        places = [i for i, each in enumerate(kept) if serving and each.folder == serving.folder]
        if not places or places[0] == 0:
            raise ReleaseError(f"there is no release before the current one; kept: {listed}")
        target = kept[places[0] - 1]
    else:
        matching = [each for each in kept if each.release_id == release_id]
        if not matching:
            raise ReleaseError(f"release {release_id!r} is not kept; kept: {listed}")
        target = matching[0]
    switch_link(settings.releases_dir() / CURRENT, target.release_id)
    write_status(
        day=date.fromisoformat(target.manifest["day"]), result="rolled back", reasons=[], docs=""
    )
    return target


def write_status(
    *, day: date, result: str, reasons: Sequence[Mapping[str, str]], docs: str, run_id: str = ""
) -> None:
    serving = current()
    document = {
        "current": serving.release_id if serving else None,
        "last_attempt": {
            "day": day.isoformat(),
            "at": settings.now().isoformat(),
            "result": result,
            "reasons": list(reasons),
            "docs": docs,
            "run_id": run_id,
        },
    }
    text = json.dumps(document, ensure_ascii=False, default=str)
    write_file(settings.releases_dir() / "status.js", f"window.DESILO_STATUS = {text};\n".encode())


def _next_id(day: date, taken: Sequence[str]) -> str:
    numbers = [int(each.rsplit(".", 1)[1]) for each in taken if each.startswith(day.isoformat())]
    return f"{day.isoformat()}.{max(numbers, default=0) + 1:02d}"


def _copy_marts(
    folder: Path,
    release_id: str,
    day: date,
    published_at: datetime,
    kept: Sequence[Release],
    described: Mapping[str, Mapping[str, str]],
) -> dict[str, dict[str, Any]]:
    """Copy every mart into the release; returns rows and content checksum by table."""
    counted: dict[str, dict[str, Any]] = {}
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"attach '{settings.build_database()}' as build (read_only)")
        names = [
            row[0]
            for row in connection.execute(
                "select table_name from information_schema.tables where table_catalog = 'build' "
                "and table_schema = 'marts' order by table_name"
            ).fetchall()
        ]
        for name in names:
            connection.execute(f"create table {name} as select * from build.marts.{name}")
            _describe(connection, name, described.get(name, {}))
        connection.execute("create table meta_checks as select * from build.meta.checks")
        connection.execute("create table meta_models as select * from build.meta.models")
        connection.execute(
            "create table meta_releases (release_id varchar, day date, published_at timestamp, "
            "code_version varchar, status varchar)"
        )
        rows = [
            [e.release_id, e.manifest["day"], e.manifest["published_at"],
             e.manifest["code_version"], "superseded"]
            for e in kept
        ]  # fmt: skip
        version = connection.execute("select fingerprint from build.meta.builds").fetchone()
        rows.append([release_id, day, published_at.replace(tzinfo=None),
                     version[0] if version else "", "current"])  # fmt: skip
        connection.executemany("insert into meta_releases values (?, ?, ?, ?, ?)", rows)
        for name in [*names, "meta_checks", "meta_models", "meta_releases"]:
            counted[name] = _count(connection, name)
            connection.execute(
                f"copy {name} to '{folder / 'parquet' / name}.parquet' "
                "(format parquet, compression zstd)"
            )
        connection.execute("detach build")
    return counted


def _describe(
    connection: duckdb.DuckDBPyConnection, table: str, described: Mapping[str, str]
) -> None:
    """Put the descriptions beside the columns, where an analyst's client shows them."""
    for column, text in described.items():
        if text:
            target = f"column {table}.{column}" if column else f"table {table}"
            quoted = " ".join(text.split()).replace("'", "''")
            connection.execute(f"comment on {target} is '{quoted}'")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    row = connection.execute(
        f"select count(*), coalesce(sum(hash(each)::hugeint), 0) % 18446744073709551557 "
        f"from {table} as each"
    ).fetchone()
    assert row is not None
    return {"rows": row[0], "content": f"{int(row[1]):016x}"}


def _data_through(database: Path) -> dict[str, str | None]:
    return {
        f"{source}/{account}": through.isoformat() if isinstance(through, date) else None
        for source, account, through in warehouse.query(
            database,
            "select source, account_id, data_through_date from meta_sources order by 1, 2",
        )
    }


def _check_counts(database: Path) -> dict[str, int]:
    row = warehouse.query(
        database,
        "select count(*) filter (where success), "
        "count(*) filter (where not success and severity = 'warning'), "
        "count(*) filter (where not success and severity = 'critical') from meta_checks",
    )[0]
    return dict(zip(("passed", "warned", "failed"), (int(str(n)) for n in row), strict=True))


def _checksums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "site" not in path.relative_to(folder).parts
    }


def _write_docs_index(folder: Path, gates: Mapping[str, Path]) -> None:
    """One small page that leads to the Data Docs of each gate."""
    items = "".join(
        f'<li><a href="{gate}/index.html">{gate.capitalize()} gate</a></li>' for gate in gates
    )
    folder.joinpath("index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Data Docs</title>'
        "<style>body{font:18px/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;"
        "padding:0 1rem}</style>"
        f"<main><h1>Data Docs</h1><p>What was checked before this night was shown to anybody:</p>"
        f"<ul>{items}</ul></main></html>",
        "utf-8",
    )


def _forget_old(serving: str) -> None:
    kept = releases()
    for old in kept[: max(0, len(kept) - settings.keep_releases())]:
        if old.release_id != serving:
            shutil.rmtree(old.folder)
