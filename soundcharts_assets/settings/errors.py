"""What is raised where a setting is wrong."""


class SettingsError(Exception):
    """A setting is wrong. The message names file, key and reason, and is fit to be shown to the user."""
