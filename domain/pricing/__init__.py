"""What a journey costs: fare, value added tax and airport charges as separate lines.

P1  The total is the sum of its lines, and can be charged as it is (the currency's charge step).
P2  Each line is rounded once; nothing is computed from a rounded figure.
P3  International carriage is zero-rated; airport charges are collected for others.
"""
