"""Changes of tables that are made once, however often a migration is begun."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Self, cast

from django.db import DatabaseError
from django.db.backends.ddl_references import Statement
from django.db.backends.mysql.schema import DatabaseSchemaEditor
from django.db.models import BaseConstraint, Index, Model

from covidxray.mysql.journal import Journal

_CHANGES_TABLES = re.compile(r"\s*(CREATE|ALTER|DROP|RENAME)\b", re.IGNORECASE)
# There already: a table, a column, an index, a primary key, a constraint (MariaDB, MySQL). Gone already: a table, a
# column, an index or constraint; a table or column that has another name by now.
_DONE_ALREADY = {1050, 1060, 1061, 1068, 1826, 3822} | {1051, 1054, 1091, 1146}
_CANNOT_CREATE, _DUPLICATE = 1005, "errno: 121"  # how MariaDB says that a foreign key is there already
_FOREIGN_KEY = "_fk_%(to_table)s_%(to_column)s"  # how Django's names of them end
_CONNECTION_LOST = {2006, 2013, 2055}


class RestartableSchemaEditor(DatabaseSchemaEditor):
    """Django's editor, which skips what an earlier attempt at the same migration has done.

    Of one statement at most nobody knows whether it was done: the one in which the program or the connection ended. It
    is tried again, and the answer that there is nothing left to do is taken for success; of no other statement it is.
    """

    def __enter__(self) -> Self:
        editor = super().__enter__()
        if not self.collect_sql:
            self._journal = Journal.opened(self.connection)
            self._times = Counter[str]()
        return editor

    def execute(self, sql: Statement | str, params: Any = ()) -> None:
        if self.collect_sql or not _CHANGES_TABLES.match(str(sql)):
            super().execute(sql, params)
            return
        statement = self._name_of(sql)
        self._times[str(sql)] += 1
        if not self._journal.is_done(statement):
            is_doubtful = self._journal.is_known(statement)
            self._journal.begin(statement)
            self._tried(sql, params, statement, is_doubtful)
            self._journal.finish(statement)

    def _name_of(self, sql: Statement | str) -> str:
        """Its text without the values, of which one may be the time that it is, and how often it came before.

        A foreign key is dropped and made again wherever its column changes.
        """
        return f"{sql} -- {self._times[str(sql)]}"

    def _tried(self, sql: Statement | str, params: Any, statement: str, is_doubtful: bool) -> None:
        try:
            super().execute(sql, params)
        except DatabaseError as error:
            if is_doubtful and _says_done(error):
                return
            if _code(error) not in _CONNECTION_LOST:
                self._journal.withdraw(statement)
            raise

    def _constraint_names(self, model: type[Model], column_names: Any = None, *kinds: Any, **more: Any) -> list[str]:
        """With the foreign keys that an earlier attempt dropped in order to change their column: else Django would not
        make them again."""
        names: list[str] = cast("Any", super())._constraint_names(model, column_names, *kinds, **more)
        if more.get("foreign_key") and not self.collect_sql:
            names += [name for name in self._dropped_before(model, column_names or []) if name not in names]
        return names

    def _dropped_before(self, model: type[Model], columns: list[str]) -> Iterator[str]:
        djangos: Any = self
        for field in model._meta.local_fields:
            if field.column in columns and field.remote_field:
                name = str(djangos._fk_constraint_name(model, field, _FOREIGN_KEY)).strip("`")
                if self._journal.is_known(self._name_of(djangos._delete_fk_sql(model, name))):
                    yield name

    def remove_index(self, model: type[Model], index: Index) -> None:
        self._remove(super().remove_index, model, index)

    def remove_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        self._remove(super().remove_constraint, model, constraint)

    def _remove(self, remove: Any, model: type[Model], item: Any) -> None:
        """Before an index goes, Django looks whether a foreign key needs another one. It must not look a second time,
        when the first one is gone already."""
        sql = None if self.collect_sql else item.remove_sql(model, self)
        if sql and self._journal.is_known(self._name_of(sql)):
            self.execute(sql)
        else:
            remove(model, item)


def _code(error: DatabaseError) -> int:
    return error.args[0] if error.args else 0


def _says_done(error: DatabaseError) -> bool:
    return _code(error) in _DONE_ALREADY or (_code(error) == _CANNOT_CREATE and _DUPLICATE in str(error))
