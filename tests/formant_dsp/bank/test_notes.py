"""Notes and slots: who is stolen, and which key sounds, however many events fall into one hop."""

from __future__ import annotations

import random

from formant_dsp import HOP, Bank, VoiceParams


def note(level_db: float) -> VoiceParams:
    return VoiceParams(level_db=level_db, vibrato_cents=0.0, attack_s=0.005, release_s=0.02)


def sounds(bank: Bank, key: int) -> bool:
    """Whether a key is held: it is released for that."""
    before = bank.active
    assert bank.note_off(key)
    bank.render(4800)
    return bank.active < before


def test_many_notes_in_one_hop_steal_the_quietest_in_order() -> None:
    levels = [-3.0, -30.0, -12.0, -24.0, -6.0, -18.0, -27.0, -9.0]
    for replaced in range(1, 8):
        bank = Bank(voices=8)
        for i, level in enumerate(levels):
            assert bank.note_on(i + 1, note(level))
        bank.render(4800)
        for i in range(replaced):
            assert bank.note_on(100 + i, note(0.0), frame=bank.frame + 2 * HOP)
        bank.render(4800)
        assert bank.counters()["stolen"] == replaced
        left = {i + 1 for i in range(8) if sounds(bank, i + 1)}
        assert left == {levels.index(level) + 1 for level in sorted(levels)[replaced:]}


def test_what_becomes_quiet_or_begins_in_the_same_hop_is_stolen_first() -> None:
    bank = Bank(voices=4)
    for i in range(4):
        assert bank.note_on(i + 1, note(-6.0 - i))
    bank.render(4800)
    at = bank.frame + 4 * HOP
    assert bank.note_on(11, note(-40.0), frame=at)  # takes the place of 4
    assert bank.note_on(12, note(-1.0), frame=at)  # and 11, which has just begun, makes room for this
    bank.render(4800)
    assert bank.counters()["stolen"] == 2
    assert [sounds(bank, key) for key in (1, 2, 3, 12)] == [True] * 4
    assert not sounds(bank, 11)

    bank = Bank(voices=3)
    for i in range(3):
        assert bank.note_on(i + 1, VoiceParams(level_db=-6.0 * i, attack_s=0.2, release_s=0.02))
    bank.render(2400)
    at = bank.frame + 4 * HOP
    assert bank.note_on(11, note(0.0), frame=at)  # takes the place of 3
    assert bank.note_off(1, frame=at)  # half risen, it counts for less than 2 now
    assert bank.note_on(12, note(0.0), frame=at)
    bank.render(4800)
    assert [sounds(bank, key) for key in (2, 11, 12)] == [True] * 3


def test_every_key_is_found_until_it_ends() -> None:
    """Keys that fall on the same places of a hash table, begun and ended at random; and slots are used again."""
    chance, held = random.Random(1), set[int]()
    bank = Bank(voices=64, ring_capacity=4096)
    for _ in range(300):
        for _ in range(chance.randrange(20)):
            if held and chance.random() < 0.5:
                key = chance.choice(sorted(held))
                held.remove(key)
                assert bank.note_off(key)
            elif len(held) < 64:
                key = chance.choice((chance.randrange(1, 2**63), chance.randrange(1, 9), chance.randrange(1, 64) << 40))
                held.add(key)
                assert bank.note_on(key, note(-20.0))
        bank.render(4800)
        assert bank.active == len(held)
    assert bank.counters()["notes"] > 1000
    assert bank.counters()["stolen"] == 0
    assert all(sounds(bank, key) for key in sorted(held))
    assert bank.active == 0


def test_all_voices_replaced_at_once_again_and_again() -> None:
    bank, key = Bank(voices=32, ring_capacity=4096), 0
    for _ in range(20):
        frame = bank.frame + 2 * HOP
        for _ in range(32):
            key += 1
            assert bank.note_on(key, note(-20.0), frame=frame)
        bank.render(4800)
        assert bank.active == 32
    assert bank.counters()["stolen"] == 19 * 32
    assert all(sounds(bank, k) for k in range(key - 31, key + 1))
