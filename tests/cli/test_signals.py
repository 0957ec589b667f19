"""Signals that ask a run to stop: which count, and as what."""

import os
import signal
from types import SimpleNamespace

import pytest

from brushctl.cli import _signals as stopping


@pytest.fixture(autouse=True)
def heard():
    """The tests themselves may have been started to ignore Ctrl-C, as by nohup or in a script."""
    before = {n: signal.signal(n, signal.default_int_handler) for n in stopping.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def asked(number: int, together: float, monkeypatch) -> None:
    monkeypatch.setattr(stopping, "TOGETHER", together)
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_sent_twice_at_once_as_timeout_does_asks_once(number, monkeypatch):
    with stopping.stopping_gently() as stop:
        assert not stop()
        asked(number, 60, monkeypatch)
        asked(number, 60, monkeypatch)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            asked(number, 0, monkeypatch)


@pytest.mark.parametrize(
    ("in_hand", "told"), [(True, "finishing the photographs in hand; "), (False, "stopping; ")]
)
def test_a_signal_is_answered_by_what_is_in_hand(in_hand, told, capfd):
    with stopping.stopping_gently(in_hand=lambda: in_hand):
        os.kill(os.getpid(), signal.SIGINT)
    assert capfd.readouterr().err == f"{told}press Ctrl-C again to stop at once\n"


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_sent_twice_at_once_interrupts_once(number, monkeypatch):
    with stopping.ending_on_signals():
        with pytest.raises(KeyboardInterrupt):
            asked(number, 60, monkeypatch)
        asked(number, 60, monkeypatch)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_that_the_program_was_started_to_ignore_stays_ignored(number):
    signal.signal(number, signal.SIG_IGN)
    with stopping.ending_on_signals(), stopping.stopping_gently() as stop:
        os.kill(os.getpid(), number)
        assert not stop()
    assert signal.getsignal(number) == signal.SIG_IGN


def test_ray_is_given_no_signal_that_is_to_be_ignored():
    spreading = pytest.importorskip("brushctl.runs.executors.ray")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def init(*_: object, **__: object) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ray does

    spreading._join(SimpleNamespace(init=init), None)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
