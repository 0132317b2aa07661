"""What a journey costs: fare, value added tax and airport charges as separate lines.

price: a price: the value of each coupon and each extra
rules: how a price is computed: passenger shares, tax, charges
extras: extras with their codes and net prices by currency
fees: fees of cancellations and modifications, by hours to departure
rejections: why a journey has no price

P1  The total is the sum of its lines, and can be charged as it is (the currency's charge step).
P2  Each amount is rounded once, for one passenger; tax is due on the fare as it is charged.
P3  International carriage is zero-rated; airport charges are collected for others.
"""
