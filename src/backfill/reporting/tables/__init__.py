"""The tables of a report; each module makes one kind."""
