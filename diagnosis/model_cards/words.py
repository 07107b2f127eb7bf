"""What the parts, figures and plots of a model card are called, and the limits that hold for every version.

MODEL_CARD.md, which training writes, uses the same words.
"""

from django.utils.translation import gettext_lazy as _

PART_NAMES = {
    "train": _("training"),
    "validation": _("validation"),
    "test_part": _("15 % test part"),
    "test": _("Test folder"),
    "dropped": _("left out: alike to held-out images"),
}
FIGURES = {
    "accuracy": _("Accuracy"),
    "sensitivity": _("Sensitivity (recall of COVID)"),
    "specificity": _("Specificity (recall of Non-COVID)"),
    "precision": _("Precision"),
    "f1": _("F1"),
    "roc_auc": _("ROC AUC"),
    "pr_auc": _("PR AUC"),
    "brier": _("Brier score"),
    "ece": _("Calibration error (ECE)"),
}
SHARES = {
    "prevalence": _("COVID among the images"),
    "indeterminate_share": _("Indeterminate"),
    "refused_share": _("Refused"),
}
ANSWERS = {
    "positive": _("Positive"),
    "indeterminate": _("Indeterminate"),
    "negative": _("Negative"),
    "refused": _("Refused"),
}
SHORT_FIGURES = {
    "accuracy": _("Accuracy"),
    "sensitivity": _("Sensitivity"),
    "specificity": _("Specificity"),
    "precision": _("Precision"),
    "f1": _("F1"),
    "roc_auc": _("ROC AUC"),
    "pr_auc": _("PR AUC"),
    "brier": _("Brier score"),
}
PLOTS = {
    "history": _("Loss and accuracy of each epoch"),
    "confusion": _("Answers by true class"),
    "roc": _("ROC curves"),
    "precision_recall": _("Precision and sensitivity"),
    "calibration": _("Calibration"),
    "scores_by_source": _("Probabilities by source"),
    "classes": _("Each class against all others"),
}
PLOT_DESCRIPTIONS = {
    "history": _("Line plots over the epochs of training: loss and accuracy on the training and the validation part."),
    "confusion": _(
        "Tables in colour, one for each part: how many COVID and Non-COVID images were called Positive, Indeterminate, "
        "Negative or refused. The table of answers has the same counts."
    ),
    "roc": _(
        "Curves of sensitivity against the share of Non-COVID called COVID, one for each part. Their areas are in "
        "the table of figures as ROC AUC."
    ),
    "precision_recall": _(
        "Curves of precision against sensitivity, one for each part. Their areas are in the table of figures as PR AUC."
    ),
    "calibration": _(
        "The share of COVID among images of about the same probability, against that probability. On the diagonal the "
        "two are equal; the distance from it is in the table of figures as calibration error."
    ),
    "scores_by_source": _(
        "How the calibrated probabilities of each source are spread, COVID and Non-COVID apart, with the operating "
        "point and the indeterminate band."
    ),
    "classes": _(
        "Curves of sensitivity against the share of all others called so, one for each class, and how many images of "
        "each class were called which. The tables above have the same areas and counts."
    ),
}
LIMITS = (
    _("Decision support for research. It is not a certified medical device, and no diagnosis may rest on it alone."),
    _(
        "It looks for COVID-19 on frontal chest radiographs, and for nothing but what this card names. It finds no "
        "other disease, and its Non-COVID does not mean healthy."
    ),
    _(
        "Figures on held-out images of the same hospitals are higher than what another hospital will see: measure on "
        "your own images before you use it."
    ),
    _("Probabilities are calibrated at the prevalence of the validation part; set the site's own prevalence."),
    _("Age, sex, projection and severity are not known for most images, so nothing can be said about fairness."),
    _("The heat map shows what the model used, not where a lesion is."),
)
PUBLIC_LIMITS = (
    _(
        "The classes of the public collections come from different hospitals, and most COVID images are of 2020: the "
        "disease, its treatment and vaccination have changed since."
    ),
)
"""Where any source is one of SOURCES."""
