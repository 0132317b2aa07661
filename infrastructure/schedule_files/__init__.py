"""Schedules of airlines as files: IATA SSIM chapter 7 and CSV, read into legs and written again.

schedule_file: which form a file has; read and write either
fields: how days, times and the other fields of both forms are read, and the errors kept
ssim_layout: where the fields of SSIM's records are
ssim_reader: records of 200 bytes, types 1 to 5
ssim_writer: the same, written
season_csv: a CSV with a row for each leg
"""
