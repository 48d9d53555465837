"""All checks, in the order in which one takes what another found, and the diagnosis that they add up to.

What a check looks at does not belong here.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress

from soundcharts_assets.commands.doctor.findings import (
    OTHER,
    STOPPED,
    UNUSABLE,
    Check,
    Diagnosis,
    Finding,
    Level,
    OpenInstance,
    Scene,
)
from soundcharts_assets.commands.doctor.orchestration import (
    check_code_location,
    check_daemons,
    check_failed_runs,
    check_instance,
    check_orphans,
    check_sensors,
)
from soundcharts_assets.commands.doctor.storage import check_disk, check_spool, check_tables, check_warehouse
from soundcharts_assets.commands.doctor.vendor import (
    check_breaker,
    check_budget,
    check_charts,
    check_credentials,
    check_quota,
    check_settings,
    check_webhook,
)
from soundcharts_assets.settings.reading import Settings
from soundcharts_assets.warehouse.batch import Batch
from soundcharts_assets.warehouse.errors import WarehouseError


def examine(load: Callable[[], Settings], open_instance: OpenInstance) -> Diagnosis:
    """Make all checks. Whatever is broken is a finding, never an exception.

    Args:
        load: Reads the settings.
        open_instance: Opens Dagster's instance.
    """
    with ExitStack() as stack:
        scene = Scene(load, open_instance, stack)
        checks = [_check(scene, *one) for one in _CHECKS]
        if not scene.missing.keys() & {"settings", "warehouse"}:
            with suppress(WarehouseError):
                scene.refresher.commit(Batch())  # the call that was made, and what it said of the quota
    return Diagnosis(checks)


def _check(scene: Scene, name: str, needs: Sequence[str], look: Callable[[Scene], Finding], code: int) -> Check:
    reasons = [scene.missing[need] for need in needs if need in scene.missing]
    try:
        finding = Finding(Level.SKIPPED, reasons[0]) if reasons else look(scene)
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding too, and hides no other
        lines = str(error).strip().splitlines() or [""]
        finding = Finding(Level.FAILURE, f"cannot be checked: {type(error).__name__}: {lines[0]}", "mend that first")
        scene.missing.setdefault(name, f"{name} cannot be checked")
    return Check(name, finding.level, finding.found, finding.todo, finding.code or code)


_CHECKS: tuple[tuple[str, Sequence[str], Callable[[Scene], Finding], int], ...] = (
    ("settings", (), check_settings, UNUSABLE),
    ("webhook", ("settings",), check_webhook, OTHER),
    ("credentials", ("settings",), check_credentials, STOPPED),
    ("disk", ("settings",), check_disk, UNUSABLE),
    ("warehouse", ("settings",), check_warehouse, UNUSABLE),
    ("tables", ("warehouse",), check_tables, UNUSABLE),
    ("spool", ("settings",), check_spool, OTHER),
    ("quota", ("settings", "credentials"), check_quota, STOPPED),
    ("budget", ("settings",), check_budget, STOPPED),
    ("breaker", ("warehouse",), check_breaker, STOPPED),
    ("charts", ("warehouse",), check_charts, OTHER),
    ("instance", (), check_instance, UNUSABLE),
    ("daemons", ("instance",), check_daemons, OTHER),
    ("sensors", ("instance",), check_sensors, OTHER),
    ("runs", ("settings", "instance"), check_orphans, OTHER),
    ("failed runs", ("instance",), check_failed_runs, OTHER),
    ("code location", ("settings", "instance"), check_code_location, OTHER),
)
"""Name, what must be there, the check, and the exit code of its failure. What a check takes comes before it."""
