"""The site for programs: the same services, scope, audit and sentences as the pages, as JSON under `/api/`.

`urls` names the addresses; each view is form → service → serializer. docs/api.md is for who uses it.
"""
