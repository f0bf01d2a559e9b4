"""The reference of drift, and how soon and how often the service raises alarms."""
