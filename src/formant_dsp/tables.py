"""Public name: published tables of vowels."""

from formant_dsp.model.tables import TableInfo, VowelTable, table, tables

__all__ = ["TableInfo", "VowelTable", "table", "tables"]
