"""Signals that ask a run to stop: which count, and as what."""

import os
import signal

import pytest

from brushctl.cli import stopping


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


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_sent_twice_at_once_interrupts_once(number, monkeypatch):
    with stopping.ending_on_signals():
        with pytest.raises(KeyboardInterrupt):
            asked(number, 60, monkeypatch)
        asked(number, 60, monkeypatch)


def test_a_signal_that_the_program_was_started_to_ignore_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.ending_on_signals():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
