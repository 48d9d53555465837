"""What one run asks for beyond the ordinary. Plain values; how they narrow the work is the refresher's business."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What one run asks for beyond the ordinary; the run configuration of every fetching asset.

    Attributes:
        force: Ask for rows however fresh they are.
        uuids: Only these tracks or artists, where any are given.
        platforms: Only these, where any are given; metadata and rankings have no platform and are not narrowed.
        limit: At most so many rows of each asset; the others are deferred.
        dry_run: Count what is due and ask for nothing.
    """

    force: bool = False
    uuids: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    limit: int | None = None
    dry_run: bool = False

    def includes(self, platform: str | None) -> bool:
        """Whether a subject of this platform is asked for."""
        return platform is None or not self.platforms or platform in self.platforms
