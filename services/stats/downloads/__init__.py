"""Answers as files: the same figures as CSV for spreadsheets and as Parquet for programs. Computes no figure."""
