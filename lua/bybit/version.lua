-- The version, in this one place: semantic versioning (major.minor.patch), see CHANGELOG.md. The rocks of a release take
-- their names from it.

return "0.1.0"
