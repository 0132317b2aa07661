"""What a journey costs: fare, value added tax and airport charges as separate lines.

price: a price: the value of each coupon and each extra
rules: how a price is computed: passenger shares, tax, charges, extras
tax: value added tax and airport charges, and on which flights they are due
exchange: fares of other markets in the currency of the sale
charge_limits: the least and the most that can be charged at once
extras: extras with their codes and net prices by currency
fees: the notice that fees are counted by, and their rounding
rejections: why a journey has no price

P1  The total is the sum of its lines, and can be charged as it is (the currency's charge step).
P2  Each amount is rounded once, for one passenger; tax is due on the fare as it is charged.
P3  International carriage is zero-rated; airport charges are collected for others.
P4  A domestic flight is zero-rated only within one continuous journey abroad.
"""
