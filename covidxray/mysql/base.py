"""The database backend that the settings name: Django's own, which changes tables by the restartable editor."""

from django.db.backends.mysql.base import DatabaseWrapper as DjangosWrapper

from covidxray.mysql.schema import RestartableSchemaEditor


class DatabaseWrapper(DjangosWrapper):
    SchemaEditorClass = RestartableSchemaEditor

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self.mysql_is_mariadb:
            with self.cursor() as cursor:
                # Else MariaDB answers "of whom is there any result?" by reading the results of all.
                cursor.execute("SET optimizer_switch = 'exists_to_in=off'")
