"""A whole journal: read folders and exports of other apps, and write a report."""
