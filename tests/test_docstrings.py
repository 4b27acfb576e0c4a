"""The examples in the docstrings of the installed package."""

import doctest
import importlib
import pkgutil

import pytest

import kinema


def module_names() -> list[str]:
    return [
        "kinema",
        *(module.name for module in pkgutil.walk_packages(kinema.__path__, "kinema.") if module.name != "kinema._rust"),
    ]


@pytest.mark.parametrize("name", module_names())
def test_examples_give_what_they_show(name: str, request: pytest.FixtureRequest) -> None:
    flags = 0
    for flag in request.config.getini("doctest_optionflags"):
        flags |= doctest.OPTIONFLAGS_BY_NAME[flag]
    runner = doctest.DocTestRunner(optionflags=flags)
    report: list[str] = []
    for example in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        example.globs["getfixture"] = request.getfixturevalue
        runner.run(example, out=report.append)
    assert not runner.failures, "".join(report)
