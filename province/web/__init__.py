"""The pages for people: plain forms first, a few lines of our own script where a page is better for it. No SQL here.

Vietnamese first, English second. Every route has a rule in guard.RULES that says who may use it; one without a rule stops the program.
"""
