"""The war room: one page that marketing, operations and management read every morning.

    render(database, site_dir, manifest)     writes the page from one published database

The page is two files (English and Chinese), a style sheet and a script. It needs no server and
no network: it opens from the disk, prints, and shows a blocked night by the status file that lies
beside the releases.
"""

from desilo.war_room.render import render

__all__ = ["render"]
