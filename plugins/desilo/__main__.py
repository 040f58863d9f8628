"""`python -m desilo <command>`: what the Makefile's verbs call."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from desilo import settings
from desilo.days import parse_day


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["nightly"]:
        from desilo import nightly

        return nightly.main(words[1:])
    options = _parser().parse_args(words)
    os.environ["DESILO_WORLD"] = options.world
    try:
        return int(options.run(options))
    except Exception as error:
        from desilo.durable import BusyError
        from desilo.local import LocalError
        from desilo.release import ReleaseError
        from desilo.transform import TransformError

        known = (
            BusyError,
            LocalError,
            ReleaseError,
            TransformError,
            settings.ConfigurationError,
            ValueError,
        )
        if not isinstance(error, known):
            raise
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="desilo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--world", default=settings.world(), choices=sorted(settings.CONFIG_FILES)
        )
        command.set_defaults(run=run)
        return command

    commands.add_parser("nightly", help="run a night end to end and publish", add_help=False)
    add("up", _up, "start Airflow and the emulated platforms")
    back = add("rollback", _rollback, "serve the release before, or the one named")
    back.add_argument("--release", help="id of a kept release, such as 2026-03-31.01")
    fill = add("backfill", _backfill, "land days again through Airflow's own backfill")
    fill.add_argument("--source", required=True)
    again = add("restate", _restate, "ask for a range again and build the marts anew")
    again.add_argument("--source", default="")
    again.add_argument("--accept-shrunken", action="store_true")
    for each in (fill, again):
        each.add_argument("--from", dest="since", required=True, help="first day, YYYY-MM-DD")
        each.add_argument("--to", dest="until", required=True, help="last day, YYYY-MM-DD")
    add("docs", _docs, "write the dbt docs of the build database")
    return parser


def _up(options: argparse.Namespace) -> int:
    from desilo import up

    del options
    return up.run()


def _rollback(options: argparse.Namespace) -> int:
    from desilo import release

    target = release.rollback(options.release)
    print(f"now served: {target.release_id} ({target.folder})")
    return 0


def _backfill(options: argparse.Namespace) -> int:
    from desilo import up

    known = [source.name for source in settings.configuration().enabled_sources()]
    if options.source not in known:
        raise ValueError(
            f"SOURCE={options.source!r} is not configured; there are: {', '.join(known)}"
        )
    return up.backfill(options.source, parse_day(options.since), parse_day(options.until))


def _restate(options: argparse.Namespace) -> int:
    from desilo import up

    return up.restate(
        options.source,
        parse_day(options.since),
        parse_day(options.until),
        accept_shrunken=options.accept_shrunken,
    )


def _docs(options: argparse.Namespace) -> int:
    from desilo import transform, warehouse

    del options
    configuration = settings.configuration()
    build = warehouse.built()
    if build is None:
        raise ValueError("nothing has been built yet; run `make nightly` first")
    target = settings.home() / "dbt_docs"
    transform.write_docs(configuration, build, target, is_compiled=False)
    print(f"dbt docs: {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
