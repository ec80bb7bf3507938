"""Series that others publish, such as criminal offences by area and year: imported, compared, and never added up.

Owns the collection `reference_values` of the statistics' database. No figure is made of them.
"""
