"""The promises of the project, as tests. Quick ones are in the folders of the packages, whole passes at the top."""
