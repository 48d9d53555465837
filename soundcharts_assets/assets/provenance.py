"""Where an asset comes from: whose it is and which code makes it. Told of every asset in the same way.

What an asset holds and what it is made from is said where it is declared.
"""

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import dagster as dg

from soundcharts_assets.settings.file import FileSettings

_REFERENCES = "dagster/code_references"
_ROOT = Path(__file__).parents[2]
"""The folder that holds the package, in a checkout as in an installation."""

Asset = dg.AssetsDefinition | dg.AssetSpec


def code_link(function: Callable[..., Any]) -> Mapping[str, dg.CodeReferencesMetadataValue]:
    """Return metadata of an asset that a factory makes: it links to the function that asks the factory for it.

    Dagster by itself would link to the factory's inner function, the same one for all of its assets.
    """
    line = inspect.getsourcelines(function)[1]
    with _without_beta_warnings():
        place = dg.LocalFileCodeReference(file_path=inspect.getfile(function), line_number=line)
        return {_REFERENCES: dg.CodeReferencesMetadataValue(code_references=[place])}


def with_provenance(assets: Sequence[Asset], settings: FileSettings) -> list[Asset]:
    """Return assets with owners, and with links to their code: where they are declared, and what carries them out.

    Args:
        assets: Assets and specifications of assets. Owners that they have already are kept.
        settings: Name the owners, and the address that links lead to instead of files.
    """

    def told(spec: dg.AssetSpec) -> dg.AssetSpec:
        known = spec.metadata.get(_REFERENCES)
        places = [_place_of(place, settings.code_url) for place in known.code_references] if known else []
        links = dg.CodeReferencesMetadataValue(code_references=places)
        return spec.replace_attributes(
            owners=spec.owners or settings.owners, metadata={**spec.metadata, _REFERENCES: links}
        )

    with _without_beta_warnings():
        # Dagster gives back the kinds of things that it was given.
        linked = cast("Sequence[Asset]", dg.with_source_code_references(assets))
        return [*dg.map_asset_specs(told, linked)]


def _place_of(place: dg.LocalFileCodeReference | dg.UrlCodeReference, code_url: str | None) -> Any:
    """Return the place as the settings want it: the file, or where the Git host shows it."""
    if code_url is None or isinstance(place, dg.UrlCodeReference) or not Path(place.file_path).is_relative_to(_ROOT):
        return place
    path = Path(place.file_path).relative_to(_ROOT).as_posix()
    return dg.UrlCodeReference(url=f"{code_url}/{path}#L{place.line_number}", label=place.label)


@contextmanager
def _without_beta_warnings() -> Iterator[None]:
    """Let Dagster not warn that code references are beta. A test holds what is used of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield
