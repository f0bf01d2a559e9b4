"""The commands for people: `samo analyze`, `listen`, `journal`, `models`, `completion`."""
