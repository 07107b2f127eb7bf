"""Radiograph → answer → what people do with it. The rooms; each imports only from those below it:

home/            the first page
uploads/         files in; one diagnosis each, or the reason why not
privacy/         export, erase, forget after a time
studies/         edit, move, void, restore a study
patients/        whose radiograph it is
results/         the list, the page of one result
reports/         a diagnosis as a PDF, and its verification
statistics/      activity and scorecard
model_cards/     a version's card as a page
worklist/        what waits for a review, in which order, and who is reading it
reviews/         readings, reviews, outcomes; blind reading
files/           stored files: written, handed out, found again
history/         what was done to a study, written down
form_fields.py   form fields that several rooms use
wording/         numbers, answers, errors as text
models/          rows
inference/       pixels → answer (no Django)
imaging/         bytes → pixels → pictures (no Django)

In a room `services.py` writes, `search.py` reads lists; `forms.py`, `views.py` and `urls.py` are what they are in every
Django project. The exact floors are the contracts in pyproject.toml, which `make lint` checks.
"""
