"""How long a name waits after failed log-ins."""

from backend_lite.features.access.guesses import LONGEST_DELAY_S, delay_s


def test_the_delay_grows_to_a_limit() -> None:
    assert [delay_s(failures) for failures in (0, 1, 2, 3, 4, 5, 6)] == [0, 0, 0, 1, 2, 4, 8]
    assert delay_s(10_000) == LONGEST_DELAY_S
