from pathlib import Path

from live.kills.trial import trial


def test_nothing_is_lost_twice_or_stale_however_often_anybody_is_killed(tmp_path: Path) -> None:
    outcome = trial(tmp_path, kills=30)
    assert outcome.kills.total() == 30
    assert set(outcome.kills) == {"migrator", "worker", "server"}
    assert outcome.writes > 100
