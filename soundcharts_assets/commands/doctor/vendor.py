"""Checks of the settings and of what Soundcharts lets us do: credentials, quota, budget, breaker, charts."""

from soundcharts_assets.api.errors import CredentialsRejected, QuotaExhausted, SoundchartsError
from soundcharts_assets.commands.doctor.findings import OTHER, UNUSABLE, Finding, Level, Scene, some
from soundcharts_assets.commands.report import explain
from soundcharts_assets.refresh.budget import day_of
from soundcharts_assets.refresh.charts import CHARTS
from soundcharts_assets.refresh.outcomes import Status
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.settings.errors import SettingsError
from soundcharts_assets.warehouse import work

_NOT_IN_THE_PLAN = frozenset({403, 404})
_PATIENCE_SECONDS = 3.0
"""How long a warehouse that somebody is writing to is waited for: longer than any commit takes."""


def check_settings(scene: Scene) -> Finding:
    """Whether they can be read and follow anything."""
    try:
        settings = scene.load()
    except SettingsError as error:
        scene.missing |= dict.fromkeys(("settings", "credentials", "warehouse"), "the settings are not valid")
        return Finding(Level.FAILURE, "; ".join(str(error).splitlines()), "correct it there")
    scene.refresher = Refresher(settings, attended=True, lock_timeout_seconds=_PATIENCE_SECONDS)
    path = settings.config_path.absolute()
    if not settings.file.charts:
        what = "follows no chart" if path.is_file() else "is not there, so all is at its default and no chart followed"
        return Finding(Level.WARNING, f"{path} {what}", "follow one: `soundcharts-assets charts add SLUG`")
    return Finding(Level.OK, f"{path} is valid")


def check_webhook(scene: Scene) -> Finding:
    """Whether alerts have somewhere to go."""
    if scene.settings.webhook is None:
        return Finding(Level.OK, "SOUNDCHARTS_WEBHOOK is not set; failures are told in Dagster's UI only")
    return Finding(Level.OK, "SOUNDCHARTS_WEBHOOK is set")


def check_credentials(scene: Scene) -> Finding:
    """Ask what is left of the quota, which is free."""
    url = scene.settings.base_url
    pairs = scene.settings.credentials
    pair = "SOUNDCHARTS_CLIENT_ID" if pairs.client_id and pairs.client_secret else "SOUNDCHARTS_APP_ID"
    try:
        scene.quota = scene.refresher.client.look_at_quota()
    except QuotaExhausted:
        scene.quota = 0
    except (SettingsError, SoundchartsError) as error:
        if isinstance(error, SoundchartsError) and error.status in _NOT_IN_THE_PLAN:
            found = f"{url} answers, but not what is left of the quota: {error}"
            todo = "if SOUNDCHARTS_BASE_URL is right, the plan does not include it: the next call will tell the quota"
            return Finding(Level.WARNING, found, todo)
        scene.missing["credentials"] = "Soundcharts cannot be asked"
        return _refused(error)
    return Finding(Level.OK, f"{url} answers and accepts the pair of {pair}")


def _refused(error: SettingsError | SoundchartsError) -> Finding:
    if isinstance(error, SettingsError):
        return Finding(Level.FAILURE, str(error), "set one of the pairs in the environment", UNUSABLE)
    if isinstance(error, CredentialsRejected):
        found, _, todo = explain(error).partition("; ")
        return Finding(Level.FAILURE, found, todo)
    todo = "check SOUNDCHARTS_BASE_URL and the network, or wait for Soundcharts to recover"
    return Finding(Level.FAILURE, str(error), todo, OTHER)


def check_quota(scene: Scene) -> Finding:
    """Whether anything is left of it beyond the reserve."""
    limits = scene.settings.file.budget
    left = scene.quota
    if left is None and "warehouse" not in scene.missing:
        with scene.warehouse.connect() as connection:
            left = work.last_quota(connection)
    if left is None:
        return Finding(Level.WARNING, "what is left is not known", "the next call that Soundcharts answers tells it")
    if left <= limits.reserve:
        found = f"{left:,} requests left, all of them reserved" if left else "the quota is used up"
        todo = "see your plan at Soundcharts or wait for its next term"
        return Finding(Level.FAILURE, found, f"{todo}, or lower budget.reserve" if left else todo)
    found = f"{left:,} requests left" + (f", {limits.reserve:,} of them reserved" if limits.reserve else "")
    if limits.daily_limit is not None and left - limits.reserve < limits.daily_limit:
        todo = "extend your plan, or lower budget.daily"
        return Finding(Level.WARNING, f"{found}: less than the {limits.daily_limit:,} of budget.daily", todo)
    return Finding(Level.OK, found)


def check_budget(scene: Scene) -> Finding:
    """Whether the day leaves anything to spend, and whether unattended spending is allowed."""
    settings = scene.settings
    if not settings.may_spend_unattended:
        todo = f"set budget.daily in {settings.config_path.absolute()}: a number of requests a day, or unlimited"
        return Finding(Level.WARNING, "nothing is spent unattended against Soundcharts without a daily budget", todo)
    limit = settings.file.budget.daily_limit
    if limit is None:
        return Finding(Level.OK, "no daily limit" if settings.is_vendor else "none is needed: this is not Soundcharts")
    spent = 0
    if "warehouse" not in scene.missing:
        with scene.warehouse.connect() as connection:
            spent = work.spent_since(connection, day_of(scene.refresher.clock()))
    found = f"{spent:,} of {limit:,} requests spent today"
    if spent >= limit:
        return Finding(Level.WARNING, found, "what is due waits for tomorrow (UTC), or for a higher budget.daily")
    return Finding(Level.OK, found)


def check_breaker(scene: Scene) -> Finding:
    """Whether one is open, and whether it would be closed by now."""
    breaker = scene.refresher.find_breaker()
    if breaker is None:
        return Finding(Level.OK, "nothing is paused")
    found = f"paused for {breaker.kind} since {breaker.opened_at:%Y-%m-%d %H:%M} UTC: {breaker.reason}"
    again = "`soundcharts-assets sync` looks again at once, Dagster every ten minutes"
    if "credentials" not in scene.missing and (scene.quota is None or scene.quota > scene.settings.file.budget.reserve):
        return Finding(Level.WARNING, f"{found}; by now Soundcharts lets us in", again)
    first = "correct the credentials" if breaker.kind == "credentials" else "see your plan, or wait for its next term"
    return Finding(Level.FAILURE, found, f"{first}; {again}")


def check_charts(scene: Scene) -> Finding:
    """Look for followed charts that do not exist; what was never asked for is not suspected."""
    following = scene.refresher.following
    with scene.warehouse.connect() as connection:
        rows = connection.execute(
            "SELECT uuid FROM soundcharts.fetches WHERE subject = $subject AND status = $status ORDER BY uuid",
            {"subject": CHARTS, "status": Status.NOT_FOUND.value},
        ).fetchall()
    unknown = [slug for (slug,) in rows if following.follows(slug)]
    found = [f"Soundcharts does not know {some(unknown)}"] if unknown else []
    found += [f"no chart matches the selector ({selector})" for selector in following.unmatched]
    if found:
        todo = "find the right slug or selector with `soundcharts-assets charts search`, and correct the settings"
        return Finding(Level.WARNING, "; ".join(found), todo)
    return Finding(Level.OK, f"{len(following.slugs):,} followed, none that Soundcharts does not know")
