"""What pyproject.toml cannot say: the interactive figures' modules travel inside helpers."""

from setuptools import find_namespace_packages, setup

MODULES = "helpers.explorer_modules"

setup(
    packages=[
        *find_namespace_packages("src", include=["helpers*"]),
        *(MODULES, f"{MODULES}.core", f"{MODULES}.view"),
    ],
    package_dir={"": "src", MODULES: "explorers"},
)
