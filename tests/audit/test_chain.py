"""The chain of audit entries: nothing in it is changed, removed, reordered or cut off without being noticed."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from audit.models import Action, AuditEntry, AuditHead, NeverChanged
from audit.services import _known, held_back, record
from audit.verification import ChainBroken, verify

TABLE = AuditEntry._meta.db_table


@pytest.fixture
def chain(alice: User) -> list[AuditEntry]:
    """Five entries, the first with number 1."""
    for number in range(5):
        record(Action.RESULTS_EXPORTED, actor=alice, detail={"number": number})
    return list(AuditEntry.objects.order_by("sequence"))


def sql(statement: str, *parameters: str | int) -> None:
    """What somebody does who can write to the database."""
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table=TABLE), parameters)


def write_anew(first: int) -> None:
    """Compute every hash from that entry on again, as somebody would who hides a change."""
    previous = AuditEntry.objects.get(sequence=first - 1).hash if first > 1 else "0" * 64
    for entry in AuditEntry.objects.filter(sequence__gte=first).order_by("sequence"):
        entry.previous = previous
        previous = entry.computed_hash()
        sql("UPDATE {table} SET previous = %s, hash = %s WHERE sequence = %s", entry.previous, previous, entry.sequence)
    AuditHead.objects.update(sequence=AuditEntry.objects.latest("sequence").sequence, hash=previous)


def test_entries_are_numbered_and_chained(chain: list[AuditEntry]) -> None:
    assert [entry.sequence for entry in chain] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in chain] == ["0" * 64, *(entry.hash for entry in chain[:-1])]
    assert verify().sequence == 5


def test_several_entries_cost_two_queries(
    alice: User, chain: list[AuditEntry], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4), held_back():  # and a transaction's two
        for number in range(5, 8):
            record(Action.RESULTS_EXPORTED, actor=alice, detail={"number": number})
    assert verify().sequence == 8


def test_what_was_rolled_back_is_not_the_end(alice: User, chain: list[AuditEntry]) -> None:
    with suppress(InterruptedError), transaction.atomic():
        record(Action.RESULTS_EXPORTED, actor=alice)
        raise InterruptedError
    record(Action.RESULTS_LISTED, actor=alice)
    assert verify().sequence == 6


def test_another_processs_entry_is_not_overwritten(alice: User, chain: list[AuditEntry]) -> None:
    _known.end = chain[3].as_end  # it has not seen the last one
    record(Action.RESULTS_LISTED, actor=alice)
    assert verify().sequence == 6


def test_an_empty_log_is_whole(db: None) -> None:
    assert verify().sequence == 0


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("UPDATE {table} SET action = 'signed-in' WHERE sequence = 3", 3),
        ("UPDATE {table} SET actor = NULL WHERE sequence = 2", 2),
        ("UPDATE {table} SET detail = '{{\"number\": 9}}' WHERE sequence = 4", 4),
        ("UPDATE {table} SET time = '2020-01-01 00:00:00' WHERE sequence = 1", 1),
        ("UPDATE {table} SET hash = previous WHERE sequence = 5", 5),
        ("DELETE FROM {table} WHERE sequence = 1", 1),
        ("DELETE FROM {table} WHERE sequence = 3", 3),
        ("DELETE FROM {table} WHERE sequence > 3", 4),
        ("DELETE FROM {table}", 1),
        ("UPDATE {table} SET sequence = sequence + 1 WHERE sequence = 5", 5),
    ],
)
def test_a_change_a_removal_and_a_gap_are_found(chain: list[AuditEntry], statement: str, sequence: int) -> None:
    sql(statement)
    with pytest.raises(ChainBroken) as broken:
        verify()
    assert broken.value.sequence == sequence


def test_two_entries_that_change_places_are_found(chain: list[AuditEntry]) -> None:
    for before, after in ((2, 90), (3, 2), (90, 3)):
        sql("UPDATE {table} SET sequence = %s WHERE sequence = %s", after, before)
    with pytest.raises(ChainBroken) as broken:
        verify()
    assert broken.value.sequence == 2


def test_a_forged_entry_at_the_end_is_found(chain: list[AuditEntry]) -> None:
    forged = AuditEntry(sequence=6, time=chain[0].time, action=Action.SIGNED_IN, previous=chain[-1].hash)
    forged.hash = forged.computed_hash()
    AuditEntry.append_all([forged])
    AuditHead.objects.update(sequence=6, hash="ab" * 32)
    with pytest.raises(ChainBroken):
        verify()


class TestTheEnd:
    """The row that names the end, the last entry and the number of entries are compared, each with each."""

    def forge(self, chain: list[AuditEntry], sequence: int = 6) -> None:
        forged = AuditEntry(sequence=sequence, time=chain[0].time, action=Action.SIGNED_IN, previous=chain[-1].hash)
        forged.hash = forged.computed_hash()
        AuditEntry.append_all([forged])

    def expect_broken(self, sequence: int, words: str) -> None:
        with pytest.raises(ChainBroken, match=words) as broken:
            verify()
        assert broken.value.sequence == sequence
        with pytest.raises(CommandError, match=words):
            call_command("verify_audit")
        with pytest.raises(CommandError, match=words):
            call_command("export_audit_head")

    def test_its_row_is_gone(self, chain: list[AuditEntry]) -> None:
        AuditHead.objects.all().delete()
        self.expect_broken(6, "the row that names its end was removed")

    def test_an_entry_behind_it(self, chain: list[AuditEntry]) -> None:
        self.forge(chain)
        self.expect_broken(6, "behind the end of the log")

    def test_an_entry_far_behind_it(self, chain: list[AuditEntry]) -> None:
        self.forge(chain, 60)
        with pytest.raises(ChainBroken):
            verify()

    def test_it_was_moved_back(self, chain: list[AuditEntry]) -> None:
        AuditHead.objects.update(sequence=3, hash=chain[2].hash)
        self.expect_broken(4, "behind the end of the log")

    def test_it_was_moved_on(self, chain: list[AuditEntry]) -> None:
        AuditHead.objects.update(sequence=9)
        self.expect_broken(6, "cut off or moved")

    def test_it_names_another_hash(self, chain: list[AuditEntry]) -> None:
        AuditHead.objects.update(hash=chain[2].hash)
        self.expect_broken(5, "not the entry that the end of the log names")

    def test_all_entries_are_gone_and_the_row_too(self, chain: list[AuditEntry], tmp_path: Path) -> None:
        call_command("export_audit_head", "--to", tmp_path / "head.json")
        sql("DELETE FROM {table}")
        AuditHead.objects.all().delete()
        assert verify().sequence == 0  # without a head kept elsewhere nothing is to be seen
        with pytest.raises(CommandError, match="broken at entry 1"):
            call_command("verify_audit", "--head", str(tmp_path / "head.json"))

    def test_nothing_is_appended_behind_a_broken_end(self, chain: list[AuditEntry], alice: User) -> None:
        AuditHead.objects.all().delete()
        with pytest.raises(IntegrityError), transaction.atomic():
            record(Action.SIGNED_OUT, actor=alice)
        assert not AuditHead.objects.exists()


class TestAgainstAHeadKeptElsewhere:
    """A person who can write to the database can compute hashes too. The head that was kept elsewhere shows it."""

    @pytest.fixture
    def head(self, chain: list[AuditEntry], tmp_path: Path) -> Path:
        call_command("export_audit_head", "--to", tmp_path / "head.json")
        return tmp_path / "head.json"

    def test_a_log_that_only_grew_is_whole(self, head: Path, alice: User, capsys: pytest.CaptureFixture[str]) -> None:
        record(Action.SIGNED_OUT, actor=alice)
        call_command("verify_audit", "--head", str(head))
        assert "is whole: 6 entries" in capsys.readouterr().out

    def test_a_cut_tail_is_found(self, head: Path) -> None:
        sql("DELETE FROM {table} WHERE sequence > 3")
        write_anew(3)
        assert verify().sequence == 3  # without the head nothing is to be seen
        with pytest.raises(CommandError, match="broken at entry 4: its end was cut off since") as refused:
            call_command("verify_audit", "--head", str(head))
        assert refused.value.returncode == 1

    def test_a_log_written_anew_is_found(self, head: Path) -> None:
        sql("UPDATE {table} SET action = 'signed-in' WHERE sequence = 2")
        write_anew(2)
        assert verify().sequence == 5
        with pytest.raises(CommandError, match="broken at entry 5: it is not the entry that the exported head names"):
            call_command("verify_audit", "--head", str(head))

    def test_an_existing_file_is_not_overwritten(self, head: Path) -> None:
        with pytest.raises(CommandError, match="cannot be written"):
            call_command("export_audit_head", "--to", head)

    def test_a_file_that_is_no_head_is_said_to_be_none(self, chain: list[AuditEntry], tmp_path: Path) -> None:
        (tmp_path / "other.json").write_text(json.dumps(["nothing"]))
        with pytest.raises(CommandError, match="cannot be read as a head") as refused:
            call_command("verify_audit", "--head", str(tmp_path / "other.json"))
        assert refused.value.returncode == 2


@pytest.mark.parametrize(
    "write",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: AuditEntry.objects.update(detail={}),
        lambda entry: AuditEntry.objects.filter(sequence=1).delete(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["detail"]),
        lambda entry: AuditEntry.objects.create(sequence=9),
        lambda entry: AuditEntry.objects.bulk_create([entry]),
        lambda entry: AuditEntry.objects.update_or_create(sequence=1),
    ],
)
def test_no_code_changes_or_removes_an_entry(chain: list[AuditEntry], write: Callable[[AuditEntry], object]) -> None:
    with pytest.raises(NeverChanged):
        write(chain[0])
    assert verify().sequence == 5


@pytest.mark.parametrize("text", ["Jane Doe", "Doe^Jane", "línea", "one\ntwo", "x" * 81])
def test_text_that_could_name_somebody_is_refused(alice: User, text: str) -> None:
    for detail in ({"reason": text}, {"fields": [text]}, {"rights": {"a": text}}):
        with pytest.raises(ValueError, match="no text"):
            record(Action.STUDY_VOIDED, actor=alice, detail=detail)
    assert not AuditEntry.objects.exists()


def test_a_rollback_leaves_no_entry(alice: User) -> None:
    def fail() -> None:
        with transaction.atomic(), held_back():
            record(Action.STUDY_VOIDED, actor=alice)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    record(Action.SIGNED_OUT, actor=alice)
    assert list(AuditEntry.objects.values_list("sequence", "action")) == [(1, "signed-out")]


def test_held_back_entries_keep_their_order(alice: User) -> None:
    with transaction.atomic(), held_back():
        record(Action.STUDY_UPLOADED, actor=alice)
        with held_back():
            record(Action.STUDY_CLASSIFIED, actor=alice)
        assert not AuditEntry.objects.exists()
    assert [entry.action for entry in AuditEntry.objects.order_by("sequence")] == ["study-uploaded", "study-classified"]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_chain(alice: User) -> None:
    faults: list[Exception] = []

    def add() -> None:
        try:
            for _ in range(5):
                record(Action.RESULT_VIEWED, actor=alice)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert verify().sequence == 30
