"""A module for each revision of the tables. Revisions only add, so that older instances go on."""
