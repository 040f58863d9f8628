"""The analyst's page of every mart, in the dbt docs: grain, an example query and its chart."""

from desilo.mart_docs.examples import Chart, Example, ExampleError, read_examples
from desilo.mart_docs.pages import DocsError, write_pages

__all__ = ["Chart", "DocsError", "Example", "ExampleError", "read_examples", "write_pages"]
