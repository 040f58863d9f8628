{{ canonical_report_history('ocean_engine', ocean_engine_report) }}
