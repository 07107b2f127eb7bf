"""The sections of the page: what the card says, in the order in which a reader needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from accounts.wording import listed
from diagnosis.estimates import Estimate
from diagnosis.findings import CLASS_NAMES
from diagnosis.inference.decision import DecisionRule
from diagnosis.model_cards.parts import Plot, Scale, Section, Table
from diagnosis.model_cards.sources import BACKBONES, SOURCES
from diagnosis.model_cards.values import Value, moment_of, plain, shown
from diagnosis.model_cards.words import (
    ANSWERS,
    FIGURES,
    LIMITS,
    PART_NAMES,
    PLOT_DESCRIPTIONS,
    PLOTS,
    PUBLIC_LIMITS,
    SHARES,
    SHORT_FIGURES,
)
from diagnosis.wording.facts import preprocessing_in_words
from diagnosis.wording.numbers import UNDEFINED, decimal, interval, interval_in_percent, number, percent

EXTERNAL_FIGURES = ("roc_auc", "pr_auc", "accuracy", "sensitivity", "specificity", "brier")
PAPER_FIGURES = ("accuracy", "sensitivity", "specificity", "precision", "f1")
TRUTHS = {"covid": "COVID", "non_covid": "Non-COVID"}


def sections_of(card: Value, plots: Sequence[str]) -> list[Section]:
    """Every section of the page; empty where the card says nothing. `plots`: those of PLOTS to be shown."""
    return [
        what_it_is(card),
        *measured(card["sections"]),
        figures(card["figures"]),
        *([] if _has_own_classes(card) else [beside_the_paper(card["figures"])]),
        external(card),
        shortcuts(card),
        by_source(card["figures"]),
        plots_section(plots),
        decision(card),
        *([int8(card["int8"])] if not card["int8"].is_left_out else []),
        data(card["training"]),
        limits(card),
        licences(card),
        reproduction(card),
    ]


def what_it_is(card: Value) -> Section:
    network, contract = card["network"], card["contract"]
    size = number(contract["image_size"].number())
    preprocessing = {name: value.raw for name, value in contract["preprocessing"].items()}
    classes = listed(shown(name.text()) for name in contract["class_names"].entries())
    hidden = network["head"]["hidden_units"].number()
    facts = [
        (_("Network"), shown(network["architecture"].text())),
        (_("Made"), moment_of(card["created"].text())),
        (_("Classes"), _("%(classes)s; COVID is the positive class everywhere") % {"classes": classes}),
        (_("Input"), _("%(size)s × %(size)s pixels, grey on three channels") % {"size": size}),
        (_("Preprocessing"), preprocessing_in_words(preprocessing) or UNDEFINED),
        (_("Weights of the frozen part"), shown(network["backbone"].text())),
        (_("Head"), _("a hidden layer of %(units)s units") % {"units": number(hidden)} if hidden else _("linear")),
    ]
    purpose = _(
        "It estimates the probability of COVID-19 pneumonia from a frontal chest radiograph, and shows which parts "
        "of the image are evidence for it."
    )
    return Section("what", _("What it is"), texts=[purpose, *_optional_texts(card["notes"])], facts=facts)


def measured(sections: Value) -> list[Section]:
    """What a card says in tables of its own: left-out hospitals first. Their words stay as they are in the card."""
    if sections.is_left_out:
        return []
    return [_measured(one) for one in sections.entries()]


def _measured(one: Value) -> Section:
    texts = [text for entry in one["texts"].entries() if (text := entry.text())]
    table = one["table"]
    header = [shown(cell.text()) for cell in table["header"].entries()]
    rows = [[shown(cell.text()) for cell in row.entries()] for row in table["rows"].entries()]
    tables = [Table(shown(table["caption"].text()), header, rows)] if header else []
    return Section(shown(one["slug"].text()), shown(one["title"].text()), texts=texts, tables=tables)


def figures(tree: Value) -> Section:
    parts = list(tree["parts"].items())
    header = [_("Figure"), *(_heading(name, part) for name, part in parts)]
    rows = [[str(title), *(interval(part[key].estimate()) for _name, part in parts)] for key, title in FIGURES.items()]
    own = [decimal(None if (value := part["ece_at_own_prevalence"]).is_null else value.number()) for _n, part in parts]
    rows.append([_("Calibration error at the part's own prevalence"), *own])
    rows += [[str(title), *(percent(part[key].number()) for _n, part in parts)] for key, title in SHARES.items()]
    how = tree["how"].text()
    tables = [Table(_("Figures by part, with 95 % intervals"), header, rows), answers(parts)] if parts else []
    return Section("figures", _("Figures"), texts=[how] if how else [], tables=tables)


def answers(parts: Sequence[tuple[str, Value]]) -> Table:
    rows = [
        [f"{part_name(name)}, {title}", *(number(part["table"][truth][answer].number()) for answer in ANSWERS)]
        for name, part in parts
        for truth, title in TRUTHS.items()
    ]
    return Table(_("Answers by true class of the image"), [_("Part and truth"), *map(str, ANSWERS.values())], rows)


def _has_own_classes(card: Value) -> bool:
    """Then the paper's question is another one, and nothing is compared."""
    names = card["contract"]["class_names"].raw
    return isinstance(names, list) and names != list(CLASS_NAMES)


def beside_the_paper(tree: Value) -> Section:
    """Only where there was a Test folder to compare on: without one, its absence is no damage."""
    compared, title = tree["beside_the_paper"], _("Compared with the paper, on its Test folder")
    if not compared.exists and not tree["parts"]["test"].exists:
        return Section("paper", title, texts=[_("This version was not evaluated on a Test folder.")])
    rows = [
        [
            shown(row["model"].text()),
            *(percent(None if row[name].is_null else row[name].number(), 2) for name in PAPER_FIGURES),
        ]
        for row in compared["rows"].entries()
    ]
    note = compared["note"].text()
    texts = [note] if note else []
    texts.append(_("A Test folder of the same size and kind does not hold the same images."))
    header = [_("Model"), *(str(SHORT_FIGURES[name]) for name in PAPER_FIGURES)]
    return Section("paper", title, texts=texts, tables=[Table(_("Models on the Test folder"), header, rows)])


def external(card: Value) -> Section:
    title = _("On external collections, not used in training")
    if card["external"].is_left_out:
        text = _("This version was not evaluated on any. It is not known how well it works in another hospital.")
        return Section("external", title, warnings=[text])
    parts = list(card["external"].items())
    rows = [
        [name, number(part["images"].number()), *(interval(part[key].estimate()) for key in EXTERNAL_FIGURES)]
        for name, part in parts
    ]
    header = [_("Collection"), _("Images"), *(str(SHORT_FIGURES[key]) for key in EXTERNAL_FIGURES)]
    return Section(
        "external",
        title,
        warnings=missed_elsewhere(card),
        texts=[_("These figures, and not the ones above, say what another hospital may expect.")],
        tables=[Table(_("Figures on external collections, with 95 % intervals"), header, rows)],
    )


def missed_elsewhere(card: Value) -> list[str]:
    """A sentence for each other collection on which the served rule finds clearly less COVID than where it was chosen.

    Clearly: the intervals of the two sensitivities do not meet. A good ROC AUC does not show this.
    """
    if not card["figures"]["parts"]["validation"].exists:
        return []
    home = card["figures"]["parts"]["validation"]["sensitivity"].estimate()
    found = {name: part["sensitivity"].estimate() for name, part in card["external"].items()}
    return [_missed(name, there, home) for name, there in found.items() if there and home and there.high < home.low]


def _missed(name: str, there: Estimate, home: Estimate) -> str:
    return _(
        "On “%(name)s” the model called only %(there)s of the COVID images Positive, against %(home)s on the "
        "validation part: its operating point does not carry over to other places, and a Negative there says little."
    ) % {"name": name, "there": interval_in_percent(there), "home": interval_in_percent(home)}


def shortcuts(card: Value) -> Section:
    audit, title = card["shortcut_audit"], _("Shortcut audit")
    if audit.is_left_out:
        text = _("No audit was made: it is not known whether the model answers from borders and labels.")
        return Section("audit", title, warnings=[text])
    shares = {"centre": percent(audit["centre_share"].number()), "border": percent(audit["border_share"].number())}
    seen = {
        "whole": _("The model, whole images"),
        "without_centre": _("The model, middle %(centre)s of each side blacked out") % shares,
        "border": _("The model, only a border of %(border)s of each side left") % shares,
        "border_probe": _("Logistic regression on frozen features of that border, trained for it"),
    }
    rows = [[text, interval(audit[key].estimate())] for key, text in seen.items()]
    header = [_("What was seen"), _("ROC AUC on %(images)s images") % {"images": number(audit["images"].number())}]
    meaning = audit["meaning"].text()
    return Section(
        "audit",
        title,
        texts=[*([meaning] if meaning else []), *size_shift(audit["size_shift"])],
        tables=[Table(_("How much of the answer comes from outside the lungs"), header, rows)],
    )


def size_shift(shift: Value) -> list[str]:
    if shift.is_null:
        return []
    values = {
        "pairs": number(shift["images"].number()),
        "mean": decimal(shift["mean_absolute_change"].number()),
        "largest": decimal(shift["largest_change"].number()),
        "answers": number(shift["answers_changed"].number()),
    }
    return [
        _(
            "Full-size originals against their 240-pixel copies, %(pairs)s pairs: mean size of the change in "
            "probability %(mean)s, largest change %(largest)s, another answer for %(answers)s."
        )
        % values
    ]


def by_source(tree: Value) -> Section:
    rows = [
        [
            f"{part_name(name)}, {shown(one['source'].text())}",
            shown(one["comparison"].text()),
            number(one["covid"].number()),
            number(one["non_covid"].number()),
            interval(one["roc_auc"].estimate()),
        ]
        for name, part in tree["parts"].items()
        if name != "validation"
        for one in part["by_source"].entries()
    ]
    header = [_("Part and source"), _("Compared"), "COVID", "Non-COVID", _("ROC AUC")]
    texts = [] if rows else [_("The card names no source of the images.")]
    tables = [Table(_("ROC AUC by source of the images"), header, rows)] if rows else []
    return Section("sources", _("By source"), texts=texts, tables=tables)


def plots_section(names: Sequence[str]) -> Section:
    drawn = [Plot(name, str(PLOTS[name]), str(PLOT_DESCRIPTIONS[name])) for name in names]
    return Section("plots", _("Plots"), texts=[] if drawn else [_("This version has no plots.")], plots=drawn)


def decision(card: Value) -> Section:
    tree = card["decision"]
    rule, calibration = rule_of(tree["rule"]), tree["calibration"]
    facts = []
    if rule:
        facts = [
            (_("Operating point"), decimal(rule.operating_point)),
            (
                _("Indeterminate: refer"),
                _("from %(low)s to below %(high)s")
                % {"low": decimal(rule.indeterminate_low), "high": decimal(rule.indeterminate_high)},
            ),
        ]
    facts += [
        (_("Calibration"), shown(calibration["method"].text())),
        (
            _("Calibrated logit"),
            f"{decimal(calibration['slope'].number())} × logit + ({decimal(calibration['intercept'].number())})",
        ),
        (_("Calibrated at a prevalence of"), percent(calibration["prevalence"].number())),
    ]
    title = _("From probability to answer")
    if not tree["opacities"].is_left_out or card["left_out"]["decides"].raw is True:
        text = _(
            "Calibration, operating point and band were chosen on sources that were left out of training, each source "
            "weighing the same. In the band around the operating point the answer is Indeterminate; Positive begins "
            "above the band. A limited picture quality makes the answer Indeterminate, whatever the probability is."
        )
        return Section("decision", title, texts=[text], facts=facts, scale=scale_of(rule) if rule else None)
    text = _(
        "The operating point has the highest specificity among those with a sensitivity of at least 95 % on the "
        "validation part, where the probabilities were calibrated, too. In the band around it the answer is "
        "Indeterminate, and Positive begins above the band."
    )
    return Section("decision", title, texts=[text], facts=facts, scale=scale_of(rule) if rule else None)


def int8(section: Value) -> Section:
    """What the eight-bit graph costs compared with float32; all other figures are of one of the two."""
    parts = list(section["parts"].items())
    header = [_("Figure"), *(_heading(name, part) for name, part in parts)]
    rows = [
        [f"{SHORT_FIGURES[key]}, {precision}", *(interval(part[precision][key].estimate()) for _name, part in parts)]
        for key in ("roc_auc", "sensitivity", "specificity")
        for precision in ("float32", "int8")
    ]
    rows.append([_("Answers as in float32"), *(percent(part["equal_answers"].number(), 2) for _name, part in parts)])
    text = _(
        "All other figures are of float32. The same network computed in eight-bit numbers is faster and differs a "
        "little; calibration, operating point and band are the same. Each result names the one that answered."
    )
    if not section["judged_in"].is_left_out and section["judged_in"].text() == "int8":
        text = _(
            "All other figures are of eight-bit numbers (int8). The same network computed in float32 is slower and "
            "differs a little; calibration, operating point and band are the same. Each result names the one that "
            "answered."
        )
    table = Table(_("Both precisions on the same images"), header, rows)
    return Section("int8", _("In eight bits (int8)"), texts=[text], tables=[table])


def rule_of(tree: Value) -> DecisionRule | None:
    """The rule, if the card holds one that is in order."""
    names = ("operating_point", "indeterminate_low", "indeterminate_high")
    numbers = [tree[name].number() for name in names]
    point, low, high = numbers
    if point is None or low is None or high is None:
        return None
    try:
        return DecisionRule(point, low, high)
    except ValueError:
        tree.miss()
        return None


def scale_of(rule: DecisionRule) -> Scale:
    """For attributes of an SVG, so places never have a decimal comma."""
    point, low, high = rule.operating_point, rule.indeterminate_low, rule.indeterminate_high
    return Scale(
        below=percent(low),
        positive_from=percent(high),
        operating_point=percent(point),
        band_place=f"{low:.2%}",
        band_width=f"{high - low:.2%}",
        positive_place=f"{high:.2%}",
        positive_width=f"{1 - high:.2%}",
        operating_place=f"{point:.2%}",
        has_band=high > low,
    )


def data(training: Value) -> Section:
    rows = [
        [part_name(part), name, number(images.number())]
        for part, counts in training["parts"].items()
        for name, images in counts.items()
    ]
    facts = [
        (_("Refused by the reader or the gate"), number(training["refused"].number())),
    ]
    counted = {  # the preset general leaves out groups as a whole and counts none
        _("Images with a near duplicate in another part"): training["near_duplicates_crossing"],
        _("Groups of near duplicates with both classes"): training["groups_with_both_classes"],
    }
    facts += [(name, number(value.number())) for name, value in counted.items() if not value.is_left_out]
    header = [_("Part"), _("Class and source"), _("Images")]
    return Section("data", _("Data"), facts=facts, tables=[Table(_("Images by part, class and source"), header, rows)])


def limits(card: Value) -> Section:
    public = PUBLIC_LIMITS if set(used_sources(card)) & set(SOURCES) else ()
    points = [*map(str, (*LIMITS, *public)), *_optional_texts(card["limits"])]
    return Section("limits", _("Limits"), points=points)


def licences(card: Value) -> Section:
    unknown = (_("not recorded here"), _("not recorded here"))
    rows = [[source, *SOURCES.get(source, unknown)] for source in used_sources(card)]
    backbone = shown(card["network"]["backbone"].text())
    rows.append([_("Weights: %(name)s") % {"name": backbone}, *BACKBONES.get(backbone, unknown)])
    header = [_("Source"), _("What to cite"), _("Licence")]
    title = _("Sources, licences and citations")
    return Section("licences", title, tables=[Table(_("What the model was made from"), header, rows)])


def used_sources(card: Value) -> list[str]:
    names = {name.partition(", ")[2] for _p, counts in card["training"]["parts"].items() for name, _n in counts.items()}
    return sorted(names)


def reproduction(card: Value) -> Section:
    training, network = card["training"], card["network"]
    packages = ", ".join(f"{name} {shown(value.text())}" for name, value in training["packages"].items())
    seconds = training["seconds"].number()
    facts = [
        (_("SHA-256 of all tensors"), shown(network["weights_sha256"].text())),
        (_("SHA-256 of the trained tensors"), shown(network["trained_sha256"].text())),
        (_("Command"), shown(training["command"].text())),
        (_("Time taken"), _("%(number)s s") % {"number": number(seconds)}),
        (_("Packages"), packages),
        (_("Recipe"), "; ".join(f"{name}: {plain(value.raw)}" for name, value in card["recipe"].items())),
    ]
    return Section("reproduce", _("Hashes, and how to make it again"), facts=facts)


def part_name(name: str) -> str:
    return str(PART_NAMES.get(name, name))


def _heading(name: str, part: Value) -> str:
    values = {"part": part_name(name), "images": number(part["images"].number())}
    return _("%(part)s, %(images)s images") % values


def _optional_texts(values: Value) -> Iterable[str]:
    """Texts that a card may have and need not."""
    return [text for value in values.entries() if (text := value.text())] if values.exists else []
