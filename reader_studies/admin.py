"""Which reader studies there are, to read: no case, no reading, no figure."""

from django.contrib import admin

from administration.permissions import ReadOnlyAdmin
from reader_studies.models import ReaderStudy

_SHOWN = ("uuid", "institution", "leader", "design", "washout_days", "state", "chosen", "created", "opened", "closed")


@admin.register(ReaderStudy)
class ReaderStudyAdmin(ReadOnlyAdmin):
    list_display = ("name", "institution", "leader", "design", "state", "chosen", "created")
    list_filter = ["institution", "state", "design"]
    list_select_related = ["institution", "leader"]
    fields = readonly_fields = ("name", *_SHOWN)
    show_full_result_count = False
