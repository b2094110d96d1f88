"""Twenty thousand hostile code strings: nothing raises and nothing is taken for verified. `make soak` shows a million."""


import pytest

from tests.durability import codes, running


@pytest.mark.slow
def test_hostile_codes_are_never_accepted_and_never_raise(capfd: pytest.CaptureFixture[str]) -> None:
    seed = running.seed_of(None)
    out = codes.campaign(20_000, seed)
    with capfd.disabled():
        print(f"\n{codes.line(out, seed)}")
    assert out.findings == [] and out.accepted == 0
    assert out.codes == 20_000 and out.mutated == 10_000
    assert out.checked >= 2_000, "they must get as far as a signature"
    assert out.readings["bad_signature"] > 2_000


def test_a_run_without_codes_or_without_signatures_is_no_success() -> None:
    assert codes.line(codes.Outcome(), 1).endswith("FAILED")
    only_junk = codes.campaign(1, 1)
    assert codes.line(only_junk, 1).endswith("FAILED")
