"""One served province for a module of tests, up at the start of each."""

from collections.abc import Iterator

import pytest

from tests.contract.served import Province


@pytest.fixture(scope="module")
def one_province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    made = Province(tmp_path_factory.mktemp("made") / "province")
    yield made
    made.stop()


@pytest.fixture
def province(one_province: Province) -> Province:
    """Made once, as making a CA and a first administrator takes seconds; up at the start of every test."""
    if one_province.process is None:
        one_province.start()
    return one_province
