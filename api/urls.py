"""The addresses of the API, below `/api/`."""

from django.urls import path

from api import additions, fhir, jobs, pictures, reports, results, schema, sign_in, studies

app_name = "api"

urlpatterns = [
    path("sign-in/", sign_in.SignInView.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOutView.as_view(), name="sign-out"),
    path("results/", results.ResultsView.as_view(), name="results"),
    path("results/<uuid:uuid>/", results.ResultView.as_view(), name="result"),
    path("results/<uuid:uuid>/heat-map/", results.HeatMapView.as_view(), name="heat-map"),
    path("results/<uuid:uuid>/opacity-map/", results.OpacityMapView.as_view(), name="opacity-map"),
    path("results/<uuid:uuid>/fhir/", fhir.FhirView.as_view(), name="fhir"),
    path("results/<uuid:uuid>/reading/", additions.ReadingView.as_view(), name="reading"),
    path("results/<uuid:uuid>/review/", additions.ReviewView.as_view(), name="review"),
    path("results/<uuid:uuid>/outcome/", additions.OutcomeView.as_view(), name="outcome"),
    path("results/<uuid:uuid>/reports/", reports.ReportsView.as_view(), name="reports"),
    path("reports/<uuid:uuid>/", reports.ReportView.as_view(), name="report"),
    path("reports/<uuid:uuid>/file/", reports.ReportFileView.as_view(), name="report-file"),
    path("studies/without-answer/", studies.UnansweredStudiesView.as_view(), name="unanswered"),
    path("studies/without-answer/<uuid:uuid>/", studies.UnansweredStudyView.as_view(), name="unanswered-study"),
    path("studies/<uuid:uuid>/display/", pictures.DisplayView.as_view(), name="display"),
    path("studies/<uuid:uuid>/thumbnail/", pictures.ThumbnailView.as_view(), name="thumbnail"),
    path("studies/<uuid:uuid>/full/", pictures.FullView.as_view(), name="full"),
    path("studies/<uuid:uuid>/original/", pictures.OriginalView.as_view(), name="original"),
    path("jobs/", jobs.JobsView.as_view(), name="jobs"),
    path("jobs/<uuid:uuid>/", jobs.JobView.as_view(), name="job"),
    path("jobs/<uuid:uuid>/stop/", jobs.JobStopView.as_view(), name="job-stop"),
    path("jobs/<uuid:uuid>/go-on/", jobs.JobGoOnView.as_view(), name="job-go-on"),
    path("jobs/<uuid:uuid>/retry/", jobs.JobRetryView.as_view(), name="job-retry"),
    path("jobs/<uuid:uuid>/items/", jobs.JobItemsView.as_view(), name="job-items"),
    path("schema/", schema.SchemaView.as_view(), name="schema"),
    path("docs/", schema.documentation, name="docs"),
]
